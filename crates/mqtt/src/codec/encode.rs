mod connect;
mod list;

use super::frame::PublishFlags;
use super::{PacketType, VARIABLE_BYTE_INTEGER_MAX, put_string, put_u16, put_varint, varint_len};
use crate::packet::{Auth, ConnAck, Disconnect, Publish};
use crate::{Dialect, Expression, Packet, PacketId, Properties, QoS, ReasonCode};

/// Appends a packet in the receiver's dialect.
///
/// Nothing is appended unless the answer is [`Expression::Written`]; see [`Dialect::express`] for what a
/// dialect cannot say. Packets of both directions are written. What must never be said is left out: Session
/// Present of a refusing CONNACK (`MQTT5-3.2.2-6`, `MQTT3-3.2.2-4`), DUP and Packet Identifier of a QoS 0
/// PUBLISH (`MQTT5-3.3.1-2`, `MQTT5-2.2.1-2`).
#[inline]
pub fn encode(packet: &Packet<'_>, dialect: Dialect, out: &mut Vec<u8>) -> Expression {
    let expression = dialect.express(packet);
    if expression != Expression::Written {
        return expression;
    }
    let start = out.len();
    let written = if let Packet::Publish(publish) = packet {
        write_publish(out, publish, dialect)
    } else {
        write_other(out, packet, dialect)
    };
    if written.is_none() {
        out.truncate(start);
        return Expression::TooLarge;
    }
    expression
}

/// PUBLISH: the length is known before the first byte is written, so that the payload moves once.
#[inline]
fn write_publish(out: &mut Vec<u8>, publish: &Publish<'_>, dialect: Dialect) -> Option<()> {
    let flags = PublishFlags {
        dup: publish.dup && publish.qos != QoS::AtMostOnce,
        qos: publish.qos,
        retain: publish.retain,
    };
    let properties = publish.properties.as_bytes();
    let id_len = if publish.qos == QoS::AtMostOnce { 0 } else { 2 };
    let properties_len = if dialect.has_properties() { section_len(properties)? } else { 0 };
    let remaining = 2_usize
        .checked_add(publish.topic.len())?
        .checked_add(id_len)?
        .checked_add(properties_len)?
        .checked_add(publish.payload.len())?;
    let remaining_value = u32::try_from(remaining).ok().filter(|len| *len <= VARIABLE_BYTE_INTEGER_MAX)?;
    out.reserve(remaining.saturating_add(5));
    out.push(PacketType::Publish.number() << 4 | flags.bits());
    put_varint(out, remaining_value).then_some(())?;
    put_publish(out, publish, dialect)
}

#[inline]
fn put_publish(out: &mut Vec<u8>, publish: &Publish<'_>, dialect: Dialect) -> Option<()> {
    put_string(out, publish.topic).then_some(())?;
    if publish.qos != QoS::AtMostOnce {
        put_packet_id(out, publish.packet_id?);
    }
    put_properties(out, &publish.properties, dialect)?;
    out.extend_from_slice(publish.payload);
    Some(())
}

/// Every other packet: the body is written first, then its length is put in front.
fn write_other(out: &mut Vec<u8>, packet: &Packet<'_>, dialect: Dialect) -> Option<()> {
    let packet_type = packet.packet_type();
    out.push(packet_type.number() << 4 | packet_type.reserved_flags().unwrap_or(0));
    let body_at = out.len();
    match packet {
        Packet::Connect(connect) => connect::put_connect(out, connect, dialect)?,
        Packet::ConnAck(connack) => put_connack(out, connack, dialect)?,
        Packet::Publish(publish) => put_publish(out, publish, dialect)?,
        Packet::PubAck(ack) | Packet::PubRec(ack) | Packet::PubRel(ack) | Packet::PubComp(ack) => {
            put_packet_id(out, ack.packet_id);
            put_optional_reason_and_properties(out, packet_type, ack.reason, &ack.properties, dialect)?;
        }
        Packet::Subscribe(subscribe) => list::put_subscribe(out, subscribe, dialect)?,
        Packet::SubAck(suback) => list::put_suback(out, suback, dialect)?,
        Packet::Unsubscribe(unsubscribe) => list::put_unsubscribe(out, unsubscribe, dialect)?,
        Packet::UnsubAck(unsuback) => list::put_unsuback(out, unsuback, dialect)?,
        Packet::PingReq | Packet::PingResp => {}
        Packet::Disconnect(Disconnect { reason, properties }) => {
            put_optional_reason_and_properties(out, packet_type, *reason, properties, dialect)?;
        }
        Packet::Auth(auth) => put_authentication(out, auth, dialect)?,
    }
    put_length(out, body_at)
}

/// Puts the number of bytes from `body_at` on in front of them: appended, then rotated into place.
fn put_length(out: &mut Vec<u8>, body_at: usize) -> Option<()> {
    let len = u32::try_from(out.len().checked_sub(body_at)?).ok()?;
    put_varint(out, len).then_some(())?;
    out.get_mut(body_at..)?.rotate_right(varint_len(len));
    Some(())
}

fn put_connack(out: &mut Vec<u8>, connack: &ConnAck<'_>, dialect: Dialect) -> Option<()> {
    let is_present = connack.session_present && !connack.reason.is_error() && dialect.has_session_present();
    out.push(u8::from(is_present));
    debug_assert!(
        connack.reason.is_allowed_in(PacketType::ConnAck),
        "CONNACK cannot say: {}",
        connack.reason
    );
    out.push(dialect.connack_code(connack.reason)?);
    put_properties(out, &connack.properties, dialect)
}

fn put_authentication(out: &mut Vec<u8>, auth: &Auth<'_>, dialect: Dialect) -> Option<()> {
    if auth.reason == ReasonCode::SUCCESS && auth.properties.is_empty() {
        return Some(());
    }
    put_reason(out, PacketType::Auth, auth.reason);
    put_properties(out, &auth.properties, dialect)
}

/// The shortest form: nothing for success, no Property Length without properties.
fn put_optional_reason_and_properties(
    out: &mut Vec<u8>,
    packet_type: PacketType,
    reason: ReasonCode,
    properties: &Properties<'_>,
    dialect: Dialect,
) -> Option<()> {
    if !dialect.has_properties() || (reason == ReasonCode::SUCCESS && properties.is_empty()) {
        return Some(());
    }
    put_reason(out, packet_type, reason);
    if properties.is_empty() { Some(()) } else { put_properties(out, properties, dialect) }
}

/// A code in a packet that cannot carry it is our own mistake, and every test of the engine shall see it.
fn put_reason(out: &mut Vec<u8>, packet_type: PacketType, reason: ReasonCode) {
    debug_assert!(reason.is_allowed_in(packet_type), "{packet_type} cannot say: {reason}");
    out.push(reason.0);
}

fn put_packet_id(out: &mut Vec<u8>, packet_id: PacketId) {
    put_u16(out, packet_id.value());
}

/// Property Length and properties; nothing in a dialect without them.
#[inline]
fn put_properties(out: &mut Vec<u8>, properties: &Properties<'_>, dialect: Dialect) -> Option<()> {
    if dialect.has_properties() {
        let bytes = properties.as_bytes();
        put_varint(out, u32::try_from(bytes.len()).ok()?).then_some(())?;
        out.extend_from_slice(bytes);
    }
    Some(())
}

/// Bytes of Property Length and properties.
#[inline]
fn section_len(properties: &[u8]) -> Option<usize> {
    varint_len(u32::try_from(properties.len()).ok()?).checked_add(properties.len())
}
