//! The fixed header (MQTT 5.0 §2.1, MQTT 3.1.1 §2.2).

use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::codec::{self, Fault, Field, FixedHeader, MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::{Packet, ReasonCode};

use super::{client_fault, malformed, packet, protocol, server_fault};
use crate::codec::from_client;

fn frame_fault(bytes: &[u8]) -> Fault {
    codec::frame(bytes).expect_err("a fault").fault
}

/// MQTT5-1.5.5-1
#[test]
fn remaining_length_takes_the_bytes_of_the_table() {
    let table: [(&[u8], usize); 8] = [
        (&[0x00], 0),
        (&[0x7F], 127),
        (&[0x80, 0x01], 128),
        (&[0xFF, 0x7F], 16_383),
        (&[0x80, 0x80, 0x01], 16_384),
        (&[0xFF, 0xFF, 0x7F], 2_097_151),
        (&[0x80, 0x80, 0x80, 0x01], 2_097_152),
        (&[0xFF, 0xFF, 0xFF, 0x7F], 268_435_455),
    ];
    for (length, remaining) in table {
        let bytes = [&[0x30], length].concat();
        let header_len = bytes.len();
        let header = FixedHeader { packet_type: PacketType::Publish, flags: 0, header_len, remaining };
        assert_eq!(codec::frame(&bytes), Ok(Some(header)), "{length:02x?}");
        assert_eq!(header.packet_len(), header_len + remaining);
    }
}

#[test]
fn a_header_is_incomplete_until_its_last_length_byte() {
    for incomplete in [&[][..], &[0x30], &[0x30, 0x80], &[0x30, 0x80, 0x80], &[0x30, 0x80, 0x80, 0x80]] {
        assert_eq!(codec::frame(incomplete), Ok(None), "{incomplete:02x?}");
    }
}

#[test]
fn the_body_need_not_have_arrived_to_refuse_it_by_size() {
    let header = codec::frame(b"\x30\xFF\xFF\xFF\x7F").expect("valid").expect("complete");
    assert_eq!(header.packet_len(), 268_435_460);
}

/// MQTT5-1.5.5-1
#[test]
fn a_length_of_five_bytes_or_of_more_bytes_than_needed_is_malformed() {
    let too_long = malformed(MalformedPacket::VariableByteIntegerTooLong(Field::RemainingLength));
    assert_eq!(frame_fault(b"\x30\x80\x80\x80\x80"), too_long);
    assert_eq!(frame_fault(b"\x30\xFF\xFF\xFF\xFF\x7F"), too_long);
    let wasteful = malformed(MalformedPacket::VariableByteIntegerNotMinimal(Field::RemainingLength));
    for length in [&[0x80, 0x00][..], &[0xFF, 0x00], &[0x80, 0x80, 0x00], &[0x81, 0x80, 0x80, 0x00]] {
        assert_eq!(frame_fault(&[&[0x30], length].concat()), wasteful, "{length:02x?}");
    }
}

/// MQTT5-2.1.3-1 MQTT5-3.6.1-1 MQTT5-3.8.1-1 MQTT5-3.10.1-1 MQTT5-3.14.1-1 MQTT5-3.15.1-1
/// MQTT3-2.2.2-1 MQTT3-2.2.2-2 MQTT3-3.6.1-1 MQTT3-3.8.1-1 MQTT3-3.10.1-1 MQTT3-3.14.1-1
#[test]
fn reserved_flags_have_exactly_the_values_of_the_table() {
    for packet_type in PacketType::ALL {
        let Some(expected) = packet_type.reserved_flags() else { continue };
        let repeated = if expected == 0 { expected } else { expected | 0b1000 };
        for flags in 0..16 {
            let first = packet_type.number() << 4 | flags;
            let fault = malformed(MalformedPacket::ReservedFlags(packet_type));
            if flags == expected {
                assert!(codec::frame(&[first, 0]).is_ok(), "{packet_type} {flags:04b}");
            } else if flags == repeated {
                // MQTT 3.1 knows the repeated request; the others refuse it with the body.
                for version in [V311, V5] {
                    assert_eq!(client_fault(&[first, 0], version), fault, "{packet_type} {flags:04b}");
                }
            } else {
                assert_eq!(frame_fault(&[first]), fault, "{packet_type} {flags:04b}: at the first byte");
                assert_eq!(fault.reason(), ReasonCode::MALFORMED_PACKET);
            }
        }
    }
}

/// MQTT 3.1 §2.1: DUP marks a PUBREL, SUBSCRIBE or UNSUBSCRIBE that is sent again.
#[test]
fn mqtt_31_repeats_requests_with_dup() {
    let subscribe = b"\x8A\x06\x00\x01\x00\x01a\x00";
    assert!(matches!(from_client(subscribe, V31), Ok(Packet::Subscribe(_))));
    assert!(matches!(from_client(b"\xAA\x05\x00\x01\x00\x01a", V31), Ok(Packet::Unsubscribe(_))));
    assert!(matches!(from_client(b"\x6A\x02\x00\x01", V31), Ok(Packet::PubRel(_))));
}

#[test]
fn packet_type_0_is_reserved_and_15_in_mqtt_3() {
    assert_eq!(frame_fault(&[0x00]), malformed(MalformedPacket::ReservedPacketType));
    for version in [V31, V311] {
        assert_eq!(client_fault(b"\xF0\x00", version), malformed(MalformedPacket::ReservedPacketType));
        assert_eq!(server_fault(b"\xF0\x00", version), malformed(MalformedPacket::ReservedPacketType));
    }
}

#[test]
fn packets_of_the_other_side_are_protocol_errors() {
    for (first, packet_type) in [
        (0x20, PacketType::ConnAck),
        (0x90, PacketType::SubAck),
        (0xB0, PacketType::UnsubAck),
        (0xD0, PacketType::PingResp),
    ] {
        for version in [V31, V311, V5] {
            let fault = client_fault(&[first, 0], version);
            assert_eq!(fault, protocol(ProtocolError::NotSentByClients(packet_type)));
            assert_eq!(fault.reason(), ReasonCode::PROTOCOL_ERROR);
        }
    }
    for (first, packet_type) in [
        (0x10, PacketType::Connect),
        (0x82, PacketType::Subscribe),
        (0xA2, PacketType::Unsubscribe),
        (0xC0, PacketType::PingReq),
    ] {
        for version in [V31, V311, V5] {
            let fault = server_fault(&[first, 0], version);
            assert_eq!(fault, protocol(ProtocolError::NotSentByServers(packet_type)));
        }
    }
    for version in [V31, V311] {
        let fault = server_fault(b"\xE0\x00", version);
        assert_eq!(fault, protocol(ProtocolError::NotSentByServers(PacketType::Disconnect)));
    }
}

#[test]
fn bytes_behind_the_last_field_are_malformed() {
    let table: [(u8, &[u8], PacketType); 6] = [
        (0x40, b"\x00\x01\x00\x00!", PacketType::PubAck),
        (0x62, b"\x00\x01\x00\x00!", PacketType::PubRel),
        (0xC0, b"!", PacketType::PingReq),
        (0xE0, b"\x00\x00!", PacketType::Disconnect),
        (0xF0, b"\x18\x04\x15\x00\x01m!", PacketType::Auth),
        (0x10, b"\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x00!", PacketType::Connect),
    ];
    for (first, body, packet_type) in table {
        let fault = client_fault(&packet(first, &[body]), V5);
        assert_eq!(fault, malformed(MalformedPacket::TrailingBytes(packet_type)), "{packet_type}");
    }
    for (first, body, packet_type) in [
        (0x40, &b"\x00\x01\x00"[..], PacketType::PubAck),
        (0xC0, b"!", PacketType::PingReq),
        (0xE0, b"\x00", PacketType::Disconnect),
    ] {
        for version in [V31, V311] {
            let fault = client_fault(&packet(first, &[body]), version);
            assert_eq!(fault, malformed(MalformedPacket::TrailingBytes(packet_type)), "{packet_type}");
        }
    }
}

#[test]
fn a_body_shorter_than_announced_is_malformed_and_a_longer_one_is_not_looked_at() {
    let header = codec::frame(b"\xC0\x00").expect("valid").expect("complete");
    let limits = codec::DecodeLimits::default();
    assert_eq!(codec::decode(header, b"next packet", V5, &limits), Ok(Packet::PingReq));
    let header = codec::frame(b"\x30\x08").expect("valid").expect("complete");
    let error = codec::decode(header, b"\x00\x01a", V5, &limits).expect_err("cut");
    assert_eq!(error.fault, malformed(MalformedPacket::Truncated(Field::Body)));
}
