//! Packets byte by byte, as the standard lays them out: decoded, and encoded again.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::packet::{
    Ack, Auth, ConnAck, Connect, Disconnect, Publish, Reasons, RetainHandling, SubAck, Subscribe,
    SubscriptionFiltersBuf, SubscriptionOptions, TopicFiltersBuf, UnsubAck, Unsubscribe, WillMessage,
};
use vouchmq_mqtt::{Packet, Properties, PropertiesBuf, Property, QoS, ReasonCode};

use super::{encoded, from_client, from_server, id};

fn client_says(bytes: &[u8], version: ProtocolVersion, packet: &Packet<'_>) {
    assert_eq!(from_client(bytes, version).as_ref(), Ok(packet), "decoded from {bytes:02x?}");
    assert_eq!(encoded(packet, version), bytes, "encoded from {packet:?}");
}

fn server_says(bytes: &[u8], version: ProtocolVersion, packet: &Packet<'_>) {
    assert_eq!(from_server(bytes, version).as_ref(), Ok(packet), "decoded from {bytes:02x?}");
    assert_eq!(encoded(packet, version), bytes, "encoded from {packet:?}");
}

fn properties<'a>(list: &[Property<'a>]) -> PropertiesBuf {
    let mut properties = PropertiesBuf::new();
    properties.extend(list.iter().copied());
    properties
}

fn connect(version: ProtocolVersion) -> Connect<'static> {
    Connect {
        version,
        clean_start: true,
        keep_alive_secs: 10,
        client_id: "cid",
        properties: Properties::EMPTY,
        will: None,
        username: None,
        password: None,
    }
}

/// MQTT5-2.2.2-1
#[test]
fn the_smallest_connect_of_each_version() {
    let table: [(ProtocolVersion, &[u8]); 3] = [
        (V31, b"\x10\x11\x00\x06MQIsdp\x03\x02\x00\x0A\x00\x03cid"),
        (V311, b"\x10\x0F\x00\x04MQTT\x04\x02\x00\x0A\x00\x03cid"),
        (V5, b"\x10\x10\x00\x04MQTT\x05\x02\x00\x0A\x00\x00\x03cid"),
    ];
    for (version, bytes) in table {
        client_says(bytes, version, &Packet::Connect(connect(version)));
    }
    let zero_length_id = b"\x10\x0C\x00\x04MQTT\x04\x00\x00\x00\x00\x00";
    let packet = Connect { clean_start: false, keep_alive_secs: 0, client_id: "", ..connect(V311) };
    client_says(zero_length_id, V311, &Packet::Connect(packet));
}

/// MQTT3-3.1.3-1 MQTT3-3.1.2-9 MQTT3-3.1.2-19 MQTT3-3.1.2-21
#[test]
fn a_full_connect_of_mqtt_3_has_its_fields_in_order() {
    let fields = b"\x00\x03cid\x00\x04will\x00\x03bye\x00\x04user\x00\x02pw";
    let packet = |version| {
        Packet::Connect(Connect {
            will: Some(WillMessage {
                qos: QoS::AtLeastOnce,
                retain: true,
                properties: Properties::EMPTY,
                topic: "will",
                payload: b"bye",
            }),
            username: Some("user"),
            password: Some(b"pw"),
            ..connect(version)
        })
    };
    client_says(&[&b"\x10\x24\x00\x04MQTT\x04\xEE\x00\x0A"[..], fields].concat(), V311, &packet(V311));
    client_says(&[&b"\x10\x26\x00\x06MQIsdp\x03\xEE\x00\x0A"[..], fields].concat(), V31, &packet(V31));
}

/// MQTT5-3.1.3-1
#[test]
fn a_full_connect_of_mqtt_5_has_its_fields_in_order() {
    let own = properties(&[Property::SessionExpiryInterval(10), Property::ReceiveMaximum(20)]);
    let wills = properties(&[Property::WillDelayInterval(5), Property::UserProperty("k", "v")]);
    let packet = Packet::Connect(Connect {
        clean_start: false,
        properties: own.as_properties(),
        will: Some(WillMessage {
            qos: QoS::ExactlyOnce,
            retain: false,
            properties: wills.as_properties(),
            topic: "w",
            payload: b"",
        }),
        username: Some("u"),
        password: Some(b"\x00\xFF"),
        ..connect(V5)
    });
    let bytes = [
        &b"\x10\x31\x00\x04MQTT\x05\xD4\x00\x0A"[..],
        b"\x08\x11\x00\x00\x00\x0A\x21\x00\x14", // properties
        b"\x00\x03cid",
        b"\x0C\x18\x00\x00\x00\x05\x26\x00\x01k\x00\x01v", // will properties
        b"\x00\x01w\x00\x00",
        b"\x00\x01u\x00\x02\x00\xFF",
    ];
    client_says(&bytes.concat(), V5, &packet);
}

