use std::rc::Rc;

use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{QoS, ReasonCode};

use super::Oracle;
use super::delivery::Received;
use super::message::{Copy, MessageNo};
use super::session::EpochNo;
use super::subscription::{Subscription, matches};
use crate::coverage::Behaviour;

/// A shared subscription that several clients have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupNo(u16);

/// Subscription Identifiers from this one on are those of groups.
const IDENTIFIERS_FROM: u32 = 1000;

#[derive(Debug)]
pub(super) struct Group {
    /// `$share/{name}/{filter}`.
    written: Rc<str>,
    filter: Rc<str>,
}

/// What is known about the members of a group over some time.
struct Membership {
    /// Somebody surely was a member all the time.
    is_manned: bool,
    /// Nothing happened that allows a message to be lost.
    is_safe: bool,
}

impl Oracle {
    /// The group of a filter, if it is a shared one, and the filter without `$share/…`.
    pub(super) fn group_of(&mut self, written: &Rc<str>) -> (Option<GroupNo>, Rc<str>) {
        let Some((_, filter)) = written.strip_prefix("$share/").and_then(|rest| rest.split_once('/')) else {
            return (None, written.clone());
        };
        let filter: Rc<str> = filter.into();
        let known = self.groups.iter().position(|group| group.written == *written);
        let number = known.unwrap_or_else(|| {
            self.groups.push(Group { written: written.clone(), filter: filter.clone() });
            self.groups.len() - 1
        });
        (Some(GroupNo(u16::try_from(number).unwrap_or(u16::MAX))), filter)
    }

    /// The Subscription Identifier by which a client tells messages of this group.
    pub(crate) fn identifier_of(&mut self, written: &Rc<str>) -> Option<u32> {
        let (group, _) = self.group_of(written);
        group.map(|group| IDENTIFIERS_FROM + u32::from(group.0))
    }

    /// The group that chose the client, by what tells: the identifier, or that the client has nothing else.
    pub(super) fn group_meant(&self, received: &Received<'_>) -> Option<GroupNo> {
        if self.has_reasons(received.link) {
            let id = received.identifiers.iter().find(|id| **id >= IDENTIFIERS_FROM)?;
            return u16::try_from(id - IDENTIFIERS_FROM).ok().map(GroupNo);
        }
        let state = self.epoch(self.epoch_of(received.link)?);
        let plain = state.subscriptions.iter().any(|known| known.group.is_none());
        let shared = state.possible(received.topic, Timestamp::ZERO, Timestamp::NEVER);
        shared.filter(|_| !plain).find_map(|known| known.group)
    }

    /// A member of a group gets a message: nobody else may have it, and it was the right one to choose.
    pub(super) fn judge_shared(
        &mut self,
        message: MessageNo,
        group: GroupNo,
        epoch: EpochNo,
        received: &Received<'_>,
        now: Timestamp,
    ) {
        let Some(read) = self.message(message).routed_from() else { return };
        let client = received.client;
        let published = self.message(message).facts.qos;
        let is_meant = |known: &&Subscription| known.group == Some(group);
        let state = self.epoch(epoch);
        let mut asked = state.possible(received.topic, read, now).filter(is_meant);
        let is_asked = asked.any(|known| known.options.qos.min(published) == received.qos);
        drop(asked);
        if !is_asked {
            let what = format!("{client} gets {message} of a group at {:?}, as nobody asked", received.qos);
            return self.fail(now, what);
        }
        if let Some(what) = self.second_member(message, group, epoch, received, now) {
            return self.fail(now, what);
        }
        self.judge_choice(message, group, epoch, received, now);
        let copy = Copy {
            client,
            epoch,
            qos: received.qos,
            dup: received.dup,
            retain: received.retain,
            group: Some(group),
        };
        self.message_mut(message).copies.push(copy);
    }

    /// What is wrong with a member's getting a message that another one got before.
    fn second_member(
        &mut self,
        message: MessageNo,
        group: GroupNo,
        epoch: EpochNo,
        received: &Received<'_>,
        now: Timestamp,
    ) -> Option<String> {
        let record = self.message(message);
        let routings = self.routings(message);
        let is_same = |copy: &&Copy| copy.group == Some(group);
        let is_fresh = |copy: &&Copy| !copy.dup || copy.qos == QoS::ExactlyOnce;
        let before: Vec<Copy> = record.copies.iter().filter(is_same).cloned().collect();
        let own = before.iter().filter(|copy| copy.epoch == epoch);
        let own_count = own.filter(is_fresh).count() + usize::from(!received.dup);
        if own_count > routings && received.qos != QoS::AtMostOnce {
            return Some(format!("{} gets {message} {own_count} times of one group", received.client));
        }
        // Each routing may reach another member; beyond that, only what a session left behind when it ended.
        // A client may read late what it was sent before.
        let is_left_behind =
            |epoch: EpochNo, qos: QoS| qos == QoS::AtLeastOnce && self.epoch(epoch).sure_until <= now;
        let is_kept = !received.dup && !is_left_behind(epoch, received.qos);
        let (left_behind, kept): (Vec<_>, Vec<_>) =
            before.iter().filter(is_fresh).partition(|copy| is_left_behind(copy.epoch, copy.qos));
        if kept.len() + usize::from(is_kept) > routings.max(1) {
            let others: Vec<String> = before.iter().map(|copy| copy.client.to_string()).collect();
            return Some(format!("{} gets {message} of a group after {others:?}", received.client));
        }
        self.hit(if !left_behind.is_empty() { Behaviour::SharedHandedOn } else { Behaviour::SharedOnce });
        None
    }

