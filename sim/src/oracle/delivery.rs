use vouchmq_mqtt::QoS;
use vouchmq_mqtt::time::Timestamp;

use super::Oracle;
use super::message::{Copy, MessageNo};
use super::session::EpochNo;
use crate::client::ClientNo;
use crate::coverage::Behaviour;
use crate::network::LinkId;
use crate::oracle::session::Ruling;

/// A PUBLISH as a client received it, its alias resolved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Received<'a> {
    pub(crate) client: ClientNo,
    pub(crate) link: LinkId,
    pub(crate) topic: &'a str,
    pub(crate) qos: QoS,
    pub(crate) dup: bool,
    pub(crate) retain: bool,
    pub(crate) identifiers: &'a [u32],
    pub(crate) expiry_secs: Option<u32>,
    /// The number in its User Property.
    pub(crate) tag: Option<&'a str>,
    /// The number in its payload; `None` for an empty payload.
    pub(crate) number: Option<u32>,
    pub(crate) payload_len: usize,
    /// The number of the QoS 2 message that this packet repeats, if the client knows its identifier.
    pub(crate) repeats: Option<u32>,
}

impl Oracle {
    /// A client receives a PUBLISH. Returns which message it is.
    pub(crate) fn received(&mut self, received: &Received<'_>, now: Timestamp) -> Option<MessageNo> {
        let client = received.client;
        let Some(number) = received.number else {
            self.judge_clear(received, now);
            return None;
        };
        let Some(message) = self.known(number) else {
            self.fail(now, format!("{client} gets a message that nobody published"));
            return None;
        };
        let Some(epoch) = self.epoch_of(received.link) else {
            self.fail(now, format!("{client} gets {message} and is not connected"));
            return None;
        };
        self.judge_contents(message, received, now);
        self.judge_rights(message, received, now);
        self.judge_expiry(message, received, now);
        self.judge_dup(message, received, now);
        if let Some(repeated) = received.repeats {
            if repeated != number {
                self.fail(now, format!("{client} gets {message} under the identifier of m{repeated}"));
            }
            return Some(message);
        }
        match self.group_meant(received) {
            Some(group) => self.judge_shared(message, group, epoch, received, now),
            None => self.take_plain(message, epoch, received, now),
        }
        Some(message)
    }

    fn take_plain(&mut self, message: MessageNo, epoch: EpochNo, received: &Received<'_>, now: Timestamp) {
        self.judge_plain(message, epoch, received, now);
        let record = self.message(message);
        let is_own = |copy: &&Copy| copy.client == received.client && copy.group.is_none();
        let is_first = !record.copies.iter().any(|copy| is_own(&copy));
        let is_live = !received.retain;
        let copy = Copy {
            client: received.client,
            epoch,
            qos: received.qos,
            dup: received.dup,
            retain: received.retain,
            group: None,
        };
        self.message_mut(message).copies.push(copy);
        self.judge_count(message, epoch, received, now);
        if is_first && is_live {
            self.judge_order(message, received.client, epoch, received.qos, now);
        }
        if received.retain {
            if !received.dup {
                self.judge_age(message, received.client, epoch, received.qos, now);
            }
            self.hit(Behaviour::Replayed);
        }
        let is_paid = self.epoch_mut(epoch).owed.remove(&message).is_some();
        match received.qos {
            QoS::AtMostOnce if is_first => self.hit(Behaviour::AtMostOnce),
            QoS::AtLeastOnce if is_paid => self.hit(Behaviour::AtLeastOnce),
            QoS::ExactlyOnce if is_paid => self.hit(Behaviour::ExactlyOnce),
            QoS::AtMostOnce | QoS::AtLeastOnce | QoS::ExactlyOnce => {}
        }
    }

    /// A message is given to a session as often as it was published, and as often as the client asked for
    /// retained messages; what comes again with DUP is the same delivery. A later session of the client may
    /// live elsewhere, and subscribe before the message comes there.
    fn judge_count(&mut self, message: MessageNo, epoch: EpochNo, received: &Received<'_>, now: Timestamp) {
        let record = self.message(message);
        let client = received.client;
        let counted = |retain: bool| {
            let fresh = record
                .copies
                .iter()
                .filter(|copy| copy.epoch == epoch && copy.group.is_none() && copy.retain == retain);
            fresh.filter(|copy| !copy.dup || copy.qos == QoS::ExactlyOnce).count()
        };
        let asked = self.epoch(epoch).possible(&record.facts.topic, Timestamp::ZERO, Timestamp::NEVER);
        let replays = asked.filter(|known| known.sends_retained()).count();
        let replays = if record.facts.retain { replays } else { 0 };
        let (live, retained) = (counted(false), counted(true));
        let routings = self.routings(message);
        if live > routings || live + retained > routings + replays {
            let what = format!(
                "{client} gets {message} {live} times live and {retained} times retained; it was published \
                 {routings} times, and asked for {replays} times (session of {epoch:?})"
            );
            self.fail(now, what);
        }
    }

