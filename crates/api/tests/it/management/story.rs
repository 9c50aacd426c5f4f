use serde_json::{Value, json};
use vouchmq_api::registration::RegistrationLimits;

use crate::harness::Server;
use crate::harness::registry::{World, text};

/// What a test cannot know is left out.
fn without(mut body: Value, names: &[&str]) -> Value {
    for name in names {
        assert!(body.as_object_mut().unwrap().remove(*name).is_some(), "no {name} in {body}");
    }
    body
}

#[test]
fn a_device_comes_in_is_seen_rotated_and_thrown_out() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product_id = make_product(&management);
    let token = make_claim_token(&management, &product_id);
    let (device_id, credential_id) = register(&registration, &token);
    world.connect(&device_id, &credential_id);
    see(&management, &product_id, &device_id);
    let new_id = rotate(&management, &device_id);
    for (credential, closed) in [(&credential_id, 0), (&new_id, 1)] {
        let revoke = format!("/v1/credentials/{credential}:revoke?wait=applied&timeout=2s");
        let applied = management.call("POST", &revoke, &json!({"reason": "lost"})).is(200);
        assert_eq!(applied["nodes"], json!({"acked": 1, "total": 1}));
        assert_eq!(applied["sessions_closed"], closed, "{applied}");
        assert!(applied["seq"].as_u64().unwrap() > 0 && applied["elapsed_ms"].as_f64().unwrap() > 0.0);
        assert_eq!(applied.as_object().unwrap().len(), 4);
    }
    assert_eq!(management.get(&format!("/v1/devices/{device_id}")).is(200)["online"], false);
}

fn make_product(management: &Server) -> String {
    let answer = management.call(
        "POST",
        "/v1/products",
        &json!({"key": "sensor", "name": "Sensor", "reg_strategy": "auto"}),
    );
    let product = answer.is(201);
    let product_id = text(&product, "id").to_owned();
    assert_eq!(answer.header("location"), Some(&*format!("/v1/products/{product_id}")));
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert!(
        text(&product, "created_at").starts_with("2026-11-22T03:00:00.")
            && text(&product, "created_at").ends_with('Z')
    );
    assert_eq!(
        without(product, &["id", "created_at", "updated_at"]),
        json!({
            "key": "sensor", "name": "Sensor", "reg_strategy": "auto", "clientid_binding": "exact",
            "allowed_kinds": ["secret"], "max_devices": null, "state": "active", "version": 1,
            "acl": [{"effect": "allow", "action": "both", "topic": "dev/${device}/#"}],
        })
    );
    product_id
}

fn make_claim_token(management: &Server, product_id: &str) -> String {
    let claim = management
        .call("POST", "/v1/claim-tokens", &json!({"product_id": product_id, "max_uses": 1}))
        .is(201);
    let token = text(&claim, "token").to_owned();
    assert!(token.starts_with("vmqc1_"));
    assert_eq!(
        without(claim, &["id", "token", "created_at", "key_id"]),
        json!({
            "product_id": product_id, "max_uses": 1, "uses": 0, "expires_at": null, "cidrs": [],
            "hw_id_pattern": null, "revoked_at": null, "created_by": "admin",
        })
    );
    token
}

/// A device registers; its id and that of its credential.
fn register(registration: &Server, token: &str) -> (String, String) {
    let wish = json!({"product": "sensor", "hw_id": "hw-1", "claim": token});
    let registered = registration.send("POST", "/v1/register", &wish, "").is(201);
    let device_id = text(&registered, "device_id").to_owned();
    let credential_id = text(&registered, "credential_id").to_owned();
    assert!(text(&registered, "secret").starts_with("vmq1_"));
    assert_eq!(
        without(registered, &["secret"]),
        json!({
            "device_id": device_id, "username": device_id, "client_id": device_id,
            "credential_id": credential_id, "expires_at": null,
        })
    );
    (device_id, credential_id)
}

