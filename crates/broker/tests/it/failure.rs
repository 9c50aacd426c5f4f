//! A bug on a shard ends the broker: it is never half alive.

use std::sync::Arc;

use vouchmq_broker::{Ended, Part};
use vouchmq_identity::{Access, AuthRequest, Authenticator, Cost, Verdict};
use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::engine::ShardId;
use vouchmq_mqtt::{Authorize, FilterRef, Grant, Permission, QoS, ReasonCode};

use crate::harness::*;

/// Panics for whoever asks for it: a bug in what a shard calls.
struct Panics;

impl Authenticator for Panics {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        assert!(!request.client_id.starts_with("panic"), "a bug, for the test");
        vouchmq_identity::Anonymous::everybody(Access::Same(Arc::new(Self))).verify(request)
    }
}

impl Authorize for Panics {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        assert!(topic != "panic", "a bug, for the test");
        Permission::Allowed
    }

    fn subscribe(&self, _: FilterRef<'_>, _: Option<&str>) -> Grant {
        Grant::Whole
    }

    fn receive(&self, _: &str) -> Permission {
        Permission::Allowed
    }
}

fn server() -> Server {
    Server::with(|config, _| config.authenticator = Arc::new(Panics))
}

/// The shard of `client_id` is reported, and the other clients are let go.
fn expect_failure(mut server: Server, shard: u16, mut other: Client) {
    assert_eq!(server.failed(), Ended::Failed(Part::Shard(ShardId(shard))));
    assert_eq!(server.drain(), Ended::Failed(Part::Shard(ShardId(shard))), "which is told in the end, too");
    other.expect_disconnect(ReasonCode::SERVER_SHUTTING_DOWN);
}

#[test]
fn a_panic_while_a_client_is_judged_ends_the_shard() {
    let server = server();
    let other = server.connect(V5, &server.name_at(0, "other"));
    let mut client = server.open(V5);
    let _ = client.try_send(&encode(V5, connect(V5, &server.name_at(1, "panic"))));
    expect_failure(server, 1, other);
    client.expect_closed();
}

#[test]
fn a_panic_in_an_engine_ends_the_shard() {
    let server = server();
    let other = server.connect(V5, &server.name_at(1, "other"));
    let mut client = server.connect(V5, &server.name_at(0, "client"));
    let _ = client.try_send(&encode(V5, publish(AtMostOnce, 0, "panic", b"")));
    expect_failure(server, 0, other);
    client.expect_closed();
}
