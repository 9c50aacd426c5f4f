use std::time::Duration;

use vouchmq_api::authentication_service::{
    AuthenticationService, AuthenticationServiceOptions, CallerOptions, ConfirmNone,
};
use vouchmq_identity::Clock;
use vouchmq_identity::signature::{RequestParts, SigningKey, sign_request};

use super::{Events, KEY, change, serve};
use crate::harness::Server;
use crate::harness::registry::{World, text};

fn signed(world: &World, query: Option<&str>, nonce: &str) -> String {
    let key = SigningKey::new("broker-1", KEY.as_bytes()).unwrap();
    let parts = RequestParts {
        method: "GET",
        authority: "auth.example",
        path: "/v1/changes",
        query,
        content_type: Some("application/json"),
        content_digest: None,
        body: b"",
    };
    let fields = sign_request(&key, &parts, nonce, world.clock.now(), Duration::from_secs(30));
    let fields = fields.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
    fields.chain(["Content-Type: application/json\r\n".to_owned()]).collect()
}

fn distrusting(world: &World) -> Server {
    let key = CallerOptions {
        name: "broker-1".to_owned(),
        key: Some(KEY.into()),
        certificate: None,
        networks: Vec::new(),
    };
    let options =
        AuthenticationServiceOptions { callers: vec![key], ..AuthenticationServiceOptions::default() };
    let confirm = std::sync::Arc::new(ConfirmNone);
    let service =
        AuthenticationService::try_new(&options, world.resident.clone(), confirm, world.clock.clone());
    Server::start(service.unwrap().telling(world.changes()).build().router)
}

#[test]
fn who_follows_signs_where_it_begins_too() {
    let world = World::new();
    change(&world, "p1");
    change(&world, "p2");
    let server = distrusting(&world);
    let fields = signed(&world, Some("after=1"), "nonce-0001");
    Events::follow(&server, "?after=1", &fields).until(2, 2);
    let fields = signed(&world, None, "nonce-0002");
    assert_eq!(Events::follow(&server, "", &fields).next().unwrap().name, "heartbeat");
    let ask = |query: &str, fields: &str| {
        server.ask(&format!("GET /v1/changes{query} HTTP/1.1\r\nHost: auth.example\r\n{fields}\r\n"))
    };
    let fields = signed(&world, Some("after=1"), "nonce-0003");
    for (query, fields) in [("?after=2", fields.as_str()), ("", fields.as_str()), ("?after=1", "")] {
        assert_eq!(ask(query, fields).code(), "bad_signature", "{query}");
    }
    // A refusal has an end, and is signed.
    let refused = ask("?x=1", &signed(&world, Some("x=1"), "nonce-0004"));
    assert_eq!(refused.status, 422);
    assert!(refused.header("signature").is_some());
}

#[test]
fn a_key_with_the_scope_follows_on_the_management_listener() {
    let world = World::new();
    let management = world.management();
    let key = management.api_key("follower", &["changes:read"]);
    let bearer = format!("Authorization: Bearer {}\r\n", text(&key, "secret"));
    change(&world, "p1");
    let mut connection = management.connect();
    let request = format!("GET /v1/changes?after=0 HTTP/1.1\r\nHost: localhost\r\n{bearer}\r\n");
    connection.send(request.as_bytes());
    connection.receive_head();
    let mut events = Events { connection, text: String::new() };
    events.until(1, 1);
    // One log, whoever tells it.
    Events::follow(&serve(&world, vouchmq_api::http::HttpLimits::default()).0, "?after=0", "").until(1, 1);
}
