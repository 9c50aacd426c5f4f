//! SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK (MQTT 5.0 §3.8 to §3.11).

use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::codec::{self, Field, MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::packet::{
    Reasons, RetainHandling, SubAck, Subscribe, SubscriptionFiltersBuf, SubscriptionOptions, TopicFiltersBuf,
    UnsubAck,
};
use vouchmq_mqtt::{Dialect, Expression, Packet, Properties, QoS, ReasonCode};

use super::{client_fault, encoded, from_client, from_server, id, malformed, packet, protocol, server_fault};

fn suback(codes: &[u8]) -> Packet<'_> {
    Packet::SubAck(SubAck { packet_id: id(1), properties: Properties::EMPTY, reasons: Reasons::new(codes) })
}

fn unsuback(codes: &[u8]) -> Packet<'_> {
    Packet::UnsubAck(UnsubAck {
        packet_id: id(1),
        properties: Properties::EMPTY,
        reasons: Reasons::new(codes),
    })
}

/// MQTT5-3.8.3-2 MQTT5-3.10.3-2 MQTT3-3.8.3-3 MQTT3-3.10.3-2
#[test]
fn a_request_without_a_filter_is_a_protocol_error() {
    for (first, packet_type) in [(0x82, PacketType::Subscribe), (0xA2, PacketType::Unsubscribe)] {
        for (version, body) in [(V31, &b"\x00\x01"[..]), (V311, b"\x00\x01"), (V5, b"\x00\x01\x00")] {
            let fault = client_fault(&packet(first, &[body]), version);
            assert_eq!(fault, protocol(ProtocolError::EmptyList(packet_type)));
            assert_eq!(fault.reason(), ReasonCode::PROTOCOL_ERROR);
        }
    }
}

/// MQTT5-2.2.1-3 MQTT3-2.3.1-1
#[test]
fn a_request_has_an_identifier_that_is_not_zero() {
    for (first, packet_type) in [(0x82, PacketType::Subscribe), (0xA2, PacketType::Unsubscribe)] {
        for version in [V31, V311, V5] {
            let fault = client_fault(&packet(first, &[b"\x00\x00\x00\x00\x01a\x00"]), version);
            assert_eq!(fault, protocol(ProtocolError::ZeroPacketId(packet_type)));
        }
    }
}

/// MQTT5-3.8.3-5 MQTT3-3.8.3-4
#[test]
fn every_options_byte_is_judged() {
    for byte in 0..=u8::MAX {
        let fault_5 = if byte & 0xC0 != 0 {
            Some(malformed(MalformedPacket::ReservedSubscriptionOptions))
        } else if byte & 0x03 == 3 || byte & 0x30 == 0x30 {
            Some(protocol(ProtocolError::SubscriptionOptionThree))
        } else {
            None
        };
        let bytes = packet(0x82, &[b"\x00\x01\x00\x00\x01a", &[byte]]);
        let fault = from_client(&bytes, V5).err().map(|error| error.fault);
        assert_eq!(fault, fault_5, "MQTT 5 {byte:08b}");

        let fault_3 = match byte {
            0..=2 => None,
            3 => Some(protocol(ProtocolError::SubscriptionOptionThree)),
            _ => Some(malformed(MalformedPacket::ReservedSubscriptionOptions)),
        };
        for version in [V31, V311] {
            let bytes = packet(0x82, &[b"\x00\x01\x00\x01a", &[byte]]);
            let fault = from_client(&bytes, version).err().map(|error| error.fault);
            assert_eq!(fault, fault_3, "MQTT 3 {byte:08b}");
        }
    }
}

#[test]
fn options_are_read_as_the_table_says() {
    let bytes = packet(0x82, &[b"\x00\x01\x00", b"\x00\x01a\x2E", b"\x00\x01b\x11", b"\x00\x01c\x00"]);
    let Ok(Packet::Subscribe(subscribe)) = from_client(&bytes, V5) else { panic!("a SUBSCRIBE") };
    let expected = [
        (
            "a",
            SubscriptionOptions {
                qos: QoS::ExactlyOnce,
                no_local: true,
                retain_as_published: true,
                retain_handling: RetainHandling::DoNotSend,
            },
        ),
        (
            "b",
            SubscriptionOptions {
                retain_handling: RetainHandling::SendIfNew,
                ..SubscriptionOptions::new(QoS::AtLeastOnce)
            },
        ),
        ("c", SubscriptionOptions::new(QoS::AtMostOnce)),
    ];
    assert_eq!(subscribe.filters.iter().collect::<Vec<_>>(), expected);
}

/// MQTT5-3.8.3-4
#[test]
fn no_local_on_a_shared_subscription_is_a_protocol_error() {
    let shared = |options| packet(0x82, &[b"\x00\x01\x00\x00\x0A$share/g/t", &[options]]);
    assert_eq!(client_fault(&shared(0x04), V5), protocol(ProtocolError::NoLocalOnSharedSubscription));
    assert!(from_client(&shared(0x00), V5).is_ok());
    let not_shared = packet(0x82, &[b"\x00\x01\x00\x00\x07$shared\x04"]);
    assert!(from_client(&not_shared, V5).is_ok(), "only `$share/` begins a Shared Subscription");
}

