//! PUBLISH (MQTT 5.0 §3.3, MQTT 3.1.1 §3.3).

use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::codec::{self, Field, MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{Dialect, Expression, Packet, Properties, PropertiesBuf, Property, QoS, ReasonCode};

use super::{client_fault, encoded, from_client, from_server, id, malformed, packet, protocol};

const PUBLISH: Publish<'static> = Publish {
    dup: false,
    retain: false,
    qos: QoS::AtMostOnce,
    topic: "t",
    packet_id: None,
    properties: Properties::EMPTY,
    payload: b"p",
};

fn publish<'a>(bytes: &'a [u8], version: vouchmq_mqtt::ProtocolVersion) -> Publish<'a> {
    let packet = from_client(bytes, version).expect("a packet");
    let Packet::Publish(publish) = packet else { unreachable!("{bytes:02x?} is {packet:?}") };
    publish
}

/// MQTT5-3.3.1-4 MQTT3-3.3.1-4
#[test]
fn qos_3_is_malformed_at_the_first_byte() {
    for flags in [0x06, 0x07, 0x0E, 0x0F] {
        let error = codec::frame(&[0x30 | flags]).expect_err("refused");
        assert_eq!(error.fault, malformed(MalformedPacket::QosThree(Field::PublishQos)));
        assert_eq!(error.reason(), ReasonCode::MALFORMED_PACKET);
    }
}

/// MQTT5-3.3.1-2 MQTT3-3.3.1-2 MQTT5-4.3.1-1 MQTT3-4.3.1-1
#[test]
fn qos_0_has_no_dup() {
    for flags in [0x08, 0x09] {
        let error = codec::frame(&[0x30 | flags]).expect_err("refused");
        assert_eq!(error.fault, malformed(MalformedPacket::DupWithQosZero));
    }
    for version in [V31, V311, V5] {
        let bytes = encoded(&Packet::Publish(Publish { dup: true, ..PUBLISH }), version);
        assert_eq!(bytes[0], 0x30, "never encoded");
    }
}

/// MQTT5-2.2.1-2 MQTT3-2.3.1-5
#[test]
fn qos_0_has_no_packet_identifier() {
    assert_eq!(publish(b"\x30\x05\x00\x01t\x00\x0A", V311).payload, b"\x00\x0A", "payload, no identifier");
    assert_eq!(publish(b"\x30\x05\x00\x01t\x00\x0A", V311).packet_id, None);
    let bytes = encoded(&Packet::Publish(Publish { packet_id: Some(id(7)), ..PUBLISH }), V311);
    assert_eq!(bytes, b"\x30\x04\x00\x01tp", "never encoded");
}

/// MQTT5-2.2.1-3 MQTT3-2.3.1-1
#[test]
fn qos_1_and_2_have_a_packet_identifier_that_is_not_zero() {
    for first in [0x32, 0x34, 0x3A, 0x3C] {
        for version in [V31, V311, V5] {
            let fault = client_fault(&packet(first, &[b"\x00\x01t\x00\x00\x00"]), version);
            assert_eq!(fault, protocol(ProtocolError::ZeroPacketId(PacketType::Publish)));
            let fault = client_fault(&packet(first, &[b"\x00\x01t\x00"]), version);
            assert_eq!(fault, malformed(MalformedPacket::Truncated(Field::PacketId)));
        }
    }
    let mut out = b"before".to_vec();
    let without = Packet::Publish(Publish { qos: QoS::AtLeastOnce, ..PUBLISH });
    assert_eq!(codec::encode(&without, Dialect::new(V5), &mut out), Expression::TooLarge, "no such packet");
    assert_eq!(out, b"before");
}

/// MQTT5-3.3.2-2 MQTT5-4.7.0-1 MQTT3-3.3.2-2 MQTT3-4.7.1-1
#[test]
fn a_topic_name_holds_no_wildcards() {
    for topic in ["+", "#", "a/+", "a/#", "a+b", "#/a", "$SYS/+"] {
        for version in [V31, V311, V5] {
            let fault = client_fault(&packet(0x30, &[&super::prefixed(topic.as_bytes()), b"\x00"]), version);
            assert_eq!(fault, protocol(ProtocolError::WildcardInTopicName(Field::TopicName)), "{topic}");
            assert_eq!(fault.reason(), ReasonCode::TOPIC_NAME_INVALID);
        }
    }
}

