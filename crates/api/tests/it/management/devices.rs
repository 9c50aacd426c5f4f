use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::registry::{World, text};

#[test]
fn devices_are_found_by_product_tag_state_text_and_connection() {
    let world = World::new();
    let management = world.management();
    let (sensor, meter) = (management.product("sensor", "off"), management.product("meter", "off"));
    for (id, product, tags) in [
        ("d1", &sensor, json!({"site": "north"})),
        ("d2", &sensor, json!({})),
        ("m1", &meter, json!({"site": "a:b"})),
    ] {
        let hw_id = format!("hw-{id}");
        let wish =
            json!({"product_id": product, "id": id, "hw_id": hw_id, "tags": tags, "issue_secret": true});
        management.call("POST", "/v1/devices", &wish).is(201);
    }
    management.call("POST", "/v1/devices/d2:suspend", &Value::Null).is(200);
    let credential = management.names("/v1/devices/d1/credentials", "id").remove(0);
    world.connect("d1", &credential);
    for (query, expected) in [
        (String::new(), &["d1", "d2", "m1"][..]),
        ("?product=sensor".into(), &["d1", "d2"]),
        (format!("?product={meter}"), &["m1"]),
        ("?product=nothing".into(), &[]),
        ("?tag=site:north".into(), &["d1"]),
        ("?tag=site:a:b".into(), &["m1"]),
        ("?state=suspended".into(), &["d2"]),
        ("?state=active&product=sensor".into(), &["d1"]),
        ("?q=hw-m".into(), &["m1"]),
        ("?online=true".into(), &["d1"]),
        ("?online=false".into(), &["d2", "m1"]),
    ] {
        assert_eq!(management.names(&format!("/v1/devices{query}"), "id"), expected, "{query}");
    }
    for bad in ["?state=lost", "?tag=x", "?online=maybe"] {
        assert_eq!(management.get(&format!("/v1/devices{bad}")).problem(), (422, "invalid".into()), "{bad}");
    }
}

#[test]
fn a_patch_changes_what_it_names_and_null_empties() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let wish = json!({"product_id": product, "id": "d1", "hw_id": "h", "attributes": {"a": "1"},
        "expires_at": "2027-01-01T01:00:00+01:00"});
    let device = management.call("POST", "/v1/devices", &wish).is(201);
    assert_eq!(device["expires_at"], "2027-01-01T00:00:00.000Z");
    let change = |body| management.call("PATCH", "/v1/devices/d1", &body);
    let changed = change(json!({"tags": {"k": "v"}})).is(200);
    assert_eq!((&changed["hw_id"], &changed["tags"]), (&json!("h"), &json!({"k": "v"})));
    let changed = change(json!({"hw_id": null, "expires_at": null})).is(200);
    assert_eq!((&changed["hw_id"], &changed["expires_at"]), (&Value::Null, &Value::Null));
    assert_eq!((&changed["attributes"], &changed["version"]), (&json!({"a": "1"}), &json!(3)));
    assert_eq!(change(json!({"tags": null})).problem(), (422, "invalid".into()));
    assert_eq!(change(json!({"state": "active"})).problem(), (422, "invalid".into()));
    assert_eq!(change(json!({"tags": {"a b": ""}})).json()["errors"][0]["pointer"], "/tags");
}

