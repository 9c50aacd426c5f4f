//! Packets, shortly said. What differs from the usual is said by struct update.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::{
    Ack, Connect, Disconnect, Publish, Subscribe, SubscriptionFiltersBuf, SubscriptionOptions,
    TopicFiltersBuf, Unsubscribe, WillMessage,
};
use vouchmq_mqtt::{
    Dialect, Expression, Packet, PacketId, Properties, PropertiesBuf, Property, QoS, ReasonCode, codec,
};

pub(crate) use vouchmq_mqtt::QoS::{AtLeastOnce, AtMostOnce, ExactlyOnce};

/// Something that can be sent.
pub(crate) trait ToPacket<'a> {
    fn to_packet(self) -> Packet<'a>;
}

macro_rules! to_packet {
    ($($kind:ident)+) => {
        $(impl<'a> ToPacket<'a> for $kind<'a> {
            fn to_packet(self) -> Packet<'a> {
                Packet::$kind(self)
            }
        })+
    };
}

to_packet! { Connect Publish Subscribe Unsubscribe Disconnect }

impl<'a> ToPacket<'a> for Packet<'a> {
    fn to_packet(self) -> Self {
        self
    }
}

/// The bytes of a packet.
pub(crate) fn encode<'a>(version: ProtocolVersion, packet: impl ToPacket<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet = packet.to_packet();
    assert_eq!(codec::encode(&packet, Dialect::new(version), &mut bytes), Expression::Written, "{packet:?}");
    bytes
}

/// Bytes that live as long as the test's process.
pub(crate) fn keep(bytes: Vec<u8>) -> &'static [u8] {
    Box::leak(bytes.into_boxed_slice())
}

pub(crate) fn id(value: u16) -> PacketId {
    PacketId::new(value).expect("not zero")
}

/// Properties, in order.
pub(crate) fn props(properties: &[Property<'_>]) -> Properties<'static> {
    let mut buffer = PropertiesBuf::new();
    for property in properties {
        assert!(buffer.push(*property), "{property:?} can be expressed");
    }
    Box::leak(Box::new(buffer)).as_properties()
}

/// CONNECT that begins a session and ends it with its connection.
pub(crate) fn connect(version: ProtocolVersion, client_id: &str) -> Connect<'_> {
    Connect {
        version,
        clean_start: true,
        keep_alive_secs: 0,
        client_id,
        properties: Properties::EMPTY,
        will: None,
        username: None,
        password: None,
    }
}

/// CONNECT of a session that outlives its connection.
pub(crate) fn persistent(version: ProtocolVersion, client_id: &str) -> Connect<'_> {
    let properties =
        if version == V5 { props(&[Property::SessionExpiryInterval(3600)]) } else { Properties::EMPTY };
    Connect { clean_start: false, properties, ..connect(version, client_id) }
}

pub(crate) fn will<'a>(topic: &'a str, payload: &'a str) -> WillMessage<'a> {
    WillMessage {
        qos: AtMostOnce,
        retain: false,
        properties: Properties::EMPTY,
        topic,
        payload: payload.as_bytes(),
    }
}

pub(crate) fn publish<'a>(qos: QoS, packet_id: u16, topic: &'a str, payload: &'a [u8]) -> Publish<'a> {
    Publish {
        dup: false,
        retain: false,
        qos,
        topic,
        packet_id: (qos != AtMostOnce).then(|| id(packet_id)),
        properties: Properties::EMPTY,
        payload,
    }
}

pub(crate) fn retained<'a>(topic: &'a str, payload: &'a [u8]) -> Publish<'a> {
    Publish { retain: true, ..publish(AtMostOnce, 0, topic, payload) }
}

pub(crate) fn subscribe(packet_id: u16, filters: &[(&str, QoS)]) -> Subscribe<'static> {
    let mut list = SubscriptionFiltersBuf::default();
    for (filter, qos) in filters {
        list.push(filter, SubscriptionOptions::new(*qos));
    }
    let filters = Box::leak(Box::new(list)).as_filters();
    Subscribe { packet_id: id(packet_id), properties: Properties::EMPTY, filters }
}

pub(crate) fn unsubscribe(packet_id: u16, filters: &[&str]) -> Unsubscribe<'static> {
    let mut list = TopicFiltersBuf::default();
    filters.iter().for_each(|filter| list.push(filter));
    let filters = Box::leak(Box::new(list)).as_filters();
    Unsubscribe { packet_id: id(packet_id), properties: Properties::EMPTY, filters }
}

pub(crate) fn disconnect(reason: ReasonCode) -> Disconnect<'static> {
    Disconnect { reason, properties: Properties::EMPTY }
}

pub(crate) fn puback(packet_id: PacketId) -> Packet<'static> {
    Packet::PubAck(Ack::new(packet_id, ReasonCode::SUCCESS))
}

pub(crate) fn pubrec(packet_id: PacketId) -> Packet<'static> {
    Packet::PubRec(Ack::new(packet_id, ReasonCode::SUCCESS))
}

pub(crate) fn pubrel(packet_id: PacketId) -> Packet<'static> {
    Packet::PubRel(Ack::new(packet_id, ReasonCode::SUCCESS))
}

pub(crate) fn pubcomp(packet_id: PacketId) -> Packet<'static> {
    Packet::PubComp(Ack::new(packet_id, ReasonCode::SUCCESS))
}
