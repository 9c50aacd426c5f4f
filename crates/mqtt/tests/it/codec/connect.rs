//! CONNECT (MQTT 5.0 §3.1, MQTT 3.1.1 §3.1).

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::codec::{
    DecodeError, Fault, Field, MalformedPacket, PacketType, ProtocolError, UnsupportedVersion,
};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Dialect, Packet, PropertyId, QoS, ReasonCode};

use super::{from_client, malformed, packet, protocol};

/// Any version: CONNECT's own decides.
const UNKNOWN: ProtocolVersion = V31;

fn error(bytes: &[u8]) -> DecodeError {
    from_client(bytes, UNKNOWN).expect_err(&format!("refused: {bytes:02x?}"))
}

fn connect(bytes: &[u8]) -> Connect<'_> {
    let packet = from_client(bytes, UNKNOWN).expect("a packet");
    let Packet::Connect(connect) = packet else { unreachable!("{bytes:02x?} is {packet:?}") };
    connect
}

/// A CONNECT of this version with these flags, no properties, Client Identifier `c` and then `payload`.
fn with_flags(version: ProtocolVersion, flags: u8, payload: &[u8]) -> Vec<u8> {
    let (start, properties): (&[u8], &[u8]) = match version {
        V31 => (b"\x00\x06MQIsdp\x03", b""),
        V311 => (b"\x00\x04MQTT\x04", b""),
        V5 => (b"\x00\x04MQTT\x05", b"\x00"),
    };
    packet(0x10, &[start, &[flags, 0, 60], properties, b"\x00\x01c", payload])
}

const WILL_5: &[u8] = b"\x00\x00\x01w\x00\x01p";
const WILL_3: &[u8] = b"\x00\x01w\x00\x01p";

fn will_of(version: ProtocolVersion) -> &'static [u8] {
    if version == V5 { WILL_5 } else { WILL_3 }
}

#[test]
fn the_connects_own_version_decides() {
    for version in [V31, V311, V5] {
        assert_eq!(connect(&with_flags(version, 0x02, b"")).version, version);
    }
}

/// MQTT5-3.1.2-1 MQTT3-3.1.2-1
#[test]
fn an_unknown_protocol_name_is_unsupported_and_has_no_dialect() {
    for name in [
        &b"\x00\x04mqtt"[..],
        b"\x00\x04MQTX",
        b"\x00\x03MQT",
        b"\x00\x05MQTT5",
        b"\x00\x00",
        b"\x00\x04\xFF\xFF\xFF\xFF",
    ] {
        let error = error(&packet(0x10, &[name, b"\x04\x02\x00\x3C\x00\x01c"]));
        assert_eq!(error.fault, Fault::Unsupported(UnsupportedVersion::ProtocolName), "{name:02x?}");
        assert_eq!(error.reason(), ReasonCode::UNSUPPORTED_PROTOCOL_VERSION);
        assert_eq!(error.dialect, None);
    }
}

/// MQTT5-3.1.2-2 MQTT3-3.1.2-2
#[test]
fn an_unsupported_level_is_answered_in_the_nearest_dialect() {
    let table: [(&[u8], u8, ProtocolVersion); 11] = [
        (b"\x00\x04MQTT", 0, V311),
        (b"\x00\x04MQTT", 3, V311),
        (b"\x00\x04MQTT", 6, V5),
        (b"\x00\x04MQTT", 0x44, V5),
        (b"\x00\x04MQTT", 0x7F, V5),
        (b"\x00\x04MQTT", 0x84, V311), // a bridge of another broker
        (b"\x00\x04MQTT", 0x85, V5),
        (b"\x00\x04MQTT", 0xFF, V5),
        (b"\x00\x06MQIsdp", 4, V31),
        (b"\x00\x06MQIsdp", 5, V31),
        (b"\x00\x06MQIsdp", 0x83, V31),
    ];
    for (name, level, nearest) in table {
        let error = error(&packet(0x10, &[name, &[level], b"whatever follows"]));
        assert_eq!(error.fault, Fault::Unsupported(UnsupportedVersion::ProtocolLevel(level)));
        assert_eq!(error.reason(), ReasonCode::UNSUPPORTED_PROTOCOL_VERSION);
        assert_eq!(error.dialect, Some(Dialect::new(nearest)), "{name:02x?} {level}");
        let code = Dialect::new(nearest).connack_code(error.reason());
        assert_eq!(code, Some(if nearest == V5 { 0x84 } else { 0x01 }));
    }
}

