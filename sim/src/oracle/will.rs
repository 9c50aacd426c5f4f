use vouchmq_mqtt::engine::ShardId;
use vouchmq_mqtt::time::Timestamp;

use super::message::MessageNo;
use super::session::WillFacts;
use super::{Oracle, TICK};
use crate::client::ClientNo;
use crate::coverage::{Behaviour, Coverage};

/// Wills of clients that are gone.
#[derive(Debug, Default)]
pub(super) struct Wills {
    pending: Vec<Pending>,
}

#[derive(Debug)]
struct Pending {
    client: ClientNo,
    /// The engine that has the session.
    shard: ShardId,
    message: MessageNo,
    due: Timestamp,
    has_delay: bool,
    /// Its client came back at the very moment when it was due: both outcomes are right.
    is_optional: bool,
}

impl Wills {
    /// The connection is gone without a clean DISCONNECT.
    pub(super) fn schedule(&mut self, client: ClientNo, shard: ShardId, will: &WillFacts, due: Timestamp) {
        self.pending.push(Pending {
            client,
            shard,
            message: will.message,
            due,
            has_delay: !will.delay.is_zero(),
            is_optional: false,
        });
    }

    /// The client is back: with its old session the will is not sent, with a new one it is due now. Returns
    /// wills of which nobody can tell.
    pub(super) fn connected(
        &mut self,
        client: ClientNo,
        now: Timestamp,
        is_new_session: bool,
        coverage: &mut Coverage,
    ) -> Vec<MessageNo> {
        for will in self.pending.iter_mut().filter(|will| will.client == client) {
            if is_new_session {
                will.due = will.due.min(now);
            } else if will.due <= now {
                will.is_optional = true;
            }
        }
        let before = self.pending.len();
        self.pending.retain(|will| will.client != client || will.due <= now);
        for _ in self.pending.len()..before {
            coverage.hit(Behaviour::WillCancelled);
        }
        let unsure = self.pending.iter().filter(|will| will.client == client && will.is_optional);
        unsure.map(|will| will.message).collect()
    }
}

impl Oracle {
    /// An engine says that it has published this many wills: they were due, and not for long.
    pub(super) fn wills_published(&mut self, shard: ShardId, count: u64, now: Timestamp) {
        for _ in 0..count {
            let pending = self.wills.pending.iter().enumerate();
            let due = pending.filter(|(_, will)| will.shard == shard && will.due <= now);
            // What is due this very instant was not left to a timer.
            let chosen = due.min_by_key(|(_, will)| (will.due != now, will.is_optional, will.due));
            let chosen = chosen.map(|(position, _)| position);
            let Some(position) = chosen else {
                return self.fail(now, "a will is published and none is due");
            };
            let will = self.wills.pending.remove(position);
            self.hit(if will.has_delay { Behaviour::WillDelayed } else { Behaviour::WillPublished });
            self.published_by_broker(will.message, now);
        }
    }

    /// No will may be overdue.
    pub(super) fn judge_wills(&mut self, now: Timestamp) {
        self.wills.pending.retain(|will| !will.is_optional || now <= will.due.after(TICK));
        let late = self.wills.pending.iter().find(|will| will.due.after(TICK) < now && !will.is_optional);
        if let Some(will) = late.filter(|_| !self.is_draining) {
            let what = format!("the will {} of {} was due and is not published", will.message, will.client);
            self.fail(now, what);
        }
    }

    /// Whether a will still waits.
    pub(crate) fn has_pending_wills(&self) -> bool {
        !self.wills.pending.is_empty()
    }
}
