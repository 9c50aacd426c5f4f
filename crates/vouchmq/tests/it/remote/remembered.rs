//! What is asked once for many, what is remembered, and what is not asked any more.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::Arc;

use serde_json::{Value, json};

use super::service::{Asked, Gate, Service};
use super::{asking, comes_in, login_at, request, told};
use crate::configured::Configured;
use crate::identity::fleet::eventually;
use crate::identity::wire::{Ending, Login, VERSIONS, Version, Wire};
use crate::stub::Stub;

/// Who knows this is let in.
fn by_password(asked: &Asked) -> (u16, String) {
    let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
    (if body["password"] == "right" { 200 } else { 401 }, String::new())
}

/// How asking goes.
fn figure(broker: &Configured, pointer: &str) -> u64 {
    broker.operator().get("/v1/authentication").pointer(pointer).and_then(Value::as_u64).unwrap()
}

fn logins(stub: &Stub) -> u64 {
    stub.counts()["requests"]["login"].as_u64().unwrap_or(0)
}

#[test]
fn who_says_the_same_at_once_is_asked_about_once() {
    let gate = Arc::new(Gate::default());
    let held = gate.clone();
    let service = Service::start(move |asked| {
        held.pass();
        by_password(asked)
    });
    let keys = request("auth_req", &service.url) + "cache_ttl = 1m, negative_cache_ttl = off";
    let broker = Configured::start(&asking(&keys));
    let login = |password| Login::of(Version::V5, "device", password);
    let knock = |password| Wire::knock(&broker.address(), &login(password));
    let mut right: Vec<Wire> = (0..50).map(|_| knock("right")).collect();
    let mut wrong = knock("wrong");
    eventually("they wait for two answers", || {
        figure(&broker, "/joined") == 49 && figure(&broker, "/asking") == 2
    });
    gate.open();
    assert_eq!(wrong.answer(), Some(0x86), "its password is another one");
    for wire in &mut right {
        assert_eq!(wire.answer(), Some(0));
    }
    assert_eq!(told(&broker, &login("right")), 0);
    assert_eq!(told(&broker, &login("wrong")), 0x86);
    assert_eq!(service.asked("/").len(), 3, "one for fifty and who came later, one for each wrong password");
}

#[test]
fn what_is_forgotten_is_asked_again() {
    let stub = Stub::start(&["--password", "right"]);
    let broker = Configured::start(&asking(&(login_at(&stub) + "cache_ttl = 1h")));
    let login = Login::of(Version::V5, "device", "right");
    let forget = |whom: Value| broker.operator().post("/v1/authentication:forget", &whom);
    let mut wire = comes_in(&broker, &login);
    for version in VERSIONS {
        assert_eq!(told(&broker, &Login::of(version, "device", "right")), 0);
    }
    assert_eq!(logins(&stub), 1);
    assert_eq!(wire.ending(), Ending::Told(0x8e), "taken over");
    for (number, whom) in [json!({"username": "device"}), json!({"clientid": "device"}), json!({"all": true})]
        .into_iter()
        .enumerate()
    {
        let before = u64::try_from(number).unwrap() + 1;
        assert_eq!(forget(json!({"username": "somebody else"}))["answers"], 0);
        assert_eq!(told(&broker, &login), 0);
        assert_eq!(logins(&stub), before);
        assert_eq!(forget(whom.clone())["answers"], 1, "{whom}");
        assert_eq!(told(&broker, &login), 0);
        assert_eq!(logins(&stub), before + 1, "{whom}");
    }
}

#[test]
fn who_is_forgotten_may_have_to_come_again() {
    let stub = Stub::start(&["--password", "right"]);
    let broker = Configured::start(&asking(&(login_at(&stub) + "cache_ttl = 1h")));
    for version in VERSIONS {
        let login = Login::of(version, "device", "right");
        let mut wire = comes_in(&broker, &login);
        let mut other = comes_in(&broker, &Login::of(version, "other", "right"));
        let forget = |disconnect| {
            let whom = json!({"username": "device", "disconnect": disconnect});
            broker.operator().post("/v1/authentication:forget", &whom)["sessions_closed"].clone()
        };
        assert_eq!(forget(false), 0);
        assert!(wire.is_alive());
        assert_eq!(forget(true), 1);
        assert_eq!(wire.ending(), version.ending(0x87));
        assert!(other.is_alive());
        comes_in(&broker, &login);
    }
}

#[test]
fn guesses_drive_no_answer_out_that_allows() {
    let stub = Stub::start(&["--password", "right"]);
    let keys = login_at(&stub) + "cache_ttl = 1h, negative_cache_ttl = 5m, max_cache_entries = 16";
    let broker = Configured::start(&asking(&keys));
    let login = Login::of(Version::V5, "device", "right");
    assert_eq!(told(&broker, &login), 0);
    for guess in 0..100 {
        assert_eq!(told(&broker, &Login::of(Version::V5, "device", &format!("guess {guess}"))), 0x86);
    }
    assert_eq!(logins(&stub), 101);
    assert!(figure(&broker, "/cache/denied") <= 16);
    assert_eq!(told(&broker, &login), 0);
    assert_eq!(logins(&stub), 101, "it is still remembered");
}

#[test]
fn nobody_is_asked_for_who_has_gone() {
    let stub = Stub::start(&["--fault", "hang"]);
    let keys = login_at(&stub) + "timeout = 10m, deadline = 10m";
    let broker = Configured::start(&format!("mqtt.connect_timeout = 15m\n{}", asking(&keys)));
    let in_flight = || stub.counts()["in_flight"]["now"].clone();
    for version in VERSIONS {
        let wire = Wire::knock(&broker.address(), &Login::of(version, "device", "right"));
        eventually("the service is asked", || in_flight() == 1);
        drop(wire);
        // No time is over so soon: the question was taken back.
        eventually("the service is not asked any more", || in_flight() == 0);
    }
    assert_eq!(figure(&broker, "/asking"), 0);
}

/// What is beyond the pool waits, what is beyond that is told so: neither connections nor memory grow with the storm.
#[test]
fn a_storm_opens_so_many_connections_and_no_more() {
    let stub = Stub::start(&["--fault", "hang"]);
    let keys = login_at(&stub) + "pool_size = 4, max_waiting = 8, timeout = 10m, deadline = 10m";
    let broker = Configured::start(&format!("mqtt.connect_timeout = 15m\n{}", asking(&keys)));
    let login = |number: usize| Login::of(Version::V5, &format!("device-{number}"), "right");
    let knock = |number| Wire::knock(&broker.address(), &login(number));
    let waiting: Vec<Wire> = (0..12).map(knock).collect();
    eventually("four are asked about, eight wait", || {
        stub.counts()["in_flight"]["now"] == 4 && figure(&broker, "/servers/0/waiting") == 8
    });
    // That is told after a while: they wait for it together.
    for mut wire in (12..40).map(knock).collect::<Vec<_>>() {
        assert_eq!(wire.answer(), Some(0x89), "too many at once");
    }
    assert_eq!(stub.counts()["in_flight"]["most"], 4);
    drop(waiting);
}
