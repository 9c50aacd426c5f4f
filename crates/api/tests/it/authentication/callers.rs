use serde_json::json;
use vouchmq_api::authentication_service::{AuthenticationService, AuthenticationServiceOptions, ConfirmNone};

use super::post;
use crate::harness::world::World;

fn options(json: serde_json::Value) -> AuthenticationServiceOptions {
    serde_json::from_value(json).unwrap()
}

const KEY: &str = "X-Broker-Key: 0123456789abcdef\r\n";

#[test]
fn a_broker_is_known_by_its_header_its_address_or_both() {
    let world = World::new();
    let form = format!("clientid=d1&username=d1&password={}", world.secret.expose());
    let header = json!({ "name": "X-Broker-Key", "value": "0123456789abcdef" });
    let status = |broker: serde_json::Value, sent: &str| {
        let server = world.serve(&options(json!({ "brokers": [broker] })));
        server.ask(&post("/mqtt/auth", "application/x-www-form-urlencoded", sent, &form)).status
    };
    let by_header = json!({ "name": "b", "header": header });
    for (broker, sent, expected) in [
        (by_header.clone(), KEY, 200),
        (by_header.clone(), "x-broker-key: 0123456789abcdef\r\n", 200),
        (by_header.clone(), "X-Broker-Key: 0123456789abcdeF\r\n", 401),
        (by_header.clone(), "X-Broker-Key: 0123456789abcdef0\r\n", 401),
        (by_header.clone(), &format!("{KEY}{KEY}"), 401),
        (by_header, "", 401),
        (json!({ "name": "b", "networks": ["127.0.0.0/8"] }), "", 200),
        (json!({ "name": "b", "networks": ["10.0.0.0/8"] }), "", 401),
        (json!({ "name": "b", "networks": ["10.0.0.0/8"], "header": header }), KEY, 401),
        (json!({ "name": "b", "networks": ["127.0.0.0/8"], "header": header }), "", 401),
        (json!({ "name": "b", "networks": ["127.0.0.0/8"], "header": header }), KEY, 200),
    ] {
        assert_eq!(status(broker.clone(), sent), expected, "{broker} {sent}");
    }
}

#[test]
fn nobody_may_ask_who_is_not_configured() {
    let world = World::new();
    let server = world.serve(&AuthenticationServiceOptions::default());
    let mqtt = ["/mqtt/auth", "/mqtt/superuser", "/mqtt/acl"];
    let native = ["/v1/auth/verify", "/v1/auth/verify:batch", "/v1/auth/reconsider"];
    for path in mqtt.into_iter().chain(native) {
        let answer = server.ask(&post(path, "application/json", "", "{}"));
        assert_eq!(answer.status, 401, "{path}");
        assert!(answer.header("www-authenticate").is_some());
    }
    let statuses: Vec<u16> =
        (0..40).map(|_| server.ask(&post("/mqtt/auth", "application/json", "", "{}")).status).collect();
    assert!(statuses.ends_with(&[429, 429]), "{statuses:?}");
}

#[test]
fn a_configuration_that_would_let_anybody_ask_is_refused_without_repeating_a_key() {
    let world = World::new();
    for (given, expected) in [
        (json!({ "brokers": [{ "name": "b" }] }), "neither a header nor a certificate nor networks"),
        (
            json!({ "brokers": [{ "name": "b", "header": { "name": "X", "value": "canary" } }] }),
            "at least 16",
        ),
        (
            json!({ "brokers": [{ "name": "b", "header": { "name": "X Y", "value": "canary-canary-canary" } }] }),
            "a header has a name",
        ),
        (json!({ "brokers": [{ "name": "b", "networks": ["10.0.0.0/33"] }] }), "is not a network"),
        (json!({ "callers": [{ "name": "c", "key": "canary" }] }), "at least 32 bytes"),
        (json!({ "callers": [{ "name": "c c", "key": "canary-canary-canary-canary-canary" }] }), "the name"),
        (
            json!({ "callers": [{ "name": "c", "key": "canary-canary-canary-canary-canary" }, { "name": "c", "key": "canary-canary-canary-canary-canary" }] }),
            "c is there twice",
        ),
    ] {
        let options = options(given);
        assert!(!format!("{options:?}").contains("canary"), "{options:?}");
        let confirm = std::sync::Arc::new(ConfirmNone);
        let service =
            AuthenticationService::try_new(&options, world.resident.clone(), confirm, world.clock.clone());
        let error = service.unwrap_err().to_string();
        assert!(error.contains(expected) && !error.contains("canary"), "{error}");
    }
    assert!(
        serde_json::from_value::<AuthenticationServiceOptions>(json!({ "trust_lopback": true })).is_err()
    );
}
