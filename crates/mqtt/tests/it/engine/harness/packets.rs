//! Packets, shortly said. What differs from the usual is said by struct update.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::{
    Ack, Auth, Connect, Disconnect, Publish, Subscribe, SubscriptionFiltersBuf, SubscriptionOptions,
    TopicFiltersBuf, Unsubscribe, WillMessage,
};
use vouchmq_mqtt::{Packet, PacketId, Properties, PropertiesBuf, Property, QoS, ReasonCode};

/// Seconds for which the sessions of [`persistent`] clients outlive their connections.
pub(crate) const KEPT_SECS: u32 = 3600;

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

to_packet! { Connect Publish Subscribe Unsubscribe Disconnect Auth }

impl<'a> ToPacket<'a> for Packet<'a> {
    fn to_packet(self) -> Self {
        self
    }
}

/// Bytes that live as long as the test's process.
pub(crate) fn keep(bytes: Vec<u8>) -> &'static [u8] {
    Box::leak(bytes.into_boxed_slice())
}

/// A string that lives as long as the test's process.
pub(crate) fn keep_str(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
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

/// CONNECT that goes on with a session, or begins one, that outlives its connection.
pub(crate) fn persistent(version: ProtocolVersion, client_id: &str) -> Connect<'_> {
    let properties =
        if version == V5 { props(&[Property::SessionExpiryInterval(KEPT_SECS)]) } else { Properties::EMPTY };
    Connect { clean_start: false, properties, ..connect(version, client_id) }
}

/// A will of QoS 0 that is not retained and is due at once.
pub(crate) fn will<'a>(topic: &'a str, payload: &'a str) -> WillMessage<'a> {
    WillMessage {
        qos: QoS::AtMostOnce,
        retain: false,
        properties: Properties::EMPTY,
        topic,
        payload: payload.as_bytes(),
    }
}

pub(crate) fn qos0<'a>(topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish {
        dup: false,
        retain: false,
        qos: QoS::AtMostOnce,
        topic,
        packet_id: None,
        properties: Properties::EMPTY,
        payload: payload.as_bytes(),
    }
}

pub(crate) fn qos1<'a>(packet_id: u16, topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish { qos: QoS::AtLeastOnce, packet_id: Some(id(packet_id)), ..qos0(topic, payload) }
}

pub(crate) fn qos2<'a>(packet_id: u16, topic: &'a str, payload: &'a str) -> Publish<'a> {
    Publish { qos: QoS::ExactlyOnce, packet_id: Some(id(packet_id)), ..qos0(topic, payload) }
}

/// A PUBLISH of any QoS; the identifier goes where there is one.
pub(crate) fn publish_at<'a>(qos: QoS, packet_id: u16, topic: &'a str, payload: &'a str) -> Publish<'a> {
    match qos {
        QoS::AtMostOnce => qos0(topic, payload),
        QoS::AtLeastOnce => qos1(packet_id, topic, payload),
        QoS::ExactlyOnce => qos2(packet_id, topic, payload),
    }
}

pub(crate) fn puback(packet_id: PacketId, reason: ReasonCode) -> Packet<'static> {
    Packet::PubAck(Ack::new(packet_id, reason))
}

pub(crate) fn pubrec(packet_id: PacketId, reason: ReasonCode) -> Packet<'static> {
    Packet::PubRec(Ack::new(packet_id, reason))
}

pub(crate) fn pubrel(packet_id: PacketId, reason: ReasonCode) -> Packet<'static> {
    Packet::PubRel(Ack::new(packet_id, reason))
}

pub(crate) fn pubcomp(packet_id: PacketId, reason: ReasonCode) -> Packet<'static> {
    Packet::PubComp(Ack::new(packet_id, reason))
}

pub(crate) fn options(qos: QoS) -> SubscriptionOptions {
    SubscriptionOptions::new(qos)
}

pub(crate) fn subscribe(packet_id: u16, filters: &[(&str, SubscriptionOptions)]) -> Subscribe<'static> {
    let mut buffer = SubscriptionFiltersBuf::default();
    for (filter, options) in filters {
        buffer.push(filter, *options);
    }
    let filters = Box::leak(Box::new(buffer)).as_filters();
    Subscribe { packet_id: id(packet_id), properties: Properties::EMPTY, filters }
}

pub(crate) fn unsubscribe(packet_id: u16, filters: &[&str]) -> Unsubscribe<'static> {
    let mut buffer = TopicFiltersBuf::default();
    for filter in filters {
        buffer.push(filter);
    }
    let filters = Box::leak(Box::new(buffer)).as_filters();
    Unsubscribe { packet_id: id(packet_id), properties: Properties::EMPTY, filters }
}

pub(crate) fn disconnect(reason: ReasonCode) -> Disconnect<'static> {
    Disconnect { reason, properties: Properties::EMPTY }
}

/// AUTH with its method and data.
pub(crate) fn authenticate(reason: ReasonCode, method: &str, data: &[u8]) -> Auth<'static> {
    let properties = [Property::AuthenticationMethod(method), Property::AuthenticationData(data)];
    Auth { reason, properties: props(&properties) }
}
