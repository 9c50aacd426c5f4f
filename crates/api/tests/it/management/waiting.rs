use serde_json::{Value, json};

use crate::harness::registry::{World, text};

/// Every change of who may connect, in an order in which each is possible.
fn changes(product: &str, credential: &str) -> Vec<(&'static str, String, Value)> {
    let new = |id: &str| json!({"product_id": product, "id": id});
    vec![
        ("POST", "/v1/devices".to_owned(), new("d2")),
        ("PATCH", "/v1/devices/d1".to_owned(), json!({"expires_at": null})),
        ("PATCH", format!("/v1/products/{product}"), json!({"clientid_binding": "any"})),
        ("POST", "/v1/devices/d1/credentials".to_owned(), json!({"kind": "secret"})),
        ("POST", "/v1/devices/d1/credentials:rotate".to_owned(), json!({})),
        ("POST", "/v1/blocks".to_owned(), json!({"kind": "username", "value": "x"})),
        ("POST", format!("/v1/credentials/{credential}:revoke"), Value::Null),
        ("POST", "/v1/devices/d1:kick".to_owned(), Value::Null),
        ("POST", "/v1/devices/d1:suspend".to_owned(), Value::Null),
        ("POST", "/v1/devices/d1:resume".to_owned(), Value::Null),
        ("POST", "/v1/devices/d1:reset".to_owned(), Value::Null),
        ("POST", "/v1/devices/d1:retire".to_owned(), Value::Null),
        ("DELETE", "/v1/devices/d2".to_owned(), Value::Null),
        ("DELETE", format!("/v1/products/{product}"), Value::Null),
    ]
}

#[test]
fn every_change_of_who_may_connect_can_be_waited_for() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    let mut seq = 0;
    for (method, path, body) in changes(&product, text(&device, "credential_id")) {
        // What is asked for wrongly changes nothing.
        let wrong = management.call(method, &format!("{path}?wait=soon"), &body);
        assert_eq!(wrong.problem(), (422, "invalid".into()), "{path}");
        let answer = management.call(method, &format!("{path}?wait=applied"), &body);
        let told = answer.json();
        let applied = told.get("applied").unwrap_or(&told);
        assert_eq!(applied["nodes"], json!({"acked": 1, "total": 1}), "{path}: {told}");
        let next = applied["seq"].as_u64().unwrap();
        assert!(next > seq, "{path}: {told}");
        seq = next;
    }
}

#[test]
fn an_answer_that_nobody_waits_for_is_what_it_was() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "off");
    management.device(&product, "d1");
    let block = management.call("POST", "/v1/blocks", &json!({"kind": "username", "value": "x"})).is(201);
    let path = format!("/v1/blocks/{}", text(&block, "id"));
    let rotated = management.call("POST", "/v1/devices/d1/credentials:rotate", &Value::Null).is(201);
    let changed = management.call("PATCH", "/v1/devices/d1", &json!({"expires_at": null})).is(200);
    for answer in [block, rotated, changed] {
        assert_eq!(answer.get("applied"), None);
    }
    management.call("DELETE", &path, &Value::Null).is(204);
    let deleted = format!("/v1/products/{product}?cascade=retire&wait=applied&timeout=5s");
    assert_eq!(management.call("DELETE", &deleted, &Value::Null).is(200)["sessions_closed"], 0);
}
