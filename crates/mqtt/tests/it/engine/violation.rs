//! What a client must not send: its connection ends, and nobody else's.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::{Packet, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_packet_that_is_malformed_closes_the_connection,
    a_packet_that_only_servers_send_closes_the_connection,
    a_malformed_packet_does_not_undo_what_came_before_it,
    bytes_may_arrive_one_by_one,
}

/// Bytes that no client of any version may send, with what they break.
const MALFORMED: [(&str, &[u8]); 18] = [
    ("reserved packet type 0", b"\x00\x00"),
    ("PUBACK flags", b"\x41\x02\x00\x01"),
    ("PUBREC flags", b"\x58\x02\x00\x01"),
    ("PUBREL flags", b"\x60\x02\x00\x01"),
    ("PUBCOMP flags", b"\x72\x02\x00\x01"),
    ("SUBSCRIBE flags", b"\x80\x06\x00\x01\x00\x01t\x00"),
    ("UNSUBSCRIBE flags", b"\xA0\x05\x00\x01\x00\x01t"),
    ("PINGREQ flags", b"\xC2\x00"),
    ("DISCONNECT flags", b"\xE1\x00"),
    ("QoS 3", b"\x36\x05\x00\x01t\x00\x01"),
    ("remaining length of five bytes", b"\x30\xFF\xFF\xFF\xFF\x01"),
    ("topic not UTF-8", b"\x30\x04\x00\x01\xFF\x00"),
    ("topic with a surrogate", b"\x30\x06\x00\x03\xED\xA0\x80\x00"),
    ("topic with U+0000", b"\x30\x04\x00\x01\x00\x00"),
    ("topic longer than the packet", b"\x30\x03\x00\x05t"),
    ("PUBLISH of QoS 1 that ends before its identifier", b"\x32\x03\x00\x01t"),
    ("SUBSCRIBE cut short in a filter", b"\x82\x06\x00\x01\x00\x00\x09t"),
    ("a body behind PINGREQ", b"\xC0\x01\x00"),
];

/// MQTT5-4.13.1-1 MQTT3-4.8.0-1 MQTT3-2.2.2-2 MQTT3-1.5.3-1 MQTT3-1.5.3-2 MQTT3-3.3.1-4 MQTT3-3.6.1-1
/// MQTT3-3.8.1-1 MQTT3-3.10.1-1 MQTT3-3.14.1-1 MQTT5-3.6.1-1 MQTT5-3.8.1-1 MQTT5-3.10.1-1 MQTT5-3.14.1-1
fn a_packet_that_is_malformed_closes_the_connection(version: ProtocolVersion) {
    for (what, bytes) in MALFORMED {
        let world = World::new();
        let witness = world.connect(version, "witness");
        witness.subscribe("#", QoS::AtMostOnce);
        let client = world.connect(version, "a");
        client.send_bytes(bytes);
        if version == V5 {
            assert_eq!(client.disconnect_packet().reason, ReasonCode::MALFORMED_PACKET, "{what}");
        }
        assert!(matches!(client.closed(), CloseCause::Undecodable(_)), "{what}");
        witness.send(Packet::PingReq);
        witness.expect(Packet::PingResp);
        assert_eq!(world.count(|stats| stats.violations), 1, "{what}");
    }
}

/// MQTT3-4.8.0-1 MQTT5-4.13.1-1
fn a_packet_that_only_servers_send_closes_the_connection(version: ProtocolVersion) {
    let packets: [&[u8]; 4] = match version {
        V5 => {
            [b"\x20\x03\x00\x00\x00", b"\x90\x04\x00\x01\x00\x00", b"\xB0\x04\x00\x01\x00\x00", b"\xD0\x00"]
        }
        V31 | V311 => [b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x00", b"\xB0\x02\x00\x01", b"\xD0\x00"],
    };
    for packet in packets {
        let client = World::new().connect(version, "a");
        client.send_bytes(packet);
        client.disconnected(ReasonCode::PROTOCOL_ERROR);
    }
}

fn a_malformed_packet_does_not_undo_what_came_before_it(version: ProtocolVersion) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    witness.subscribe("t", QoS::AtMostOnce);
    let client = world.connect(version, "a");
    let bytes = [client.encode(qos1(1, "t", "x")), vec![0xC2, 0], client.encode(qos0("t", "y"))].concat();
    client.send_bytes(&bytes);
    witness.receives(QoS::AtMostOnce, "t", "x");
    witness.expect_nothing();
    assert!(!client.is_open());
}

fn bytes_may_arrive_one_by_one(version: ProtocolVersion) {
    let world = World::new();
    let client = world.open(version);
    let bytes: Vec<u8> = [
        client.encode(connect(version, "a")),
        client.encode(subscribe(1, &[("t", options(QoS::AtLeastOnce))])),
        client.encode(qos1(2, "t", "x")),
        client.encode(Packet::PingReq),
    ]
    .concat();
    for byte in &bytes {
        client.send_bytes(&[*byte]);
    }
    client.connack();
    client.suback();
    client.receives(QoS::AtLeastOnce, "t", "x");
    client.expect(puback(id(2), ReasonCode::SUCCESS));
    client.expect(Packet::PingResp);
    client.expect_nothing();
}