#[test]
fn a_malformed_connect_tells_the_dialect_as_far_as_it_was_readable() {
    for version in [V31, V311, V5] {
        let bytes = with_flags(version, 0x03, b"");
        assert_eq!(error(&bytes).dialect, Some(Dialect::new(version)));
    }
    assert_eq!(error(b"\x10\x04\x00\x04MQ").dialect, None);
    assert_eq!(
        error(b"\x10\x06\x00\x04MQTT").fault,
        malformed(MalformedPacket::Truncated(Field::ProtocolLevel))
    );
    assert_eq!(error(b"\x10\x00").fault, malformed(MalformedPacket::Truncated(Field::ProtocolName)));
}

/// MQTT5-3.1.2-3 MQTT3-3.1.2-3
#[test]
fn the_reserved_connect_flag_is_zero() {
    for version in [V31, V311, V5] {
        let error = error(&with_flags(version, 0x03, b""));
        assert_eq!(error.fault, malformed(MalformedPacket::ReservedConnectFlag));
    }
}

/// MQTT5-3.1.2-11 MQTT5-3.1.2-13 MQTT3-3.1.2-11 MQTT3-3.1.2-13 MQTT3-3.1.2-15
#[test]
fn without_a_will_its_qos_and_retain_are_zero() {
    for version in [V31, V311, V5] {
        for flags in [0x08, 0x10, 0x18, 0x20, 0x38] {
            let error = error(&with_flags(version, flags | 0x02, will_of(version)));
            assert_eq!(error.fault, malformed(MalformedPacket::WillFlagsWithoutWill), "{flags:08b}");
        }
    }
}

/// MQTT5-3.1.2-12 MQTT3-3.1.2-14
#[test]
fn a_will_has_qos_0_1_or_2() {
    for version in [V31, V311, V5] {
        for (bits, qos) in [(0x00, QoS::AtMostOnce), (0x08, QoS::AtLeastOnce), (0x10, QoS::ExactlyOnce)] {
            let bytes = with_flags(version, 0x06 | bits, will_of(version));
            assert_eq!(connect(&bytes).will.map(|will| will.qos), Some(qos));
        }
        let error = error(&with_flags(version, 0x06 | 0x18, will_of(version)));
        assert_eq!(error.fault, malformed(MalformedPacket::QosThree(Field::WillQos)));
    }
}

/// MQTT5-3.1.2-9 MQTT5-3.1.2-16 MQTT5-3.1.2-17 MQTT5-3.1.2-18 MQTT5-3.1.2-19 MQTT5-3.1.3-1 MQTT5-3.1.3-3
/// MQTT3-3.1.2-9 MQTT3-3.1.2-18 MQTT3-3.1.2-19 MQTT3-3.1.2-20 MQTT3-3.1.2-21 MQTT3-3.1.3-1 MQTT3-3.1.3-3
#[test]
fn each_flag_decides_whether_its_field_is_there() {
    for version in [V311, V5] {
        let will = will_of(version);
        let table: [(u8, &[&[u8]], Field); 3] = [
            (0x06, &[will], Field::WillTopic),
            (0x82, &[b"\x00\x01u"], Field::UserName),
            (0xC2, &[b"\x00\x01u", b"\x00\x01p"], Field::Password),
        ];
        for (flags, fields, last) in table {
            let (fields, bytes) = (fields.concat(), |payload: &[u8]| with_flags(version, flags, payload));
            assert!(from_client(&bytes(&fields), version).is_ok(), "{last}");
            // One byte less, and the flagged field is not there.
            assert!(matches!(
                error(&bytes(&fields[..fields.len() - 1])).fault,
                Fault::Malformed(MalformedPacket::Truncated(_))
            ));
            // The same fields unflagged are bytes too many.
            let fault = error(&with_flags(version, 0x02, &fields)).fault;
            assert_eq!(fault, malformed(MalformedPacket::TrailingBytes(PacketType::Connect)));
        }
    }
    // Without a Client Identifier the packet ends too early.
    let fault = error(b"\x10\x0A\x00\x04MQTT\x04\x02\x00\x3C").fault;
    assert_eq!(fault, malformed(MalformedPacket::Truncated(Field::ClientId)));
}

