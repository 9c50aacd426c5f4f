use serde_json::{Value, json};
use vouchmq_api::registration::RegistrationLimits;

use crate::harness::registry::{World, text};

#[test]
fn a_device_waits_until_somebody_lets_it_in() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "quarantine");
    let claim = management.claim(&product, json!({"max_uses": 2}));
    let token = text(&claim, "token");
    let wish = json!({"product": "sensor", "hw_id": "hw-1", "claim": token});
    let answer = registration.send("POST", "/v1/register", &wish, "");
    let waiting = answer.is(202);
    let id = text(&waiting, "registration_id").to_owned();
    let poll = format!("/v1/register/{id}");
    let expected = json!({"registration_id": id, "state": "quarantined", "poll": poll, "retry_after": 5});
    assert_eq!(waiting, expected);
    assert_eq!((answer.header("location"), answer.header("retry-after")), (Some(&*poll), Some("5")));
    assert_eq!(management.happened(), [("registration_quarantined".into(), "quarantined".into())]);
    let ask = |bearer: &str| registration.call_as(bearer, "GET", &poll, &Value::Null, "");
    assert_eq!(ask(token).is(202), expected);
    assert_eq!(registration.send("POST", "/v1/register", &wish, "").is(202), expected);
    assert_eq!(management.happened().len(), 1, "who asks again is not told again");

    let listed = management.items("/v1/registrations?state=quarantined&product=sensor").remove(0);
    assert_eq!(
        (&listed["id"], &listed["hw_id"], &listed["peer"], &listed["version"], &listed["rivals"]),
        (&json!(id), &json!("hw-1"), &json!("127.0.0.1"), &json!(1), &json!(0))
    );
    let decide =
        |action: &str| management.call("POST", &format!("/v1/registrations/{id}:{action}"), &Value::Null);
    let approved = decide("approve").is(200);
    assert_eq!((&approved["state"], &approved["decided_by"]), (&json!("approved"), &json!("admin")));
    assert_eq!(decide("reject").problem(), (409, "already_decided".into()));
    let told = ask(token).is(200);
    assert_eq!(told, json!({"registration_id": id, "state": "approved", "register": "/v1/register"}));
    let registered = registration.send("POST", "/v1/register", &wish, "").is(201);
    assert_eq!(registered["device_id"], approved["device_id"]);
    world.connect(text(&registered, "device_id"), text(&registered, "credential_id"));
    assert_eq!(ask(token).problem(), (409, "already_registered".into()));
}

#[test]
fn only_who_has_the_claim_token_learns_how_a_registration_stands() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "quarantine");
    let [first, second] = [(); 2].map(|()| management.claim(&product, json!({})));
    let wish = json!({"product": "sensor", "hw_id": "hw-1", "claim": first["token"]});
    let waiting = registration.send("POST", "/v1/register", &wish, "").is(202);
    let poll = text(&waiting, "poll").to_owned();
    let ask = |path: &str, bearer: &str| registration.call_as(bearer, "GET", path, &Value::Null, "");
    for bearer in ["x", "vmqc1_x", text(&first, "token").get(..60).unwrap(), crate::harness::registry::TOKEN]
    {
        let answer = ask(&poll, bearer);
        assert_eq!(answer.problem(), (401, "unauthenticated".into()), "{bearer}");
    }
    assert_eq!(registration.send("GET", &poll, &Value::Null, "").status, 401);
    assert_eq!(ask(&poll, text(&second, "token")).problem(), (404, "not_found".into()));
    assert_eq!(management.happened().pop().unwrap().1, "claim_of_another_registration");
    let nothing = "/v1/register/01934f00-0000-7000-8000-000000000000";
    assert_eq!(ask(nothing, text(&first, "token")).problem(), (404, "not_found".into()));
    assert_eq!(ask("/v1/register/a%2Fb", text(&first, "token")).status, 404);
    let reject = format!("/v1/registrations/{}:reject", text(&waiting, "registration_id"));
    management.call("POST", &reject, &json!({"reason": "unknown"})).is(200);
    assert_eq!(ask(&poll, text(&first, "token")).problem(), (403, "registration_rejected".into()));
    let path = format!("/v1/claim-tokens/{}", text(&first, "id"));
    management.call("DELETE", &path, &Value::Null).is(204);
    assert_eq!(ask(&poll, text(&first, "token")).status, 401);
    assert_eq!(management.happened().pop().unwrap().1, "claim_revoked");
}

#[test]
fn two_who_claim_one_hardware_id_are_told_to_operators() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "quarantine");
    for _ in 0..2 {
        let claim = management.claim(&product, json!({}));
        let wish = json!({"product": "sensor", "hw_id": "hw-1", "claim": claim["token"]});
        registration.send("POST", "/v1/register", &wish, "").is(202);
    }
    assert_eq!(management.happened().pop().unwrap(), ("duplicate_claim".into(), "other_claim_token".into()));
    let waiting = management.items("/v1/registrations");
    assert_eq!((waiting.len(), &waiting[0]["rivals"]), (1, &json!(1)));
}

#[test]
fn who_was_rejected_stays_out_until_an_operator_forgets_it() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "quarantine");
    let claim = management.claim(&product, json!({}));
    let wish = json!({"product": "sensor", "hw_id": "hw-1", "claim": claim["token"]});
    let register = || registration.send("POST", "/v1/register", &wish, "");
    let waiting = register().is(202);
    let path = format!("/v1/registrations/{}", text(&waiting, "registration_id"));
    let delete = || management.call("DELETE", &path, &Value::Null);
    assert_eq!(delete().problem(), (409, "conflict".into()), "nobody decided yet");
    management.call("POST", &format!("{path}:reject"), &Value::Null).is(200);
    assert_eq!(register().problem(), (403, "registration_rejected".into()));
    assert_eq!(management.happened().pop().unwrap(), ("registration_refused".into(), "rejected".into()));
    delete().is(204);
    assert_eq!(management.call("GET", &path, &Value::Null).status, 404);
    register().is(202);
}

#[test]
fn a_claim_token_has_as_many_places_to_wait_as_it_lets_devices_in() {
    let world = World::new();
    let (management, registration) = (world.management(), world.registration(&RegistrationLimits::default()));
    let product = management.product("sensor", "quarantine");
    let claim = management.claim(&product, json!({"max_uses": 1}));
    let register = |hw_id: &str| {
        let wish = json!({"product": "sensor", "hw_id": hw_id, "claim": claim["token"]});
        registration.send("POST", "/v1/register", &wish, "")
    };
    register("hw-1").is(202);
    let full = register("hw-2");
    assert_eq!(full.problem(), (429, "quarantine_full".into()));
    assert_eq!(full.header("retry-after"), Some("60"));
    let told = management.happened().pop().unwrap();
    assert_eq!(told, ("registration_refused".into(), "claim_token_quarantine_full".into()));
    register("hw-1").is(202);
}
