//! Reason codes (MQTT 5.0 §2.4): the table, against a second copy of it taken from the standard.

use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::codec::PacketType;

const ERRORS_IN_ACKS: &str = "connack puback pubrec suback unsuback disconnect";

/// Table 2-6: number and packets.
const TABLE: [(u8, &str); 43] = [
    (0x00, "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth"),
    (0x01, "suback"),
    (0x02, "suback"),
    (0x04, "disconnect"),
    (0x10, "puback pubrec"),
    (0x11, "unsuback"),
    (0x18, "auth"),
    (0x19, "auth"),
    (0x80, ERRORS_IN_ACKS),
    (0x81, "connack disconnect"),
    (0x82, "connack disconnect"),
    (0x83, ERRORS_IN_ACKS),
    (0x84, "connack"),
    (0x85, "connack"),
    (0x86, "connack"),
    (0x87, ERRORS_IN_ACKS),
    (0x88, "connack"),
    (0x89, "connack disconnect"),
    (0x8A, "connack"),
    (0x8B, "disconnect"),
    (0x8C, "connack disconnect"),
    (0x8D, "disconnect"),
    (0x8E, "disconnect"),
    (0x8F, "suback unsuback disconnect"),
    (0x90, "connack puback pubrec disconnect"),
    (0x91, "puback pubrec suback unsuback"),
    (0x92, "pubrel pubcomp"),
    (0x93, "disconnect"),
    (0x94, "disconnect"),
    (0x95, "connack disconnect"),
    (0x96, "disconnect"),
    (0x97, "connack puback pubrec suback disconnect"),
    (0x98, "disconnect"),
    (0x99, "connack puback pubrec disconnect"),
    (0x9A, "connack disconnect"),
    (0x9B, "connack disconnect"),
    (0x9C, "connack disconnect"),
    (0x9D, "connack disconnect"),
    (0x9E, "suback disconnect"),
    (0x9F, "connack disconnect"),
    (0xA0, "disconnect"),
    (0xA1, "suback disconnect"),
    (0xA2, "suback disconnect"),
];

/// MQTT5-3.2.2-8 MQTT5-3.4.2-1 MQTT5-3.5.2-1 MQTT5-3.6.2-1 MQTT5-3.7.2-1 MQTT5-3.9.3-2 MQTT5-3.11.3-2
/// MQTT5-3.14.2-1 MQTT5-3.15.2-1
#[test]
fn each_code_stands_exactly_where_the_table_says() {
    assert_eq!(ReasonCode::ALL.iter().map(|code| code.0).collect::<Vec<_>>(), TABLE.map(|(code, _)| code));
    for code in 0..=u8::MAX {
        let list = TABLE.iter().find(|(known, _)| *known == code).map_or("", |(_, list)| list);
        for packet_type in PacketType::ALL {
            let name = packet_type.name().to_lowercase();
            let is_listed = list.split_whitespace().any(|word| word == name);
            assert_eq!(ReasonCode(code).is_allowed_in(packet_type), is_listed, "{code:02x} in {packet_type}");
        }
    }
}

#[test]
fn an_unknown_code_survives_and_is_named_so() {
    let unknown = ReasonCode(0xFE);
    assert_eq!((unknown.0, unknown.name()), (0xFE, "UNKNOWN"));
    assert_eq!(unknown.to_string(), "unknown reason code (0xFE)");
}

#[test]
fn codes_are_printed_with_text_and_number() {
    assert_eq!(ReasonCode::NOT_AUTHORIZED.to_string(), "not authorized (0x87)");
    assert_eq!(format!("{:?}", ReasonCode::NOT_AUTHORIZED), "NOT_AUTHORIZED (0x87)");
    assert_eq!(ReasonCode::SUCCESS.to_string(), "success (0x00)");
}

#[test]
fn errors_begin_at_0x80() {
    for code in 0..=u8::MAX {
        assert_eq!(ReasonCode(code).is_error(), code >= 0x80);
    }
}
