use std::rc::Rc;

use vouchmq_mqtt::engine::{ClientState, Engine, ShardId, Stats};
use vouchmq_mqtt::time::Timestamp;

use super::Oracle;
use crate::client::ClientNo;
use crate::coverage::Behaviour;

/// What is known about one engine.
#[derive(Debug, Default)]
pub(super) struct Shard {
    /// As they were after the last call.
    stats: Stats,
    wills_published: u64,
    /// Everything that the engine had read before this time is in its journal.
    safe_through: Timestamp,
    /// When it last dropped QoS 0.
    pub(super) shed_at: Option<Timestamp>,
    /// Memory is short: the queues of those who are away take nothing.
    pub(super) is_memory_short: bool,
    /// The last time a queue was full.
    pub(super) queue_full_at: Option<Timestamp>,
}

/// No message of a run is larger, with everything around it.
pub(crate) const MESSAGE_BYTES_MAX: usize = 7_000;
/// Acknowledgements and answers do not wait for room: this much of them comes together at most.
const CONTROL_BYTES_MAX: usize = 20_000;

impl Oracle {
    /// An engine was called, and what it asks for is done: its wills were due.
    pub(crate) fn called(&mut self, shard: ShardId, engine: &Engine, now: Timestamp) {
        self.note_drops(shard, engine, now);
        let record = &mut self.shards[usize::from(shard.0)];
        let count = engine.stats().wills_published - record.wills_published;
        record.wills_published += count;
        self.wills_published(shard, count, now);
    }

    /// An engine was called: it may have dropped something.
    pub(crate) fn note_drops(&mut self, shard: ShardId, engine: &Engine, now: Timestamp) {
        let stats = *engine.stats();
        let before = std::mem::replace(&mut self.shards[usize::from(shard.0)].stats, stats);
        if stats.dropped_lagging + stats.dropped_memory > before.dropped_lagging + before.dropped_memory {
            self.shards[usize::from(shard.0)].shed_at = Some(now);
        }
        for _ in before.throttled..stats.throttled {
            self.hit(Behaviour::Throttled);
        }
        if stats.retained_refused > before.retained_refused {
            self.retained_refused_at = Some(now);
        }
        if stats.dropped_queue_full > before.dropped_queue_full {
            self.shards[usize::from(shard.0)].queue_full_at = Some(now);
            self.note_full_queues(shard, engine, now);
        }
    }

    /// An engine is told that memory is short, or is not any more.
    pub(crate) fn memory(&mut self, shard: ShardId, is_short: bool) {
        self.shards[usize::from(shard.0)].is_memory_short = is_short;
    }

    /// Something was dropped: by sessions that are full, or, if none is any more, by any of them.
    fn note_full_queues(&mut self, shard: ShardId, engine: &Engine, now: Timestamp) {
        let limits = &self.rules.limits;
        let is_memory_short = self.shards[usize::from(shard.0)].is_memory_short;
        let is_full = |info: &ClientState| {
            is_memory_short && info.connection.is_none()
                || info.queued_count >= limits.queued_messages_max
                || info.queued_bytes + MESSAGE_BYTES_MAX > limits.queued_bytes_max
        };
        let mut full: Vec<Rc<str>> =
            engine.clients().filter(|info| is_full(info)).map(|info| (*info.client_id).into()).collect();
        if full.is_empty() {
            full = engine.clients().map(|info| (*info.client_id).into()).collect();
        }
        for id in full {
            if let Some(client) = self.client_named(&id) {
                self.clients[client.index()].queue_full_at = Some(now);
            }
        }
    }

    /// The journal of an engine has everything that was read before `flushed_at`.
    pub(crate) fn persisted(&mut self, shard: ShardId, flushed_at: Timestamp) {
        let record = &mut self.shards[usize::from(shard.0)];
        record.safe_through = record.safe_through.max(flushed_at);
    }

    /// What of an engine's input is in its journal now.
    pub(crate) fn safe_through(&self, shard: ShardId) -> Timestamp {
        self.shards[usize::from(shard.0)].safe_through
    }

    /// Bytes that wait for one connection.
    pub(crate) fn judge_backlog(&mut self, client: ClientNo, len: usize, now: Timestamp) {
        let max = self.rules.limits.outbound_bytes_max;
        if len > max + MESSAGE_BYTES_MAX + CONTROL_BYTES_MAX {
            self.fail(now, format!("{len} bytes wait for {client}, the limit is {max}"));
        }
    }

    /// Looks at everything that engines tell about themselves.
    pub(crate) fn audit(&mut self, engines: &[&Engine], now: Timestamp) {
        let mut seen: Vec<(ShardId, ClientState)> = Vec::new();
        for engine in engines {
            let stats = engine.stats();
            let infos: Vec<ClientState> = engine.clients().collect();
            let connected = infos.iter().filter(|info| info.connection.is_some()).count();
            let subscriptions: usize = infos.iter().map(|info| info.subscription_count).sum();
            let counted = (stats.sessions, stats.clients, stats.subscriptions);
            let found = (infos.len() as u64, connected as u64, subscriptions as u64);
            if counted != found {
                let what = format!("sessions, clients, subscriptions: counted {counted:?}, found {found:?}");
                return self.fail(now, what);
            }
            seen.extend(infos.into_iter().map(|info| (engine.shard(), info)));
        }
        for (shard, info) in &seen {
            self.judge_limits(info, now);
            if let Some((other, _)) =
                seen.iter().find(|(other, twin)| other != shard && twin.client_id == info.client_id)
            {
                let what = format!("{} has a session on {shard:?} and on {other:?}", info.client_id);
                return self.fail(now, what);
            }
        }
        self.judge_wills(now);
        self.judge_silence(now);
    }

    fn judge_limits(&mut self, info: &ClientState, now: Timestamp) {
        let limits = &self.rules.limits;
        let bounds = [
            ("queued messages", info.queued_count, limits.queued_messages_max),
            ("queued bytes", info.queued_bytes, limits.queued_bytes_max),
            ("messages in flight", info.in_flight_count, usize::from(limits.receive_maximum)),
            ("subscriptions", info.subscription_count, limits.subscriptions_max),
        ];
        for (what, count, max) in bounds {
            if count > max {
                return self.fail(now, format!("{} has {count} {what} of at most {max}", info.client_id));
            }
        }
    }
}
