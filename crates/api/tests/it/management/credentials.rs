use serde_json::{Value, json};

use crate::harness::registry::{World, text};

const HASH: &str = "$pbkdf2-sha256$i=4096$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn every_kind_of_credential_is_added_and_none_is_shown_but_the_generated_one() {
    let world = World::new();
    let management = world.management();
    let kinds = json!(["scram", "secret", "password"]);
    let wish = json!({"key": "sensor", "name": "S", "allowed_kinds": kinds});
    let product = management.call("POST", "/v1/products", &wish).is(201);
    let wish = json!({"product_id": product["id"], "id": "d1"});
    management.call("POST", "/v1/devices", &wish).is(201);
    let add = |body: Value| management.call("POST", "/v1/devices/d1/credentials", &body);
    for (body, has_secret) in [
        (json!({"kind": "secret", "not_before": "2026-12-01T00:00:00Z"}), true),
        (json!({"kind": "password", "password": "correct horse"}), false),
        (json!({"kind": "password", "password_hash": HASH}), false),
        (json!({"kind": "scram", "password": "correct horse"}), false),
    ] {
        let answer = add(body.clone());
        let added = answer.is(201);
        assert_eq!(added.get("secret").is_some(), has_secret, "{added}");
        assert_eq!(added["credential"]["kind"], body["kind"]);
        let location = format!("/v1/credentials/{}", text(&added["credential"], "id"));
        assert_eq!(answer.header("location"), Some(&*location));
        assert_eq!(management.get(&location).is(200), added["credential"]);
    }
    assert_eq!(add(json!({"kind": "secret"})).problem(), (409, "credential_limit".into()));
}

#[test]
fn what_cannot_be_a_credential_is_pointed_at() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    management.device(&product, "d1");
    for (body, pointer) in [
        (json!({"kind": "key"}), "/kind"),
        (json!({"kind": "secret", "password": "x"}), "/kind"),
        (json!({"kind": "password"}), "/password"),
        (json!({"kind": "password", "password": ""}), "/password"),
        (json!({"kind": "password", "password": "x".repeat(1025)}), "/password"),
        (json!({"kind": "password", "password": "x", "password_hash": HASH}), "/password"),
        (json!({"kind": "password", "password_hash": "s3cr3t-canary"}), "/password_hash"),
        (json!({"kind": "scram", "password_hash": HASH}), "/password"),
        (json!({"kind": "scram", "password": "a\nb"}), "/password"),
        (json!({"kind": "secret", "not_after": "never"}), "/not_after"),
        (
            json!({"kind": "secret", "not_before": "2027-01-01T00:00:00Z", "not_after": "2027-01-01T00:00:00Z"}),
            "/not_after",
        ),
    ] {
        let answer = management.call("POST", "/v1/devices/d1/credentials", &body);
        assert_eq!(answer.problem(), (422, "invalid".into()), "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{body}");
        assert!(!answer.body.contains("s3cr3t"));
    }
    let password = json!({"kind": "password", "password_hash": HASH});
    let refused = management.call("POST", "/v1/devices/d1/credentials", &password);
    assert_eq!(refused.problem(), (422, "kind_not_allowed".into()));
}

#[test]
fn a_rotation_has_a_grace_within_bounds() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    management.device(&product, "d1");
    let rotate = |body: Value| management.call("POST", "/v1/devices/d1/credentials:rotate", &body);
    for bad in
        [json!({"grace": "91d"}), json!({"grace": "24"}), json!({"kick": "gently"}), json!({"more": 1})]
    {
        assert_eq!(rotate(bad).problem(), (422, "invalid".into()));
    }
    rotate(Value::Null).is(201);
    rotate(json!({"grace": "90d"})).is(201);
    assert_eq!(management.names("/v1/devices/d1/credentials", "state"), ["grace", "grace", "active"]);
    let ends = management.items("/v1/devices/d1/credentials");
    assert!(text(&ends[0], "not_after").starts_with("2026-11-23T03:00:00."), "a day: {ends:?}");
    assert!(text(&ends[1], "not_after").starts_with("2027-02-20T03:00:00."), "ninety days: {ends:?}");
    rotate(json!({"kick": "hard"})).is(201);
    assert_eq!(
        management.names("/v1/devices/d1/credentials", "state"),
        ["revoked", "revoked", "revoked", "active"]
    );
    management.call("POST", "/v1/devices/d1:reset", &Value::Null).is(200);
    assert_eq!(rotate(Value::Null).problem(), (409, "nothing_to_rotate".into()));
}

#[test]
fn a_request_that_is_sent_again_shows_no_secret_again() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    management.device(&product, "d1");
    let device = json!({"product_id": product, "issue_secret": true});
    let token = json!({"product_id": product});
    let key = json!({"name": "k", "scopes": ["stats:read"]});
    for (number, (path, body, list)) in [
        ("/v1/devices", device, "/v1/devices"),
        ("/v1/claim-tokens", token, "/v1/claim-tokens"),
        ("/v1/api-keys", key, "/v1/api-keys"),
        ("/v1/devices/d1/credentials", json!({"kind": "secret"}), "/v1/devices/d1/credentials"),
        ("/v1/devices/d1/credentials:rotate", json!({}), "/v1/devices/d1/credentials"),
    ]
    .into_iter()
    .enumerate()
    {
        let head = format!("Idempotency-Key: k-{number}\r\n");
        let ask = || management.call_as(crate::harness::registry::TOKEN, "POST", path, &body, &head);
        let first = ask();
        first.is(201);
        let count = management.items(list).len();
        let again = ask();
        assert_eq!(again.problem(), (409, "secret_already_shown".into()), "{path}");
        assert_eq!(again.header("location"), first.header("location"), "{path}");
        assert!(!again.body.contains("vmq") || !again.body.contains("1_"), "{again:?}");
        assert_eq!(management.items(list).len(), count, "{path}");
    }
    let head = "Idempotency-Key: product\r\n";
    let wish = json!({"key": "again", "name": "A"});
    let ask = || management.call_as(crate::harness::registry::TOKEN, "POST", "/v1/products", &wish, head);
    assert_eq!(ask().is(201), ask().is(201));
}
