//! Time and bytes that a stranger gets.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Packet, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_verdict_that_does_not_come_is_not_the_clients_fault,
    what_comes_behind_a_connect_waits_for_the_verdict_within_the_budget,
    a_packet_other_than_connect_closes_at_its_first_bytes,
}

#[test]
fn a_connection_without_connect_is_closed_at_the_deadline() {
    let world = World::new();
    let silent = world.open(V5);
    let slow = world.open(V5);
    let bytes = slow.encode(connect(V5, "a"));
    for byte in bytes.iter().take(9) {
        slow.send_bytes(&[*byte]);
        world.advance(Duration::from_millis(1111));
    }
    assert!(silent.is_open() && slow.is_open());
    world.advance(LATE);
    assert_eq!(silent.closed(), CloseCause::HandshakeTimeout);
    assert_eq!(slow.closed(), CloseCause::HandshakeTimeout, "trickling bytes buys no time");
}

#[test]
fn the_deadline_holds_after_a_time_without_any_client() {
    for idle_secs in [10, 61, 100, 3600] {
        let world = World::new();
        world.advance_secs(idle_secs);
        let silent = world.open(V5);
        world.advance(Duration::from_millis(9_999));
        assert!(silent.is_open(), "{idle_secs} s");
        world.advance(LATE);
        assert_eq!(silent.closed(), CloseCause::HandshakeTimeout, "{idle_secs} s");
    }
}

/// What a client may not send before CONNECT: every other packet.
fn a_packet_other_than_connect_closes_at_its_first_bytes(version: ProtocolVersion) {
    let world = World::new();
    for first_byte in [0x30, 0x40, 0x50, 0x62, 0x70, 0x82, 0xA2, 0xC0, 0xE0, 0xF0] {
        let client = world.open(version);
        client.send_bytes(&[first_byte, 0xFF, 0xFF, 0xFF, 0x7F]);
        assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::PROTOCOL_ERROR, _)));
    }
    let client = world.open(version);
    client.send_bytes(b"\x40\x02\x00\x01");
    client.closed();
    assert_eq!(world.count(|stats| stats.violations), 11);
}

fn a_verdict_that_does_not_come_is_not_the_clients_fault(version: ProtocolVersion) {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let client = world.open(version);
    client.send(connect(version, "a"));
    world.advance(Duration::from_millis(9_999));
    client.expect_nothing();
    world.advance(LATE);
    assert_eq!(client.connack().reason, ReasonCode::SERVER_UNAVAILABLE);
    assert_eq!(client.closed(), CloseCause::Refused(ReasonCode::SERVER_UNAVAILABLE));
}

fn what_comes_behind_a_connect_waits_for_the_verdict_within_the_budget(version: ProtocolVersion) {
    let budget = 1000;
    for (pipelined, fits) in [(budget, true), (budget + 1, false)] {
        let world = World::with(|setup| setup.limits.unauthenticated_bytes_max = budget);
        world.authenticate_by(|_| Answer::Later);
        let client = world.open(version);
        let mut bytes = client.encode(connect(version, "a"));
        let ping = client.encode(Packet::PingReq);
        let publish = client.encode(qos0("t", &"x".repeat(pipelined - 2 - 6 - usize::from(version == V5))));
        bytes.extend(ping.iter().chain(&publish));
        assert_eq!(ping.len() + publish.len(), pipelined);
        client.send_bytes(&bytes);
        assert_eq!(client.is_open(), fits, "{pipelined}");
        if fits {
            world.decide(&client, allow(Rights::all()));
            client.connack();
            client.expect(Packet::PingResp);
            assert_eq!(world.count(|stats| stats.publishes_received), 1);
        } else {
            assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::PACKET_TOO_LARGE, _)));
        }
    }
}

#[test]
fn a_connect_larger_than_the_budget_is_closed_before_it_is_read() {
    let world = World::with(|setup| setup.limits.unauthenticated_bytes_max = 1000);
    for announced in [1001_usize, 65_536, 268_435_455] {
        let client = world.open(V5);
        let mut header = vec![0x10];
        let mut rest = announced;
        while rest > 0 {
            header.push((rest % 128) as u8 | if rest >= 128 { 0x80 } else { 0 });
            rest /= 128;
        }
        client.send_bytes(&header);
        assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::PACKET_TOO_LARGE, _)));
    }
    let fits = world.open(V311);
    let password = vec![b'x'; 1000 - 20];
    let connect = Connect { username: Some("u"), password: Some(&password), ..connect(V311, "a") };
    assert_eq!(fits.encode(connect.clone()).len(), 1001, "one too many");
    fits.send(connect);
    fits.closed();
    let fits = world.open(V311);
    fits.send(Connect {
        username: Some("u"),
        password: Some(&password[1..]),
        ..super::harness::connect(V311, "a")
    });
    assert_eq!(fits.connack().reason, ReasonCode::SUCCESS);
}