#[test]
fn connack() {
    let packet = |session_present, reason, properties| {
        Packet::ConnAck(ConnAck { session_present, reason, properties })
    };
    let none = Properties::EMPTY;
    server_says(b"\x20\x02\x01\x00", V311, &packet(true, ReasonCode::SUCCESS, none));
    server_says(b"\x20\x02\x00\x05", V31, &packet(false, ReasonCode::NOT_AUTHORIZED, none));
    server_says(b"\x20\x03\x00\x87\x00", V5, &packet(false, ReasonCode::NOT_AUTHORIZED, none));
    let said = properties(&[
        Property::AssignedClientIdentifier("x"),
        Property::MaximumQoS(QoS::AtLeastOnce),
        Property::ServerKeepAlive(60),
    ]);
    let bytes = b"\x20\x0C\x01\x00\x09\x12\x00\x01x\x24\x01\x13\x00\x3C";
    server_says(bytes, V5, &packet(true, ReasonCode::SUCCESS, said.as_properties()));
}

#[test]
fn publish() {
    let packet = |qos, packet_id, properties| {
        Packet::Publish(Publish {
            dup: packet_id == Some(id(11)),
            retain: true,
            qos,
            topic: "a/b",
            packet_id,
            properties,
            payload: b"hi",
        })
    };
    let none = Properties::EMPTY;
    for version in [V31, V311] {
        client_says(b"\x31\x07\x00\x03a/bhi", version, &packet(QoS::AtMostOnce, None, none));
        server_says(b"\x33\x09\x00\x03a/b\x00\x0Ahi", version, &packet(QoS::AtLeastOnce, Some(id(10)), none));
        client_says(b"\x3D\x09\x00\x03a/b\x00\x0Bhi", version, &packet(QoS::ExactlyOnce, Some(id(11)), none));
    }
    client_says(b"\x31\x08\x00\x03a/b\x00hi", V5, &packet(QoS::AtMostOnce, None, none));
    let said = properties(&[Property::PayloadFormatIndicator(true), Property::TopicAlias(7)]);
    let bytes = b"\x33\x0F\x00\x03a/b\x00\x0A\x05\x01\x01\x23\x00\x07hi";
    client_says(bytes, V5, &packet(QoS::AtLeastOnce, Some(id(10)), said.as_properties()));
}

#[test]
fn acknowledgements() {
    let said = properties(&[Property::ReasonString("no"), Property::UserProperty("k", "v")]);
    let full = || Ack {
        packet_id: id(0x0102),
        reason: ReasonCode::NOT_AUTHORIZED,
        properties: said.as_properties(),
    };
    let section = b"\x0C\x1F\x00\x02no\x26\x00\x01k\x00\x01v";
    client_says(&[&b"\x40\x10\x01\x02\x87"[..], section].concat(), V5, &Packet::PubAck(full()));
    client_says(&[&b"\x50\x10\x01\x02\x87"[..], section].concat(), V5, &Packet::PubRec(full()));
    let lost = Ack::new(id(3), ReasonCode::PACKET_IDENTIFIER_NOT_FOUND);
    client_says(b"\x62\x03\x00\x03\x92", V5, &Packet::PubRel(lost.clone()));
    client_says(b"\x70\x03\x00\x03\x92", V5, &Packet::PubComp(lost));
}

/// The example of MQTT 5.0 §3.8.3 and MQTT 3.1.1 §3.8.3.
#[test]
fn subscribe() {
    let mut filters = SubscriptionFiltersBuf::default();
    filters.push("a/b", SubscriptionOptions::new(QoS::AtLeastOnce));
    filters.push("c/d", SubscriptionOptions::new(QoS::ExactlyOnce));
    let packet = |properties| {
        Packet::Subscribe(Subscribe { packet_id: id(10), properties, filters: filters.as_filters() })
    };
    for version in [V31, V311] {
        client_says(b"\x82\x0E\x00\x0A\x00\x03a/b\x01\x00\x03c/d\x02", version, &packet(Properties::EMPTY));
    }
    let said = properties(&[Property::SubscriptionIdentifier(300)]);
    let bytes = b"\x82\x12\x00\x0A\x03\x0B\xAC\x02\x00\x03a/b\x01\x00\x03c/d\x02";
    client_says(bytes, V5, &packet(said.as_properties()));
    let mut filters = SubscriptionFiltersBuf::default();
    let options = SubscriptionOptions {
        qos: QoS::AtLeastOnce,
        no_local: true,
        retain_as_published: true,
        retain_handling: RetainHandling::DoNotSend,
    };
    filters.push("#", options);
    let packet = Subscribe { packet_id: id(1), properties: Properties::EMPTY, filters: filters.as_filters() };
    client_says(b"\x82\x07\x00\x01\x00\x00\x01#\x2D", V5, &Packet::Subscribe(packet));
}

