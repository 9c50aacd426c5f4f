use serde_json::{Value, json};
use vouchmq_api::registration::RegistrationLimits;

use crate::harness::registry::{World, text};

#[test]
fn every_refusal_looks_the_same_outside_and_is_exact_inside() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let sensor = management.product("sensor", "auto");
    let listed = management.product("listed", "allow_list");
    let (off, full) = (management.product("off", "off"), management.product("full", "auto"));
    management.call("PATCH", &format!("/v1/products/{full}"), &json!({"max_devices": 0})).is(200);
    let token = |product: &str, more: Value| text(&management.claim(product, more), "token").to_owned();
    let good = token(&sensor, json!({}));
    let revoked = management.claim(&sensor, json!({}));
    management.call("DELETE", &format!("/v1/claim-tokens/{}", text(&revoked, "id")), &Value::Null).is(204);
    let cases = [
        ("sensor", "vmqc1_nothing".to_owned(), "claim_unknown"),
        ("sensor", text(&revoked, "token").to_owned(), "claim_revoked"),
        ("sensor", token(&sensor, json!({"expires_at": "2026-01-01T00:00:00Z"})), "claim_expired"),
        ("sensor", token(&sensor, json!({"cidrs": ["10.0.0.0/8"]})), "claim_not_for_this_address"),
        ("sensor", token(&sensor, json!({"hw_id_pattern": "x-*"})), "claim_not_for_this_hardware_id"),
        ("sensor", token(&off, json!({})), "claim_of_another_product"),
        ("nothing", good.clone(), "unknown_product"),
        ("off", token(&off, json!({})), "registration_off"),
        ("listed", token(&listed, json!({})), "not_listed"),
        ("full", token(&full, json!({})), "device_quota"),
    ];
    let mut seen = Vec::new();
    for (product, claim, reason) in &cases {
        let wish = json!({"product": product, "hw_id": "hw-1", "claim": claim});
        let answer = registration.send("POST", "/v1/register", &wish, "");
        assert_eq!(answer.problem(), (403, "registration_refused".into()), "{reason}");
        let mut body = answer.json();
        body["request_id"] = Value::Null;
        seen.push(body);
        let last = management.happened().pop().unwrap();
        assert_eq!(last, ("registration_refused".to_owned(), (*reason).to_owned()));
    }
    assert!(seen.windows(2).all(|pair| pair[0] == pair[1]), "{seen:?}");
    assert_eq!(management.items("/v1/devices"), Vec::<Value>::new());

    let wish = |hw_id: &str| json!({"product": "sensor", "hw_id": hw_id, "claim": good});
    registration.send("POST", "/v1/register", &wish("hw-1"), "").is(201);
    assert_eq!(registration.send("POST", "/v1/register", &wish("hw-2"), "").status, 403);
    let last = management.happened().pop().unwrap();
    assert_eq!(last, ("registration_refused".into(), "claim_used_up".into()));
    let block = json!({"kind": "cidr", "value": "127.0.0.0/8"});
    management.call("POST", "/v1/blocks", &block).is(201);
    world.follow();
    assert_eq!(registration.send("POST", "/v1/register", &wish("hw-1"), "").status, 403);
    assert_eq!(management.happened().pop().unwrap().1, "blocked");
}

#[test]
fn a_device_that_has_connected_does_not_register_again() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "auto");
    let claim = management.claim(&product, json!({}));
    let wish = json!({"product": "sensor", "hw_id": "hw-1", "claim": claim["token"]});
    let ask = || registration.send("POST", "/v1/register", &wish, "");
    let (first, second) = (ask().is(201), ask().is(201));
    assert_eq!(first["device_id"], second["device_id"], "an answer was lost");
    assert_ne!(first["secret"], second["secret"]);
    let id = text(&second, "device_id");
    assert_eq!(management.names(&format!("/v1/devices/{id}/credentials"), "state"), ["pending"]);
    world.connect(id, text(&second, "credential_id"));
    assert_eq!(ask().problem(), (409, "already_registered".into()));
    assert_eq!(management.happened().pop().unwrap(), ("duplicate_claim".into(), "already_registered".into()));
    assert_eq!(management.items("/v1/events").pop().unwrap()["device_id"], id);
    management.call("POST", &format!("/v1/devices/{id}:reset"), &Value::Null).is(200);
}

#[test]
fn what_is_no_registration_is_pointed_at() {
    let world = World::new();
    let registration = world.registration(&RegistrationLimits::default());
    for (body, pointer) in [
        (json!({"product": "A b", "hw_id": "h", "claim": "c"}), "/product"),
        (json!({"product": "a", "hw_id": "", "claim": "c"}), "/hw_id"),
        (json!({"product": "a", "hw_id": "h"}), "/claim"),
        (json!({"product": "a", "hw_id": "h", "claim": "s3cr3t-canary", "more": 1}), "/more"),
    ] {
        let answer = registration.send("POST", "/v1/register", &body, "");
        assert_eq!(answer.problem(), (422, "invalid".into()), "{body}");
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
        assert!(!answer.body.contains("s3cr3t"));
    }
    assert_eq!(registration.send("GET", "/v1/devices", &Value::Null, "").status, 404);
}
