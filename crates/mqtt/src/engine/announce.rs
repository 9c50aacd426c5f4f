use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use super::interest::Interest;
use super::mail::Letter;
use super::{Engine, ShardId};
use crate::connection::{ConnectionId, OwedId};
use crate::packet::{Reasons, SubAck};
use crate::session::{Replay, SessionId};
use crate::time::Timestamp;
use crate::topic::{FilterId, FilterRef};
use crate::{Expression, Packet, PacketId, Properties};

/// Subscriptions that wait until every engine knows of them.
///
/// SUBACK leaves only then: whoever publishes after it, on whatever engine, reaches the subscriber.
#[derive(Debug, Default)]
pub(crate) struct PendingSubscribes {
    /// In the order of their barriers.
    tickets: VecDeque<Ticket>,
    /// Barriers sent to all other engines, counted.
    sent: u64,
    /// The last barrier that each other engine has passed.
    passed: Vec<u64>,
    /// A `Want` was sent after the last barrier.
    needs_barrier: bool,
    /// Ready tickets are being finished.
    is_finishing: bool,
}

#[derive(Debug)]
struct Ticket {
    barrier: u64,
    /// Groups whose owners have not confirmed yet.
    joins: SmallVec<[Arc<str>; 1]>,
    then: Then,
}

/// What happens when every engine knows.
#[derive(Debug)]
pub(super) enum Then {
    SubAck(Box<PendingSubAck>),
    Joined { to: ShardId, share: Arc<str> },
    Confirm(ConnectionId, OwedId),
}

/// A SUBACK that waits.
#[derive(Debug)]
pub(super) struct PendingSubAck {
    pub(super) connection: ConnectionId,
    pub(super) session: SessionId,
    pub(super) packet_id: PacketId,
    /// One for each filter, in order.
    pub(super) reasons: Vec<u8>,
    /// Retained messages to send behind the SUBACK.
    pub(super) replays: Vec<Replay>,
}

impl PendingSubscribes {
    pub(super) fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Takes out what waits for nobody any more, in order.
    fn take_ready(&mut self, passed: u64) -> Vec<Then> {
        let is_ready = |ticket: &Ticket| ticket.barrier <= passed && ticket.joins.is_empty();
        if !self.tickets.iter().any(is_ready) {
            return Vec::new();
        }
        let mut ready = Vec::new();
        for ticket in std::mem::take(&mut self.tickets) {
            if is_ready(&ticket) {
                ready.push(ticket.then);
            } else {
                self.tickets.push_back(ticket);
            }
        }
        ready
    }

    /// The session unsubscribes while its SUBACK still waits: nothing retained is to follow it.
    pub(super) fn forget_replays(&mut self, session: SessionId, filter: &str) {
        for ticket in &mut self.tickets {
            if let Then::SubAck(pending) = &mut ticket.then
                && pending.session == session
            {
                pending.replays.retain(|replay| &*replay.filter != filter);
            }
        }
    }
}

impl Engine {
    // --- what other engines know

    /// The interest in a filter, which other engines are told of when it is new.
    pub(super) fn want_here(&mut self, filter: FilterRef<'_>) -> FilterId {
        let id = self.interests.get_or_insert_with(filter, Interest::default);
        let is_wanted = self.interests.get(id).is_some_and(Interest::is_wanted_here);
        if !is_wanted && self.options.shard_count > 1 {
            self.mailboxes.post_to_others(|| Letter::Want(filter.as_str().into()));
            self.pending_subscribes.needs_barrier = true;
        }
        id
    }

    /// Nobody here wants the filter any more: the other engines need not forward for it.
    pub(super) fn unwant_if_idle(&mut self, id: FilterId) {
        let Some(interest) = self.interests.get(id) else { return };
        if interest.is_wanted_here() {
            return;
        }
        if let Some(filter) = self.interests.filter(id) {
            self.mailboxes.post_to_others(|| Letter::Unwant((*filter).into()));
        }
        if self.interests.get(id).is_some_and(Interest::is_empty) {
            self.interests.remove(id);
        }
    }

    pub(super) fn on_want(&mut self, from: ShardId, filter: &str) {
        let Ok(filter) = FilterRef::new(filter) else { return };
        let id = self.interests.get_or_insert_with(filter, Interest::default);
        if let Some(interest) = self.interests.get_mut(id) {
            interest.remote.insert(from);
        }
    }

