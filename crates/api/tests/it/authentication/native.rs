use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use vouchmq_api::authentication_service::AuthenticationServiceOptions;
use vouchmq_identity::UnixMillis;
use vouchmq_identity::model::DeviceState;
use vouchmq_identity::resident::{Change, ResidentDevice};

use super::post_json;
use crate::harness::world::{NOW, World, trusting};
use crate::harness::{Answer, Server};

const BASE64_PASSWORD: &str = "cEBzcyB3K3JkACY9Jf8=";

fn verify(server: &Server, body: &Value) -> Answer {
    post_json(server, "/v1/auth/verify", &body.to_string())
}

fn login(name: &str, password: &str) -> Value {
    json!({ "clientid": name, "username": name, "password": password })
}

#[test]
fn a_decision_says_no_more_than_the_client_may_learn() {
    let mut world = World::new();
    let mut device = world.device("gone");
    device.state = DeviceState::Suspended;
    world.apply(Change::Device(device));
    let server = world.serve(&trusting());
    let secret = world.secret.expose().to_owned();
    let credential = world.resident.device("d1").unwrap().credentials[0].id.to_string();
    for (body, expected) in [
        (
            login("d1", "wrong"),
            json!({ "decision": "deny", "reason": "bad_credential", "expires_at": null, "as_of": 4 }),
        ),
        (
            login("gone", "wrong"),
            json!({ "decision": "deny", "reason": "bad_credential", "expires_at": null, "as_of": 4 }),
        ),
        (
            login("gone", &secret),
            json!({ "decision": "deny", "reason": "not_allowed", "expires_at": null, "as_of": 4 }),
        ),
        (login("d9", &secret), json!({ "decision": "not_mine", "expires_at": null, "as_of": 4 })),
        (json!({}), json!({ "decision": "not_mine", "expires_at": null, "as_of": 4 })),
        (
            json!({ "username": "d1" }),
            json!({ "decision": "deny", "reason": "bad_credential", "expires_at": null, "as_of": 4 }),
        ),
        (
            login("d1", &secret),
            json!({
                "decision": "allow", "device_id": "d1", "credential_id": credential,
                "expires_at": null, "as_of": 4,
                "acl": [
                    { "permission": "allow", "action": "publish", "topic": "dev/d1/#" },
                    { "permission": "allow", "action": "subscribe", "topic": "dev/d1/#" },
                ]
            }),
        ),
    ] {
        let answer = verify(&server, &body);
        assert_eq!((answer.status, answer.json()), (200, expected), "{body}");
    }
}

#[test]
fn a_verdict_ends_when_the_device_does() {
    let mut world = World::new();
    let good = ResidentDevice::clone(&world.resident.device("d1").unwrap());
    let expires_at = Some(UnixMillis::new((NOW + 60) * 1000 + 5));
    world.apply(Change::Device(ResidentDevice { expires_at, ..good }));
    let answer = verify(&world.serve(&trusting()), &login("d1", world.secret.expose()));
    assert_eq!(answer.json()["expires_at"], "2023-11-14T22:14:20.005Z");
}

#[test]
fn a_password_that_is_no_text_comes_in_base64() {
    let server = World::new().serve(&trusting());
    let ask = |body: Value| verify(&server, &body);
    let with = |encoded: &str| json!({ "clientid": "pw", "username": "pw", "password_b64": encoded });
    assert_eq!(ask(with(BASE64_PASSWORD)).json()["decision"], "allow");
    assert_eq!(ask(with("cEBzcyB3K3Jk")).json()["decision"], "deny", "it does not end at the NUL");
    for (body, pointer) in [
        (with("cEBzcyB3K3JkACY9Jf8"), "/password_b64"),
        (with("!"), "/password_b64"),
        (json!({ "password": "a", "password_b64": "YQ==" }), "/password_b64"),
        (json!({ "peerhost": "somewhere" }), "/peerhost"),
        (json!({ "client_id": "d1" }), "/client_id"),
        (json!({ "username": 7 }), "/username"),
    ] {
        let answer = ask(body);
        assert_eq!((answer.status, answer.code().as_str()), (422, "invalid"));
        assert_eq!(answer.json()["errors"][0]["pointer"], pointer);
    }
}

#[test]
fn a_batch_is_answered_in_its_order() {
    let world = World::new();
    let server = world.serve(&trusting());
    let secret = world.secret.expose();
    let items = json!({ "items": [
        login("d1", secret),
        { "clientid": "pw", "username": "pw", "password_b64": BASE64_PASSWORD },
        login("d9", secret),
        login("pw", "wrong"),
        login("d1", "wrong"),
    ]});
    let ask = |body: &Value| post_json(&server, "/v1/auth/verify:batch", &body.to_string());
    let answer = ask(&items).json();
    let decisions: Vec<_> = answer["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| result["decision"].as_str().unwrap())
        .collect();
    assert_eq!(decisions, ["allow", "allow", "not_mine", "deny", "deny"]);
    assert_eq!(answer["as_of"], 3);
    let many = |count| json!({ "items": vec![login("d1", secret); count] });
    assert_eq!(ask(&many(256)).json()["results"].as_array().unwrap().len(), 256);
    assert_eq!(ask(&many(0)).json(), json!({ "as_of": 3, "results": [] }));
    let problem = ask(&many(257));
    assert_eq!((problem.status, problem.json()["errors"][0]["pointer"].as_str()), (422, Some("/items")));
    let problem = ask(&json!({ "items": [login("d1", "a"), { "peerhost": "x" }] }));
    assert_eq!(
        (problem.status, problem.json()["errors"][0]["pointer"].as_str()),
        (422, Some("/items/1/peerhost"))
    );
}

/// The first use of a credential ends the one that it replaces: nobody is let in before that is durable.
#[test]
fn a_first_use_is_durable_before_the_client_is_let_in() {
    let mut world = World::new();
    let mut device = world.device("new");
    device.credentials[0].is_unconfirmed = true;
    world.apply(Change::Device(device));
    let server = world.serve(&trusting());
    let decision = |password: &str| verify(&server, &login("new", password)).json()["decision"].clone();
    assert_eq!(decision("wrong"), "deny");
    assert!(world.confirmed.devices.lock().unwrap().is_empty(), "only who is let in is confirmed");
    assert_eq!(decision(world.secret.expose()), "allow");
    assert_eq!(*world.confirmed.devices.lock().unwrap(), ["new"]);
    world.confirmed.refuses.store(true, Ordering::SeqCst);
    let refused = verify(&server, &login("new", world.secret.expose())).json();
    assert_eq!((refused["decision"].as_str(), refused.get("acl")), (Some("unavailable"), None));
}

#[test]
fn a_caller_has_so_many_verifications_a_second() {
    let options = AuthenticationServiceOptions { verifications_per_second: 10, ..trusting() };
    let world = World::new();
    let server = world.serve(&options);
    let batch = |count| {
        let items = json!({ "items": vec![login("d1", "x"); count] });
        post_json(&server, "/v1/auth/verify:batch", &items.to_string())
    };
    assert_eq!(batch(8).status, 200);
    // As many at once as in a second: one of several that follow is too many, unless each takes a second.
    let refused = (0..20).map(|_| batch(10)).find(|answer| answer.status != 200).unwrap();
    assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"));
    assert_eq!(batch(11).header("retry-after"), Some("60"), "never so many at once");
}
