use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{QoS, QueueFull, ReasonCode};

use super::message::{MessageNo, Origin};
use super::session::EpochNo;
use super::subscription::Subscription;
use super::{Oracle, TICK};
use crate::coverage::Behaviour;
use crate::network::LinkId;
use crate::rights::Rights;

/// PUBACK or PUBREC, as the publisher received it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) message: MessageNo,
    pub(crate) link: LinkId,
    pub(crate) reason: ReasonCode,
    /// What the broker had in its journal when it wrote this.
    pub(crate) safe_through: Timestamp,
}

impl Oracle {
    /// A publisher is told that the broker has taken a message over, or not.
    pub(crate) fn answered(&mut self, answer: Answer, now: Timestamp) {
        let Answer { message, link, reason, safe_through } = answer;
        let record = self.message(message);
        let Some((first, last)) = record.read else {
            return self.fail(now, format!("{message} is acknowledged and was never read"));
        };
        let needed = if record.facts.qos == QoS::ExactlyOnce { first } else { last };
        if safe_through < needed {
            let what = format!("{message} is acknowledged before the journal has it ({reason})");
            return self.fail(now, what);
        }
        self.hit(Behaviour::AckAfterJournal);
        self.judge_reason(message, link, reason, now);
        self.message_mut(message).answer = Some((reason, now));
        if !reason.is_error() {
            self.promise(message, now);
        }
    }

    /// A message that nobody acknowledges has reached everybody by now.
    pub(crate) fn settle(&mut self, message: MessageNo, now: Timestamp) {
        self.message_mut(message).answer = Some((ReasonCode::SUCCESS, now));
        self.promise(message, now);
    }

    /// Every session that surely had a subscription all the time now owes its client the message.
    fn promise(&mut self, message: MessageNo, now: Timestamp) {
        let record = self.message(message);
        let Some(from) = record.owed_from() else { return };
        if record.facts.qos == QoS::AtMostOnce || record.is_clear() {
            return;
        }
        let topic = record.facts.topic.clone();
        if !Rights::may_publish(&topic) {
            return;
        }
        let is_held_back = self.epoch_numbers().any(|epoch| {
            let is_meant = |known: &Subscription| known.options.no_local;
            self.is_own(message, epoch) && self.epoch(epoch).sure_qos(&topic, from, now, is_meant).is_some()
        });
        if is_held_back {
            self.hit(Behaviour::NoLocal);
        }
        let owing: Vec<EpochNo> = self
            .epoch_numbers()
            .filter(|epoch| {
                let is_own = self.is_own(message, *epoch);
                let qos = self.epoch(*epoch).sure_qos(&topic, from, now, |known| {
                    known.group.is_none() && !(is_own && known.options.no_local)
                });
                qos.is_some_and(|qos| qos != QoS::AtMostOnce)
            })
            .collect();
        for epoch in owing {
            let client = self.epoch(epoch).client;
            let is_given = |copy: &super::message::Copy| copy.client == client && copy.group.is_none();
            if self.message(message).copies.iter().any(is_given) {
                let hit = match self.message(message).facts.qos {
                    QoS::AtMostOnce | QoS::AtLeastOnce => Behaviour::AtLeastOnce,
                    QoS::ExactlyOnce => Behaviour::ExactlyOnce,
                };
                self.hit(hit);
            } else {
                self.epoch_mut(epoch).owed.insert(message, from);
            }
        }
    }

    /// Whether the reason is the truth.
    fn judge_reason(&mut self, message: MessageNo, link: LinkId, reason: ReasonCode, now: Timestamp) {
        let topic = self.message(message).facts.topic.clone();
        let Some(from) = self.message(message).owed_from() else { return };
        if !self.has_reasons(link) {
            return;
        }
        let may = Rights::may_publish(&topic);
        match reason {
            ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR if self.is_undecided(link) => {
                self.hit(Behaviour::RightsUnknown);
            }
            ReasonCode::NOT_AUTHORIZED if !may => self.hit(Behaviour::PublishDenied),
            _ if !may => {
                self.fail(now, format!("{message} may not be published, and the answer is {reason}"))
            }
            ReasonCode::SUCCESS => self.judge_somebody(message, now),
            ReasonCode::NO_MATCHING_SUBSCRIBERS => self.judge_nobody(message, from, now),
            ReasonCode::QUOTA_EXCEEDED => self.judge_quota(message, now),
            _ => self.fail(now, format!("{message} is answered by {reason}")),
        }
    }

    /// 0x10: nobody can have been subscribed all the time.
    fn judge_nobody(&mut self, message: MessageNo, from: Timestamp, now: Timestamp) {
        let topic = self.message(message).facts.topic.clone();
        let found = self.epoch_numbers().find(|epoch| {
            let is_own = self.is_own(message, *epoch);
            let is_meant = |known: &Subscription| !(is_own && known.options.no_local);
            self.epoch(*epoch).sure_qos(&topic, from, now, is_meant).is_some()
        });
        if let Some(epoch) = found {
            let client = self.epoch(epoch).client;
            return self.fail(now, format!("{message} had no subscribers, says the broker, but {client}"));
        }
        self.hit(Behaviour::NobodySubscribed);
    }

    /// Success: somebody can have been subscribed.
    fn judge_somebody(&mut self, message: MessageNo, now: Timestamp) {
        let record = self.message(message);
        if record.facts.qos == QoS::ExactlyOnce && record.sends > 1 {
            // A repetition is not routed again, and the broker need not remember what came of the first.
            return;
        }
        let Some(from) = record.routed_from() else { return };
        let margin = self.rules.propagation + TICK;
        let micros = u64::try_from(margin.as_micros()).unwrap_or(u64::MAX);
        let from = Timestamp::from_micros(from.micros().saturating_sub(micros));
        let topic = &record.facts.topic;
        let is_possible = self.epochs.iter().any(|state| {
            let mut possible = state.possible(topic, from, now);
            state.maybe_until >= from && possible.next().is_some()
        });
        if !is_possible {
            return self.fail(now, format!("{message} had subscribers, says the broker, and had none"));
        }
        self.hit(Behaviour::SomebodySubscribed);
    }

    /// 0x97: a queue was full, or the store of retained messages.
    fn judge_quota(&mut self, message: MessageNo, now: Timestamp) {
        let record = self.message(message);
        let Some(from) = record.routed_from() else { return };
        let is_rejecting = self.rules.limits.queue_full == QueueFull::Reject;
        let has_dropped = |at: Option<Timestamp>| at.is_some_and(|at| from <= at);
        let was_full = is_rejecting && self.clients.iter().any(|client| has_dropped(client.queue_full_at));
        let was_refused = record.facts.retain && has_dropped(self.retained_refused_at);
        let is_client = matches!(record.facts.origin, Origin::Client { .. });
        if !is_client || !(was_full || was_refused) {
            return self.fail(now, format!("{message} is answered by 0x97 and nothing was full"));
        }
        self.hit(Behaviour::QueueFullTold);
    }
}