    pub(super) fn on_unwant(&mut self, from: ShardId, filter: &str) {
        let Ok(filter) = FilterRef::new(filter) else { return };
        let Some(id) = self.interests.find(filter) else { return };
        let Some(interest) = self.interests.get_mut(id) else { return };
        interest.remote.remove(from);
        if interest.is_empty() {
            self.interests.remove(id);
        }
    }

    // --- waiting for other engines

    /// Does `then` once every engine has what was sent to it so far, and the groups are confirmed.
    pub(super) fn wait(&mut self, now: Timestamp, joins: SmallVec<[Arc<str>; 1]>, then: Then) {
        let pending = &mut self.pending_subscribes;
        if pending.needs_barrier {
            pending.needs_barrier = false;
            pending.sent += 1;
            let number = pending.sent;
            self.mailboxes.post_to_others(|| Letter::Barrier(number));
        }
        let barrier = self.pending_subscribes.sent;
        let ticket = Ticket { barrier, joins, then };
        if ticket.joins.is_empty() && barrier <= self.barrier_passed() {
            return self.finish(now, ticket.then);
        }
        self.pending_subscribes.tickets.push_back(ticket);
    }

    /// The last barrier that all other engines have passed.
    fn barrier_passed(&self) -> u64 {
        let others = usize::from(self.options.shard_count.saturating_sub(1));
        if others == 0 {
            return u64::MAX;
        }
        if self.pending_subscribes.passed.is_empty() {
            return 0;
        }
        let own = usize::from(self.shard.0);
        let passed = self.pending_subscribes.passed.iter().enumerate();
        passed.filter(|(shard, _)| *shard != own).map(|(_, number)| *number).min().unwrap_or(0)
    }

    pub(super) fn on_barrier_passed(&mut self, now: Timestamp, from: ShardId, number: u64) {
        let shard_count = usize::from(self.options.shard_count);
        let passed = &mut self.pending_subscribes.passed;
        passed.resize(shard_count, 0);
        if let Some(passed) = passed.get_mut(usize::from(from.0)) {
            *passed = number.max(*passed);
        }
        self.finish_ready(now);
    }

    /// The owner of a group confirms a `Join` of this engine.
    pub(super) fn on_joined(&mut self, now: Timestamp, share: &str) {
        let mut tickets = self.pending_subscribes.tickets.iter_mut();
        let found = tickets.find_map(|ticket| {
            let position = ticket.joins.iter().position(|waiting| &**waiting == share)?;
            Some((ticket, position))
        });
        if let Some((ticket, position)) = found {
            ticket.joins.remove(position);
        }
        self.finish_ready(now);
    }

    /// This engine owns the group: the join is confirmed once all engines forward to here.
    pub(super) fn confirm_join(&mut self, now: Timestamp, to: ShardId, share: Arc<str>) {
        self.wait(now, SmallVec::new(), Then::Joined { to, share });
    }

    /// Confirms an acknowledgement once every engine has what was sent to it so far: a message that an earlier
    /// connection forwarded may still be on its way, and who forwarded it is told nothing any more.
    pub(super) fn confirm_behind_mail(&mut self, now: Timestamp, id: ConnectionId, owed: OwedId) {
        self.pending_subscribes.needs_barrier = true;
        self.wait(now, SmallVec::new(), Then::Confirm(id, owed));
    }

    /// Finishes what waits for nobody any more. A confirmation that comes back at once (an own group) is seen by
    /// the loop that is running, so that nothing recurses, however many wait.
    fn finish_ready(&mut self, now: Timestamp) {
        if std::mem::replace(&mut self.pending_subscribes.is_finishing, true) {
            return;
        }
        loop {
            let passed = self.barrier_passed();
            let ready = self.pending_subscribes.take_ready(passed);
            if ready.is_empty() {
                break;
            }
            for then in ready {
                self.finish(now, then);
            }
        }
        self.pending_subscribes.is_finishing = false;
    }

    fn finish(&mut self, now: Timestamp, then: Then) {
        match then {
            Then::SubAck(pending) => self.send_suback(now, *pending),
            Then::Joined { to, share } => self.tell(now, to, Letter::Joined { share }),
            Then::Confirm(id, owed) => self.confirm(id, owed),
        }
    }

    fn send_suback(&mut self, now: Timestamp, pending: PendingSubAck) {
        let PendingSubAck { connection, session, packet_id, reasons, replays } = pending;
        let reasons = Reasons::new(&reasons);
        let suback = Packet::SubAck(SubAck { packet_id, properties: Properties::EMPTY, reasons });
        if self.reply(now, connection, &suback) != Some(Expression::Written) {
            return;
        }
        self.start_replays(now, connection, session, replays);
    }
}
