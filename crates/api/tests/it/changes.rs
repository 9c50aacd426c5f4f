mod bounds;
mod consumer;
mod follow;
mod signed;

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::Value;
use vouchmq_api::authentication_service::{
    AuthenticationService, AuthenticationServiceOptions, CallerOptions, ConfirmNone,
};
use vouchmq_api::changes::Changes;
use vouchmq_api::http::HttpLimits;
use vouchmq_identity::model::Name;
use vouchmq_identity::registry::{Actor, CreateProduct, NewProduct, ProductPatch};

use crate::harness::registry::World;
use crate::harness::{Connection, Server, runtime};

const KEY: &str = "canary-canary-canary-canary-canary";

/// What a consumer has received, event by event.
struct Events {
    connection: Connection,
    text: String,
}

/// One event.
#[derive(Debug)]
struct Event {
    name: String,
    id: Option<String>,
    data: Value,
}

impl Events {
    /// Begins to follow, from loopback.
    fn follow(server: &Server, query: &str, more: &str) -> Self {
        let mut connection = server.connect();
        let request = format!("GET /v1/changes{query} HTTP/1.1\r\nHost: auth.example\r\n{more}\r\n");
        connection.send(request.as_bytes());
        let head = connection.receive_head();
        assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")));
        Self { connection, text: String::new() }
    }

    /// The next event; `None` at the end.
    fn next(&mut self) -> Option<Event> {
        let end = loop {
            if let Some(at) = self.text.find("\n\n") {
                break at;
            }
            self.text.push_str(&self.connection.chunk()?);
        };
        let event: String = self.text.drain(..end + 2).collect();
        let field = |name: &str| {
            let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.map(ToOwned::to_owned)
        };
        let data = serde_json::from_str(&field("data").unwrap()).unwrap();
        Some(Event { name: field("event").unwrap(), id: field("id"), data })
    }

    /// The next event that is no heartbeat.
    fn news(&mut self) -> Event {
        loop {
            let event = self.next().unwrap_or_else(|| panic!("the stream ended"));
            if event.name != "heartbeat" {
                return event;
            }
        }
    }

    /// Changes up to a number; they have to follow each other.
    fn until(&mut self, from: u64, to: u64) {
        for expected in from..=to {
            let Event { name, data, .. } = self.news();
            assert_eq!(name, "change");
            assert_eq!(
                (data["prev_seq"].as_u64(), data["seq"].as_u64()),
                (Some(expected - 1), Some(expected))
            );
        }
    }
}

fn serve(world: &World, limits: HttpLimits) -> (Server, Arc<Changes>) {
    let changes = world.changes();
    let key = CallerOptions {
        name: "broker-1".to_owned(),
        key: Some(SecretString::from(KEY)),
        certificate: None,
        networks: Vec::new(),
    };
    let options = AuthenticationServiceOptions {
        trust_loopback: true,
        callers: vec![key],
        ..AuthenticationServiceOptions::default()
    };
    let service = AuthenticationService::try_new(
        &options,
        world.resident.clone(),
        Arc::new(ConfirmNone),
        world.clock.clone(),
    );
    let service = service.unwrap().telling(changes.clone());
    (Server::with(service.build().router, limits), changes)
}

/// One change.
fn change(world: &World, key: &str) {
    let actor = Actor::administrator(&"admin".parse::<Name>().unwrap(), None);
    let rest = ProductPatch::default();
    let new = NewProduct { key: key.parse().unwrap(), name: "Sensor".parse().unwrap(), rest };
    runtime().block_on(world.registry.execute(actor, CreateProduct(new))).unwrap();
    world.follow();
}

#[expect(clippy::disallowed_methods, reason = "deadlines of tests")]
fn now() -> Instant {
    Instant::now()
}

/// Waits until something holds.
fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = now() + Duration::from_secs(20);
    while !holds() {
        assert!(now() < deadline, "{what}");
        std::thread::yield_now();
    }
}