/// mochi#501, nanomq#2268 and their kind.
#[test]
fn a_request_that_is_cut_anywhere_is_malformed() {
    for (first, body) in [(0x82, &b"\x00\x01\x00\x00\x02ab\x01"[..]), (0xA2, b"\x00\x01\x00\x00\x02ab")] {
        assert!(from_client(&packet(first, &[body]), V5).is_ok());
        for cut in 0..body.len() {
            assert!(from_client(&packet(first, &[&body[..cut]]), V5).is_err(), "{first:02x} {cut}");
        }
    }
    let fault = client_fault(b"\x82\x07\x00\x01\x00\x00\x02ab", V5);
    assert_eq!(fault, malformed(MalformedPacket::Truncated(Field::SubscriptionOptions)));
}

/// An invalid filter is answered by SUBACK and UNSUBACK, not by closing the connection.
#[test]
fn whether_a_filter_is_valid_is_not_the_codecs_to_say() {
    for filter in ["", "a#", "#/a", "a+", "$share/", "$share/g", "$share/+/a"] {
        let filter = super::prefixed(filter.as_bytes());
        assert!(from_client(&packet(0x82, &[b"\x00\x01\x00", &filter, b"\x00"]), V5).is_ok());
        assert!(from_client(&packet(0xA2, &[b"\x00\x01\x00", &filter]), V5).is_ok());
    }
}

/// MQTT5-3.9.3-2 MQTT5-3.11.3-2 MQTT3-3.9.3-2
#[test]
fn answers_hold_only_their_listed_codes() {
    let lists: [(u8, PacketType, &[u8]); 2] = [
        (0x90, PacketType::SubAck, &[0x00, 0x01, 0x02, 0x80, 0x83, 0x87, 0x8F, 0x91, 0x97, 0x9E, 0xA1, 0xA2]),
        (0xB0, PacketType::UnsubAck, &[0x00, 0x11, 0x80, 0x83, 0x87, 0x8F, 0x91]),
    ];
    for code in 0..=u8::MAX {
        for (first, packet_type, listed) in lists {
            let bytes = packet(first, &[b"\x00\x01\x00\x00", &[code]]);
            let fault = from_server(&bytes, V5).err().map(|error| error.fault);
            let expected = ProtocolError::ReasonCodeNotAllowed(packet_type, ReasonCode(code));
            let expected = (!listed.contains(&code)).then_some(protocol(expected));
            assert_eq!(fault, expected, "{packet_type} {code:02x}");
        }
        for (version, listed) in [(V31, &[0, 1, 2][..]), (V311, &[0, 1, 2, 0x80])] {
            let is_ok = from_server(&packet(0x90, &[b"\x00\x01", &[code]]), version).is_ok();
            assert_eq!(is_ok, listed.contains(&code), "SUBACK {code:02x} in {version:?}");
        }
    }
}

#[test]
fn answers_keep_the_order_of_the_codes() {
    let codes = [0x02, 0x87, 0x00, 0x01];
    assert_eq!(encoded(&suback(&codes), V5), b"\x90\x07\x00\x01\x00\x02\x87\x00\x01");
    assert_eq!(encoded(&suback(&codes), V311), b"\x90\x06\x00\x01\x02\x80\x00\x01", "a failure is 0x80");
    assert_eq!(encoded(&suback(&[2, 0, 1]), V31), b"\x90\x05\x00\x01\x02\x00\x01");
    assert_eq!(encoded(&unsuback(&[0x11, 0x00]), V5), b"\xB0\x05\x00\x01\x00\x11\x00");
    assert_eq!(encoded(&unsuback(&[0x11, 0x00]), V311), b"\xB0\x02\x00\x01", "no codes");
}

/// Granting QoS 0 and delivering nothing would be a lie.
#[test]
fn mqtt_31_cannot_be_denied_a_subscription() {
    let mut out = Vec::new();
    let expression = codec::encode(&suback(&[0x00, 0x87]), Dialect::new(V31), &mut out);
    assert_eq!((expression, out), (Expression::Close, Vec::new()));
}

#[test]
fn an_answer_without_codes_is_a_protocol_error() {
    assert_eq!(
        server_fault(b"\x90\x03\x00\x01\x00", V5),
        protocol(ProtocolError::EmptyList(PacketType::SubAck))
    );
    assert_eq!(
        server_fault(b"\x90\x02\x00\x01", V311),
        protocol(ProtocolError::EmptyList(PacketType::SubAck))
    );
    assert_eq!(
        server_fault(b"\xB0\x03\x00\x01\x00", V5),
        protocol(ProtocolError::EmptyList(PacketType::UnsubAck))
    );
    assert_eq!(from_server(b"\xB0\x02\x00\x01", V311), Ok(unsuback(&[])));
}

#[test]
fn mqtt_3_asks_for_a_qos_only() {
    let mut filters = SubscriptionFiltersBuf::default();
    let options = SubscriptionOptions { no_local: true, ..SubscriptionOptions::new(QoS::AtLeastOnce) };
    filters.push("a", options);
    let subscribe =
        Subscribe { packet_id: id(1), properties: Properties::EMPTY, filters: filters.as_filters() };
    assert_eq!(encoded(&Packet::Subscribe(subscribe), V311), b"\x82\x06\x00\x01\x00\x01a\x01");
}

#[test]
fn a_filter_that_no_packet_can_hold_is_left_out() {
    let long = "x".repeat(65_536);
    let mut subscriptions = SubscriptionFiltersBuf::default();
    let mut filters = TopicFiltersBuf::default();
    subscriptions.push(&long, SubscriptionOptions::new(QoS::AtMostOnce));
    filters.push(&long);
    assert_eq!(subscriptions.as_filters().iter().count(), 0);
    assert_eq!(filters.as_filters().iter().count(), 0);
}
