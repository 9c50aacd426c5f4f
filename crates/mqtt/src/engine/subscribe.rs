use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use smallvec::SmallVec;

use super::Engine;
use super::announce::{PendingSubAck, Then};
use super::inquire::AT_ONCE_MAX;
use super::inquiries::OwnedAttempt;
use super::interest::Subscriber;
use super::mail::Letter;
use super::receive::Handled;
use crate::authorize::{Grant, Inquired};
use crate::connection::ConnectionId;
use crate::packet::{Reasons, RetainHandling, Subscribe, SubscriptionOptions, UnsubAck, Unsubscribe};
use crate::session::{Replay, SessionId, ShareMembership};
use crate::time::Timestamp;
use crate::topic::{FilterId, FilterRef, ParsedFilter};
use crate::{Packet, Properties, ReasonCode};

/// Filters of one SUBSCRIBE that are looked at, or as many as a client may have if that is more.
const FILTERS_MAX: usize = 1024;

impl Engine {
    /// SUBSCRIBE of a client (MQTT 5.0 §3.8).
    pub(super) fn on_subscribe(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        subscribe: &Subscribe<'_>,
    ) -> Handled {
        let Some(session) = self.clients.connection(id).and_then(|connection| connection.session()) else {
            self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "SUBSCRIBE before CONNACK");
            return Handled::Done;
        };
        // All are judged before anything is done: about some of them others may have to be asked.
        let mut judged: SmallVec<[_; 4]> = SmallVec::new();
        let mut unknown = Vec::new();
        for (position, (filter, options)) in subscribe.filters.iter().enumerate() {
            let judgement = self.judge_filter(id, session, position, filter);
            if let Judgement::Asked(parsed) = &judgement
                && unknown.len() < AT_ONCE_MAX
            {
                let attempt = OwnedAttempt::subscribe(parsed.filter, parsed.share, options.qos);
                unknown.push((position, attempt));
            }
            judged.push(judgement);
        }
        if !unknown.is_empty() {
            return self.inquire(now, id, session, unknown);
        }
        let identifier = subscribe.properties.subscription_identifier().unwrap_or(0);
        let mut pending = PendingSubAck {
            connection: id,
            session,
            packet_id: subscribe.packet_id,
            reasons: Vec::new(),
            replays: BTreeMap::new(),
        };
        let mut joins = BTreeSet::new();
        for ((filter, options), judgement) in subscribe.filters.iter().zip(judged) {
            let reason = match judgement {
                Judgement::Granted(parsed, is_checked) => {
                    let wanted = Requested { options, identifier, is_checked };
                    self.subscribe_one(session, &parsed, filter, wanted, &mut pending, &mut joins)
                }
                Judgement::Refused(reason) => reason,
                Judgement::Denied => {
                    self.clients.stats.subscriptions_denied += 1;
                    self.options.settings.subscribe_denied_reason
                }
                Judgement::Asked(_) | Judgement::Undecided => {
                    self.clients.stats.subscriptions_undecided += 1;
                    ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR
                }
            };
            self.clients.stats.count_refusal(reason);
            self.clients.stats.subscriptions_over_quota += u64::from(reason == ReasonCode::QUOTA_EXCEEDED);
            pending.reasons.push(reason.0);
        }
        let can_answer = self.can_say(id, &pending.reasons);
        // First the ticket: the confirmation of an own group comes back at once.
        self.wait(now, joins.clone(), Then::SubAck(Box::new(pending)));
        for share in joins {
            let owner = self.owner_of_share(&share);
            self.tell(now, owner, Letter::Join { share, session });
        }
        if !can_answer {
            let rule = "MQTT 3.1 cannot be told that a subscription is refused";
            self.violate(now, id, ReasonCode::NOT_AUTHORIZED, rule);
        }
        Handled::Done
    }

    /// Whether the client's dialect has words for these answers.
    fn can_say(&self, id: ConnectionId, reasons: &[u8]) -> bool {
        self.clients.connection(id).is_none_or(|connection| {
            reasons.iter().all(|reason| connection.dialect.suback_code(ReasonCode(*reason)).is_some())
        })
    }

    /// May the session have this subscription, and must its messages be checked one by one?
    fn judge_filter<'a>(
        &self,
        id: ConnectionId,
        session: SessionId,
        position: usize,
        filter: &'a str,
    ) -> Judgement<'a> {
        let limits = &self.options.settings.limits;
        if position >= limits.subscriptions_max.max(FILTERS_MAX) {
            // Refused without a look: what a packet can make us do has a bound.
            return Judgement::Refused(ReasonCode::QUOTA_EXCEEDED);
        }
        let Ok(parsed) = ParsedFilter::parse(filter, &limits.topics) else {
            return Judgement::Refused(ReasonCode::TOPIC_FILTER_INVALID);
        };
        let Some(state) = self.clients.session(session) else {
            return Judgement::Refused(ReasonCode::UNSPECIFIED_ERROR);
        };
        let grant = match state.authorize.subscribe(parsed.filter, parsed.share) {
            Grant::Asked => match self.answer_of(id, position) {
                Some(Inquired::Granted(grant)) => grant,
                Some(Inquired::Unavailable) => return Judgement::Undecided,
                None => return Judgement::Asked(parsed),
            },
            grant @ (Grant::Whole | Grant::PerMessage | Grant::Denied) => grant,
        };
        match grant {
            Grant::Whole => Judgement::Granted(parsed, false),
            Grant::PerMessage => Judgement::Granted(parsed, true),
            Grant::Denied | Grant::Asked => Judgement::Denied,
        }
    }

    fn subscribe_one(
        &mut self,
        session: SessionId,
        parsed: &ParsedFilter<'_>,
        written: &str,
        wanted: Requested,
        pending: &mut PendingSubAck,
        joins: &mut BTreeSet<Arc<str>>,
    ) -> ReasonCode {
        let granted = ReasonCode(wanted.options.qos.bits());
        if parsed.share.is_some() {
            return match self.join(session, written, wanted) {
                Some(share) => {
                    joins.insert(share);
                    granted
                }
                None => ReasonCode::QUOTA_EXCEEDED,
            };
        }
        let Some((id, is_new)) = self.subscribe_here(session, parsed.filter, wanted) else {
            return ReasonCode::QUOTA_EXCEEDED;
        };
        let sends_retained = match wanted.options.retain_handling {
            RetainHandling::Send => true,
            RetainHandling::SendIfNew => is_new,
            RetainHandling::DoNotSend => false,
        };
        if sends_retained {
            pending.replays.insert(id, Replay::new(parsed.filter, wanted.options.qos, wanted.identifier));
        }
        granted
    }

    /// Adds or replaces a subscription; `None` when the session has too many, else which it is and whether it
    /// is new.
    fn subscribe_here(
        &mut self,
        session: SessionId,
        filter: FilterRef<'_>,
        wanted: Requested,
    ) -> Option<(FilterId, bool)> {
        let known = self.interests.find(filter).and_then(|id| self.interests.get(id));
        let is_known = known.is_some_and(|interest| interest.has_subscriber(session.index));
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
            let subscriptions = &mut self.clients.session_mut(session)?.subscriptions;
            if let Err(position) = subscriptions.binary_search(&id) {
                subscriptions.insert(position, id);
            }
            self.clients.stats.subscriptions += 1;
        }
        Some((id, !is_known))
    }

    /// Joins a group, or changes the options in it; `None` when the session has too many subscriptions.
    fn join(&mut self, session: SessionId, share: &str, wanted: Requested) -> Option<Arc<str>> {
        let known = self.clients.session(session)?.shares.get_key_value(share);
        let known = known.map(|(share, _)| share.clone());
        if known.is_none() && self.has_all_subscriptions(session) {
            return None;
        }
        let share = known.unwrap_or_else(|| Arc::from(share));
        let membership = ShareMembership { options: wanted.options, identifier: wanted.identifier };
        let shares = &mut self.clients.session_mut(session)?.shares;
        if shares.insert(share.clone(), membership).is_none() {
            self.clients.stats.subscriptions += 1;
            self.clients.stats.shared_subscriptions += 1;
        }
        Some(share)
    }

    fn has_all_subscriptions(&self, session: SessionId) -> bool {
        self.clients.session(session).is_none_or(|state| {
            state.subscriptions.len() + state.shares.len() >= self.options.settings.limits.subscriptions_max
        })
    }

    /// New rights are in force: which subscriptions need a check at delivery? Nobody else is asked here: where that
    /// would be needed, what is not known to be allowed is withheld.
    pub(super) fn judge_subscriptions(&mut self, session: SessionId) {
        let Some(state) = self.clients.session(session) else { return };
        for id in &state.subscriptions {
            let Some(filter) = self.interests.filter(*id) else { continue };
            let Ok(filter) = FilterRef::new(&filter) else { continue };
            let is_checked = match state.authorize.subscribe(filter, None) {
                Grant::Whole => false,
                Grant::PerMessage | Grant::Denied | Grant::Asked => true,
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
            let reason = match ParsedFilter::parse(filter, &self.options.settings.limits.topics) {
                Err(_) => ReasonCode::TOPIC_FILTER_INVALID,
                Ok(parsed) if self.unsubscribe_one(now, session, &parsed, filter) => ReasonCode::SUCCESS,
                Ok(_) => ReasonCode::NO_SUBSCRIPTION_EXISTED,
            };
            reasons.push(reason.0);
        }
        let packet_id = unsubscribe.packet_id;
        let reasons = Reasons::new(&reasons);
        let unsuback = Packet::UnsubAck(UnsubAck { packet_id, properties: Properties::EMPTY, reasons });
        self.reply(now, id, &unsuback);
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
            let Some((share, _)) = state.shares.remove_entry(written) else { return false };
            self.clients.stats.subscriptions -= 1;
            self.clients.stats.shared_subscriptions -= 1;
            let owner = self.owner_of_share(&share);
            self.tell(now, owner, Letter::Leave { share, session });
            return true;
        }
        let Some(id) = self.interests.find(parsed.filter) else { return false };
        let Ok(position) = state.subscriptions.binary_search(&id) else { return false };
        state.subscriptions.remove(position);
        if let Some(outbound) = state.outbound.as_mut() {
            outbound.replays.retain(|replay| &*replay.filter != parsed.filter.as_str());
        }
        self.pending_subscribes.forget_replays(session, id);
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
}

/// What a SUBSCRIBE may have of one filter.
enum Judgement<'a> {
    /// All, or what the client may receive message by message.
    Granted(ParsedFilter<'a>, bool),
    /// It is no matter of rights.
    Refused(ReasonCode),
    /// It may not.
    Denied,
    /// Others could not be asked.
    Undecided,
    /// Others are to be asked.
    Asked(ParsedFilter<'a>),
}

/// What a SUBSCRIBE asks for one filter, judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Requested {
    options: SubscriptionOptions,
    identifier: u32,
    is_checked: bool,
}