fn see(management: &Server, product_id: &str, device_id: &str) {
    let answer = management.get(&format!("/v1/devices/{device_id}"));
    assert_eq!(
        without(answer.is(200), &["last_seen_at", "created_at", "updated_at"]),
        json!({
            "id": device_id, "product_id": product_id, "hw_id": "hw-1", "state": "active", "tags": {},
            "attributes": {}, "expires_at": null, "source": "claim", "online": true, "last_failure": null,
            "version": 2,
        })
    );
    assert_eq!(answer.header("etag"), Some("\"2\""));
}

/// Rotates; the id of the new credential.
fn rotate(management: &Server, device_id: &str) -> String {
    let rotate = format!("/v1/devices/{device_id}/credentials:rotate");
    let rotated = management.call("POST", &rotate, &json!({"grace": "24h", "kick": "none"})).is(201);
    assert!(text(&rotated, "secret").starts_with("vmq1_"));
    let credential = without(rotated["credential"].clone(), &["created_at", "key_id"]);
    let new_id = text(&credential, "id").to_owned();
    assert_eq!(
        credential,
        json!({
            "id": new_id, "device_id": device_id, "kind": "secret", "state": "active", "not_before": null,
            "not_after": null, "first_used_at": null, "last_used_at": null, "revoked_at": null,
        })
    );
    let listed = management.get(&format!("/v1/devices/{device_id}/credentials")).is(200);
    assert_eq!(listed["next_cursor"], Value::Null);
    let states: Vec<&str> =
        listed["items"].as_array().unwrap().iter().map(|item| text(item, "state")).collect();
    assert_eq!(states, ["grace", "active"]);
    new_id
}

#[test]
fn a_field_that_is_not_there_is_refused() {
    let world = World::new();
    let management = world.management();
    for (path, body, pointer) in [
        ("/v1/products", json!({"key": "a", "name": "A", "colour": 1}), "/colour"),
        ("/v1/products", json!({"key": "a"}), "/name"),
        ("/v1/products", json!({"key": "A b", "name": "A"}), "/key"),
        ("/v1/products", json!({"key": "a", "name": "A", "reg_strategy": "maybe"}), "/reg_strategy"),
        (
            "/v1/products",
            json!({"key": "a", "name": "A", "acl": [{"effect": "allow", "action": "both", "topic": "a#"}]}),
            "/acl/0/topic",
        ),
        (
            "/v1/products",
            json!({"key": "a", "name": "A", "acl": [{"effect": "allow", "action": "both", "topic": "a", "qos": 1}]}),
            "/acl/0/qos",
        ),
        ("/v1/devices", json!({"product_id": "x"}), "/product_id"),
        ("/v1/claim-tokens", json!({"product_id": "x", "max_uses": "1"}), "/max_uses"),
        ("/v1/blocks", json!({"kind": "colour", "value": "x"}), "/kind"),
        ("/v1/blocks", json!({"kind": "ip", "value": "x"}), "/value"),
        ("/v1/blocks", json!({"kind": "ip", "value": "192.0.2.1", "until": "tomorrow"}), "/until"),
        ("/v1/api-keys", json!({"name": "x", "scopes": ["devices:read", "all"]}), "/scopes/1"),
        ("/v1/api-keys", json!({"name": "x", "scopes": []}), "/scopes"),
        ("/v1/api-keys", json!({"name": "admin", "scopes": ["admin"]}), "/name"),
        ("/v1/auth:explain", json!({"clientid": "x", "peerhost": "here"}), "/peerhost"),
    ] {
        let answer = management.call("POST", path, &body);
        assert_eq!(answer.problem(), (422, "invalid".to_owned()), "{body}: {answer:?}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer, "{answer:?}");
    }
    assert_eq!(management.get("/v1/products?colour=1").problem(), (422, "invalid".to_owned()));
    assert_eq!(management.get("/v1/products").is(200), json!({"items": [], "next_cursor": null}));
}
