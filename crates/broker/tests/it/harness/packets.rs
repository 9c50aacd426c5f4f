//! Packets, shortly said: those of the engine's tests, and what bytes on a socket need beside them.

use vouchmq_mqtt::ProtocolVersion;
use vouchmq_mqtt::packet::{Publish, Subscribe, SubscriptionOptions};
use vouchmq_mqtt::{Dialect, Expression, Packet, PacketId, ReasonCode, codec};

use super::engine_packets;

pub(crate) use super::engine_packets::{
    ToPacket, connect, disconnect, id, keep, persistent, props, unsubscribe, will,
};
pub(crate) use vouchmq_mqtt::QoS::{self, AtLeastOnce, AtMostOnce, ExactlyOnce};

/// The bytes of a packet.
pub(crate) fn encode<'a>(version: ProtocolVersion, packet: impl ToPacket<'a>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let packet = packet.to_packet();
    assert_eq!(codec::encode(&packet, Dialect::new(version), &mut bytes), Expression::Written, "{packet:?}");
    bytes
}

pub(crate) fn publish<'a>(qos: QoS, packet_id: u16, topic: &'a str, payload: &'a [u8]) -> Publish<'a> {
    Publish { payload, ..engine_packets::publish_at(qos, packet_id, topic, "") }
}

pub(crate) fn retained<'a>(topic: &'a str, payload: &'a [u8]) -> Publish<'a> {
    Publish { retain: true, ..publish(AtMostOnce, 0, topic, payload) }
}

pub(crate) fn subscribe(packet_id: u16, filters: &[(&str, QoS)]) -> Subscribe<'static> {
    let filters: Vec<_> =
        filters.iter().map(|(filter, qos)| (*filter, SubscriptionOptions::new(*qos))).collect();
    engine_packets::subscribe(packet_id, &filters)
}

pub(crate) fn puback(packet_id: PacketId) -> Packet<'static> {
    engine_packets::puback(packet_id, ReasonCode::SUCCESS)
}

pub(crate) fn pubrec(packet_id: PacketId) -> Packet<'static> {
    engine_packets::pubrec(packet_id, ReasonCode::SUCCESS)
}

pub(crate) fn pubrel(packet_id: PacketId) -> Packet<'static> {
    engine_packets::pubrel(packet_id, ReasonCode::SUCCESS)
}

pub(crate) fn pubcomp(packet_id: PacketId) -> Packet<'static> {
    engine_packets::pubcomp(packet_id, ReasonCode::SUCCESS)
}