#[test]
fn a_change_for_an_old_version_is_refused() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    management.device(&product, "d1");
    let ask = |method: &str, path: &str, version: &str, body: Value| {
        management.call_as(
            crate::harness::registry::TOKEN,
            method,
            path,
            &body,
            &format!("If-Match: {version}\r\n"),
        )
    };
    let (path, tags) = ("/v1/devices/d1", json!({"tags": {}}));
    ask("PATCH", path, "\"1\"", tags.clone()).is(200);
    let stale = ask("PATCH", path, "\"1\"", tags.clone());
    assert_eq!(stale.problem(), (412, "version_mismatch".into()));
    assert_eq!(stale.header("etag"), Some("\"2\""));
    assert_eq!(ask("PATCH", path, "2", tags).problem(), (400, "bad_header".into()));
    assert_eq!(ask("POST", "/v1/devices/d1:suspend", "\"1\"", Value::Null).status, 412);
    assert_eq!(ask("DELETE", path, "\"1\"", Value::Null).status, 412);
    // What has no version of its own has one all the same.
    let credential = management.names("/v1/devices/d1/credentials", "id").remove(0);
    let claim = text(&management.claim(&product, json!({})), "id").to_owned();
    let key = text(&management.api_key("k", &["stats:read"]), "id").to_owned();
    for (method, read, change) in [
        ("POST", format!("/v1/credentials/{credential}"), ":revoke"),
        ("DELETE", format!("/v1/claim-tokens/{claim}"), ""),
        ("DELETE", format!("/v1/api-keys/{key}"), ""),
    ] {
        let etag = management.get(&read).header("etag").unwrap().to_owned();
        let change = format!("{read}{change}");
        assert_eq!(ask(method, &change, "\"7\"", Value::Null).problem(), (412, "version_mismatch".into()));
        assert!([200, 204].contains(&ask(method, &change, &etag, Value::Null).status), "{change}");
        assert_ne!(management.get(&read).header("etag"), Some(&*etag), "{read}");
    }
}

#[test]
fn a_device_goes_only_where_its_state_lets_it() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    world.connect("d1", text(&device, "credential_id"));
    let act = |action: &str| {
        management.call("POST", &format!("/v1/devices/d1:{action}?wait=applied"), &Value::Null)
    };
    let applied = act("suspend").is(200);
    assert_eq!(
        (&applied["sessions_closed"], &applied["nodes"]),
        (&json!(1), &json!({"acked": 1, "total": 1}))
    );
    let again = act("suspend").is(200);
    assert_eq!(again["sessions_closed"], 0, "nothing was left to do: {again}");
    act("resume").is(200);
    act("reset").is(200);
    assert_eq!(management.names("/v1/devices/d1/credentials", "state"), ["revoked"]);
    assert_eq!(act("resume").problem(), (409, "invalid_transition".into()));
    management.call("DELETE", "/v1/devices/d1?wait=applied", &Value::Null).is(200);
    assert_eq!(management.get("/v1/devices/d1").is(200)["state"], "retired");
    assert_eq!(act("suspend").problem(), (409, "invalid_transition".into()));
    assert_eq!(act("nothing").status, 404);
    for query in ["?wait=soon", "?wait=applied&timeout=2", "?wait=applied&timeout=1h", "?more=1"] {
        let path = format!("/v1/devices/d1:retire{query}");
        assert_eq!(
            management.call("POST", &path, &Value::Null).problem(),
            (422, "invalid".into()),
            "{query}"
        );
    }
}

#[test]
fn a_kick_closes_connections_and_is_taken_down() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    world.connect("d1", text(&device, "credential_id"));
    let kick =
        |id: &str| management.call("POST", &format!("/v1/devices/{id}:kick"), &json!({"reason": "noisy"}));
    assert_eq!(kick("d1").is(200)["sessions_closed"], 1);
    assert_eq!(kick("d1").is(200)["sessions_closed"], 0);
    assert_eq!(kick("d2").problem(), (404, "not_found".into()));
    let last = management.items("/v1/audit").pop().unwrap();
    assert_eq!(
        (&last["action"], &last["target"], &last["reason"]),
        (&json!("device.kick"), &json!("device/d1"), &json!("noisy"))
    );
}

