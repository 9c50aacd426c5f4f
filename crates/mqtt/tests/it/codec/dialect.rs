//! What the versions cannot all say: one table.

use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::codec;
use vouchmq_mqtt::packet::{ConnAck, Connect};
use vouchmq_mqtt::{Dialect, Expression, Packet, Properties, PropertiesBuf, Property, ReasonCode};

/// MQTT3-3.2.2-6 MQTT3-3.1.2-2
#[test]
fn a_refusal_is_a_return_code_or_no_connack_at_all() {
    for reason in ReasonCode::ALL {
        let return_code = match reason.0 {
            0x00 => Some(0),
            0x84 => Some(1),
            0x85 => Some(2),
            0x88 | 0x89 | 0x97 | 0x9C | 0x9D | 0x9F => Some(3),
            0x86 => Some(4),
            0x87 | 0x8A => Some(5),
            _ => None,
        };
        assert_eq!(Dialect::new(V31).connack_code(*reason), return_code, "{reason}");
        assert_eq!(Dialect::new(V311).connack_code(*reason), return_code, "{reason}");
        assert_eq!(Dialect::new(V5).connack_code(*reason), Some(reason.0), "{reason}");
    }
    let refusal = Packet::ConnAck(ConnAck {
        session_present: false,
        reason: ReasonCode::MALFORMED_PACKET,
        properties: Properties::EMPTY,
    });
    let mut out = Vec::new();
    assert_eq!(codec::encode(&refusal, Dialect::new(V311), &mut out), Expression::Close);
    assert_eq!(out, b"", "closed without a CONNACK");
}

#[test]
fn a_session_lives_as_long_as_its_dialect_says() {
    let mut properties = PropertiesBuf::new();
    assert!(properties.push(Property::SessionExpiryInterval(60)));
    for (version, clean_start, properties, expected) in [
        (V31, true, Properties::EMPTY, 0),
        (V31, false, Properties::EMPTY, u32::MAX),
        (V311, true, Properties::EMPTY, 0),
        (V311, false, Properties::EMPTY, u32::MAX),
        (V5, true, Properties::EMPTY, 0),
        (V5, false, Properties::EMPTY, 0),
        (V5, true, properties.as_properties(), 60),
        (V5, false, properties.as_properties(), 60),
    ] {
        let secs = Dialect::new(version).session_expiry_secs(clean_start, &properties);
        assert_eq!(secs, expected, "{version:?} clean start {clean_start}");
    }
}

/// MQTT3-3.1.3-7
#[test]
fn an_empty_client_identifier_is_assigned_where_the_dialect_allows_it() {
    for (version, with_clean_start, without) in [(V31, false, false), (V311, true, false), (V5, true, true)] {
        let dialect = Dialect::new(version);
        assert_eq!(dialect.may_assign_client_id(true), with_clean_start);
        assert_eq!(dialect.may_assign_client_id(false), without);
    }
}

#[test]
fn client_identifiers_of_23_bytes_fit_every_dialect() {
    assert_eq!(Dialect::new(V31).client_id_len_max(), 23);
    assert_eq!(Dialect::new(V311).client_id_len_max(), 65_535);
    assert_eq!(Dialect::new(V5).client_id_len_max(), 65_535);
}

#[test]
fn only_mqtt_5_has_properties_and_a_disconnect_from_the_server() {
    for (version, has) in [(V31, false), (V311, false), (V5, true)] {
        let dialect = Dialect::from(version);
        assert_eq!(dialect.has_properties(), has);
        assert_eq!(dialect.has_server_disconnect(), has);
        assert_eq!(dialect.version(), version);
        assert_eq!(dialect.receive_maximum_default(), 65_535);
    }
}

#[test]
fn a_denied_subscription_is_said_in_the_dialects_words() {
    for (version, denied) in [(V31, None), (V311, Some(0x80)), (V5, Some(0x87))] {
        let dialect = Dialect::new(version);
        assert_eq!(dialect.suback_code(ReasonCode::NOT_AUTHORIZED), denied);
        for granted in [ReasonCode::SUCCESS, ReasonCode::GRANTED_QOS_1, ReasonCode::GRANTED_QOS_2] {
            assert_eq!(dialect.suback_code(granted), Some(granted.0));
        }
    }
}

/// MQTT3-3.1.2-22
#[test]
fn a_password_without_a_user_name_cannot_be_said_in_mqtt_3() {
    for (version, expected) in
        [(V31, Expression::Close), (V311, Expression::Close), (V5, Expression::Written)]
    {
        let connect = Packet::Connect(Connect {
            version,
            clean_start: true,
            keep_alive_secs: 0,
            client_id: "c",
            properties: Properties::EMPTY,
            will: None,
            username: None,
            password: Some(b"p"),
        });
        assert_eq!(Dialect::new(version).express(&connect), expected);
        assert_eq!(codec::encode(&connect, Dialect::new(version), &mut Vec::new()), expected);
    }
}
