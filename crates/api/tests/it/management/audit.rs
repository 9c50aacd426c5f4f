use serde_json::{Value, json};
use vouchmq_api::registration::RegistrationLimits;

use crate::harness::registry::{World, text};

#[test]
fn what_operators_do_is_taken_down_and_what_devices_do_is_not() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let key = management.api_key("anna", &["admin"]);
    let anna = |method: &str, path: &str, body: Value| {
        management.call_as(text(&key, "secret"), method, path, &body, "X-Request-Id: r-1\r\n")
    };
    let product =
        anna("POST", "/v1/products", json!({"key": "s", "name": "S", "reg_strategy": "auto"})).is(201);
    anna("PATCH", &format!("/v1/products/{}", text(&product, "id")), json!({"name": "T"})).is(200);
    let claim = anna("POST", "/v1/claim-tokens", json!({"product_id": product["id"]})).is(201);
    let wish = json!({"product": "s", "hw_id": "h", "claim": claim["token"]});
    let device = registration.send("POST", "/v1/register", &wish, "").is(201);
    let id = text(&device, "device_id");
    anna("PATCH", &format!("/v1/devices/{id}"), json!({"tags": {"a": "b"}})).is(200);
    anna("POST", &format!("/v1/devices/{id}/credentials"), json!({"kind": "secret"})).is(201);
    anna("POST", &format!("/v1/devices/{id}/credentials:rotate"), Value::Null).is(201);
    anna(
        "POST",
        &format!("/v1/credentials/{}:revoke", text(&device, "credential_id")),
        json!({"reason": "r"}),
    )
    .is(200);
    let block = anna("POST", "/v1/blocks", json!({"kind": "ip", "value": "192.0.2.1"})).is(201);
    anna("DELETE", &format!("/v1/blocks/{}", text(&block, "id")), Value::Null).is(204);
    anna("POST", &format!("/v1/devices/{id}:suspend"), Value::Null).is(200);
    anna("DELETE", &format!("/v1/claim-tokens/{}", text(&claim, "id")), Value::Null).is(204);
    anna("DELETE", &format!("/v1/products/{}?cascade=retire", text(&product, "id")), Value::Null).is(204);
    anna("DELETE", &format!("/v1/api-keys/{}", text(&key, "id")), Value::Null).is(204);
    assert_eq!(
        management.names("/v1/audit", "action"),
        [
            "api_key.create",
            "product.create",
            "product.change",
            "claim_token.create",
            "device.change",
            "credential.add",
            "credential.rotate",
            "credential.revoke",
            "block.put",
            "block.remove",
            "device.suspend",
            "claim_token.revoke",
            "product.delete",
            "device.retire",
            "api_key.revoke",
        ]
    );
    let entries = management.items("/v1/audit?after=1");
    assert_eq!(entries.len(), 14);
    for entry in &entries {
        assert_eq!((&entry["actor"], &entry["address"]), (&json!("anna"), &json!("127.0.0.1")));
    }
    let ids: std::collections::BTreeSet<_> = entries.iter().map(|entry| text(entry, "request_id")).collect();
    // One of them did two things.
    assert_eq!(ids.len(), 13, "what a client calls its requests makes no two of them one");
    for id in ids {
        assert!(id.starts_with("r-1/"), "{id}");
    }
    let verified = management.call("POST", "/v1/audit:verify", &Value::Null).is(200);
    assert_eq!(verified, json!({"entries": 15, "ok": true, "fault": null}));
    assert_eq!(management.get("/v1/audit?after=1&cursor=x").problem(), (400, "bad_cursor".into()));
}
