//! CONNECT and CONNACK: who is let in, and what is said about it.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Dialect, Packet, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    an_accepted_connect_is_answered_with_success,
    a_second_connect_is_a_protocol_error,
    a_connection_has_one_connack,
    connack_comes_before_what_waited,
    nothing_behind_a_refused_connect_is_handled,
    nobody_else_notices_a_malformed_connect,
}

/// MQTT5-3.1.4-5 MQTT3-3.1.4-4
fn an_accepted_connect_is_answered_with_success(version: ProtocolVersion) {
    let client = World::new().open(version);
    client.send(connect(version, "a"));
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client.expect_nothing();
}

/// MQTT5-3.1.0-2 MQTT3-3.1.0-2
fn a_second_connect_is_a_protocol_error(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect(version, "a");
    client.send(connect(version, "a"));
    let cause = client.disconnected(ReasonCode::PROTOCOL_ERROR);
    assert!(matches!(cause, CloseCause::Violation(ReasonCode::PROTOCOL_ERROR, _)), "{cause:?}");
    assert_eq!(world.count(|stats| stats.sessions), 0, "everything of it is gone");
}

/// MQTT5-3.2.0-2
fn a_connection_has_one_connack(version: ProtocolVersion) {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let client = world.open(version);
    client.send(connect(version, "a"));
    client.expect_nothing();
    world.decide(&client, allow(Rights::all()));
    client.connack();
    client.send(Packet::PingReq);
    client.expect(Packet::PingResp);
    client.send(connect(version, "a"));
    assert!(!matches!(client.poll(), Some(Packet::ConnAck(_))), "not even for a second CONNECT");
}

/// MQTT5-3.2.0-1 MQTT3-3.2.0-1
fn connack_comes_before_what_waited(version: ProtocolVersion) {
    let world = World::new();
    let subscriber = world.connect_with(persistent(version, "a"));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    subscriber.leave();
    world.connect(version, "b").publishes(QoS::AtLeastOnce, "t", "waits");
    let subscriber = world.open(version);
    subscriber.send(persistent(version, "a"));
    assert_eq!(subscriber.connack().reason, ReasonCode::SUCCESS);
    subscriber.receives(QoS::AtLeastOnce, "t", "waits");
}

/// MQTT5-3.1.4-2 MQTT5-3.1.4-6 MQTT3-3.1.4-5 MQTT5-3.2.2-7 MQTT3-3.2.2-5 MQTT5-4.13.2-1
fn nothing_behind_a_refused_connect_is_handled(version: ProtocolVersion) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    witness.subscribe("t", QoS::AtMostOnce);
    world.authenticate_by(|_| Answer::Now(refuse(ReasonCode::NOT_AUTHORIZED)));
    let client = world.open(version);
    client.send_all([
        Packet::Connect(connect(version, "a")),
        Packet::Publish(qos0("t", "smuggled")),
        Packet::Subscribe(subscribe(1, &[("t", options(QoS::AtMostOnce))])),
        Packet::PingReq,
    ]);
    assert_eq!(client.connack().reason, ReasonCode::NOT_AUTHORIZED);
    assert_eq!(client.closed(), CloseCause::Refused(ReasonCode::NOT_AUTHORIZED));
    witness.expect_nothing();
    assert!(world.session("a").is_none(), "no session is made for a client that is refused");
}

fn nobody_else_notices_a_malformed_connect(version: ProtocolVersion) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    let client = world.open(version);
    let mut bytes = client.encode(connect(version, "a"));
    bytes.pop();
    bytes[1] -= 1;
    client.send_bytes(&bytes);
    assert!(!client.is_open());
    witness.send(Packet::PingReq);
    witness.expect(Packet::PingResp);
}

/// Variants of a CONNECT that do not match its format.
fn malformed_connects(version: ProtocolVersion) -> Vec<Vec<u8>> {
    let encode = |connect: Connect<'_>| World::new().open(version).encode(connect);
    let plain = encode(connect(version, "a"));
    let mut cut_short = plain.clone();
    cut_short.pop();
    cut_short[1] -= 1;
    let mut too_long = plain.clone();
    too_long.push(0);
    too_long[1] += 1;
    let mut not_utf8 = plain.clone();
    *not_utf8.last_mut().expect("a client id") = 0xFF;
    let mut will_qos_3 = plain.clone();
    will_qos_3[9] |= 0b0001_1100;
    vec![cut_short, too_long, not_utf8, will_qos_3]
}

/// MQTT3-3.1.4-1
#[test]
fn a_malformed_connect_of_311_is_closed_without_connack() {
    for bytes in malformed_connects(V311) {
        let client = World::new().open(V311);
        client.send_bytes(&bytes);
        assert!(matches!(client.closed(), CloseCause::Undecodable(_)), "{bytes:02x?}");
    }
}

/// MQTT5-3.1.4-1
#[test]
fn a_malformed_connect_of_5_is_told_why_and_closed() {
    for bytes in malformed_connects(V5) {
        let client = World::new().open(V5);
        client.send_bytes(&bytes);
        assert_eq!(client.connack().reason, ReasonCode::MALFORMED_PACKET);
        assert!(matches!(client.closed(), CloseCause::Undecodable(_)), "{bytes:02x?}");
    }
}

/// MQTT5-3.1.2-3 MQTT3-3.1.2-3
#[test]
fn the_reserved_connect_flag_closes_the_connection() {
    for version in [V311, V5] {
        let client = World::new().open(version);
        let mut bytes = client.encode(connect(version, "a"));
        bytes[9] |= 1;
        client.send_bytes(&bytes);
        if Dialect::new(version).has_properties() {
            assert_eq!(client.connack().reason, ReasonCode::MALFORMED_PACKET);
        }
        assert!(matches!(client.closed(), CloseCause::Undecodable(_)));
    }
}

/// MQTT5-3.1.2-1 MQTT3-3.1.2-1
#[test]
fn an_unknown_protocol_name_is_closed() {
    let of_5 = b"\x10\x0D\x00\x04MQTX\x05\x02\x00\x00\x00\x00\x00";
    let of_311 = b"\x10\x0C\x00\x04MQTX\x04\x02\x00\x00\x00\x00";
    for (version, connect) in [(V5, &of_5[..]), (V311, &of_311[..])] {
        let client = World::new().open(version);
        client.send_bytes(connect);
        assert!(matches!(client.closed(), CloseCause::Undecodable(_)));
    }
}

/// MQTT5-3.1.2-2
#[test]
fn an_unknown_version_of_mqtt_is_refused_and_closed() {
    let client = World::new().open(V5);
    client.send_bytes(b"\x10\x0D\x00\x04MQTT\x06\x02\x00\x00\x00\x00\x00");
    assert_eq!(client.connack().reason, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION);
    assert!(matches!(client.closed(), CloseCause::Undecodable(_)));
}

/// MQTT3-3.1.2-2
#[test]
fn an_unknown_level_of_mqtt_3_gets_return_code_1() {
    let client = World::new().open(V311);
    client.send_bytes(b"\x10\x0C\x00\x04MQTT\x02\x02\x00\x00\x00\x00");
    client.expect(Packet::ConnAck(vouchmq_mqtt::packet::ConnAck {
        session_present: false,
        reason: ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
        properties: vouchmq_mqtt::Properties::EMPTY,
    }));
    assert!(matches!(client.closed(), CloseCause::Undecodable(_)));
}
