//! CONNACK (MQTT 5.0 §3.2, MQTT 3.1.1 §3.2).

use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::codec::{MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::packet::ConnAck;
use vouchmq_mqtt::{Packet, Properties, ReasonCode};

use super::{encoded, from_server, malformed, packet, protocol, server_fault};

fn connack(session_present: bool, reason: ReasonCode) -> Packet<'static> {
    Packet::ConnAck(ConnAck { session_present, reason, properties: Properties::EMPTY })
}

/// MQTT5-3.2.2-1
#[test]
fn flag_bits_7_to_1_are_zero() {
    for version in [V311, V5] {
        let properties: &[u8] = if version == V5 { b"\x00" } else { b"" };
        for flags in [0x02, 0x03, 0x80, 0xFE] {
            let bytes = packet(0x20, &[&[flags, 0], properties]);
            assert_eq!(server_fault(&bytes, version), malformed(MalformedPacket::ReservedConnAckFlags));
        }
        for session_present in [false, true] {
            let bytes = encoded(&connack(session_present, ReasonCode::SUCCESS), version);
            assert_eq!(bytes[2], u8::from(session_present));
        }
    }
}

/// MQTT5-3.2.2-6 MQTT3-3.2.2-4
#[test]
fn a_refusal_has_no_session_present() {
    for version in [V311, V5] {
        let bytes = encoded(&connack(true, ReasonCode::NOT_AUTHORIZED), version);
        assert_eq!(bytes[2], 0, "never encoded");
    }
    let fault = server_fault(b"\x20\x03\x01\x87\x00", V5);
    assert_eq!(fault, protocol(ProtocolError::SessionPresentWithFailure));
    assert_eq!(server_fault(b"\x20\x02\x01\x05", V311), protocol(ProtocolError::SessionPresentWithFailure));
}

/// MQTT5-3.2.2-8
#[test]
fn only_connect_reason_codes_are_taken() {
    for code in 0..=u8::MAX {
        let reason = ReasonCode(code);
        let bytes = [0x20, 3, 0, code, 0];
        let decoded = from_server(&bytes, V5).map_err(|error| error.fault);
        let expected = if reason.is_allowed_in(PacketType::ConnAck) {
            Ok(connack(false, reason))
        } else {
            Err(protocol(ProtocolError::ReasonCodeNotAllowed(PacketType::ConnAck, reason)))
        };
        assert_eq!(decoded, expected, "{reason}");
    }
}

#[test]
fn a_3x_return_code_is_read_as_the_reason_it_stands_for() {
    let table = [
        (0, ReasonCode::SUCCESS),
        (1, ReasonCode::UNSUPPORTED_PROTOCOL_VERSION),
        (2, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID),
        (3, ReasonCode::SERVER_UNAVAILABLE),
        (4, ReasonCode::BAD_USER_NAME_OR_PASSWORD),
        (5, ReasonCode::NOT_AUTHORIZED),
    ];
    for version in [V31, V311] {
        for (code, reason) in table {
            assert_eq!(from_server(&[0x20, 2, 0, code], version), Ok(connack(false, reason)));
        }
        for code in 6..=u8::MAX {
            let fault = server_fault(&[0x20, 2, 0, code], version);
            assert_eq!(fault, protocol(ProtocolError::ReservedReturnCode(code)));
        }
    }
}

#[test]
fn mqtt_31_has_no_session_present() {
    assert_eq!(encoded(&connack(true, ReasonCode::SUCCESS), V31), b"\x20\x02\x00\x00");
    assert_eq!(from_server(b"\x20\x02\xFF\x00", V31), Ok(connack(false, ReasonCode::SUCCESS)), "not used");
}

#[test]
fn authentication_data_needs_a_method() {
    let fault = server_fault(b"\x20\x07\x00\x00\x04\x16\x00\x01x", V5);
    assert_eq!(fault, protocol(ProtocolError::AuthenticationDataWithoutMethod(PacketType::ConnAck)));
}
