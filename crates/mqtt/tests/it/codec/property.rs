//! Properties (MQTT 5.0 §2.2.2): the table, against a second copy of it taken from the standard.

use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::codec::{Fault, Field, MalformedPacket, PacketType, ProtocolError};
use vouchmq_mqtt::{Packet, Properties, PropertiesBuf, Property, PropertyId, QoS, ReasonCode};

use super::{malformed, packet, protocol};
use crate::arbitrary_packet::Sender;
use crate::codec::{decoded, from_client};

/// Where a property may stand: packet types, and `W` for the will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    In(PacketType),
    Will,
}

/// Number, a valid value, and the packets of table 2-4 (by first letters: see [`places`]).
const TABLE: [(u8, &[u8], &str); 27] = [
    (0x01, b"\x01", "publish will"),
    (0x02, b"\x00\x00\x00\x3C", "publish will"),
    (0x03, b"\x00\x01t", "publish will"),
    (0x08, b"\x00\x01t", "publish will"),
    (0x09, b"\x00\x01\x00", "publish will"),
    (0x0B, b"\x01", "publish subscribe"),
    (0x11, b"\x00\x00\x00\x3C", "connect connack disconnect"),
    (0x12, b"\x00\x01c", "connack"),
    (0x13, b"\x00\x3C", "connack"),
    (0x15, b"\x00\x01m", "connect connack auth"),
    (0x16, b"\x00\x01d", "connect connack auth"),
    (0x17, b"\x01", "connect"),
    (0x18, b"\x00\x00\x00\x3C", "will"),
    (0x19, b"\x01", "connect"),
    (0x1A, b"\x00\x01i", "connack"),
    (0x1C, b"\x00\x01s", "connack disconnect"),
    (0x1F, b"\x00\x01r", "connack puback pubrec pubrel pubcomp suback unsuback disconnect auth"),
    (0x21, b"\x00\x01", "connect connack"),
    (0x22, b"\x00\x00", "connect connack"),
    (0x23, b"\x00\x01", "publish"),
    (0x24, b"\x01", "connack"),
    (0x25, b"\x01", "connack"),
    (
        0x26,
        b"\x00\x01n\x00\x01v",
        "connect connack publish will puback pubrec pubrel pubcomp subscribe suback unsubscribe unsuback \
         disconnect auth",
    ),
    (0x27, b"\x00\x00\x00\x01", "connect connack"),
    (0x28, b"\x01", "connack"),
    (0x29, b"\x01", "connack"),
    (0x2A, b"\x01", "connack"),
];

fn places() -> impl Iterator<Item = Place> {
    let with_properties = |packet| ![PacketType::PingReq, PacketType::PingResp].contains(&packet);
    PacketType::ALL
        .into_iter()
        .filter(move |packet| with_properties(*packet))
        .map(Place::In)
        .chain([Place::Will])
}

fn is_listed(place: Place, list: &str) -> bool {
    let name = match place {
        Place::In(packet_type) => packet_type.name().to_lowercase(),
        Place::Will => "will".to_owned(),
    };
    list.split_whitespace().any(|word| word == name)
}

/// A packet that is valid but for its properties, and who sends it.
fn with_section(place: Place, section: &[u8]) -> (Sender, Vec<u8>) {
    let section = [&[section.len() as u8], section].concat();
    let (first, before, after): (u8, &[u8], &[u8]) = match place {
        Place::Will => (0x10, b"\x00\x04MQTT\x05\x06\x00\x00\x00\x00\x00", b"\x00\x01w\x00\x00"),
        Place::In(PacketType::Connect) => (0x10, b"\x00\x04MQTT\x05\x02\x00\x00", b"\x00\x00"),
        Place::In(PacketType::ConnAck) => (0x20, b"\x00\x00", b""),
        Place::In(PacketType::Publish) => (0x30, b"\x00\x01t", b""),
        Place::In(PacketType::PubAck) => (0x40, b"\x00\x01\x00", b""),
        Place::In(PacketType::PubRec) => (0x50, b"\x00\x01\x00", b""),
        Place::In(PacketType::PubRel) => (0x62, b"\x00\x01\x00", b""),
        Place::In(PacketType::PubComp) => (0x70, b"\x00\x01\x00", b""),
        Place::In(PacketType::Subscribe) => (0x82, b"\x00\x01", b"\x00\x01f\x00"),
        Place::In(PacketType::SubAck) => (0x90, b"\x00\x01", b"\x00"),
        Place::In(PacketType::Unsubscribe) => (0xA2, b"\x00\x01", b"\x00\x01f"),
        Place::In(PacketType::UnsubAck) => (0xB0, b"\x00\x01", b"\x00"),
        Place::In(PacketType::Disconnect) => (0xE0, b"\x00", b""),
        Place::In(PacketType::Auth) => (0xF0, b"\x18", b""),
        Place::In(PacketType::PingReq | PacketType::PingResp) => unreachable!("they have no properties"),
    };
    let is_servers = [0x20, 0x30, 0x90, 0xB0].contains(&first);
    (if is_servers { Sender::Server } else { Sender::Client }, packet(first, &[before, &section, after]))
}

