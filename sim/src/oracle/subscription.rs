use std::collections::BTreeMap;
use std::rc::Rc;

use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::{RetainHandling, SubscriptionOptions};
use vouchmq_mqtt::time::Timestamp;

use super::Oracle;
use super::session::{Epoch, EpochNo, Ruling};
use super::shared::GroupNo;
use crate::coverage::Behaviour;
use crate::network::LinkId;

/// One filter of a SUBSCRIBE.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    /// As the client writes it, `$share/…` included.
    pub(crate) written: Rc<str>,
    pub(crate) options: SubscriptionOptions,
    pub(crate) identifier: Option<u32>,
}

/// A subscription and what is known about its time. Subscribing again makes another one.
#[derive(Clone, Debug)]
pub(super) struct Subscription {
    pub(super) written: Rc<str>,
    /// Without `$share/{name}/`.
    pub(super) filter: Rc<str>,
    pub(super) group: Option<GroupNo>,
    pub(super) options: SubscriptionOptions,
    pub(super) identifier: Option<u32>,
    request: Request,
    pub(super) maybe_from: Timestamp,
    pub(super) sure_from: Timestamp,
    pub(super) sure_until: Timestamp,
    pub(super) maybe_until: Timestamp,
    /// From then on another SUBSCRIBE for the same filter may have replaced it.
    settled_until: Timestamp,
}

/// A packet that awaits its acknowledgement.
type Request = (LinkId, u16);

/// What an UNSUBACK has to say for one filter, where that is sure.
#[derive(Debug)]
pub(super) struct Farewell {
    written: Rc<str>,
    expected: Option<ReasonCode>,
    asked_at: Timestamp,
}

/// UNSUBSCRIBE packets that await their acknowledgements.
pub(super) type Farewells = BTreeMap<Request, Vec<Farewell>>;

impl Subscription {
    /// Whether it can have been in force at some time from one instant to another.
    pub(super) fn was_possible(&self, from: Timestamp, until: Timestamp) -> bool {
        self.maybe_from <= until && from <= self.maybe_until
    }

    /// Whether it was in force all the time.
    pub(super) fn was_sure(&self, from: Timestamp, until: Timestamp) -> bool {
        self.sure_from <= from && until <= self.sure_until
    }

    /// Whether it was in force all the time, with these options.
    pub(super) fn was_settled(&self, from: Timestamp, until: Timestamp) -> bool {
        self.was_sure(from, until) && until <= self.settled_until
    }

    fn is_open(&self) -> bool {
        self.maybe_until == Timestamp::NEVER
    }

    pub(super) fn sends_retained(&self) -> bool {
        self.group.is_none() && self.options.retain_handling != RetainHandling::DoNotSend
    }
}

impl Epoch {
    /// Subscriptions to `topic` that can have been in force at some time from one instant to another.
    pub(super) fn possible<'a>(
        &'a self,
        topic: &'a str,
        from: Timestamp,
        until: Timestamp,
    ) -> impl Iterator<Item = &'a Subscription> {
        let exists = self.started_at <= until && from <= self.maybe_until;
        self.subscriptions.iter().filter(move |subscription| {
            exists && subscription.was_possible(from, until) && matches(&subscription.filter, topic)
        })
    }

    /// The lowest QoS that a subscription to `topic` surely had all the time, for the subscription of which
    /// that is highest; `None` if there was none.
    pub(super) fn sure_qos(
        &self,
        topic: &str,
        from: Timestamp,
        until: Timestamp,
        is_meant: impl Fn(&Subscription) -> bool,
    ) -> Option<vouchmq_mqtt::QoS> {
        if !self.is_sure(from, until) {
            return None;
        }
        let candidates =
            self.subscriptions.iter().filter(|known| is_meant(known) && matches(&known.filter, topic));
        candidates.filter_map(|first| self.chain_qos(first, from, until, &is_meant)).max()
    }

    /// A subscription that is replaced goes on as the next one of the same filter.
    fn chain_qos(
        &self,
        first: &Subscription,
        from: Timestamp,
        until: Timestamp,
        is_meant: &impl Fn(&Subscription) -> bool,
    ) -> Option<vouchmq_mqtt::QoS> {
        if first.sure_from > from || first.sure_until < from {
            return None;
        }
        let mut lowest = first.options.qos;
        let mut covered = first.sure_until;
        let same = self.subscriptions.iter().filter(|other| other.written == first.written);
        for next in same {
            if next.was_possible(from, until) {
                if !is_meant(next) {
                    return None;
                }
                lowest = lowest.min(next.options.qos);
            }
            if next.sure_from <= covered && covered < next.sure_until {
                covered = next.sure_until;
            }
        }
        (covered >= until).then_some(lowest)
    }
}

