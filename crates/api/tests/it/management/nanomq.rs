use std::collections::BTreeSet;

use serde_json::{Value, json};
use utoipa::openapi::path::HttpMethod;
use vouchmq_api::http::Access;
use vouchmq_api::management::nanomq_routes;
use vouchmq_identity::model::Scope;

use crate::harness::registry::World;
use crate::harness::{Answer, Server};

/// Every operation of NanoMQ's API, with names of nothing, and the scope that it needs.
fn operations() -> Vec<(&'static str, String, Scope)> {
    let operation = |(path, method, access): (&str, HttpMethod, Access)| {
        let method = match method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Delete => "DELETE",
            HttpMethod::Patch | HttpMethod::Options | HttpMethod::Head | HttpMethod::Trace => {
                panic!("NanoMQ does not use this method")
            }
        };
        let mut path = path.to_owned();
        while let Some((before, rest)) = path.split_once('{') {
            let (_, after) = rest.split_once('}').unwrap();
            path = format!("{before}nothing{after}");
        }
        let Access::Scope(scope) = access else { panic!("{path} is open") };
        (method, path, scope)
    };
    nanomq_routes().table().map(operation).collect()
}

/// Status and code of an answer in NanoMQ's shape.
#[track_caller]
fn told(answer: &Answer) -> (u16, u64) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    (answer.status, answer.json()["code"].as_u64().unwrap_or_else(|| panic!("{answer:?}")))
}

#[test]
fn every_operation_wants_a_login_and_says_so_in_nanomqs_shape() {
    let world = World::new();
    // More failures than 30 of one address in a minute are answered otherwise.
    for operations in operations().chunks(25) {
        let management = world.management();
        for (method, path, _) in operations {
            let answer = management.send(method, path, &json!({}), "");
            assert_eq!(told(&answer), (401, 104), "{method} {path}");
            assert!(answer.header("www-authenticate").is_some(), "{method} {path}");
        }
    }
    let management = world.management();
    for (login, code) in [("Bearer wrong", 103), ("Basic YTpi", 103), ("Basic *", 108), ("Negotiate x", 104)]
    {
        let head = format!("Authorization: {login}\r\n");
        assert_eq!(
            told(&management.send("GET", "/api/v4/nodes", &Value::Null, &head)),
            (401, code),
            "{login}"
        );
    }
}

#[test]
fn each_operation_opens_to_its_scope_and_to_no_other() {
    let world = World::new();
    let management = world.management();
    let keys = management.key_of_each_scope();
    let mut needed_by_some = BTreeSet::new();
    for (method, path, needed) in operations() {
        needed_by_some.insert(needed);
        for (scope, key) in &keys {
            let answer = management.call_as(key, method, &path, &Value::Null, "");
            let what = format!("{method} {path} with {scope}: {answer:?}");
            assert!(answer.status < 500, "{what}");
            if *scope == needed || *scope == Scope::Admin {
                assert!(![401, 403, 405].contains(&answer.status), "{what}");
            } else {
                assert_eq!(told(&answer), (403, 108), "{what}");
            }
        }
    }
    assert_eq!(needed_by_some.len(), 7);
    // Nobody got so far as to change anything.
    let audit = management.get("/v1/audit").is(200);
    assert_eq!(audit["items"].as_array().unwrap().len(), Scope::ALL.len());
}

#[test]
fn what_a_process_without_a_broker_cannot_answer_is_told() {
    let world = World::new();
    let management = world.management();
    for path in
        ["/clients", "/clients/x", "/subscriptions", "/topic-tree", "/reload", "/configuration", "/bridges"]
    {
        assert_eq!(told(&management.get(&format!("/api/v4{path}"))), (404, 101), "{path}");
    }
    let nodes = management.get("/api/v4/nodes/").is(200);
    assert_eq!(nodes["data"][0]["connections"], 0);
}

#[test]
fn only_paths_of_nanomq_fail_in_its_shape() {
    let world = World::new();
    let management = world.management();
    for (method, path, expected) in [
        ("GET", "/api/v4/nothing", (404, 102)),
        ("GET", "/api/v4/brokers/", (200, 0)),
        ("GET", "/api/v4/", (200, 0)),
        ("GET", "/api/v4", (200, 0)),
        ("POST", "/api/v4/brokers", (405, 102)),
        ("POST", "/api/v4/bridges/switch/a:b", (400, 109)),
        ("POST", "/api/v4/rules", (400, 109)),
    ] {
        assert_eq!(told(&management.call(method, path, &Value::Null)), expected, "{method} {path}");
    }
    for path in ["/api/v4x", "/api/v5/brokers", "/api", "/v1/nothing"] {
        assert_eq!(management.get(path).problem(), (404, "not_found".to_owned()), "{path}");
    }
}

#[test]
fn what_is_sent_again_is_answered_in_the_same_shape() {
    let world = World::new();
    let management = world.management();
    let again = |server: &Server| {
        let key = "Idempotency-Key: k1\r\n";
        server.call_as(crate::harness::registry::TOKEN, "POST", "/api/v4/rules", &json!({}), key)
    };
    let (first, second) = (again(&management), again(&management));
    assert_eq!((told(&first), told(&second)), ((200, 111), (200, 111)));
    assert_eq!(second.header("idempotent-replayed"), Some("true"));
}
