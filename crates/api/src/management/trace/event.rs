use base64ct::{Base64, Encoding};
use hyper::body::Bytes;
use serde::Serialize;
use vouchmq_broker::{ConnectDigest, PacketFault, Traced, TracedPacket as Packet};
use vouchmq_client::dto::trace::{TraceEvent, TracedConnect, TracedFilter, TracedPacket, TracedProperty};

use crate::management::text::time_of;

/// One event.
pub(super) fn of(event: &vouchmq_broker::TraceEvent) -> Bytes {
    let mut told = TraceEvent {
        at: time_of(event.at),
        connection: (event.connection > 0).then_some(event.connection),
        peer: event.peer.map(|peer| peer.to_string()),
        ..TraceEvent::default()
    };
    told.event = match &event.what {
        Traced::Accepted(listener) => {
            told.listener = listener.as_deref().map(str::to_owned);
            "accepted"
        }
        Traced::Found(listener) => {
            told.listener = listener.as_deref().map(str::to_owned);
            "found"
        }
        Traced::Packet(packet) => {
            told.packet = Some(packet_of(packet));
            "packet"
        }
        Traced::Allowed => "allowed",
        Traced::Refused(reason) => {
            told.reason = Some(reason.to_string());
            "refused"
        }
        Traced::Closed(cause) => {
            told.reason = Some(cause.to_string());
            "closed"
        }
        Traced::Missed(count) => {
            told.count = Some(*count);
            "missed"
        }
    }
    .to_owned();
    frame("trace", &told)
}

/// The time of the trace is over.
pub(super) fn end() -> Bytes {
    frame("end", &serde_json::json!({}))
}

/// The trace goes on, and so much was missed so far.
pub(super) fn heartbeat(missed: u64) -> Bytes {
    frame("heartbeat", &serde_json::json!({ "missed": missed }))
}

/// JSON has no line ends, so that it is one line of data.
fn frame(name: &str, body: &impl Serialize) -> Bytes {
    let body = serde_json::to_string(body).unwrap_or_default();
    format!("event: {name}\ndata: {body}\n\n").into()
}

fn packet_of(packet: &Packet) -> TracedPacket {
    let is_publish = packet.topic.is_some();
    let property =
        |(name, value): &(&str, String)| TracedProperty { name: (*name).to_owned(), value: value.clone() };
    let filter = |(filter, options): &(String, Option<String>)| TracedFilter {
        filter: filter.clone(),
        options: options.clone(),
    };
    TracedPacket {
        direction: if packet.is_from_client { "in" } else { "out" }.to_owned(),
        kind: packet.name.to_owned(),
        length: count(packet.len),
        packet_id: packet.packet_id,
        topic: packet.topic.clone(),
        qos: packet.qos.map(vouchmq_mqtt::QoS::bits),
        retain: is_publish.then_some(packet.retain),
        dup: is_publish.then_some(packet.dup),
        reasons: packet.reasons.iter().map(ToString::to_string).collect(),
        session_present: packet.session_present,
        filters: packet.filters.iter().map(filter).collect(),
        properties: packet.properties.iter().map(property).collect(),
        payload_length: packet.payload_len.map(count),
        payload_b64: (!packet.payload.is_empty()).then(|| Base64::encode_string(&packet.payload)),
        connect: packet.connect.as_deref().map(connect_of),
        fault: packet.fault.as_ref().map(|fault| match fault {
            PacketFault::Cut => "it is larger than what is kept of a packet".to_owned(),
            PacketFault::Undecodable(why) => why.clone(),
        }),
    }
}

fn connect_of(connect: &ConnectDigest) -> TracedConnect {
    let will = connect.will.as_ref();
    TracedConnect {
        clientid: connect.client_id.clone(),
        username: connect.username.clone(),
        has_password: connect.has_password,
        clean_start: connect.clean_start,
        keepalive: connect.keep_alive_secs,
        proto_ver: connect.protocol_level,
        will_topic: will.map(|will| will.topic.clone()),
        will_length: will.map(|will| count(will.payload_len)),
    }
}

fn count(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
}
