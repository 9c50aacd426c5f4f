//! Keep Alive: silence ends a connection, and nothing else does.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Packet, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    silence_of_one_and_a_half_times_the_keep_alive_closes,
    every_packet_begins_a_new_silence,
    keep_alive_zero_lets_a_client_be_silent_for_ever,
    pingreq_is_answered,
}

fn watched(version: ProtocolVersion, client_id: &str, keep_alive_secs: u16) -> Connect<'_> {
    Connect { keep_alive_secs, ..connect(version, client_id) }
}

/// MQTT5-3.1.2-22 MQTT5-3.2.2-22 MQTT3-3.1.2-24
fn silence_of_one_and_a_half_times_the_keep_alive_closes(version: ProtocolVersion) {
    for secs in [1, 10, 100, u16::MAX] {
        let world = World::new();
        let witness = world.connect(version, "witness");
        witness.subscribe("gone", QoS::AtMostOnce);
        let client =
            world.connect_with(Connect { will: Some(will("gone", "a")), ..watched(version, "a", secs) });
        world.advance(Duration::from_millis(u64::from(secs) * 1500 - 1));
        assert!(client.is_open(), "{secs} s");
        world.advance(LATE);
        let cause = client.disconnected(ReasonCode::KEEP_ALIVE_TIMEOUT);
        assert_eq!(cause, CloseCause::KeepAliveTimeout, "{secs} s");
        witness.receives(QoS::AtMostOnce, "gone", "a");
        assert_eq!(world.count(|stats| stats.keep_alive_timeouts), 1);
    }
}

fn every_packet_begins_a_new_silence(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect_with(watched(version, "a", 10));
    for round in 0..20 {
        world.advance(Duration::from_millis(14_900));
        match round % 3 {
            0 => client.send(Packet::PingReq),
            1 => client.send(qos0("t", "x")),
            _ => client.send(puback(id(77), ReasonCode::SUCCESS)),
        }
        assert!(client.is_open());
    }
    world.advance(Duration::from_millis(15_000) + LATE);
    assert!(!client.is_open());
}

fn keep_alive_zero_lets_a_client_be_silent_for_ever(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect_with(watched(version, "a", 0));
    world.advance_secs(3 * 24 * 3600);
    client.expect_nothing();
}

/// MQTT5-3.12.4-1 MQTT3-3.12.4-1
fn pingreq_is_answered(version: ProtocolVersion) {
    let client = World::new().connect(version, "a");
    client.send_all([Packet::PingReq, Packet::PingReq]);
    client.expect(Packet::PingResp);
    client.expect(Packet::PingResp);
    client.expect_nothing();
}

#[test]
fn a_client_of_5_is_told_the_maximum_keep_alive_and_held_to_it() {
    let world = World::with(|setup| setup.limits.keep_alive_max_secs = 60);
    for (asked, told, closed_after) in [(59, None, 89), (60, None, 90), (61, Some(60), 90), (0, Some(60), 90)]
    {
        let client = world.open(V5);
        client.send(watched(V5, "a", asked));
        assert_eq!(client.connack().properties.server_keep_alive(), told, "{asked}");
        world.advance_secs(closed_after - 2);
        assert!(client.is_open(), "{asked}");
        world.advance_secs(3);
        client.disconnected(ReasonCode::KEEP_ALIVE_TIMEOUT);
    }
}

#[test]
fn a_client_of_311_cannot_be_told_and_is_held_to_the_maximum_all_the_same() {
    let world = World::with(|setup| setup.limits.keep_alive_max_secs = 60);
    for asked in [0, 61, u16::MAX] {
        let client = world.connect_with(watched(V311, "a", asked));
        world.advance_secs(89);
        assert!(client.is_open());
        world.advance_secs(2);
        assert_eq!(client.closed(), CloseCause::KeepAliveTimeout);
    }
}

#[test]
fn silence_is_not_charged_while_the_client_is_not_read() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let client = world.open(V5);
    client.send(watched(V5, "a", 4));
    client.send(Packet::PingReq);
    world.advance_secs(9);
    world.decide(&client, allow(Rights::all()));
    client.connack();
    client.expect(Packet::PingResp);
    world.advance_secs(5);
    client.expect_nothing();
}

#[test]
fn a_packet_that_never_ends_is_silence() {
    let world = World::new();
    let client = world.connect_with(watched(V5, "a", 10));
    let packet = client.encode(qos0("t", &"x".repeat(100)));
    for byte in packet.chunks(1).take(16) {
        client.send_bytes(byte);
        world.advance_secs(1);
    }
    client.disconnected(ReasonCode::KEEP_ALIVE_TIMEOUT);
}