fn fault(place: Place, section: &[u8]) -> Option<Fault> {
    let (sender, bytes) = with_section(place, section);
    decoded(&bytes, V5, sender).err().map(|error| error.fault)
}

/// The property, and the one it cannot stand without.
fn with_companion(place: Place, number: u8, value: &[u8]) -> Vec<u8> {
    let has_data = number == 0x16 && is_listed(place, "connect connack");
    let needs_method = has_data || place == Place::In(PacketType::Auth);
    let method: &[u8] = if needs_method && number != 0x15 { b"\x15\x00\x01m" } else { b"" };
    [method, &[number], value].concat()
}

#[test]
fn each_property_stands_exactly_where_the_table_says() {
    assert_eq!(PropertyId::ALL.len(), TABLE.len());
    for (number, value, list) in TABLE {
        let id = PropertyId::from_number(number).expect("in the standard");
        assert_eq!(id.number(), number);
        for place in places() {
            let fault = fault(place, &with_companion(place, number, value));
            if is_listed(place, list) {
                assert_eq!(fault, None, "{id} in {place:?}");
            } else {
                let expected = malformed(MalformedPacket::PropertyNotAllowed(id));
                assert_eq!(fault, Some(expected), "{id} in {place:?}");
                assert_eq!(expected.reason(), ReasonCode::MALFORMED_PACKET);
            }
        }
    }
}

#[test]
fn each_property_stands_once_where_it_does_not_repeat() {
    for (number, value, list) in TABLE {
        let id = PropertyId::from_number(number).expect("in the standard");
        for place in places().filter(|place| is_listed(*place, list)) {
            let twice = [&with_companion(place, number, value)[..], &[number], value].concat();
            let may_repeat = number == 0x26 || (number == 0x0B && place == Place::In(PacketType::Publish));
            let expected = (!may_repeat).then_some(protocol(ProtocolError::DuplicateProperty(id)));
            assert_eq!(fault(place, &twice), expected, "{id} in {place:?}");
        }
    }
}

#[test]
fn a_property_that_is_cut_is_malformed() {
    for (number, value, list) in TABLE {
        let id = PropertyId::from_number(number).expect("in the standard");
        for place in places().filter(|place| is_listed(*place, list)) {
            for cut in 0..value.len() {
                let fault = fault(place, &with_companion(place, number, &value[..cut]));
                assert_eq!(
                    fault,
                    Some(malformed(MalformedPacket::Truncated(Field::Property(id)))),
                    "{id} {cut}"
                );
            }
        }
    }
}

#[test]
fn an_unknown_identifier_is_malformed() {
    for number in 0..=u8::MAX {
        if TABLE.iter().all(|(known, ..)| *known != number) {
            let expected = Some(malformed(MalformedPacket::UnknownProperty(number)));
            assert_eq!(PropertyId::from_number(number), None);
            assert_eq!(fault(Place::In(PacketType::Publish), &[number, 0]), expected);
        }
    }
    // An identifier is a variable byte integer, of which only minimal ones count.
    let wasteful = Some(malformed(MalformedPacket::UnknownProperty(0x81)));
    assert_eq!(fault(Place::In(PacketType::Publish), &[0x81, 0x00, 0x01]), wasteful);
}

#[test]
fn forbidden_values_are_protocol_errors() {
    let flags = [0x01, 0x17, 0x19, 0x24, 0x25, 0x28, 0x29, 0x2A].map(|number| (number, &b"\x02"[..]));
    let zeros = [(0x0B, &b"\x00"[..]), (0x21, b"\x00\x00"), (0x27, b"\x00\x00\x00\x00")];
    for (number, value) in flags.into_iter().chain(zeros) {
        let id = PropertyId::from_number(number).expect("in the standard");
        let list = TABLE.iter().find(|(known, ..)| *known == number).expect("in the table").2;
        for place in places().filter(|place| is_listed(*place, list)) {
            let expected = protocol(ProtocolError::ForbiddenPropertyValue(id));
            assert_eq!(fault(place, &[&[number], value].concat()), Some(expected), "{id}");
            assert_eq!(expected.reason(), ReasonCode::PROTOCOL_ERROR);
        }
    }
}

