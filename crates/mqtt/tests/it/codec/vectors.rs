//! Packets byte by byte, as the standard lays them out; decoded and encoded again.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::packet::{Ack, ConnAck, Connect, Publish, WillMessage};
use vouchmq_mqtt::{Packet, PacketId, Properties, PropertiesBuf, Property, QoS, ReasonCode};

use super::{encoded, from_client, from_server};

fn id(value: u16) -> PacketId {
    PacketId::new(value).expect("not zero")
}

fn client_says(bytes: &[u8], version: ProtocolVersion, packet: &Packet<'_>) {
    assert_eq!(from_client(bytes, version).as_ref(), Ok(packet), "decoded from {bytes:02x?}");
    assert_eq!(encoded(packet, version), bytes, "encoded from {packet:?}");
}

fn server_says(bytes: &[u8], version: ProtocolVersion, packet: &Packet<'_>) {
    assert_eq!(from_server(bytes, version).as_ref(), Ok(packet), "decoded from {bytes:02x?}");
    assert_eq!(encoded(packet, version), bytes, "encoded from {packet:?}");
}

/// MQTT3-3.1.3-1 MQTT3-3.1.2-9 MQTT3-3.1.2-19 MQTT3-3.1.2-21
#[test]
fn connect_311_holds_its_fields_in_order() {
    let bytes =
        b"\x10\x24\x00\x04MQTT\x04\xEE\x00\x0A\x00\x03cid\x00\x04will\x00\x03bye\x00\x04user\x00\x02pw";
    let connect = Connect {
        version: V311,
        clean_start: true,
        keep_alive_secs: 10,
        client_id: "cid",
        properties: Properties::EMPTY,
        will: Some(WillMessage {
            qos: QoS::AtLeastOnce,
            retain: true,
            properties: Properties::EMPTY,
            topic: "will",
            payload: b"bye",
        }),
        username: Some("user"),
        password: Some(b"pw"),
    };
    client_says(bytes, V311, &Packet::Connect(connect));
}

#[test]
fn publish_qos1_in_every_version() {
    let publish = |properties| {
        Packet::Publish(Publish {
            dup: false,
            retain: true,
            qos: QoS::AtLeastOnce,
            topic: "a/b",
            packet_id: Some(id(10)),
            properties,
            payload: b"hi",
        })
    };
    client_says(b"\x33\x09\x00\x03a/b\x00\x0Ahi", V311, &publish(Properties::EMPTY));
    server_says(b"\x33\x09\x00\x03a/b\x00\x0Ahi", V31, &publish(Properties::EMPTY));
    let mut properties = PropertiesBuf::new();
    assert!(properties.push(Property::TopicAlias(7)));
    client_says(b"\x33\x0D\x00\x03a/b\x00\x0A\x03\x23\x00\x07hi", V5, &publish(properties.as_properties()));
}

#[test]
fn acknowledgements_take_their_shortest_form() {
    client_says(b"\x40\x02\x00\x05", V5, &Packet::PubAck(Ack::new(id(5), ReasonCode::SUCCESS)));
    client_says(b"\x50\x03\x00\x05\x87", V5, &Packet::PubRec(Ack::new(id(5), ReasonCode::NOT_AUTHORIZED)));
}

#[test]
fn connack_refusal_is_projected() {
    let connack =
        |reason| Packet::ConnAck(ConnAck { session_present: false, reason, properties: Properties::EMPTY });
    server_says(b"\x20\x02\x00\x05", V311, &connack(ReasonCode::NOT_AUTHORIZED));
    server_says(b"\x20\x03\x00\x87\x00", V5, &connack(ReasonCode::NOT_AUTHORIZED));
}