/// MQTT3-3.1.2-22
#[test]
fn a_password_without_a_user_name_is_for_mqtt_5_only() {
    for version in [V31, V311] {
        let fault = error(&with_flags(version, 0x42, b"\x00\x01p")).fault;
        assert_eq!(fault, malformed(MalformedPacket::PasswordWithoutUserName));
    }
    let bytes = with_flags(V5, 0x42, b"\x00\x01p");
    let connect = connect(&bytes);
    assert_eq!((connect.username, connect.password), (None, Some(&b"p"[..])));
}

/// MQTT 3.1 §3.1: the Remaining Length takes precedence over the credentials' flags.
#[test]
fn mqtt_31_may_flag_credentials_that_are_missing() {
    for (flags, payload) in [(0x82, &b""[..]), (0xC2, b""), (0xC2, b"\x00\x01u")] {
        let bytes = with_flags(V31, flags, payload);
        let connect = connect(&bytes);
        assert_eq!(connect.username.is_some(), !payload.is_empty());
        assert_eq!(connect.password, None, "missing, not empty");
    }
}

/// MQTT5-4.7.0-1 MQTT5-4.7.3-1 MQTT3-4.7.1-1 MQTT3-4.7.3-1
#[test]
fn a_will_topic_is_a_topic_name() {
    for version in [V311, V5] {
        let properties: &[u8] = if version == V5 { b"\x00" } else { b"" };
        for (topic, expected) in [
            (&b"\x00\x01+"[..], ProtocolError::WildcardInTopicName(Field::WillTopic)),
            (b"\x00\x03a/#", ProtocolError::WildcardInTopicName(Field::WillTopic)),
            (b"\x00\x00", ProtocolError::EmptyTopicName(Field::WillTopic)),
        ] {
            let error = error(&with_flags(version, 0x06, &[properties, topic, b"\x00\x00"].concat()));
            assert_eq!(error.fault, protocol(expected), "{topic:02x?}");
            assert_eq!(error.reason(), ReasonCode::TOPIC_NAME_INVALID);
        }
    }
}

#[test]
fn will_properties_stay_in_order() {
    let section = b"\x26\x00\x01a\x00\x011\x18\x00\x00\x00\x05\x26\x00\x01a\x00\x010";
    let will = [&[section.len() as u8][..], section, b"\x00\x01w\x00\x00"].concat();
    let bytes = with_flags(V5, 0x06, &will);
    let connect = connect(&bytes);
    let properties = connect.will.expect("a will").properties;
    assert_eq!(properties.will_delay_interval(), Some(5));
    assert_eq!(properties.user_properties().collect::<Vec<_>>(), [("a", "1"), ("a", "0")]);
}

#[test]
fn authentication_data_needs_a_method() {
    let bytes = packet(0x10, &[b"\x00\x04MQTT\x05\x02\x00\x00", b"\x04\x16\x00\x01x", b"\x00\x00"]);
    let expected = ProtocolError::AuthenticationDataWithoutMethod(PacketType::Connect);
    assert_eq!(error(&bytes).fault, protocol(expected));
    let bytes =
        packet(0x10, &[b"\x00\x04MQTT\x05\x02\x00\x00", b"\x08\x16\x00\x01x\x15\x00\x01m", b"\x00\x00"]);
    assert!(connect(&bytes).properties.find(PropertyId::AuthenticationData).is_some());
}

#[test]
fn no_secret_is_printed() {
    let bytes = packet(
        0x10,
        &[
            b"\x00\x04MQTT\x05\xC2\x00\x00",
            b"\x0E\x15\x00\x01m\x16\x00\x07hunter2",
            b"\x00\x00\x00\x01u\x00\x07hunter3",
        ],
    );
    let printed = format!("{:?}", connect(&bytes));
    assert!(printed.contains("AuthenticationMethod(\"m\")"), "{printed}");
    assert!(!printed.contains("hunter") && !printed.contains("104, 117, 110"), "{printed}");
}
