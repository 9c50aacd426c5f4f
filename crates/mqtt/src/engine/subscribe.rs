use std::collections::VecDeque;
use std::sync::Arc;

use smallvec::SmallVec;

use super::interest::{Interest, Subscriber};
use super::mail::Letter;
use super::{Engine, ShardId};
use crate::authorize::Grant;
use crate::connection::ConnectionId;
use crate::packet::{Reasons, RetainHandling, SubAck, Subscribe, SubscriptionOptions, UnsubAck, Unsubscribe};
use crate::session::{Replay, SessionId, ShareMembership};
use crate::time::Timestamp;
use crate::topic::{FilterId, FilterRef, ParsedFilter};
use crate::{Packet, PacketId, Properties, ReasonCode};

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
}

#[derive(Debug)]
struct Ticket {
    barrier: u64,
    /// Groups whose owners have not confirmed yet.
    joins: SmallVec<[Arc<str>; 1]>,
    then: Then,
}

#[derive(Debug)]
enum Then {
    SubAck(Box<PendingSubAck>),
    Joined { to: ShardId, share: Arc<str> },
}

#[derive(Debug)]
struct PendingSubAck {
    connection: ConnectionId,
    session: SessionId,
    packet_id: PacketId,
    reasons: Vec<u8>,
    replays: Vec<Replay>,
}

impl PendingSubscribes {
    pub(crate) fn len(&self) -> usize {
        self.tickets.len()
    }
}

