use hyper::body::Bytes;
use serde::Serialize;
use vouchmq_client::dto::change::{Change, Heartbeat, Reset};
use vouchmq_identity::UnixMillis;
use vouchmq_identity::store::{LogEntry, LogId};

use super::position::Position;
use crate::management::text::time_of;

/// Changes, each with the `id` to go on from.
pub(super) fn changes(log: LogId, entries: &[LogEntry]) -> Bytes {
    entries.iter().map(|entry| change(log, entry)).collect::<String>().into()
}

fn change(log: LogId, entry: &LogEntry) -> String {
    let change = &entry.change;
    let body = Change {
        seq: entry.sequence,
        // The log has no gaps.
        prev_seq: entry.sequence.saturating_sub(1),
        ts: time_of(entry.at),
        kind: change.kind.to_string(),
        product_id: change.product.as_ref().map(ToString::to_string),
        device_id: change.device.as_ref().map(ToString::to_string),
        credential_id: change.credential.as_ref().map(ToString::to_string),
        kick: change.kick.to_string(),
    };
    event("change", Some(Position { log, sequence: entry.sequence }), &body)
}

pub(super) fn heartbeat(log: LogId, head: u64, now: UnixMillis) -> Bytes {
    let body = Heartbeat { head_seq: head, server_time: time_of(now), log: log.to_string() };
    event("heartbeat", None, &body).into()
}

pub(super) fn reset(position: Position) -> Bytes {
    let body = Reset { head_seq: position.sequence, log: position.log.to_string() };
    event("reset", Some(position), &body).into()
}

/// JSON has no line ends, so that it is one line of data.
fn event(name: &str, id: Option<Position>, body: &impl Serialize) -> String {
    let id = id.map(|Position { log, sequence }| format!("id: {log}:{sequence}\n")).unwrap_or_default();
    let body = serde_json::to_string(body).unwrap_or_default();
    format!("event: {name}\n{id}data: {body}\n\n")
}