#[test]
fn suback() {
    let packet = |codes, properties| {
        Packet::SubAck(SubAck { packet_id: id(10), properties, reasons: Reasons::new(codes) })
    };
    server_says(b"\x90\x05\x00\x0A\x00\x02\x80", V311, &packet(&[0x00, 0x02, 0x80], Properties::EMPTY));
    server_says(b"\x90\x04\x00\x0A\x01\x02", V31, &packet(&[0x01, 0x02], Properties::EMPTY));
    let said = properties(&[Property::ReasonString("r")]);
    let bytes = b"\x90\x09\x00\x0A\x04\x1F\x00\x01r\x01\x97";
    server_says(bytes, V5, &packet(&[0x01, 0x97], said.as_properties()));
}

#[test]
fn unsubscribe() {
    let mut filters = TopicFiltersBuf::default();
    filters.push("a/b");
    filters.push("c/d");
    let packet = |properties| {
        Packet::Unsubscribe(Unsubscribe { packet_id: id(10), properties, filters: filters.as_filters() })
    };
    for version in [V31, V311] {
        client_says(b"\xA2\x0C\x00\x0A\x00\x03a/b\x00\x03c/d", version, &packet(Properties::EMPTY));
    }
    let said = properties(&[Property::UserProperty("", "")]);
    let bytes = b"\xA2\x12\x00\x0A\x05\x26\x00\x00\x00\x00\x00\x03a/b\x00\x03c/d";
    client_says(bytes, V5, &packet(said.as_properties()));
}

#[test]
fn unsuback() {
    let packet = |codes| {
        let reasons = Reasons::new(codes);
        Packet::UnsubAck(UnsubAck { packet_id: id(10), properties: Properties::EMPTY, reasons })
    };
    server_says(b"\xB0\x02\x00\x0A", V31, &packet(&[]));
    server_says(b"\xB0\x02\x00\x0A", V311, &packet(&[]));
    server_says(b"\xB0\x05\x00\x0A\x00\x00\x11", V5, &packet(&[0x00, 0x11]));
}

#[test]
fn ping() {
    for version in [V31, V311, V5] {
        client_says(b"\xC0\x00", version, &Packet::PingReq);
        server_says(b"\xD0\x00", version, &Packet::PingResp);
    }
}

#[test]
fn disconnect() {
    let packet = |reason, properties| Packet::Disconnect(Disconnect { reason, properties });
    for version in [V31, V311, V5] {
        client_says(b"\xE0\x00", version, &packet(ReasonCode::SUCCESS, Properties::EMPTY));
    }
    client_says(b"\xE0\x01\x04", V5, &packet(ReasonCode::DISCONNECT_WITH_WILL, Properties::EMPTY));
    let said = properties(&[Property::ServerReference("b")]);
    let bytes = b"\xE0\x06\x9C\x04\x1C\x00\x01b";
    server_says(bytes, V5, &packet(ReasonCode::USE_ANOTHER_SERVER, said.as_properties()));
}

#[test]
fn authentication() {
    let said = properties(&[Property::AuthenticationMethod("m"), Property::AuthenticationData(b"\x00")]);
    let reason = ReasonCode::REAUTHENTICATE;
    let packet = Packet::Auth(Auth { reason, properties: said.as_properties() });
    client_says(b"\xF0\x0A\x19\x08\x15\x00\x01m\x16\x00\x01\x00", V5, &packet);
}

/// A body of 128 bytes and more takes two bytes of Remaining Length.
#[test]
fn longer_bodies_get_longer_lengths() {
    for (len, length) in [(126, &[0x80, 0x01][..]), (16_381, &[0xFF, 0x7F]), (16_382, &[0x80, 0x80, 0x01])] {
        let mut filters = TopicFiltersBuf::default();
        let filter = "f".repeat(len - 2);
        filters.push(&filter);
        let unsubscribe =
            Unsubscribe { packet_id: id(1), properties: Properties::EMPTY, filters: filters.as_filters() };
        let bytes = encoded(&Packet::Unsubscribe(unsubscribe.clone()), V311);
        assert_eq!(&bytes[1..=length.len()], length);
        assert_eq!(from_client(&bytes, V311), Ok(Packet::Unsubscribe(unsubscribe)));
    }
}

#[test]
fn packets_are_appended() {
    let mut out = b"before".to_vec();
    for packet in [Packet::PingReq, Packet::PubAck(Ack::new(id(1), ReasonCode::SUCCESS))] {
        let written = vouchmq_mqtt::codec::encode(&packet, V311.into(), &mut out);
        assert_eq!(written, vouchmq_mqtt::Expression::Written);
    }
    assert_eq!(out, b"before\xC0\x00\x40\x02\x00\x01");
}