    /// An offline member is chosen only when nobody is online (MQTT 5.0 §4.8.2).
    fn judge_choice(
        &mut self,
        message: MessageNo,
        group: GroupNo,
        epoch: EpochNo,
        received: &Received<'_>,
        now: Timestamp,
    ) {
        let record = self.message(message);
        let (Some((first, last)), Some((_, answered))) = (record.read, record.answer) else { return };
        // Handed on, it was chosen later.
        if received.dup || first != last || record.copies.iter().any(|copy| copy.group == Some(group)) {
            return;
        }
        let margin = self.rules.propagation;
        let from = Timestamp::from_micros(
            first.micros().saturating_sub(u64::try_from(margin.as_micros()).unwrap_or(u64::MAX)),
        );
        let until = answered.after(margin);
        let was_member = |state: &super::session::Epoch| {
            let mut known = state.subscriptions.iter().filter(|known| known.group == Some(group));
            known.any(|known| known.was_sure(from, until))
        };
        let online: Vec<EpochNo> = self
            .epoch_numbers()
            .filter(|other| self.epoch(*other).was_online(from, until) && was_member(self.epoch(*other)))
            .collect();
        if online.is_empty() || now <= until {
            return;
        }
        let is_gone = self.hands_back(group, first, now);
        if self.epoch(epoch).was_offline(from, until) && !is_gone {
            let names: Vec<String> =
                online.iter().map(|other| self.epoch(*other).client.to_string()).collect();
            let what = format!(
                "{} was offline and got {message} of a group, {names:?} were online",
                received.client
            );
            return self.fail(now, what);
        }
        self.hit(Behaviour::SharedOnlineFirst);
    }

    /// A member may have handed messages back: its session ended, or it left. Its UNSUBSCRIBE may be unread
    /// for long.
    fn hands_back(&self, group: GroupNo, from: Timestamp, until: Timestamp) -> bool {
        self.epochs.iter().filter(|state| from <= state.maybe_until).any(|state| {
            let mut known = state.subscriptions.iter().filter(|known| known.group == Some(group));
            known.any(|known| {
                known.was_possible(from, until) && known.sure_until.min(state.sure_until) <= until
            })
        })
    }

    /// At the end: what was acknowledged reached some member of each group that matched.
    pub(super) fn judge_groups(&mut self, message: MessageNo, now: Timestamp) {
        let record = self.message(message);
        let (Some(owed_from), true) = (record.owed_from(), record.is_accepted()) else { return };
        if record.facts.qos == QoS::AtMostOnce || record.is_clear() || record.may_be_expired(now) {
            return;
        }
        if record.answer.is_some_and(|(reason, _)| reason == ReasonCode::QUOTA_EXCEEDED) {
            return;
        }
        let topic = record.facts.topic.clone();
        if !crate::rights::Rights::may_publish(&topic) {
            return;
        }
        for number in 0..self.groups.len() {
            let group = GroupNo(u16::try_from(number).unwrap_or(u16::MAX));
            if !matches(&self.groups[number].filter, &topic) {
                continue;
            }
            let members = self.membership(message, group, owed_from, now);
            let is_given = self.message(message).copies.iter().any(|copy| copy.group == Some(group));
            if !is_given && members.is_manned && members.is_safe {
                let what = format!("{message} reached no member of {}", self.groups[number].written);
                return self.fail(now, what);
            }
        }
    }

    fn membership(&self, message: MessageNo, group: GroupNo, from: Timestamp, now: Timestamp) -> Membership {
        let topic = &self.message(message).facts.topic;
        let mut is_manned = false;
        let mut is_safe = true;
        for state in &self.epochs {
            let is_meant = |known: &Subscription| known.group == Some(group);
            is_manned |= state.sure_qos(topic, from, now, is_meant).is_some();
            for member in state.possible(topic, from, now).filter(|known| is_meant(known)) {
                let has_ended = state.maybe_until <= now || state.sure_until <= now;
                let qos = member.options.qos.min(self.message(message).facts.qos);
                let is_lost_with_session = has_ended && qos == QoS::ExactlyOnce;
                is_safe &= qos != QoS::AtMostOnce
                    && !is_lost_with_session
                    && self.group_excuse(message, state.client, from, now).is_none();
            }
        }
        Membership { is_manned, is_safe }
    }

    /// A group has no publisher that waits for its members: a full queue excuses a loss in every case.
    fn group_excuse(
        &self,
        message: MessageNo,
        client: crate::client::ClientNo,
        since: Timestamp,
        now: Timestamp,
    ) -> Option<Behaviour> {
        if self.client(client).queue_full_at.is_some_and(|at| since <= at) {
            return Some(Behaviour::QueueFullExcused);
        }
        self.excuse(message, client, QoS::AtLeastOnce, since, now)
    }
}
