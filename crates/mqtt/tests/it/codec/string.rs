//! UTF-8 strings (MQTT 5.0 §1.5.4), in every field that holds one.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::codec::{Fault, Field, MalformedPacket};
use vouchmq_mqtt::{Packet, PropertyId, ReasonCode};

use super::{from_client, malformed, packet, prefixed};
use crate::arbitrary_packet::Sender;
use crate::codec::decoded;

/// A packet with a hole for a string, and the string's name.
type Hole = (Sender, ProtocolVersion, fn(&[u8]) -> Vec<u8>, Field);

const HOLES: [Hole; 16] = [
    (Sender::Client, V31, |s| connect(b"\x00\x06MQIsdp\x03\x02\x00\x00", &[s]), Field::ClientId),
    (Sender::Client, V311, |s| connect(b"\x00\x04MQTT\x04\x02\x00\x00", &[s]), Field::ClientId),
    (Sender::Client, V5, |s| connect(b"\x00\x04MQTT\x05\x02\x00\x00\x00", &[s]), Field::ClientId),
    (
        Sender::Client,
        V311,
        |s| connect(b"\x00\x04MQTT\x04\x06\x00\x00\x00\x01c", &[s, b"p"]),
        Field::WillTopic,
    ),
    (Sender::Client, V311, |s| connect(b"\x00\x04MQTT\x04\x82\x00\x00\x00\x01c", &[s]), Field::UserName),
    (Sender::Client, V5, |s| connect(b"\x00\x04MQTT\x05\x82\x00\x00\x00\x00\x01c", &[s]), Field::UserName),
    (Sender::Client, V311, |s| packet(0x30, &[&prefixed(s)]), Field::TopicName),
    (Sender::Client, V5, |s| packet(0x30, &[&prefixed(s), b"\x00"]), Field::TopicName),
    (Sender::Client, V311, |s| packet(0x82, &[b"\x00\x01", &prefixed(s), b"\x00"]), Field::TopicFilter),
    (Sender::Client, V5, |s| packet(0x82, &[b"\x00\x01\x00", &prefixed(s), b"\x00"]), Field::TopicFilter),
    (Sender::Client, V5, |s| packet(0xA2, &[b"\x00\x01\x00", &prefixed(s)]), Field::TopicFilter),
    (Sender::Client, V5, |s| publish(0x03, &[s]), Field::Property(PropertyId::ContentType)),
    (Sender::Client, V5, |s| publish(0x08, &[s]), Field::Property(PropertyId::ResponseTopic)),
    (Sender::Client, V5, |s| publish(0x26, &[s, b"value"]), Field::Property(PropertyId::UserProperty)),
    (Sender::Client, V5, |s| publish(0x26, &[b"name", s]), Field::Property(PropertyId::UserProperty)),
    (
        Sender::Server,
        V5,
        |s| packet(0x20, &[b"\x00\x87", &[3 + s.len() as u8], b"\x1F", &prefixed(s)]),
        Field::Property(PropertyId::ReasonString),
    ),
];

fn connect(start: &[u8], fields: &[&[u8]]) -> Vec<u8> {
    packet(0x10, &[start, &fields.iter().flat_map(|field| prefixed(field)).collect::<Vec<u8>>()])
}

/// A PUBLISH with one property of length-prefixed parts.
fn publish(property: u8, parts: &[&[u8]]) -> Vec<u8> {
    let value: Vec<u8> = parts.iter().flat_map(|part| prefixed(part)).collect();
    packet(0x30, &[b"\x00\x01t", &[1 + value.len() as u8, property], &value])
}

fn fault_in(hole: &Hole, string: &[u8]) -> Fault {
    let (sender, version, bytes, field) = hole;
    decoded(&bytes(string), *version, *sender)
        .expect_err(&format!("{field} {string:02x?} in {version:?}"))
        .fault
}