impl Engine {
    /// SUBSCRIBE of a client (MQTT 5.0 §3.8).
    pub(super) fn on_subscribe(&mut self, now: Timestamp, id: ConnectionId, subscribe: &Subscribe<'_>) {
        let Some(session) = self.clients.connection(id).and_then(|connection| connection.session()) else {
            return self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "SUBSCRIBE before CONNACK");
        };
        let identifier = subscribe.properties.subscription_identifier().unwrap_or(0);
        let mut pending = PendingSubAck {
            connection: id,
            session,
            packet_id: subscribe.packet_id,
            reasons: Vec::new(),
            replays: Vec::new(),
        };
        let mut joins = SmallVec::<[Arc<str>; 1]>::new();
        for (filter, options) in subscribe.filters.iter() {
            let reason = match ParsedFilter::parse(filter, &self.options.limits.topics) {
                Err(_) => ReasonCode::TOPIC_FILTER_INVALID,
                Ok(parsed) => match self.judge_subscription(session, &parsed) {
                    Err(reason) => reason,
                    Ok(is_checked) => {
                        let wanted = Requested { options, identifier, is_checked };
                        self.subscribe_one(session, &parsed, filter, wanted, &mut pending, &mut joins)
                    }
                },
            };
            pending.reasons.push(reason.0);
        }
        if self.cannot_say(id, &pending.reasons) {
            let rule = "MQTT 3.1 cannot be told that a subscription is refused";
            return self.violate(now, id, ReasonCode::NOT_AUTHORIZED, rule);
        }
        // First the ticket: the confirmation of an own group comes back at once.
        self.wait(now, joins.clone(), Then::SubAck(Box::new(pending)));
        for share in joins {
            let owner = self.owner_of_share(&share);
            self.tell(now, owner, Letter::Join { share, session });
        }
    }

    /// Whether the client's dialect has no word for one of these answers.
    fn cannot_say(&self, id: ConnectionId, reasons: &[u8]) -> bool {
        let dialect = self.clients.connection(id).map(|connection| connection.dialect);
        let is_unknown = |reason: &u8| dialect?.suback_code(ReasonCode(*reason)).is_none().then_some(());
        reasons.iter().any(|reason| is_unknown(reason).is_some())
    }

    /// May the session have this subscription, and must its messages be checked one by one?
    fn judge_subscription(
        &mut self,
        session: SessionId,
        parsed: &ParsedFilter<'_>,
    ) -> Result<bool, ReasonCode> {
        let Some(state) = self.clients.session(session) else { return Err(ReasonCode::UNSPECIFIED_ERROR) };
        match state.authorize.subscribe(parsed.filter, parsed.share) {
            Grant::Whole => Ok(false),
            Grant::PerMessage => Ok(true),
            Grant::Denied => {
                self.clients.stats.subscriptions_denied += 1;
                Err(self.options.subscribe_denied_reason)
            }
        }
    }

    fn subscribe_one(
        &mut self,
        session: SessionId,
        parsed: &ParsedFilter<'_>,
        written: &str,
        wanted: Requested,
        pending: &mut PendingSubAck,
        joins: &mut SmallVec<[Arc<str>; 1]>,
    ) -> ReasonCode {
        let granted = ReasonCode(wanted.options.qos.bits());
        if parsed.share.is_some() {
            return match self.join(session, written, wanted) {
                Some(share) => {
                    joins.push(share);
                    granted
                }
                None => ReasonCode::QUOTA_EXCEEDED,
            };
        }
        let Some(is_new) = self.subscribe_here(session, parsed.filter, wanted) else {
            return ReasonCode::QUOTA_EXCEEDED;
        };
        let sends_retained = match wanted.options.retain_handling {
            RetainHandling::Send => true,
            RetainHandling::SendIfNew => is_new,
            RetainHandling::DoNotSend => false,
        };
        if sends_retained {
            pending.replays.push(Replay::new(parsed.filter, wanted.options.qos, wanted.identifier));
        }
        granted
    }

    /// Adds or replaces a subscription; `None` when the session has too many, else whether it is new.
    fn subscribe_here(
        &mut self,
        session: SessionId,
        filter: FilterRef<'_>,
        wanted: Requested,
    ) -> Option<bool> {
        let known = self.interests.find(filter);
        let state = self.clients.session(session)?;
        let is_known = known.is_some_and(|id| state.subscriptions.contains(&id));
        if !is_known && self.has_all_subscriptions(session) {
            return None;
        }
        let id = self.want_here(filter);
        let interest = self.interests.get_mut(id)?;
        interest.subscribe(Subscriber {
            session: session.index,
            identifier: wanted.identifier,
            options: wanted.options,
            is_checked: wanted.is_checked,
        });
        if !is_known {
            self.clients.session_mut(session)?.subscriptions.push(id);
            self.clients.stats.subscriptions += 1;
        }
        Some(!is_known)
    }

    /// Joins a group, or changes the options in it; `None` when the session has too many subscriptions.
    fn join(&mut self, session: SessionId, share: &str, wanted: Requested) -> Option<Arc<str>> {
        let shares = &self.clients.session(session)?.shares;
        let known = shares.iter().position(|known| &*known.filter == share);
        if known.is_none() && self.has_all_subscriptions(session) {
            return None;
        }
        let share: Arc<str> = Arc::from(share);
        let membership =
            ShareMembership { filter: share.clone(), options: wanted.options, identifier: wanted.identifier };
        let shares = &mut self.clients.session_mut(session)?.shares;
        match known.and_then(|position| shares.get_mut(position)) {
            Some(known) => *known = membership,
            None => {
                shares.push(membership);
                self.clients.stats.subscriptions += 1;
            }
        }
        Some(share)
    }

    fn has_all_subscriptions(&self, session: SessionId) -> bool {
        self.clients.session(session).is_none_or(|state| {
            state.subscriptions.len() + state.shares.len() >= self.options.limits.subscriptions_max
        })
    }

    /// New rights are in force: which subscriptions need a check at delivery?
    pub(super) fn judge_subscriptions(&mut self, session: SessionId) {
        let Some(state) = self.clients.session(session) else { return };
        for id in &state.subscriptions {
            let Some(filter) = self.interests.filter(*id) else { continue };
            let Ok(filter) = FilterRef::new(&filter) else { continue };
            let is_checked = match state.authorize.subscribe(filter, None) {
                Grant::Whole => false,
                Grant::PerMessage | Grant::Denied => true,
            };
            if let Some(known) =
                self.interests.get_mut(*id).and_then(|found| found.subscriber_mut(session.index))
            {
                known.is_checked = is_checked;
            }
        }
    }

    /// UNSUBSCRIBE of a client (MQTT 5.0 §3.10).
    pub(super) fn on_unsubscribe(&mut self, now: Timestamp, id: ConnectionId, unsubscribe: &Unsubscribe<'_>) {
        let Some(session) = self.clients.connection(id).and_then(|connection| connection.session()) else {
            return self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "UNSUBSCRIBE before CONNACK");
        };
        let mut reasons = Vec::new();
        for filter in unsubscribe.filters.iter() {
            let reason = match ParsedFilter::parse(filter, &self.options.limits.topics) {
                Err(_) => ReasonCode::TOPIC_FILTER_INVALID,
                Ok(parsed) if self.unsubscribe_one(now, session, &parsed, filter) => ReasonCode::SUCCESS,
                Ok(_) => ReasonCode::NO_SUBSCRIPTION_EXISTED,
            };
            reasons.push(reason.0);
        }
        let packet_id = unsubscribe.packet_id;
        let reasons = Reasons::new(&reasons);
        self.send(id, &Packet::UnsubAck(UnsubAck { packet_id, properties: Properties::EMPTY, reasons }));
    }

    fn unsubscribe_one(
        &mut self,
        now: Timestamp,
        session: SessionId,
        parsed: &ParsedFilter<'_>,
        written: &str,
    ) -> bool {
        let Some(state) = self.clients.session_mut(session) else { return false };
        if parsed.share.is_some() {
            let shares = &mut state.shares;
            let Some(position) = shares.iter().position(|known| &*known.filter == written) else {
                return false;
            };
            let share = shares.remove(position).filter;
            self.clients.stats.subscriptions -= 1;
            let owner = self.owner_of_share(&share);
            self.tell(now, owner, Letter::Leave { share, session });
            return true;
        }
        let Some(id) = self.interests.find(parsed.filter) else { return false };
        let Some(position) = state.subscriptions.iter().position(|known| *known == id) else { return false };
        state.subscriptions.remove(position);
        if let Some(outbound) = state.outbound.as_mut() {
            outbound.replays.retain(|replay| &*replay.filter != parsed.filter.as_str());
        }
        self.leave_filter(session, id);
        true
    }

    pub(super) fn leave_all_filters(&mut self, session: SessionId) {
        let Some(state) = self.clients.session_mut(session) else { return };
        for id in std::mem::take(&mut state.subscriptions) {
            self.leave_filter(session, id);
        }
    }

    fn leave_filter(&mut self, session: SessionId, id: FilterId) {
        if let Some(interest) = self.interests.get_mut(id)
            && interest.unsubscribe(session.index)
        {
            self.clients.stats.subscriptions -= 1;
        }
        self.unwant_if_idle(id);
    }

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
    fn wait(&mut self, now: Timestamp, joins: SmallVec<[Arc<str>; 1]>, then: Then) {
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

    fn finish_ready(&mut self, now: Timestamp) {
        let passed = self.barrier_passed();
        let mut position = 0;
        while let Some(ticket) = self.pending_subscribes.tickets.get(position) {
            if ticket.barrier > passed {
                return;
            }
            if !ticket.joins.is_empty() {
                position += 1;
                continue;
            }
            if let Some(ticket) = self.pending_subscribes.tickets.remove(position) {
                self.finish(now, ticket.then);
            }
        }
    }

    fn finish(&mut self, now: Timestamp, then: Then) {
        match then {
            Then::SubAck(pending) => self.send_suback(now, *pending),
            Then::Joined { to, share } => self.tell(now, to, Letter::Joined { share }),
        }
    }

    fn send_suback(&mut self, now: Timestamp, pending: PendingSubAck) {
        let PendingSubAck { connection, session, packet_id, reasons, replays } = pending;
        let reasons = Reasons::new(&reasons);
        let suback = Packet::SubAck(SubAck { packet_id, properties: Properties::EMPTY, reasons });
        self.send(connection, &suback);
        self.start_replays(now, connection, session, replays);
    }
}

/// What a SUBSCRIBE asks for one filter, judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requested {
    options: SubscriptionOptions,
    identifier: u32,
    is_checked: bool,
}