    /// What was published is what is delivered.
    fn judge_contents(&mut self, message: MessageNo, received: &Received<'_>, now: Timestamp) {
        let record = self.message(message);
        let facts = &record.facts;
        let has_properties = self.has_reasons(received.link);
        let tag = (facts.is_tagged && has_properties).then(|| message.to_string());
        if *facts.topic != *received.topic || facts.payload_len != received.payload_len {
            let what = format!("{message} was published to {}: {received:?}", facts.topic);
            return self.fail(now, what);
        }
        if tag.as_deref() != received.tag {
            return self.fail(now, format!("{message} has lost or got a User Property: {received:?}"));
        }
        if record.read.is_none() {
            return self.fail(now, format!("{message} is delivered and was not published yet"));
        }
        if !crate::rights::Rights::may_publish(&facts.topic) {
            self.fail(now, format!("{message} was not allowed, and is delivered"));
        }
    }

    fn judge_rights(&mut self, message: MessageNo, received: &Received<'_>, now: Timestamp) {
        let Some(Ruling::Allowed { rights, .. }) =
            self.links.get(&received.link).and_then(|link| link.ruling)
        else {
            return;
        };
        // What was in flight before the rights changed is finished.
        if !received.dup && received.repeats.is_none() && !rights.may_receive(received.topic) {
            self.fail(now, format!("{} may not receive {message}", received.client));
        }
    }

    /// The time that is left is what was given, less what the broker kept it for (`MQTT5-3.3.2-6`).
    fn judge_expiry(&mut self, message: MessageNo, received: &Received<'_>, now: Timestamp) {
        let record = self.message(message);
        let Some((first, last)) = record.read else { return };
        let Some(link) = self.links.get(&received.link) else { return };
        let connected_at = link.connected_at.unwrap_or(now);
        let is_expired =
            record.expires_within().1 <= connected_at && !received.dup && received.repeats.is_none();
        if is_expired {
            let what = format!("{} connected after {message} had expired, and gets it", received.client);
            return self.fail(now, what);
        }
        if !link.facts.dialect.has_properties() {
            return;
        }
        let (Some(given), Some(left)) = (record.facts.expiry_secs, received.expiry_secs) else {
            if record.facts.expiry_secs.is_some() != received.expiry_secs.is_some() {
                self.fail(now, format!("{message} has lost or got a Message Expiry Interval"));
            }
            return;
        };
        // Sent again, the packet may say what it said, or less.
        let kept_min = if received.dup { 0 } else { connected_at.since(last).as_secs().saturating_sub(1) };
        let kept_max = now.since(first).as_secs() + 2;
        let given = u64::from(given);
        let is_right = u64::from(left) <= given.saturating_sub(kept_min)
            && u64::from(left) >= given.saturating_sub(kept_max);
        if !is_right {
            let what = format!("{message} lasts {given} s, was kept {kept_min} to {kept_max} s, has {left}");
            return self.fail(now, what);
        }
        self.hit(Behaviour::ExpiryCounted);
    }

    /// DUP is for what an earlier connection of the session was sent (`MQTT5-3.3.1-1`).
    fn judge_dup(&mut self, message: MessageNo, received: &Received<'_>, now: Timestamp) {
        if !received.dup {
            return;
        }
        self.hit(Behaviour::Redelivered);
        if self.links.get(&received.link).is_some_and(|link| link.is_first_of_epoch) {
            let what = format!("{} gets {message} with DUP on its first connection", received.client);
            self.fail(now, what);
        }
    }

    /// An empty payload has no number: somebody must have published it, and the client have asked for it.
    fn judge_clear(&mut self, received: &Received<'_>, now: Timestamp) {
        let is_published = self.messages.iter().any(|message| {
            message.is_clear() && *message.facts.topic == *received.topic && message.read.is_some()
        });
        let is_asked = self.epoch_of(received.link).is_some_and(|epoch| {
            let state = self.epoch(epoch);
            state.possible(received.topic, Timestamp::ZERO, now).next().is_some()
        });
        if !is_published || !is_asked {
            let what =
                format!("{} gets an empty message to {} from nowhere", received.client, received.topic);
            self.fail(now, what);
        }
    }
}
