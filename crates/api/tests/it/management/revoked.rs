//! A login that is good no more, in the middle of what it opened.

use serde_json::Value;
use vouchmq_api::management::Logins;
use vouchmq_identity::jwt::{Grant, Policy};
use vouchmq_identity::model::Role;

use super::operators::{token, tokens, with};
use crate::harness::mqtt::Mqtt;
use crate::harness::registry::{World, text};
use crate::harness::{Connection, Server};

/// Begins to follow an event stream with this bearer.
fn follow(server: &Server, path: &str, bearer: &str) -> Connection {
    let mut connection = server.connect();
    let head = format!("Host: localhost\r\nAuthorization: Bearer {bearer}\r\n");
    connection.send(format!("GET {path} HTTP/1.1\r\n{head}\r\n").as_bytes());
    let head = connection.receive_head();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")), "{path}");
    connection
}

/// Reads to the end, which comes long before that of the stream itself.
fn is_cut_off(mut stream: Connection) -> bool {
    let mut count = 0;
    while stream.chunk().is_some() {
        count += 1;
        assert!(count < 30, "it goes on");
    }
    true
}

#[test]
fn what_a_revoked_key_follows_ends() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let key = server.api_key("k", &["admin"]);
    let secret = text(&key, "secret");
    let streams = ["/v1/trace?clientid=a&for=1h", "/v1/changes"].map(|path| follow(&server, path, secret));
    server.call("DELETE", &format!("/v1/api-keys/{}", text(&key, "id")), &Value::Null).is(204);
    assert!(streams.into_iter().all(is_cut_off));
    assert_eq!(server.call_as(secret, "GET", "/v1/whoami", &Value::Null, "").status, 401);
}

#[test]
fn what_a_token_follows_ends_with_its_time() {
    let world = World::new();
    let policy = Policy::strict("issuer.example", "broker.example");
    let (server, _) = with(&world, tokens(Logins::default(), policy));
    let token = token(&world, Grant { role: Some(Role::Broker), ..Grant::default() });
    let stream = follow(&server, "/v1/changes", &token);
    world.clock.turn(700_000);
    assert!(is_cut_off(stream));
}

#[test]
fn one_caller_leaves_traces_to_others() {
    let (mqtt, world) = (Mqtt::start(), World::new());
    let server = mqtt.managed(&world);
    let key = server.api_key("k", &["admin"]);
    let secret = text(&key, "secret");
    let path = "/v1/trace?clientid=a";
    let _held = [0; 3].map(|_| follow(&server, path, secret));
    let fourth = server.call_as(secret, "GET", path, &Value::Null, "");
    assert_eq!(fourth.problem(), (429, "too_many_requests".to_owned()));
    let _another = follow(&server, path, crate::harness::registry::TOKEN);
}
