use super::{put_packet_id, put_properties, put_reason};
use crate::codec::{PacketType, put_string};
use crate::packet::{SubAck, Subscribe, SubscriptionOptions, UnsubAck, Unsubscribe};
use crate::{Dialect, ReasonCode};

/// The body of SUBSCRIBE (MQTT 5.0 §3.8); MQTT 3.x asks for a QoS only.
pub(super) fn put_subscribe(out: &mut Vec<u8>, subscribe: &Subscribe<'_>, dialect: Dialect) -> Option<()> {
    put_packet_id(out, subscribe.packet_id);
    put_properties(out, &subscribe.properties, dialect)?;
    for (filter, options) in subscribe.filters.iter() {
        let options = if dialect.has_properties() { options } else { SubscriptionOptions::new(options.qos) };
        put_string(out, filter).then_some(())?;
        out.push(options.to_byte());
    }
    Some(())
}

/// The body of SUBACK (MQTT 5.0 §3.9).
pub(super) fn put_suback(out: &mut Vec<u8>, suback: &SubAck<'_>, dialect: Dialect) -> Option<()> {
    put_packet_id(out, suback.packet_id);
    put_properties(out, &suback.properties, dialect)?;
    for reason in suback.reasons.iter() {
        put_reason(out, PacketType::SubAck, ReasonCode(dialect.suback_code(reason)?));
    }
    Some(())
}

/// The body of UNSUBSCRIBE (MQTT 5.0 §3.10).
pub(super) fn put_unsubscribe(
    out: &mut Vec<u8>,
    unsubscribe: &Unsubscribe<'_>,
    dialect: Dialect,
) -> Option<()> {
    put_packet_id(out, unsubscribe.packet_id);
    put_properties(out, &unsubscribe.properties, dialect)?;
    for filter in unsubscribe.filters.iter() {
        put_string(out, filter).then_some(())?;
    }
    Some(())
}

/// The body of UNSUBACK (MQTT 5.0 §3.11); MQTT 3.x has no codes.
pub(super) fn put_unsuback(out: &mut Vec<u8>, unsuback: &UnsubAck<'_>, dialect: Dialect) -> Option<()> {
    put_packet_id(out, unsuback.packet_id);
    put_properties(out, &unsuback.properties, dialect)?;
    if dialect.has_properties() {
        unsuback.reasons.iter().for_each(|reason| put_reason(out, PacketType::UnsubAck, reason));
    }
    Some(())
}
