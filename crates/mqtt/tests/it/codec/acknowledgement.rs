//! PUBACK, PUBREC, PUBREL, PUBCOMP (MQTT 5.0 §3.4 to §3.7).

use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::codec::{Field, MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::packet::Ack;
use vouchmq_mqtt::{Packet, PropertiesBuf, Property, ReasonCode};

use super::{client_fault, encoded, from_client, id, malformed, protocol};

type Acknowledge = for<'a> fn(Ack<'a>) -> Packet<'a>;

const ACKS: [(u8, PacketType, Acknowledge); 4] = [
    (0x40, PacketType::PubAck, |ack| Packet::PubAck(ack)),
    (0x50, PacketType::PubRec, |ack| Packet::PubRec(ack)),
    (0x62, PacketType::PubRel, |ack| Packet::PubRel(ack)),
    (0x70, PacketType::PubComp, |ack| Packet::PubComp(ack)),
];

#[test]
fn an_acknowledgement_says_its_identifier() {
    for (first, _, ack) in ACKS {
        for version in [V31, V311, V5] {
            let packet = ack(Ack::new(id(0xABCD), ReasonCode::SUCCESS));
            let bytes = [first, 2, 0xAB, 0xCD];
            assert_eq!(encoded(&packet, version), bytes);
            assert_eq!(from_client(&bytes, version), Ok(packet));
        }
    }
}

#[test]
fn identifier_0_is_a_protocol_error_and_half_of_one_is_malformed() {
    for (first, packet_type, _) in ACKS {
        for version in [V31, V311, V5] {
            let fault = client_fault(&[first, 2, 0, 0], version);
            assert_eq!(fault, protocol(ProtocolError::ZeroPacketId(packet_type)));
            let fault = client_fault(&[first, 1, 0], version);
            assert_eq!(fault, malformed(MalformedPacket::Truncated(Field::PacketId)));
        }
    }
}

/// MQTT5-3.4.2-1 MQTT5-3.5.2-1 MQTT5-3.6.2-1 MQTT5-3.7.2-1
#[test]
fn each_takes_only_its_listed_reason_codes() {
    let received = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99];
    let released = [0x00, 0x92];
    for (first, packet_type, ack) in ACKS {
        let is_received = packet_type == PacketType::PubAck || packet_type == PacketType::PubRec;
        let listed = if is_received { &received[..] } else { &released };
        for code in 0..=u8::MAX {
            let reason = ReasonCode(code);
            let bytes = [first, 3, 0, 1, code];
            let decoded = from_client(&bytes, V5).map_err(|error| error.fault);
            let expected = if listed.contains(&code) {
                Ok(ack(Ack::new(id(1), reason)))
            } else {
                Err(protocol(ProtocolError::ReasonCodeNotAllowed(packet_type, reason)))
            };
            assert_eq!(decoded, expected, "{packet_type} {reason}");
        }
    }
}

#[test]
fn reason_and_properties_may_be_left_out_from_the_end() {
    for (first, _, ack) in ACKS {
        let plain = ack(Ack::new(id(1), ReasonCode::SUCCESS));
        for bytes in [&[first, 2, 0, 1][..], &[first, 3, 0, 1, 0], &[first, 4, 0, 1, 0, 0]] {
            assert_eq!(from_client(bytes, V5).as_ref(), Ok(&plain));
        }
        let mut properties = PropertiesBuf::new();
        assert!(properties.push(Property::ReasonString("why")));
        let packet =
            ack(Ack { properties: properties.as_properties(), ..Ack::new(id(1), ReasonCode::SUCCESS) });
        let bytes = [&[first, 10, 0, 1, 0, 6], &b"\x1F\x00\x03why"[..]].concat();
        assert_eq!(encoded(&packet, V5), bytes, "a success with properties has its code");
        assert_eq!(from_client(&bytes, V5), Ok(packet));
    }
}

#[test]
fn mqtt_3_says_a_refusal_as_a_plain_acknowledgement() {
    let mut properties = PropertiesBuf::new();
    assert!(properties.push(Property::ReasonString("why")));
    for version in [V31, V311] {
        let ack =
            Ack { properties: properties.as_properties(), ..Ack::new(id(1), ReasonCode::NOT_AUTHORIZED) };
        assert_eq!(encoded(&Packet::PubAck(ack), version), b"\x40\x02\x00\x01");
    }
}