impl Oracle {
    /// A client sends SUBSCRIBE.
    pub(crate) fn subscribing(&mut self, link: LinkId, packet_id: u16, wishes: &[Wish], now: Timestamp) {
        let Some(epoch) = self.epoch_of(link) else { return };
        for wish in wishes {
            let (group, filter) = self.group_of(&wish.written);
            let subscription = Subscription {
                written: wish.written.clone(),
                filter,
                group,
                options: wish.options,
                identifier: wish.identifier,
                request: (link, packet_id),
                maybe_from: now,
                sure_from: Timestamp::NEVER,
                sure_until: Timestamp::NEVER,
                maybe_until: Timestamp::NEVER,
                settled_until: Timestamp::NEVER,
            };
            let known = &mut self.epoch_mut(epoch).subscriptions;
            for other in known.iter_mut().filter(|other| other.written == wish.written) {
                other.settled_until = other.settled_until.min(now);
            }
            known.push(subscription);
        }
    }

    /// A client receives SUBACK.
    pub(crate) fn subscribed(&mut self, link: LinkId, packet_id: u16, codes: &[u8], now: Timestamp) {
        let Some(epoch) = self.epoch_of(link) else { return };
        let is_asked = |known: &Subscription| known.request == (link, packet_id);
        let all = &self.epoch(epoch).subscriptions;
        let asked: Vec<usize> = (0..all.len()).filter(|position| is_asked(&all[*position])).collect();
        if asked.len() != codes.len() {
            let what = format!("SUBACK on {link} has {} codes for {} filters", codes.len(), asked.len());
            return self.fail(now, what);
        }
        for (position, code) in asked.into_iter().zip(codes) {
            self.judge_grant(link, epoch, position, ReasonCode(*code), now);
            self.settle_grant(epoch, position, ReasonCode(*code).is_error(), now);
        }
    }

    fn settle_grant(&mut self, epoch: EpochNo, position: usize, is_refused: bool, now: Timestamp) {
        let all = &mut self.epoch_mut(epoch).subscriptions;
        let (earlier, rest) = all.split_at_mut(position);
        let Some(subscription) = rest.first_mut() else { return };
        // What was asked with it is not asked any more.
        subscription.request.1 = 0;
        if is_refused {
            subscription.sure_until = subscription.maybe_from;
            subscription.maybe_until = subscription.maybe_from;
            return;
        }
        for replaced in earlier.iter_mut().filter(|known| known.written == subscription.written) {
            replaced.sure_until = replaced.sure_until.min(now);
            replaced.maybe_until = replaced.maybe_until.min(now);
        }
        if subscription.sure_until == Timestamp::NEVER {
            subscription.sure_from = now;
        }
    }

    /// Whether the code is the truth.
    fn judge_grant(
        &mut self,
        link: LinkId,
        epoch: EpochNo,
        position: usize,
        code: ReasonCode,
        now: Timestamp,
    ) {
        let all = &self.epoch(epoch).subscriptions;
        let subscription = &all[position];
        let (written, asked_at) = (subscription.written.clone(), subscription.maybe_from);
        let granted = subscription.options.qos.bits();
        let may = self.rights_of(link).is_none_or(|rights| rights.may_subscribe(&subscription.filter));
        let distinct = |is_counted: &dyn Fn(usize, &Subscription) -> bool| {
            let counted = all.iter().enumerate().filter(|(place, known)| {
                *place != position && known.written != written && is_counted(*place, known)
            });
            let mut names: Vec<&str> = counted.map(|(_, known)| &*known.written).collect();
            names.sort_unstable();
            names.dedup();
            names.len()
        };
        let max = self.rules.limits.subscriptions_max;
        let sure = distinct(&|_, known| known.was_sure(asked_at, now));
        let possible =
            distinct(&|place, known| place < position && known.was_possible(asked_at, Timestamp::NEVER));
        let has_reasons = self.has_reasons(link);
        let denied = if has_reasons { ReasonCode::NOT_AUTHORIZED } else { ReasonCode::UNSPECIFIED_ERROR };
        let over = if has_reasons { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::UNSPECIFIED_ERROR };
        let unknown = if has_reasons { ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR } else { denied };
        if code == unknown && self.is_undecided(link) {
            return self.hit(Behaviour::RightsUnknown);
        }
        let is_true = match code {
            _ if !may => code == denied,
            ReasonCode(qos) if qos == granted => sure < max,
            code => code == over && possible >= max,
        };
        if !is_true {
            let what = format!(
                "SUBACK on {link} says {code} for {written}: allowed {may}, QoS {granted} asked, {sure} to \
                 {possible} other subscriptions of at most {max}"
            );
            return self.fail(now, what);
        }
        self.hit(match (may, code.is_error()) {
            (false, _) => Behaviour::GrantDenied,
            (true, true) => Behaviour::GrantOverQuota,
            (true, false) => Behaviour::Granted,
        });
    }

