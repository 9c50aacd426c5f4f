use serde_json::{Value, json};

use crate::harness::registry::{World, text};

/// The id of nothing yet.
const NOTHING: &str = "01934f00-0000-7000-8000-000000000000";

#[test]
fn a_block_is_made_replaced_and_removed() {
    let world = World::new();
    let management = world.management();
    let put = |body: &Value| management.call("POST", "/v1/blocks", body);
    let wish = json!({"kind": "ip", "value": "::ffff:192.0.2.1", "reason": "scans", "until": "2027-01-01T00:00:00Z"});
    let answer = put(&wish);
    let block = answer.is(201);
    assert_eq!(
        (&block["kind"], &block["value"], &block["until"], &block["created_by"], &block["version"]),
        (&json!("ip"), &json!("192.0.2.1"), &json!("2027-01-01T00:00:00.000Z"), &json!("admin"), &json!(1))
    );
    let path = format!("/v1/blocks/{}", text(&block, "id"));
    assert_eq!(answer.header("location"), Some(&*path));
    let replaced = put(&json!({"kind": "ip", "value": "192.0.2.1"})).is(200);
    assert_eq!((&replaced["id"], &replaced["version"]), (&block["id"], &json!(2)));
    assert_eq!(management.get(&path).is(200), replaced);
    for kind in ["clientid", "username", "device", "product", "credential"] {
        let value = if ["product", "credential"].contains(&kind) { NOTHING } else { "x" };
        put(&json!({"kind": kind, "value": value})).is(201);
    }
    put(&json!({"kind": "cidr", "value": "192.0.2.0/24"})).is(201);
    assert_eq!(management.items("/v1/blocks").len(), 7);
    management.call("DELETE", &path, &Value::Null).is(204);
    assert_eq!(management.call("DELETE", &path, &Value::Null).problem(), (404, "not_found".into()));
}

#[test]
fn a_block_that_would_keep_out_nobody_is_refused() {
    let world = World::new();
    let management = world.management();
    for (kind, value, until, pointer) in [
        ("product", "sensor", "2027-01-01T00:00:00Z", "/value"),
        ("credential", "x", "2027-01-01T00:00:00Z", "/value"),
        ("device", "no device/#", "2027-01-01T00:00:00Z", "/value"),
        ("ip", "192.0.2.1", "2020-01-01T00:00:00Z", "/until"),
    ] {
        let wish = json!({"kind": kind, "value": value, "until": until});
        let refused = management.call("POST", "/v1/blocks", &wish).is(422);
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    assert!(management.items("/v1/blocks").is_empty());
}
