use serde_json::{Value, json};

use crate::harness::Server;
use crate::harness::registry::{World, text};

fn explain(management: &Server, id: &str, password: &str) -> Value {
    let asked = json!({"clientid": id, "username": id, "password": password});
    management.call("POST", "/v1/auth:explain", &asked).is(200)
}

#[test]
fn the_check_that_fails_is_named() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    let secret = text(&device, "secret").to_owned();
    world.follow();
    let of = |id: &str, password: &str| {
        let found = explain(&management, id, password);
        (text(&found, "decision").to_owned(), found["reason"].as_str().map(str::to_owned))
    };
    let is = |decision: &str, reason: Option<&str>| (decision.to_owned(), reason.map(str::to_owned));
    let found = explain(&management, "d1", &secret);
    assert_eq!(
        (&found["decision"], &found["reason"], &found["is_first_use"], &found["credential_id"]),
        (&json!("allow"), &Value::Null, &json!(true), &device["credential_id"])
    );
    assert_eq!(found["acl"], json!([{"permission": "allow", "action": "all", "topic": "dev/d1/#"}]));
    assert_eq!(of("d1", "wrong"), is("deny", Some("wrong_password")));
    assert_eq!(of("nobody", &secret), is("not_mine", Some("unknown_user")));
    let other = json!({"clientid": "other", "username": "d1", "password": secret});
    let found = management.call("POST", "/v1/auth:explain", &other).is(200);
    assert_eq!(found["reason"], "client_id_not_bound");
    let mut typing_error = secret.clone();
    typing_error.replace_range(20..21, if secret.as_bytes()[20] == b'A' { "B" } else { "A" });
    let found = explain(&management, "d1", &typing_error);
    assert!(text(&found, "detail").contains("check digits"), "{found}");
    assert!(!found.to_string().contains("vmq1_"), "{found}");

    management.call("POST", "/v1/devices/d1:suspend?wait=applied", &Value::Null).is(200);
    assert_eq!(of("d1", &secret), is("deny", Some("device_suspended")));
    management.call("POST", "/v1/devices/d1:resume?wait=applied", &Value::Null).is(200);
    let wish = json!({"kind": "username", "value": "d1"});
    let block = management.call("POST", "/v1/blocks", &wish).is(201);
    world.follow();
    assert_eq!(of("d1", &secret), is("deny", Some("blocked")));
    management.call("DELETE", &format!("/v1/blocks/{}", text(&block, "id")), &Value::Null).is(204);
    world.follow();
    assert_eq!(of("d1", &secret), is("allow", None));
    assert_eq!(management.get("/v1/events").is(200)["items"], json!([]), "nothing is written down");
    assert_eq!(management.names("/v1/devices/d1/credentials", "state"), ["active"]);
}

#[test]
fn passwords_cannot_be_tried_without_end() {
    let world = World::new();
    let management = world.management();
    let asked = |name: &str| json!({"clientid": name, "username": name, "password": "guess"});
    for _ in 0..30 {
        management.call("POST", "/v1/auth:explain", &asked("d1")).is(200);
    }
    let refused = management.call("POST", "/v1/auth:explain", &asked("d1")).is(429);
    assert_eq!(refused["code"], "too_many_requests");
    management.call("POST", "/v1/auth:explain", &asked("d2")).is(200);
}

#[test]
fn a_secret_of_a_revoked_credential_is_told_from_a_wrong_one() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    let (secret, credential) = (text(&device, "secret"), text(&device, "credential_id"));
    let revoke = format!("/v1/credentials/{credential}:revoke?wait=applied");
    management.call("POST", &revoke, &Value::Null).is(200);
    let found = explain(&management, "d1", secret);
    assert_eq!(
        (&found["decision"], &found["reason"], &found["credential_id"], &found["credential_state"]),
        (&json!("deny"), &json!("credential_revoked"), &json!(credential), &json!("revoked"))
    );
    assert!(text(&found, "credential_revoked_at").starts_with("2026-11-22T03:00:"));
    let other = management.device(&product, "d2");
    let found = explain(&management, "d1", text(&other, "secret"));
    assert_eq!((&found["reason"], &found["credential_id"]), (&json!("wrong_password"), &Value::Null));
    management.call("POST", "/v1/devices/d1:retire?wait=applied", &Value::Null).is(200);
    let found = explain(&management, "d1", secret);
    assert_eq!((&found["reason"], &found["device_id"]), (&json!("device_retired"), &json!("d1")));
}

#[test]
fn passwords_are_explained_in_either_form() {
    let world = World::new();
    let management = world.management();
    let wish = json!({"key": "sensor", "name": "S", "allowed_kinds": ["password"]});
    let product = management.call("POST", "/v1/products", &wish).is(201);
    management.call("POST", "/v1/devices", &json!({"product_id": product["id"], "id": "d1"})).is(201);
    let wish = json!({"kind": "password", "password": "correct horse"});
    management.call("POST", "/v1/devices/d1/credentials", &wish).is(201);
    world.follow();
    assert_eq!(explain(&management, "d1", "correct horse")["decision"], "allow");
    assert_eq!(explain(&management, "d1", "wrong horse")["reason"], "wrong_password");
    let asked = json!({"clientid": "d1", "username": "d1", "password_b64": "Y29ycmVjdCBob3JzZQ=="});
    assert_eq!(management.call("POST", "/v1/auth:explain", &asked).is(200)["decision"], "allow");
    for bad in [
        json!({"clientid": "d1", "password": "a", "password_b64": "YQ=="}),
        json!({"clientid": "d1", "password_b64": "YQ"}),
    ] {
        assert_eq!(management.call("POST", "/v1/auth:explain", &bad).problem(), (422, "invalid".into()));
    }
}
