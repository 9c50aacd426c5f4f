//! Mistakes of brokers that ask over HTTP (docs/conformance/traps.md), tried on the whole server.

use std::sync::Arc;

use serde_json::Value;

use super::service::{Gate, Service};
use super::{asking, comes_in, login_at, request, told};
use crate::configured::Configured;
use crate::identity::fleet::eventually;
use crate::identity::wire::{Login, VERSIONS, Version, Wire};
use crate::stub::Stub;

/// T16: whatever is not 200 was nobody's opinion, and then anonymous clients were let in.
#[test]
fn a_failure_is_no_reason_to_take_a_client_for_an_anonymous_one() {
    let service = Service::start(|asked| {
        let status = asked.target().trim_start_matches('/').parse().unwrap_or(500);
        (status, String::new())
    });
    for (status, expected) in [(500, 0x88), (404, 0x88), (302, 0x88), (401, 0x86), (403, 0x87)] {
        let keys = request("auth_req", &format!("{}/{status}", service.url));
        let text = asking(&keys).replace("order = [http]", "allow_anonymous = true, order = [file, http]");
        let broker = Configured::start(&text);
        for version in VERSIONS {
            let code = told(&broker, &Login::of(version, "device", "secret"));
            assert_eq!(code, version.code(expected), "{status}");
        }
    }
}

/// T22: one question at a time for the whole broker.
#[test]
fn questions_are_out_side_by_side() {
    let gate = Arc::new(Gate::default());
    let held = gate.clone();
    let service = Service::start(move |_| {
        held.pass();
        (200, String::new())
    });
    let broker = Configured::start(&asking(&request("auth_req", &service.url)));
    let login = |number| Login::of(Version::V5, &format!("device-{number}"), "secret");
    let mut wires: Vec<Wire> = (0..32).map(|number| Wire::knock(&broker.address(), &login(number))).collect();
    eventually("all are asked about", || service.asked("/").len() == 32);
    gate.open();
    for wire in &mut wires {
        assert_eq!(wire.answer(), Some(0));
    }
}

/// T23: a service that does not answer held the threads that serve everybody.
#[test]
fn who_is_not_asked_about_gets_in_while_the_service_is_silent() {
    let stub = Stub::start(&["--fault", "hang"]);
    let text = asking(&login_at(&stub))
        .replace("order = [http]", "order = [file, http], password { alice = wonderland }");
    let broker = Configured::start(&text);
    let knock = |number| {
        Wire::knock(&broker.address(), &Login::of(Version::V5, &format!("device-{number}"), "secret"))
    };
    let waiting: Vec<Wire> = (0..200).map(knock).collect();
    eventually("the service is asked", || stub.counts()["in_flight"]["now"] != 0);
    for version in VERSIONS {
        let mut alice = comes_in(&broker, &Login::of(version, "alice", "wonderland"));
        assert!(alice.is_alive());
    }
    drop(waiting);
}

/// T25: verdicts were remembered under the beginning of what belongs together, and without what parts it.
#[test]
fn names_that_begin_alike_share_no_verdict() {
    let long = |end: &str| format!("{}{end}", "x".repeat(256 - end.len()));
    let known = [long("a"), "a,b".to_owned(), "d".to_owned()];
    let letting_in = known.clone();
    let service = Service::start(move |asked| {
        let body: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let is = |name: &str, value: &str| body[name] == *value;
        let is_known = |id: &String| {
            let name = if id == "a,b" { "c" } else { id };
            is("clientid", id) && is("username", name) && is("password", "right")
        };
        (if letting_in.iter().any(is_known) { 200 } else { 403 }, String::new())
    });
    let keys = request("auth_req", &service.url) + "cache_ttl = 1h";
    let broker = Configured::start(&asking(&keys));
    let login = |id: &str, name: &str, password: &str| Login {
        client_id: id.to_owned(),
        ..Login::of(Version::V5, name, password)
    };
    for _ in 0..2 {
        for id in &known {
            let name = if id == "a,b" { "c" } else { id };
            assert_eq!(told(&broker, &login(id, name, "right")), 0, "{id}");
        }
        for (id, name, password) in [
            (&*long("b"), &*long("b"), "right"),
            (&long("b"), &long("a"), "right"),
            (&long("a"), &long("b"), "right"),
            (&long("a"), &long("a"), "wrong"),
            ("a", "b,c", "right"),
            ("a,b,c", "", "right"),
            ("d", "dr", "ight"),
            ("dd", "", "right"),
        ] {
            assert_eq!(told(&broker, &login(id, name, password)), 0x87, "{id} {name} {password}");
        }
    }
    let too_long = "x".repeat(257);
    assert_eq!(told(&broker, &login(&too_long, "d", "right")), 0x85);
}

/// T27: each client that came or went was a message of the broker's own, about which the service was asked.
#[test]
fn nobody_is_asked_about_messages_of_the_broker() {
    let stub = Stub::start(&[]);
    let at = |kind: &str, path: &str| request(kind, &format!("http://{}{path}", stub.address));
    let acl = at("acl_req", "/acl").replace("password", "topic").replace("%P", "%t");
    let keys = at("auth_req", "/login") + &at("super_req", "/superuser") + &acl;
    let broker = Configured::start(&asking(&keys));
    for number in 0..10 {
        assert_eq!(told(&broker, &Login::of(Version::V5, &format!("device-{number}"), "x")), 0);
    }
    let clients = || broker.operator().get("/v1/stats")["broker"]["connections"].clone();
    eventually("they are gone", || clients() == 0);
    let requests = stub.counts()["requests"].clone();
    assert_eq!((&requests["login"], &requests["superuser"]), (&10.into(), &10.into()), "{requests}");
    assert!(requests["acl"].is_null(), "{requests}");
}

/// T29: without header fields nothing was sent, and without a method nothing started.
#[test]
fn what_a_request_leaves_out_has_a_default() {
    let stub = Stub::start(&["--password", "right"]);
    let params = "params = { username = \"%u\", password = \"%P\" }";
    let broker =
        Configured::start(&asking(&format!("auth_req {{ url = \"http://{}/in\", {params} }}", stub.address)));
    assert_eq!(told(&broker, &Login::of(Version::V5, "device", "right")), 0);
    assert_eq!(told(&broker, &Login::of(Version::V311, "device", "wrong")), 4);
    let newest = stub.newest();
    assert!(newest.starts_with("POST /in HTTP/1.1\r\n"), "{newest}");
    assert!(newest.contains("content-type: application/x-www-form-urlencoded\r\n"), "{newest}");
    assert!(newest.ends_with("\r\n\r\nusername=device&password=wrong"), "{newest}");
}
