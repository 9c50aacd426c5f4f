use serde_json::{Value, json};
use vouchmq_api::registration::RegistrationLimits;
use vouchmq_identity::store::StoreFault;

use crate::harness::registry::{World, text};

#[test]
fn while_the_database_is_down_nothing_changes_and_known_keys_open() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "auto");
    let device = management.device(&product, "d1");
    let claim = management.claim(&product, json!({}));
    let key = management.api_key("anna", &["admin"]);
    let before = |path: &str| management.get(path).is(200);
    let lists = [
        "/v1/products",
        "/v1/devices",
        "/v1/claim-tokens",
        "/v1/blocks",
        "/v1/api-keys",
        "/v1/audit",
        "/v1/devices/d1/credentials",
    ];
    let known: Vec<Value> = lists.iter().map(|path| before(path)).collect();
    let credential = format!("/v1/credentials/{}", text(&device, "credential_id"));
    world.store.fail_with(Some(StoreFault::Unavailable("s3cr3t-canary".into())));
    for (method, path, body) in [
        ("GET", "/v1/products", Value::Null),
        ("GET", "/v1/devices/d1", Value::Null),
        ("GET", "/v1/audit", Value::Null),
        ("POST", "/v1/products", json!({"key": "a", "name": "A"})),
        ("PATCH", "/v1/devices/d1", json!({"tags": {}})),
        ("POST", "/v1/devices", json!({"product_id": product})),
        ("POST", "/v1/devices/d1:suspend", Value::Null),
        ("POST", "/v1/devices/d1:kick", Value::Null),
        ("DELETE", "/v1/devices/d1", Value::Null),
        ("POST", "/v1/devices/d1/credentials:rotate", Value::Null),
        ("POST", &format!("{credential}:revoke"), Value::Null),
        ("POST", "/v1/claim-tokens", json!({"product_id": product})),
        ("POST", "/v1/blocks", json!({"kind": "ip", "value": "192.0.2.1"})),
        ("POST", "/v1/api-keys", json!({"name": "b", "scopes": ["admin"]})),
        ("POST", "/v1/audit:verify", Value::Null),
    ] {
        let answer = management.call_as(text(&key, "secret"), method, path, &body, "");
        assert_eq!(answer.problem(), (503, "unavailable".into()), "{method} {path}");
        assert!(answer.header("retry-after").is_some() && !answer.body.contains("s3cr3t"), "{answer:?}");
    }
    let wish = json!({"product": "sensor", "hw_id": "h", "claim": claim["token"]});
    assert_eq!(registration.send("POST", "/v1/register", &wish, "").problem(), (503, "unavailable".into()));
    let stats = management.call_as(text(&key, "secret"), "GET", "/v1/stats", &Value::Null, "").is(200);
    assert_eq!((&stats["products"], &stats["log_head"]), (&Value::Null, &Value::Null));
    world.store.fail_with(None);
    let after: Vec<Value> = lists.iter().map(|path| before(path)).collect();
    assert_eq!(after, known);
}