/// MQTT5-1.5.4-1 MQTT5-1.5.7-1 MQTT5-3.1.3-4 MQTT5-3.1.3-11 MQTT5-3.1.3-12 MQTT5-3.3.2-1 MQTT5-3.3.2-13
/// MQTT5-3.3.2-19 MQTT5-3.8.3-1 MQTT5-3.10.3-1
/// MQTT3-1.5.3-1 MQTT3-3.1.3-4 MQTT3-3.1.3-10 MQTT3-3.1.3-11 MQTT3-3.3.2-1 MQTT3-3.8.3-1 MQTT3-3.10.3-1
#[test]
fn every_string_is_utf8_without_surrogates() {
    let wrong: [&[u8]; 8] = [
        b"\xFF",
        b"ab\x80",
        b"\xC0\xAF",         // overlong
        b"\xE0\x80\xAF",     // overlong
        b"\xED\xA0\x80",     // U+D800
        b"\xED\xBF\xBF",     // U+DFFF
        b"\xF4\x90\x80\x80", // above U+10FFFF
        b"caf\xC3",          // cut inside a character
    ];
    for hole in &HOLES {
        for string in wrong {
            assert_eq!(fault_in(hole, string), malformed(MalformedPacket::NotUtf8(hole.3)), "{string:02x?}");
        }
    }
}

/// MQTT5-1.5.4-2 MQTT5-4.7.3-2 MQTT3-1.5.3-2 MQTT3-4.7.3-2
#[test]
fn no_string_holds_a_null_character() {
    for hole in &HOLES {
        for string in [&b"\0"[..], b"a\0b", b"+\0"] {
            let fault = fault_in(hole, string);
            assert_eq!(fault, malformed(MalformedPacket::NullCharacter(hole.3)), "{string:02x?}");
            assert_eq!(fault.reason(), ReasonCode::MALFORMED_PACKET);
        }
    }
}

/// MQTT5-1.5.4-3 MQTT3-1.5.3-3
#[test]
fn a_byte_order_mark_is_a_character_like_any_other() {
    for (sender, version, bytes, field) in &HOLES {
        let bytes = bytes("\u{FEFF}a".as_bytes());
        assert!(decoded(&bytes, *version, *sender).is_ok(), "{field} in {version:?}");
    }
    let Ok(Packet::Publish(publish)) = from_client(b"\x30\x05\x00\x03\xEF\xBB\xBF", V311) else {
        panic!("a PUBLISH");
    };
    assert_eq!(publish.topic, "\u{FEFF}", "kept, not skipped");
}

/// MQTT5-4.7.3-3 MQTT3-4.7.3-3
#[test]
fn a_string_may_have_65_535_bytes() {
    let long = "x".repeat(65_535);
    let body = [&prefixed(long.as_bytes())[..], b"payload"].concat();
    let header = vouchmq_mqtt::codec::FixedHeader {
        packet_type: vouchmq_mqtt::codec::PacketType::Publish,
        flags: 0,
        header_len: 4,
        remaining: body.len(),
    };
    let packet = vouchmq_mqtt::codec::decode(header, &body, V311, &Default::default());
    assert!(
        matches!(packet, Ok(Packet::Publish(publish)) if publish.topic == long && publish.payload == b"payload")
    );
}

/// Control characters and non-characters should not be sent, but a receiver may take them.
#[test]
fn discouraged_characters_are_accepted() {
    for topic in ["\u{1}", "\u{7F}", "\u{9F}", "\u{FFFF}", "\u{10FFFF}"] {
        assert!(from_client(&packet(0x30, &[&prefixed(topic.as_bytes())]), V311).is_ok(), "{topic:?}");
    }
}

#[test]
fn a_string_that_announces_more_than_there_is_is_malformed() {
    let fault = from_client(b"\x30\x05\x00\x04abc", V311).expect_err("cut").fault;
    assert_eq!(fault, malformed(MalformedPacket::Truncated(Field::TopicName)));
    let fault = from_client(b"\x30\x01\x00", V311).expect_err("cut").fault;
    assert_eq!(fault, malformed(MalformedPacket::Truncated(Field::TopicName)));
}