#[test]
fn ids_of_nothing_are_404_whatever_they_look_like() {
    let world = World::new();
    let management = world.management();
    let ids = [
        "nobody", "a%2Fb", "%2F", "a/b", "%C3%A4", "..%2f..", "%00", "%FF", "-x", "a%20b", "a:b", "~suspend",
    ];
    for id in ids {
        for (method, path, body) in [
            ("GET", format!("/v1/devices/{id}"), Value::Null),
            ("PATCH", format!("/v1/devices/{id}"), json!({})),
            ("DELETE", format!("/v1/devices/{id}"), Value::Null),
            ("POST", format!("/v1/devices/{id}:suspend"), Value::Null),
            ("POST", format!("/v1/devices/{id}:kick"), Value::Null),
            ("GET", format!("/v1/devices/{id}/credentials"), Value::Null),
            ("POST", format!("/v1/devices/{id}/credentials"), json!({"kind": "secret"})),
            ("POST", format!("/v1/devices/{id}/credentials:rotate"), Value::Null),
            ("GET", format!("/v1/products/{id}"), Value::Null),
            ("GET", format!("/v1/credentials/{id}"), Value::Null),
            ("POST", format!("/v1/credentials/{id}:revoke"), Value::Null),
            ("GET", format!("/v1/claim-tokens/{id}"), Value::Null),
            ("GET", format!("/v1/registrations/{id}"), Value::Null),
            ("POST", format!("/v1/registrations/{id}:approve"), Value::Null),
            ("DELETE", format!("/v1/blocks/{id}"), Value::Null),
            ("DELETE", format!("/v1/api-keys/{id}"), Value::Null),
        ] {
            let answer = management.call(method, &path, &body);
            let is_known = [404, 405].contains(&answer.status);
            assert!(is_known, "{method} {path}: {answer:?}");
        }
    }
}

#[test]
fn a_product_is_full_unique_and_deleted_with_its_devices_only_on_demand() {
    let world = World::new();
    let management = world.management();
    let wish = json!({"key": "sensor", "name": "S", "max_devices": 1});
    let product = management.call("POST", "/v1/products", &wish).is(201);
    assert_eq!(management.call("POST", "/v1/products", &wish).problem(), (409, "already_exists".into()));
    let id = text(&product, "id");
    management.device(id, "d1");
    let second = json!({"product_id": id});
    assert_eq!(management.call("POST", "/v1/devices", &second).problem(), (409, "device_quota".into()));
    let change = json!({"max_devices": null, "acl": [{"effect": "deny", "action": "publish", "topic": "x/${attr.a}"}]});
    let changed = management.call("PATCH", &format!("/v1/products/{id}"), &change).is(200);
    assert_eq!((&changed["max_devices"], &changed["acl"]), (&Value::Null, &change["acl"]));
    management.call("POST", "/v1/devices", &second).is(201);
    let delete = |query: &str| management.call("DELETE", &format!("/v1/products/{id}{query}"), &Value::Null);
    assert_eq!(delete("").problem(), (409, "product_has_devices".into()));
    assert_eq!(delete("?cascade=all").problem(), (422, "invalid".into()));
    delete("?cascade=retire").is(204);
    assert_eq!(management.get(&format!("/v1/products/{id}")).status, 404);
}

#[test]
fn a_product_that_takes_longer_to_delete_is_told_as_such_and_lets_nobody_in() {
    let world = World::new();
    let management = world.management_that(|management| management.with_delete_budget(Duration::ZERO));
    let product = management.call("POST", "/v1/products", &json!({"key": "many", "name": "Many"})).is(201);
    let id = text(&product, "id");
    for number in 0..201 {
        management
            .call("POST", "/v1/devices", &json!({"product_id": id, "id": format!("d{number}")}))
            .is(201);
    }
    let path = format!("/v1/products/{id}?cascade=retire&wait=applied");
    let put_off = management.call("DELETE", &path, &Value::Null).is(202);
    assert_eq!((text(&put_off, "id"), text(&put_off, "state")), (id, "deleting"));
    assert_eq!(put_off["applied"]["nodes"], json!({"acked": 1, "total": 1}));
    management.call("DELETE", &path, &Value::Null).is(200);
    assert_eq!(management.get(&format!("/v1/products/{id}")).problem().0, 404);
}