/// CVE-2026-21888. MQTT5-1.5.5-1
#[test]
fn variable_byte_integers_inside_properties_take_four_bytes_at_most_and_none_too_many() {
    let place = Place::In(PacketType::Subscribe);
    let field = Field::Property(PropertyId::SubscriptionIdentifier);
    assert_eq!(fault(place, b"\x0B\xFF\xFF\xFF\x7F"), None);
    let too_long = malformed(MalformedPacket::VariableByteIntegerTooLong(field));
    assert_eq!(fault(place, b"\x0B\x80\x80\x80\x80\x01"), Some(too_long));
    let wasteful = malformed(MalformedPacket::VariableByteIntegerNotMinimal(field));
    assert_eq!(fault(place, b"\x0B\x81\x00"), Some(wasteful));
    let length = |bytes: &[u8]| {
        let error = from_client(&packet(0x30, &[b"\x00\x01t", bytes]), V5).expect_err("refused");
        error.fault
    };
    let field = Field::PropertyLength;
    assert_eq!(
        length(b"\x80\x80\x80\x80\x01"),
        malformed(MalformedPacket::VariableByteIntegerTooLong(field))
    );
    assert_eq!(length(b"\x80\x00"), malformed(MalformedPacket::VariableByteIntegerNotMinimal(field)));
    assert_eq!(length(b"\x05\x01\x01"), malformed(MalformedPacket::Truncated(Field::Properties)));
}

#[test]
fn what_is_built_is_read_back_in_order() {
    let all = [
        Property::PayloadFormatIndicator(true),
        Property::MessageExpiryInterval(1),
        Property::ContentType("type"),
        Property::ResponseTopic("topic"),
        Property::CorrelationData(b"\x00\xFF"),
        Property::SubscriptionIdentifier(268_435_455),
        Property::SessionExpiryInterval(u32::MAX),
        Property::AssignedClientIdentifier("id"),
        Property::ServerKeepAlive(0),
        Property::AuthenticationMethod("method"),
        Property::AuthenticationData(b"secret"),
        Property::RequestProblemInformation(false),
        Property::WillDelayInterval(2),
        Property::RequestResponseInformation(true),
        Property::ResponseInformation("info"),
        Property::ServerReference("elsewhere"),
        Property::ReasonString("reason"),
        Property::ReceiveMaximum(65_535),
        Property::TopicAliasMaximum(0),
        Property::TopicAlias(1),
        Property::MaximumQoS(QoS::AtLeastOnce),
        Property::RetainAvailable(false),
        Property::UserProperty("name", "value"),
        Property::MaximumPacketSize(1),
        Property::WildcardSubscriptionAvailable(true),
        Property::SubscriptionIdentifierAvailable(false),
        Property::SharedSubscriptionAvailable(true),
    ];
    let mut buffer = PropertiesBuf::new();
    assert!(all.iter().all(|property| buffer.push(*property)));
    let properties = buffer.as_properties();
    assert_eq!(properties.iter().collect::<Vec<_>>(), all);
    assert!(properties.ids().eq(all.iter().map(Property::id)));
    for property in all {
        assert_eq!(properties.find(property.id()), Some(property), "behind all the others");
    }
    assert_eq!(properties.payload_format_indicator(), Some(true));
    assert_eq!(properties.session_expiry_interval(), Some(u32::MAX));
    assert_eq!(properties.receive_maximum(), Some(65_535));
    assert_eq!(properties.maximum_qos(), Some(QoS::AtLeastOnce));
    assert_eq!(properties.shared_subscription_available(), Some(true));
    assert_eq!(Properties::EMPTY.receive_maximum(), None);
    assert!(!properties.is_empty() && Properties::EMPTY.is_empty());
    assert!(!format!("{properties:?}").contains("secret\")"), "{properties:?}");
    buffer.clear();
    assert!(buffer.is_empty());
}

#[test]
fn what_the_standard_forbids_cannot_be_built() {
    let long = "x".repeat(65_536);
    let forbidden = [
        Property::ReceiveMaximum(0),
        Property::MaximumPacketSize(0),
        Property::TopicAlias(0),
        Property::SubscriptionIdentifier(0),
        Property::SubscriptionIdentifier(268_435_456),
        Property::MaximumQoS(QoS::ExactlyOnce),
        Property::ReasonString(&long),
        Property::CorrelationData(long.as_bytes()),
        Property::UserProperty(&long, "value"),
        Property::UserProperty("name", &long),
    ];
    let mut buffer = PropertiesBuf::new();
    for property in forbidden {
        assert!(!buffer.push(property), "{:?}", property.id());
        assert!(buffer.is_empty(), "{:?}: nothing half written", property.id());
    }
}

#[test]
fn properties_of_the_will_are_its_own() {
    let section = b"\x18\x00\x00\x00\x05\x01\x01";
    let (_, bytes) = with_section(Place::Will, section);
    let Ok(Packet::Connect(connect)) = from_client(&bytes, V5) else { panic!("a CONNECT") };
    assert!(connect.properties.is_empty());
    let will = connect.will.expect("a will");
    assert_eq!(will.properties.as_bytes(), section);
    assert_eq!(will.properties.will_delay_interval(), Some(5));
}