/// MQTT5-4.13.1-1
#[test]
fn each_protocol_error_of_5_is_told_by_its_code() {
    let rows: [(&str, &[u8], ReasonCode); 14] = [
        ("identifier 0 in PUBLISH", b"\x32\x06\x00\x01t\x00\x00\x00", ReasonCode::PROTOCOL_ERROR),
        ("identifier 0 in SUBSCRIBE", b"\x82\x07\x00\x00\x00\x00\x01t\x00", ReasonCode::PROTOCOL_ERROR),
        ("no filter in SUBSCRIBE", b"\x82\x03\x00\x01\x00", ReasonCode::PROTOCOL_ERROR),
        ("no filter in UNSUBSCRIBE", b"\xA2\x03\x00\x01\x00", ReasonCode::PROTOCOL_ERROR),
        ("options with reserved bits", b"\x82\x07\x00\x01\x00\x00\x01t\xC0", ReasonCode::MALFORMED_PACKET),
        ("QoS 3 in options", b"\x82\x07\x00\x01\x00\x00\x01t\x03", ReasonCode::PROTOCOL_ERROR),
        ("no options behind the filter", b"\x82\x06\x00\x01\x00\x00\x01t", ReasonCode::MALFORMED_PACKET),
        (
            "No Local on a shared subscription",
            b"\x82\x10\x00\x01\x00\x00\x0A$share/g/t\x04",
            ReasonCode::PROTOCOL_ERROR,
        ),
        ("no topic and no alias", b"\x30\x03\x00\x00\x00", ReasonCode::PROTOCOL_ERROR),
        ("alias 0", b"\x30\x07\x00\x01t\x03\x23\x00\x00", ReasonCode::TOPIC_ALIAS_INVALID),
        ("an identifier from a client", b"\x30\x06\x00\x01t\x02\x0B\x01", ReasonCode::PROTOCOL_ERROR),
        ("a property twice", b"\x30\x08\x00\x01t\x04\x01\x00\x01\x00", ReasonCode::PROTOCOL_ERROR),
        (
            "a property of another packet",
            b"\x30\x09\x00\x01t\x05\x11\x00\x00\x00\x01",
            ReasonCode::MALFORMED_PACKET,
        ),
        ("a code of another packet", b"\x40\x03\x00\x01\x8E", ReasonCode::PROTOCOL_ERROR),
    ];
    for (what, bytes, reason) in rows {
        let client = World::new().connect(V5, "a");
        client.send_bytes(bytes);
        assert_eq!(client.disconnect_packet().reason, reason, "{what}");
        assert!(matches!(client.closed(), CloseCause::Undecodable(_)), "{what}");
    }
}

/// MQTT3-3.8.3-3 MQTT3-3.8.3-4 MQTT3-4.8.0-1
#[test]
fn protocol_violations_of_311_close_the_connection() {
    let rows: [(&str, &[u8]); 7] = [
        ("identifier 0 in PUBLISH", b"\x32\x05\x00\x01t\x00\x00"),
        ("no filter in SUBSCRIBE", b"\x82\x02\x00\x01"),
        ("no filter in UNSUBSCRIBE", b"\xA2\x02\x00\x01"),
        ("reserved bits of the requested QoS", b"\x82\x06\x00\x01\x00\x01t\x04"),
        ("requested QoS 3", b"\x82\x06\x00\x01\x00\x01t\x03"),
        ("an empty topic", b"\x30\x02\x00\x00"),
        ("AUTH", b"\xF0\x00"),
    ];
    for (what, bytes) in rows {
        let client = World::new().connect(V311, "a");
        client.send_bytes(bytes);
        assert!(matches!(client.closed(), CloseCause::Undecodable(_)), "{what}");
    }
}

/// MQTT5-3.15.1-1
#[test]
fn auth_with_flags_closes_the_connection() {
    let client = World::new().connect(V5, "a");
    client.send_bytes(b"\xF1\x00");
    client.disconnected(ReasonCode::MALFORMED_PACKET);
}

/// MQTT5-3.3.2-2 MQTT3-3.3.2-2
#[test]
fn a_topic_with_wildcards_closes_the_connection() {
    for version in [V31, V311, V5] {
        let world = World::new();
        let witness = world.connect(version, "witness");
        witness.subscribe("#", QoS::AtMostOnce);
        for topic in ["#", "+", "a/#", "a+b"] {
            let client = world.connect(version, "a");
            client.send(qos0(topic, "x"));
            assert!(!client.is_open(), "{topic}");
        }
        witness.expect_nothing();
    }
}