    /// A client sends UNSUBSCRIBE.
    pub(crate) fn unsubscribing(
        &mut self,
        link: LinkId,
        packet_id: u16,
        filters: &[Rc<str>],
        now: Timestamp,
    ) {
        let Some(epoch) = self.epoch_of(link) else { return };
        let mut farewells: Vec<Farewell> = Vec::new();
        for written in filters {
            let is_repeated = farewells.iter().any(|other| other.written == *written);
            let mut open: Vec<&mut Subscription> = self
                .epoch_mut(epoch)
                .subscriptions
                .iter_mut()
                .filter(|known| known.written == *written && known.is_open())
                .collect();
            let is_sure = open.iter().any(|known| known.was_sure(now, Timestamp::NEVER));
            for subscription in &mut open {
                subscription.sure_until = subscription.sure_until.min(now);
            }
            let expected = match (is_repeated || open.is_empty(), is_sure) {
                (true, _) => Some(ReasonCode::NO_SUBSCRIPTION_EXISTED),
                (false, true) => Some(ReasonCode::SUCCESS),
                (false, false) => None,
            };
            farewells.push(Farewell { written: written.clone(), expected, asked_at: now });
        }
        self.farewells.insert((link, packet_id), farewells);
    }

    /// A client receives UNSUBACK.
    pub(crate) fn unsubscribed(&mut self, link: LinkId, packet_id: u16, codes: &[u8], now: Timestamp) {
        let Some(epoch) = self.epoch_of(link) else { return };
        let Some(farewells) = self.farewells.remove(&(link, packet_id)) else {
            return self.fail(now, format!("UNSUBACK on {link} that nobody asked for"));
        };
        if self.has_reasons(link) && codes.len() != farewells.len() {
            return self.fail(now, format!("UNSUBACK on {link} has {} codes", codes.len()));
        }
        for (position, farewell) in farewells.iter().enumerate() {
            let code = codes.get(position).map(|code| ReasonCode(*code));
            if let (Some(code), Some(expected)) = (code, farewell.expected)
                && code != expected
            {
                let what = format!("UNSUBACK on {link} says {code} for {}: {expected}", farewell.written);
                return self.fail(now, what);
            }
            self.hit(Behaviour::Unsubscribed);
            for known in &mut self.epoch_mut(epoch).subscriptions {
                if known.written == farewell.written && known.maybe_from <= farewell.asked_at {
                    known.sure_until = known.sure_until.min(farewell.asked_at);
                    known.maybe_until = known.maybe_until.min(now);
                }
            }
        }
    }

    pub(crate) fn epoch_of(&self, link: LinkId) -> Option<EpochNo> {
        self.links.get(&link)?.epoch
    }

    pub(super) fn has_reasons(&self, link: LinkId) -> bool {
        self.links.get(&link).is_some_and(|record| record.facts.dialect.has_properties())
    }

    pub(super) fn rights_of(&self, link: LinkId) -> Option<crate::rights::Rights> {
        match self.links.get(&link)?.ruling? {
            Ruling::Allowed { rights, .. } => Some(rights),
            Ruling::Refused(_) | Ruling::Silence => None,
        }
    }
}

/// What a filter means (MQTT 5.0 §4.7), said once more and separately.
pub(super) fn matches(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['+', '#']) {
        return false;
    }
    let mut levels = topic.split('/');
    for wanted in filter.split('/') {
        if wanted == "#" {
            return true;
        }
        let Some(level) = levels.next() else { return false };
        if wanted != "+" && wanted != level {
            return false;
        }
    }
    levels.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn filters_mean_what_the_standard_says() {
        for (filter, topic) in [("#", "a/b"), ("a/#", "a"), ("+/b", "a/b"), ("/+", "/x"), ("$s/#", "$s/a")] {
            assert!(matches(filter, topic), "{filter} {topic}");
        }
        for (filter, topic) in [("#", "$s/a"), ("+/a", "$s/a"), ("a/+", "a"), ("a", "a/b"), ("+", "/x")] {
            assert!(!matches(filter, topic), "{filter} {topic}");
        }
    }
}
