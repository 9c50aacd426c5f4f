//! What a stranger gets: time, bytes, and a verdict that is never the client's fault.

use std::sync::Arc;
use std::time::Duration;

use vouchmq_identity::{AuthRequest, Authenticator, Cost, Denial, Unavailable, Verdict};
use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::Connect;

use crate::harness::*;

versions! { V311, V5 =>
    what_cannot_be_decided_is_the_brokers_fault,
    a_wrong_password_and_no_right_to_connect_are_told_apart,
    a_client_that_says_nothing_is_closed_at_the_deadline,
}

/// Says the same to everybody, at whatever cost.
struct Says(Cost, fn() -> Verdict);

impl Authenticator for Says {
    fn cost(&self, _: &AuthRequest) -> Cost {
        self.0
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        self.1()
    }
}

fn refusal(version: ProtocolVersion, cost: Cost, verdict: fn() -> Verdict) -> ReasonCode {
    let server = Server::with(|config, _| config.authenticator = Arc::new(Says(cost, verdict)));
    let mut client = server.open(version);
    client.send(Connect { username: Some("u"), password: Some(b"p"), ..connect(version, "a") });
    let reason = client.connack().reason;
    client.expect_closed();
    server.expect_nobody();
    reason
}

/// Never "bad user name or password": the client would throw its credentials away.
fn what_cannot_be_decided_is_the_brokers_fault(version: ProtocolVersion) {
    let busy = if version == V5 { ReasonCode::SERVER_BUSY } else { ReasonCode::SERVER_UNAVAILABLE };
    for cost in [Cost::Cheap, Cost::Expensive] {
        for (verdict, said) in [
            ((|| Verdict::Unavailable(Unavailable::Busy)) as fn() -> Verdict, busy),
            (|| Verdict::Unavailable(Unavailable::TimedOut), ReasonCode::SERVER_UNAVAILABLE),
            (|| Verdict::Unavailable(Unavailable::OutOfMemory), ReasonCode::SERVER_UNAVAILABLE),
        ] {
            assert_eq!(refusal(version, cost, verdict), said);
        }
    }
}

fn a_wrong_password_and_no_right_to_connect_are_told_apart(version: ProtocolVersion) {
    for cost in [Cost::Cheap, Cost::Expensive] {
        let wrong = refusal(version, cost, || Verdict::Deny(Denial::WrongPassword));
        let unknown = refusal(version, cost, || Verdict::Deny(Denial::UnknownUser));
        assert_eq!(
            (wrong, unknown),
            (ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::BAD_USER_NAME_OR_PASSWORD)
        );
        let nobody = refusal(version, cost, || Verdict::Deny(Denial::NoCredential));
        let not_mine = refusal(version, cost, || Verdict::NotMine);
        assert_eq!((nobody, not_mine), (ReasonCode::NOT_AUTHORIZED, ReasonCode::NOT_AUTHORIZED));
    }
}

/// A bug in an authenticator is not the client's fault either, and the next client is judged.
#[test]
fn a_verification_that_panics_is_the_brokers_fault() {
    let reason = refusal(V5, Cost::Expensive, || panic!("a bug, for the test"));
    assert_eq!(reason, ReasonCode::SERVER_UNAVAILABLE);
}

fn a_client_that_says_nothing_is_closed_at_the_deadline(version: ProtocolVersion) {
    let server = Server::with(|_, limits| limits.connect_deadline = Duration::from_millis(300));
    let mut client = server.connect(version, "in time");
    let mut silent = server.open(version);
    let mut slow = server.open(version);
    slow.send_bytes(&encode(version, connect(version, "slow"))[..10]);
    silent.expect_closed();
    slow.expect_closed();
    client.ping();
    until("both are counted out", || server.stats().connections == 1);
}

#[test]
fn an_announced_length_before_connect_is_accepted_is_bounded() {
    let server = Server::start();
    for bytes in [b"\x10\xFF\xFF\xFF\x7F".as_slice(), b"\x10\x80\x80\x08", b"\x10\x81\x80\x04"] {
        let mut client = server.open(V5);
        client.send_bytes(bytes);
        client.expect_closed();
    }
    // One byte less than the budget passes this gate.
    let mut client = server.open(V5);
    client.send_bytes(b"\x10\xF0\xFF\x03");
    let mut witness = server.connect(V5, "witness");
    witness.ping();
    assert_eq!(server.stats().engines.violations, 3);
}

/// While its verdict is awaited, a client may send so much and no more.
#[test]
fn bytes_before_the_verdict_are_bounded() {
    let server = Server::with(|config, limits| {
        limits.unauthenticated_bytes_max = 10_000;
        config.authenticator = Arc::new(Says(Cost::Expensive, || {
            std::thread::park_timeout(Duration::from_secs(60));
            Verdict::NotMine
        }));
    });
    let mut client = server.open(V311);
    let mut bytes = encode(V311, connect(V311, "a"));
    bytes.resize(12_000, 0xC0);
    client.send_bytes(&bytes);
    client.expect_closed();
}
