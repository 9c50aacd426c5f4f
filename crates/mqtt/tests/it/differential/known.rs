//! Where the decoders differ, and why the standard is on our side.

use vouchmq_mqtt::codec::{DecodeError, Fault, Field, MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::{Packet, PropertyId, ReasonCode};

/// Why only we refuse; `None` where nobody has looked yet.
pub(super) fn why_we_are_stricter(error: &DecodeError, packet_type: PacketType) -> Option<&'static str> {
    match error.fault {
        Fault::Malformed(malformed) => malformed_only_to_us(malformed, packet_type),
        Fault::Protocol(error) => wrong_only_to_us(error),
        Fault::Unsupported(_) => None,
        Fault::OverLimit(_) => Some("a limit of ours, not of the standard"),
    }
}

fn malformed_only_to_us(malformed: MalformedPacket, packet_type: PacketType) -> Option<&'static str> {
    Some(match (malformed, packet_type) {
        (MalformedPacket::ReservedFlags(_), _) => {
            "MQTT5-2.1.3-1: their connection checks flags, not the parser"
        }
        (MalformedPacket::ReservedConnAckFlags, _) => "MQTT5-3.2.2-1: flag bits 7 to 1 are 0",
        (MalformedPacket::ReservedConnectFlag, _) => "MQTT5-3.1.2-3: the reserved flag is checked",
        (MalformedPacket::QosThree(Field::WillQos), _) => "MQTT5-3.1.2-12: a will's QoS is not 3",
        (MalformedPacket::WillFlagsWithoutWill, _) => {
            "MQTT5-3.1.2-11, MQTT5-3.1.2-13: no will, no will flags"
        }
        (MalformedPacket::ReservedSubscriptionOptions, _) => "MQTT3-3.8.3-4: MQTT 3.x has a QoS only",
        (MalformedPacket::NullCharacter(_), _) => "MQTT5-1.5.4-2, MQTT3-1.5.3-2: no U+0000",
        (MalformedPacket::VariableByteIntegerNotMinimal(_), _) => "MQTT5-1.5.5-1: the fewest bytes",
        (MalformedPacket::Truncated(Field::PropertyLength), PacketType::Publish | PacketType::Auth) => {
            "MQTT5-2.2.2-1: no properties means a Property Length of 0; §3.15.2.1 omits it with the code only"
        }
        (MalformedPacket::TrailingBytes(_), packet) if is_ack(packet) => {
            "MQTT 3.1.1 §3.4 to §3.7: Remaining Length is 2, there is no reason code"
        }
        _ => return None,
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "a list of exceptions: all else must be agreed on")]
fn wrong_only_to_us(error: ProtocolError) -> Option<&'static str> {
    Some(match error {
        ProtocolError::WildcardInTopicName(_) => "MQTT5-3.3.2-2, MQTT5-3.3.2-14, MQTT3-3.3.2-2",
        ProtocolError::ZeroPacketId(_) => "MQTT5-2.2.1-3, MQTT5-2.2.1-6, MQTT3-2.3.1-1: no identifier is 0",
        ProtocolError::EmptyTopicName(_) => "MQTT5-4.7.3-1, MQTT3-4.7.3-1; MQTT 5.0 §3.3.2.1 without alias",
        ProtocolError::SessionPresentWithFailure => "MQTT5-3.2.2-6, MQTT3-3.2.2-4",
        ProtocolError::NoLocalOnSharedSubscription => "MQTT5-3.8.3-4",
        ProtocolError::AuthenticationMethodMissing => "MQTT 5.0 §3.15.2.2.2: omitting it is a Protocol Error",
        ProtocolError::DuplicateProperty(PropertyId::SubscriptionIdentifier) => {
            "MQTT 5.0 §3.8.2.1.2: a SUBSCRIBE has one Subscription Identifier at most"
        }
        ProtocolError::AuthenticationDataWithoutMethod(_) => {
            "MQTT 5.0 §3.1.2.11.10: data without a method is a Protocol Error"
        }
        _ => return None,
    })
}

/// Why only the other decoder refuses; `None` where nobody has looked yet.
#[expect(clippy::wildcard_enum_match_arm, reason = "a list of exceptions: all else must be agreed on")]
pub(super) fn why_they_are_stricter(packet: &Packet<'_>) -> Option<&'static str> {
    match packet {
        Packet::Connect(connect) if connect.username.is_none() && connect.password.is_some() => {
            Some("MQTT 5.0 §3.1.2.9 allows a password without a user name")
        }
        Packet::Disconnect(disconnect) if disconnect.reason == ReasonCode::BAD_AUTHENTICATION_METHOD => {
            Some("MQTT 5.0 table 2-6 has 0x8C in DISCONNECT, too")
        }
        Packet::Subscribe(subscribe) if subscribe.filters.iter().any(|(filter, _)| is_shared(filter)) => {
            Some("whether a share name is valid is SUBACK's to answer, filter by filter")
        }
        Packet::Unsubscribe(unsubscribe) if unsubscribe.filters.iter().any(is_shared) => {
            Some("whether a share name is valid is UNSUBACK's to answer, filter by filter")
        }
        _ => None,
    }
}

fn is_shared(filter: &str) -> bool {
    filter.starts_with("$share/")
}

fn is_ack(packet_type: PacketType) -> bool {
    [PacketType::PubAck, PacketType::PubRec, PacketType::PubRel, PacketType::PubComp].contains(&packet_type)
}
