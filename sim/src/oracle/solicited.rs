use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{QoS, QueueFull, ReasonCode};

use super::Oracle;
use super::delivery::Received;
use super::message::{MessageNo, Origin};
use super::session::EpochNo;
use super::subscription::Subscription;
use crate::client::ClientNo;
use crate::coverage::Behaviour;

/// What a session's plain subscriptions to a topic come to, when they were all sure all the time.
#[derive(Debug, Default)]
pub(super) struct Settled {
    /// At which a message is delivered; `None` when nothing matches.
    pub(super) qos: Option<QoS>,
    pub(super) identifiers: Vec<u32>,
    /// RETAIN as published is kept by all, or by none of them; `None` if they differ.
    pub(super) keeps_retain: Option<bool>,
    pub(super) count: usize,
}

impl Oracle {
    /// What the session's subscriptions to the message's topic came to; `None` while any of them was unsure.
    pub(super) fn settled(
        &self,
        message: MessageNo,
        epoch: EpochNo,
        from: Timestamp,
        until: Timestamp,
    ) -> Option<Settled> {
        let record = self.message(message);
        let state = self.epoch(epoch);
        if !state.is_sure(from, until) {
            return None;
        }
        let mut settled = Settled::default();
        for subscription in self.meant_for(message, epoch, from, until) {
            if !subscription.was_settled(from, until) {
                return None;
            }
            let qos = subscription.options.qos.min(record.facts.qos);
            let keeps = subscription.options.retain_as_published;
            settled.keeps_retain = match settled.count {
                0 => Some(keeps),
                _ => settled.keeps_retain.filter(|others| *others == keeps),
            };
            settled.qos = settled.qos.max(Some(qos));
            settled.identifiers.extend(subscription.identifier);
            settled.count += 1;
        }
        settled.identifiers.sort_unstable();
        Some(settled)
    }

