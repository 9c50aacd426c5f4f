use serde_json::{Value, json};
use vouchmq_api::registration::{Rate, RegistrationLimits};

use crate::harness::registry::{World, text};
use crate::harness::{Answer, Server};

/// So slow that no test sees it let a second one in.
const NEVER: Rate = Rate::new(1, 1);

fn wish(claim: &str) -> Value {
    json!({"product": "sensor", "hw_id": "hw-1", "claim": claim})
}

/// Registers with other claim tokens until there is an answer other than 403, which has to come.
fn until_limited(registration: &Server) -> Answer {
    let mut answers =
        (0..1000).map(|number| registration.send("POST", "/v1/register", &wish(&number.to_string()), ""));
    answers.find(|answer| answer.status != 403).unwrap()
}

#[test]
fn each_address_is_limited_also_loopback_unless_somebody_wants_otherwise() {
    let world = World::new();
    let defaults = RegistrationLimits::default();
    assert_eq!((defaults.each_address, defaults.is_loopback_exempt), (Rate::new(10, 20), false));
    let limits = RegistrationLimits { each_address: NEVER, ..defaults };
    let limited = until_limited(&world.registration(&limits));
    assert_eq!(limited.problem(), (429, "too_many_requests".into()));
    assert_eq!(limited.header("retry-after"), Some("1"));
    let exempt = RegistrationLimits { is_loopback_exempt: true, ..limits };
    let registration = world.registration(&exempt);
    for number in 0..10 {
        let answer = registration.send("POST", "/v1/register", &wish(&number.to_string()), "");
        assert_eq!(answer.status, 403);
    }
}

#[test]
fn all_together_are_limited() {
    let world = World::new();
    let limits = RegistrationLimits { all: NEVER, ..RegistrationLimits::default() };
    let limited = until_limited(&world.registration(&limits));
    assert_eq!(limited.problem(), (429, "too_many_requests".into()));
}

#[test]
fn each_claim_token_is_limited() {
    let world = World::new();
    let management = world.management();
    let product = management.product("sensor", "auto");
    let claim = text(&management.claim(&product, json!({})), "token").to_owned();
    let limits = RegistrationLimits { each_token: NEVER, ..RegistrationLimits::default() };
    let registration = world.registration(&limits);
    let mut answers = (0..1000).map(|_| registration.send("POST", "/v1/register", &wish(&claim), ""));
    answers.next().unwrap().is(201);
    let limited = answers.find(|answer| answer.status != 201).unwrap();
    assert_eq!(limited.problem(), (429, "too_many_requests".into()));
}

#[test]
fn no_more_are_worked_for_than_there_are_places() {
    let world = World::new();
    let limits = RegistrationLimits { working_max: 0, ..RegistrationLimits::default() };
    let answer = world.registration(&limits).send("POST", "/v1/register", &wish("vmqc1_x"), "");
    assert_eq!(answer.problem(), (503, "unavailable".into()));
    assert_eq!(answer.header("retry-after"), Some("5"));
}

#[test]
fn whoever_is_refused_again_and_again_does_not_push_out_what_others_did() {
    let world = World::new();
    let management = world.management();
    let free = RegistrationLimits { is_loopback_exempt: true, ..RegistrationLimits::default() };
    let registration = world.registration(&free);
    for number in 0..150 {
        let answer = registration.send("POST", "/v1/register", &wish(&number.to_string()), "");
        assert_eq!(answer.status, 403);
        registration.send("POST", "/v1/rotate", &Value::Null, "").is(401);
    }
    let told = || management.items("/v1/events?limit=200");
    let count = told().len();
    // Some more come free while the test runs.
    assert!((60..120).contains(&count), "{count} events");
    let product = management.product("sensor", "auto");
    let claim = text(&management.claim(&product, json!({})), "token").to_owned();
    registration.send("POST", "/v1/register", &wish(&claim), "").is(201);
    assert_eq!(told().pop().unwrap()["kind"], "device_registered");
}