/// MQTT5-4.7.3-1 MQTT3-4.7.3-1
#[test]
fn a_topic_name_is_empty_only_where_an_alias_stands_for_it() {
    for (version, bytes) in
        [(V31, &b"\x30\x02\x00\x00"[..]), (V311, b"\x30\x02\x00\x00"), (V5, b"\x30\x03\x00\x00\x00")]
    {
        let fault = client_fault(bytes, version);
        assert_eq!(fault, protocol(ProtocolError::EmptyTopicName(Field::TopicName)));
        assert_eq!(fault.reason(), ReasonCode::PROTOCOL_ERROR);
    }
    let bytes = b"\x30\x06\x00\x00\x03\x23\x00\x05";
    let publish = publish(bytes, V5);
    assert_eq!((publish.topic, publish.properties.topic_alias()), ("", Some(5)));
}

/// MQTT5-3.3.2-8
#[test]
fn topic_alias_0_is_refused_by_its_own_code() {
    let fault = client_fault(b"\x30\x07\x00\x01t\x03\x23\x00\x00", V5);
    assert_eq!(fault, protocol(ProtocolError::TopicAliasZero));
    assert_eq!(fault.reason(), ReasonCode::TOPIC_ALIAS_INVALID);
    assert!(!PropertiesBuf::new().push(Property::TopicAlias(0)), "never encoded");
}

/// MQTT5-3.3.2-14
#[test]
fn a_response_topic_is_a_topic_name() {
    let field = Field::Property(vouchmq_mqtt::PropertyId::ResponseTopic);
    for (value, expected) in [
        (&b"\x00\x01+"[..], ProtocolError::WildcardInTopicName(field)),
        (b"\x00\x01#", ProtocolError::WildcardInTopicName(field)),
        (b"\x00\x00", ProtocolError::EmptyTopicName(field)),
    ] {
        let bytes = packet(0x30, &[b"\x00\x01t", &[1 + value.len() as u8, 0x08], value]);
        let fault = client_fault(&bytes, V5);
        assert_eq!(fault, protocol(expected));
        assert_eq!(fault.reason(), ReasonCode::PROTOCOL_ERROR);
    }
    for topic in ["", "+", "a/#"] {
        assert!(!PropertiesBuf::new().push(Property::ResponseTopic(topic)), "never encoded: {topic:?}");
    }
}

/// MQTT5-3.3.4-6
#[test]
fn only_a_server_sends_subscription_identifiers() {
    let bytes = b"\x30\x09\x00\x01t\x05\x0B\x01\x0B\x80\x01";
    let fault = client_fault(bytes, V5);
    assert_eq!(fault, protocol(ProtocolError::SubscriptionIdentifierFromClient));
    assert_eq!(fault.reason(), ReasonCode::PROTOCOL_ERROR);
    let Ok(Packet::Publish(publish)) = from_server(bytes, V5) else { panic!("a PUBLISH") };
    let ids: Vec<Property<'_>> = publish.properties.iter().collect();
    assert_eq!(ids, [Property::SubscriptionIdentifier(1), Property::SubscriptionIdentifier(128)]);
}

#[test]
fn user_properties_stay_in_order() {
    let names = ["b", "a", "b", ""];
    let mut properties = PropertiesBuf::new();
    for name in names {
        assert!(properties.push(Property::UserProperty(name, "v")));
    }
    let bytes = encoded(&Packet::Publish(Publish { properties: properties.as_properties(), ..PUBLISH }), V5);
    let read: Vec<&str> = publish(&bytes, V5).properties.user_properties().map(|(name, _)| name).collect();
    assert_eq!(read, names);
}

/// MQTT5-2.2.2-1
#[test]
fn without_properties_there_is_still_a_property_length() {
    assert_eq!(encoded(&Packet::Publish(PUBLISH), V5), b"\x30\x05\x00\x01t\x00p");
    let fault = client_fault(b"\x30\x03\x00\x01t", V5);
    assert_eq!(fault, malformed(MalformedPacket::Truncated(Field::PropertyLength)));
}

#[test]
fn an_empty_payload_is_a_payload() {
    assert_eq!(publish(b"\x31\x03\x00\x01t", V311).payload, b"");
    assert_eq!(publish(b"\x31\x04\x00\x01t\x00", V5).payload, b"");
}

#[test]
fn what_cannot_be_a_packet_is_too_large_and_writes_nothing() {
    let (topic, payload) = ("t".repeat(65_536), vec![0; 268_435_455]);
    let long_topic = Packet::Publish(Publish { topic: &topic, ..PUBLISH });
    let long_payload = Packet::Publish(Publish { payload: &payload, ..PUBLISH });
    let mut out = b"before".to_vec();
    for packet in [long_topic, long_payload] {
        for version in [V311, V5] {
            assert_eq!(codec::encode(&packet, Dialect::new(version), &mut out), Expression::TooLarge);
            assert_eq!(out, b"before");
        }
    }
}