    /// Plain subscriptions through which a live message can have come.
    pub(super) fn meant_for(
        &self,
        message: MessageNo,
        epoch: EpochNo,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = &Subscription> {
        let record = self.message(message);
        let state = self.epoch(epoch);
        let is_own = self.is_own(message, epoch);
        state
            .possible(&record.facts.topic, from, until)
            .filter(move |known| known.group.is_none() && !(is_own && known.options.no_local))
    }

    /// Why a message may be missing, if there is a reason.
    pub(super) fn excuse(
        &self,
        message: MessageNo,
        client: ClientNo,
        qos: QoS,
        since: Timestamp,
        now: Timestamp,
    ) -> Option<Behaviour> {
        let record = self.message(message);
        let state = self.client(client);
        let nobody = crate::rights::Rights { is_privileged: false, must_ask: false };
        let is_secret = !nobody.may_receive(&record.facts.topic);
        if is_secret && !state.is_always_privileged {
            return Some(Behaviour::DeliveryDenied);
        }
        // A client with a small Maximum Packet Size may not be sent this.
        if self.packet_len_max(message, client) > state.packet_bytes_max {
            return Some(Behaviour::TooLarge);
        }
        if record.may_be_expired(now) {
            return Some(Behaviour::ExpiredInQueue);
        }
        // Refused by the store of retained messages; whoever publishes at QoS 0 cannot be told.
        let is_refused = self.retained_refused_at.is_some_and(|at| since <= at);
        if record.facts.retain && is_refused && !record.is_accepted() {
            return Some(Behaviour::RetainedFull);
        }
        let is_full = state.queue_full_at.is_some_and(|at| since <= at);
        if qos != QoS::AtMostOnce && is_full && !self.must_tell_queue_full(message) {
            return Some(Behaviour::QueueFullExcused);
        }
        None
    }

    /// Under the policy `reject` a publisher that can be told is told; success then is a promise.
    fn must_tell_queue_full(&self, message: MessageNo) -> bool {
        let record = self.message(message);
        let is_told = record.answer.is_some_and(|(reason, _)| reason == ReasonCode::QUOTA_EXCEEDED);
        let hears = matches!(record.facts.origin, Origin::Client { hears_reasons: true, .. });
        let is_repeated = record.facts.qos == QoS::ExactlyOnce && record.sends > 1;
        let is_promise =
            record.facts.qos != QoS::AtMostOnce && hears && record.answer.is_some() && !is_repeated;
        self.rules.limits.queue_full == QueueFull::Reject && is_promise && !is_told
    }

    /// An upper bound of the packet's size.
    fn packet_len_max(&self, message: MessageNo, client: ClientNo) -> usize {
        let facts = &self.message(message).facts;
        let identifiers = self.client(client).epoch.map_or(0, |epoch| {
            let state = self.epoch(epoch);
            state.possible(&facts.topic, Timestamp::ZERO, Timestamp::NEVER).count()
        });
        let tag = if facts.is_tagged { 16 } else { 0 };
        5 + 2 + facts.topic.len() + 2 + 2 + 5 + 3 + 5 * identifiers + tag + facts.payload_len
    }

    /// A live message, or a retained one for a new subscription: somebody asked for it, like this.
    pub(super) fn judge_plain(
        &mut self,
        message: MessageNo,
        epoch: EpochNo,
        received: &Received<'_>,
        now: Timestamp,
    ) {
        let record = self.message(message);
        let Some(read) = record.routed_from() else { return };
        // QoS 0 is written at once: whatever ended before has ended.
        let ended_at = self.epoch(epoch).maybe_until;
        let from = if received.qos == QoS::AtMostOnce { now.min(ended_at) } else { read };
        let published = record.facts.qos;
        let live: Vec<&Subscription> = self.meant_for(message, epoch, from, now).collect();
        let state = self.epoch(epoch);
        // What is retained may come late, and as an earlier SUBSCRIBE for the same filter asked for it.
        let is_there = |written: &str| {
            state.possible(&record.facts.topic, from, now).any(|known| *known.written == *written)
        };
        let replayed: Vec<&Subscription> = state
            .possible(&record.facts.topic, Timestamp::ZERO, now)
            .filter(|known| received.retain && record.facts.retain && known.sends_retained())
            .filter(|known| is_there(&known.written))
            .collect();
        let asked = || live.iter().chain(&replayed);
        if asked().next().is_none() {
            let what = format!("{} gets {message} and has not subscribed to it", state.client);
            return self.fail(now, what);
        }
        if !asked().any(|known| known.options.qos.min(published) == received.qos) {
            let what = format!("{} gets {message} at {:?}, as nobody asked", state.client, received.qos);
            return self.fail(now, what);
        }
        let is_known = |id: &u32| asked().any(|known| known.identifier == Some(*id));
        if !received.identifiers.iter().all(is_known) {
            let ids = &received.identifiers;
            return self.fail(now, format!("{} gets {message} with identifiers {ids:?}", state.client));
        }
        let may_retain = !replayed.is_empty() || live.iter().any(|known| known.options.retain_as_published);
        let must_retain = record.facts.retain && live.iter().all(|known| known.options.retain_as_published);
        let is_right = if received.retain { record.facts.retain && may_retain } else { !must_retain };
        if !is_right {
            let what = format!("{} gets {message} with RETAIN {}", state.client, received.retain);
            return self.fail(now, what);
        }
        if !received.retain {
            self.judge_settled(message, epoch, received, now);
        }
    }

    /// Nothing changed since the message was published: it comes exactly as the subscriptions say.
    fn judge_settled(&mut self, message: MessageNo, epoch: EpochNo, received: &Received<'_>, now: Timestamp) {
        let Some(read) = self.message(message).routed_from() else { return };
        let Some(settled) = self.settled(message, epoch, read, now) else { return };
        let client = self.epoch(epoch).client;
        if settled.qos != Some(received.qos) {
            let what = format!("{client} gets {message} at {:?}, not {:?}", received.qos, settled.qos);
            return self.fail(now, what);
        }
        let mut identifiers = received.identifiers.to_vec();
        identifiers.sort_unstable();
        if self.has_reasons(received.link) && identifiers != settled.identifiers {
            let what = format!(
                "{client} gets {message} with identifiers {identifiers:?}, not {:?}",
                settled.identifiers
            );
            return self.fail(now, what);
        }
        if settled.keeps_retain == Some(true) && self.message(message).facts.retain {
            return self.fail(now, format!("{client} gets {message} without RETAIN as published"));
        }
        if settled.count > 1 {
            self.hit(Behaviour::Overlapping);
        }
        if !identifiers.is_empty() {
            self.hit(Behaviour::Identified);
        }
    }
}
