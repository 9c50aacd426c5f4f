//! DISCONNECT and AUTH (MQTT 5.0 §3.14, §3.15).

use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::codec::{self, MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::packet::{Auth, Disconnect};
use vouchmq_mqtt::{Dialect, Expression, Packet, Properties, PropertiesBuf, Property, ReasonCode};

use super::{client_fault, encoded, from_client, from_server, malformed, packet, protocol, server_fault};

fn disconnect(reason: ReasonCode) -> Packet<'static> {
    Packet::Disconnect(Disconnect { reason, properties: Properties::EMPTY })
}

fn authentication(reason: ReasonCode, properties: Properties<'_>) -> Packet<'_> {
    Packet::Auth(Auth { reason, properties })
}

/// MQTT5-3.14.2-1
#[test]
fn disconnect_takes_only_its_listed_reason_codes() {
    let listed = [
        0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8B, 0x8C, 0x8D, 0x8E, 0x8F, 0x90, 0x93, 0x94, 0x95,
        0x96, 0x97, 0x98, 0x99, 0x9A, 0x9B, 0x9C, 0x9D, 0x9E, 0x9F, 0xA0, 0xA1, 0xA2,
    ];
    for code in 0..=u8::MAX {
        let reason = ReasonCode(code);
        let bytes = [0xE0, 1, code];
        let decoded = from_client(&bytes, V5).map_err(|error| error.fault);
        let expected = if listed.contains(&code) {
            Ok(disconnect(reason))
        } else {
            Err(protocol(ProtocolError::ReasonCodeNotAllowed(PacketType::Disconnect, reason)))
        };
        assert_eq!(decoded, expected, "{reason}");
    }
}

#[test]
fn disconnect_may_leave_out_reason_and_properties() {
    for bytes in [&b"\xE0\x00"[..], b"\xE0\x01\x00", b"\xE0\x02\x00\x00"] {
        assert_eq!(from_client(bytes, V5), Ok(disconnect(ReasonCode::SUCCESS)));
    }
    assert_eq!(encoded(&disconnect(ReasonCode::SUCCESS), V5), b"\xE0\x00");
    assert_eq!(encoded(&disconnect(ReasonCode::SESSION_TAKEN_OVER), V5), b"\xE0\x01\x8E");
}

#[test]
fn only_a_client_sends_a_session_expiry_interval_with_disconnect() {
    let bytes = b"\xE0\x07\x00\x05\x11\x00\x00\x00\x0A";
    let Ok(Packet::Disconnect(disconnect)) = from_client(bytes, V5) else { panic!("a DISCONNECT") };
    assert_eq!(disconnect.properties.session_expiry_interval(), Some(10));
    assert_eq!(server_fault(bytes, V5), protocol(ProtocolError::SessionExpiryFromServer));
}

#[test]
fn a_server_cannot_say_disconnect_in_mqtt_3() {
    for version in [V31, V311] {
        let mut out = Vec::new();
        let packet = disconnect(ReasonCode::SESSION_TAKEN_OVER);
        assert_eq!(codec::encode(&packet, Dialect::new(version), &mut out), Expression::Close);
        assert_eq!(out, b"");
        assert_eq!(encoded(&disconnect(ReasonCode::SUCCESS), version), b"\xE0\x00", "a client can");
    }
}

/// MQTT5-3.15.2-1
#[test]
fn auth_takes_only_its_listed_reason_codes() {
    for code in 0..=u8::MAX {
        let bytes = packet(0xF0, &[&[code], b"\x04\x15\x00\x01m"]);
        let fault = from_client(&bytes, V5).err().map(|error| error.fault);
        let refused = ProtocolError::ReasonCodeNotAllowed(PacketType::Auth, ReasonCode(code));
        assert_eq!(fault, (![0x00, 0x18, 0x19].contains(&code)).then_some(protocol(refused)), "{code:02x}");
    }
}

#[test]
fn auth_has_a_method_unless_it_is_empty() {
    let plain = authentication(ReasonCode::SUCCESS, Properties::EMPTY);
    assert_eq!(from_server(b"\xF0\x00", V5).as_ref(), Ok(&plain));
    assert_eq!(encoded(&plain, V5), b"\xF0\x00");
    for bytes in [&b"\xF0\x02\x18\x00"[..], b"\xF0\x06\x18\x04\x16\x00\x01x", b"\xF0\x02\x00\x00"] {
        assert_eq!(client_fault(bytes, V5), protocol(ProtocolError::AuthenticationMethodMissing));
    }
    let mut properties = PropertiesBuf::new();
    properties.extend([Property::AuthenticationMethod("m"), Property::AuthenticationData(b"x")]);
    let full = authentication(ReasonCode::CONTINUE_AUTHENTICATION, properties.as_properties());
    assert_eq!(encoded(&full, V5), b"\xF0\x0A\x18\x08\x15\x00\x01m\x16\x00\x01x");
}

#[test]
fn auth_cannot_be_said_in_mqtt_3() {
    for version in [V31, V311] {
        let dialect = Dialect::new(version);
        let step = authentication(ReasonCode::CONTINUE_AUTHENTICATION, Properties::EMPTY);
        assert_eq!(codec::encode(&step, dialect, &mut Vec::new()), Expression::Close);
        let done = authentication(ReasonCode::SUCCESS, Properties::EMPTY);
        assert_eq!(codec::encode(&done, dialect, &mut Vec::new()), Expression::Nothing);
        assert_eq!(client_fault(b"\xF0\x00", version), malformed(MalformedPacket::ReservedPacketType));
    }
}
