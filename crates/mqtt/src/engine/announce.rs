use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use slab::Slab;

use super::clients::{narrow, widen};
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
/// SUBACK leaves only then: whoever publishes after it, on whatever engine, reaches the subscriber. Each step
/// looks only at the tickets that it moves on, however many others wait.
#[derive(Debug, Default)]
pub(crate) struct PendingSubscribes {
    tickets: Slab<Ticket>,
    /// Tickets that wait for their barriers, in the order of these.
    behind: VecDeque<(u64, TicketNo)>,
    /// Tickets that wait for the owners of groups, by group, in the order in which they were asked.
    joining: BTreeMap<Arc<str>, VecDeque<TicketNo>>,
    /// Tickets that wait for nobody any more.
    ready: VecDeque<TicketNo>,
    /// Tickets that retained messages will follow, by whose and which subscription.
    replaying: BTreeSet<(SessionId, FilterId, TicketNo)>,
    /// Barriers sent to all other engines, counted.
    sent: u64,
    /// The last barrier that each other engine has passed.
    passed: Vec<u64>,
    /// Something waits for a barrier that leaves with the next mail.
    needs_barrier: bool,
    /// Ready tickets are being finished.
    is_finishing: bool,
}

/// Position of a ticket.
type TicketNo = u32;

#[derive(Debug)]
struct Ticket {
    /// Confirmations that are missing: of groups whose owners were asked, and that of the barrier.
    missing: usize,
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
    /// Retained messages to send behind the SUBACK, by the subscriptions that ask for them.
    pub(super) replays: BTreeMap<FilterId, Replay>,
}

impl PendingSubscribes {
    pub(super) fn len(&self) -> usize {
        self.tickets.len()
    }

    /// Keeps a ticket until the barrier is passed and the groups are confirmed.
    fn insert(&mut self, joins: BTreeSet<Arc<str>>, barrier: Option<u64>, then: Then) {
        let missing = joins.len() + usize::from(barrier.is_some());
        let number = narrow(self.tickets.vacant_key());
        if let Then::SubAck(pending) = &then {
            let session = pending.session;
            self.replaying.extend(pending.replays.keys().map(|filter| (session, *filter, number)));
        }
        self.tickets.insert(Ticket { missing, then });
        self.behind.extend(barrier.map(|barrier| (barrier, number)));
        for share in joins {
            self.joining.entry(share).or_default().push_back(number);
        }
    }

    /// Every engine has passed this barrier.
    fn pass(&mut self, barrier: u64) {
        while let Some((_, number)) = self.behind.pop_front_if(|(waited_for, _)| *waited_for <= barrier) {
            self.confirm(number);
        }
    }

    /// The owner of a group has answered whoever asked first.
    fn joined(&mut self, share: &str) {
        let Some(waiting) = self.joining.get_mut(share) else { return };
        let first = waiting.pop_front();
        if waiting.is_empty() {
            self.joining.remove(share);
        }
        if let Some(number) = first {
            self.confirm(number);
        }
    }

    fn confirm(&mut self, number: TicketNo) {
        let Some(ticket) = self.tickets.get_mut(widen(number)) else { return };
        ticket.missing = ticket.missing.saturating_sub(1);
        if ticket.missing == 0 {
            self.ready.push_back(number);
        }
    }

    fn pop_ready(&mut self) -> Option<Then> {
        let number = self.ready.pop_front()?;
        let Ticket { then, .. } = self.tickets.try_remove(widen(number))?;
        if let Then::SubAck(pending) = &then {
            for filter in pending.replays.keys() {
                self.replaying.remove(&(pending.session, *filter, number));
            }
        }
        Some(then)
    }

    /// The session unsubscribes while its SUBACK still waits: nothing retained is to follow it.
    pub(super) fn forget_replays(&mut self, session: SessionId, filter: FilterId) {
        let of_filter = (session, filter, TicketNo::MIN)..=(session, filter, TicketNo::MAX);
        while let Some(found) = self.replaying.range(of_filter.clone()).next().copied() {
            self.replaying.remove(&found);
            let ticket = self.tickets.get_mut(widen(found.2));
            if let Some(Ticket { then: Then::SubAck(pending), .. }) = ticket {
                pending.replays.remove(&filter);
            }
        }
    }

    /// A barrier is to be sent behind what was announced.
    pub(super) fn needs_barrier(&self) -> bool {
        self.needs_barrier
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
    pub(super) fn wait(&mut self, now: Timestamp, joins: BTreeSet<Arc<str>>, then: Then) {
        let pending = &self.pending_subscribes;
        let barrier = pending.sent + u64::from(pending.needs_barrier);
        let barrier = Some(barrier).filter(|barrier| *barrier > self.barrier_passed());
        if joins.is_empty() && barrier.is_none() {
            return self.finish(now, then);
        }
        self.pending_subscribes.insert(joins, barrier, then);
    }

    /// Puts one barrier behind everything that was announced since the last mail, however much it was.
    pub(super) fn send_barrier(&mut self) {
        let pending = &mut self.pending_subscribes;
        if std::mem::take(&mut pending.needs_barrier) {
            pending.sent += 1;
            let number = pending.sent;
            self.mailboxes.post_to_others(|| Letter::Barrier(number));
        }
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
        self.pending_subscribes.pass(self.barrier_passed());
        self.finish_ready(now);
    }

    /// The owner of a group confirms a `Join` of this engine.
    pub(super) fn on_joined(&mut self, now: Timestamp, share: &str) {
        self.pending_subscribes.joined(share);
        self.finish_ready(now);
    }

    /// This engine owns the group: the join is confirmed once all engines forward to here.
    pub(super) fn confirm_join(&mut self, now: Timestamp, to: ShardId, share: Arc<str>) {
        self.wait(now, BTreeSet::new(), Then::Joined { to, share });
    }

    /// Confirms an acknowledgement once every engine has what was sent to it so far: a message that an earlier
    /// connection forwarded may still be on its way, and who forwarded it is told nothing any more.
    pub(super) fn confirm_behind_mail(&mut self, now: Timestamp, id: ConnectionId, owed: OwedId) {
        self.pending_subscribes.needs_barrier = self.options.shard_count > 1;
        self.wait(now, BTreeSet::new(), Then::Confirm(id, owed));
    }

    /// Finishes what waits for nobody any more. A confirmation that comes back at once (an own group) is seen by
    /// the loop that is running, so that nothing recurses, however many wait.
    fn finish_ready(&mut self, now: Timestamp) {
        if std::mem::replace(&mut self.pending_subscribes.is_finishing, true) {
            return;
        }
        while let Some(then) = self.pending_subscribes.pop_ready() {
            self.finish(now, then);
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
        self.start_replays(now, connection, session, replays.into_values().collect());
    }
}
