use base64ct::{Base64, Encoding};
use serde_json::{Value, json};
use vouchmq_api::registration::RegistrationLimits;

use crate::harness::registry::{World, text};
use crate::harness::{Answer, Server};

fn rotate(registration: &Server, name: &str, secret: &str, body: &Value) -> Answer {
    let proof = Base64::encode_string(format!("{name}:{secret}").as_bytes());
    registration.send("POST", "/v1/rotate", body, &format!("Authorization: Basic {proof}\r\n"))
}

#[test]
fn a_device_replaces_its_own_secret_once_it_has_used_it() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    let (secret, credential) = (text(&device, "secret"), text(&device, "credential_id"));
    world.follow();
    let ask = |body: Value| rotate(&registration, "d1", secret, &body);
    assert_eq!(ask(Value::Null).problem(), (403, "forbidden".into()), "never used");
    assert_eq!(
        management.happened().pop().unwrap(),
        ("caller_refused".into(), "credential_unconfirmed".into())
    );
    world.connect("d1", credential);
    assert_eq!(ask(json!({"grace": "8d"})).problem(), (422, "invalid".into()));
    assert_eq!(ask(json!({"kick": "hard"})).problem(), (422, "invalid".into()));
    let rotated = ask(json!({"grace": "7d"})).is(201);
    assert!(text(&rotated, "secret").starts_with("vmq1_"));
    assert_eq!(
        (&rotated["credential"]["device_id"], &rotated["credential"]["state"]),
        (&json!("d1"), &json!("active"))
    );
    assert_eq!(management.names("/v1/devices/d1/credentials", "state"), ["grace", "active"]);
    assert_eq!(management.get("/v1/devices/d1").is(200)["online"], true, "nobody is kicked");
    let audited = management.names("/v1/audit", "action");
    assert!(!audited.contains(&"credential.rotate".to_owned()), "{audited:?}");
}

#[test]
fn who_is_not_the_device_rotates_nothing() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "off");
    let [first, second] = ["d1", "d2"].map(|id| management.device(&product, id));
    for device in [&first, &second] {
        world.connect(text(device, "id"), text(device, "credential_id"));
    }
    let secret = text(&first, "secret");
    let refused = |name: &str, secret: &str| {
        let answer = rotate(&registration, name, secret, &Value::Null);
        let reason = management.happened().pop().map(|(_, reason)| reason).unwrap_or_default();
        (answer.status, reason)
    };
    assert_eq!(refused("d1", "wrong"), (401, "wrong_password".into()));
    assert_eq!(refused("d1", text(&second, "secret")), (401, "wrong_password".into()));
    assert_eq!(refused("nobody", secret), (401, "unknown_user".into()));
    assert_eq!(refused("a/b", secret), (401, "no_credential".into()));
    let answer = registration.send("POST", "/v1/rotate", &Value::Null, "Authorization: Basic !\r\n");
    assert_eq!(answer.problem(), (401, "unauthenticated".into()));
    assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "));
    management.call("POST", "/v1/devices/d1:suspend?wait=applied", &Value::Null).is(200);
    assert_eq!(refused("d1", secret), (403, "device_suspended".into()));
    management.call("POST", "/v1/devices/d1:resume?wait=applied", &Value::Null).is(200);
    management.call("POST", "/v1/blocks", &json!({"kind": "device", "value": "d1"})).is(201);
    world.follow();
    assert_eq!(refused("d1", secret), (403, "blocked".into()));
    assert_eq!(management.names("/v1/devices/d1/credentials", "state"), ["active"]);
}

#[test]
fn a_secret_that_was_revoked_rotates_nothing_also_before_anybody_heard_of_it() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "off");
    let device = management.device(&product, "d1");
    world.connect("d1", text(&device, "credential_id"));
    management.call("POST", "/v1/devices/d1/credentials", &json!({"kind": "secret"})).is(201);
    world.follow();
    world.following.is_stuck.store(true, std::sync::atomic::Ordering::Relaxed);
    let revoke = format!("/v1/credentials/{}:revoke", text(&device, "credential_id"));
    management.call("POST", &revoke, &Value::Null).is(200);
    let answer = rotate(&registration, "d1", text(&device, "secret"), &Value::Null);
    assert_eq!(answer.problem(), (401, "unauthenticated".into()));
    assert_eq!(management.names("/v1/devices/d1/credentials", "state"), ["revoked", "active"]);
}
