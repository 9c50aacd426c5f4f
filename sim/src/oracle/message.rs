use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{QoS, QueueFull, ReasonCode};

use super::Oracle;
use super::order::Place;
use super::session::EpochNo;
use super::shared::GroupNo;
use crate::client::ClientNo;
use crate::coverage::Behaviour;
use crate::network::LinkId;

/// An application message of this run; its payload begins with the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct MessageNo(u32);

/// What a publisher said.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    pub(crate) origin: Origin,
    pub(crate) topic: Rc<str>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    /// Bytes of the payload; none clears the retained message.
    pub(crate) payload_len: usize,
    pub(crate) expiry_secs: Option<u32>,
    /// It carries its number as a User Property.
    pub(crate) is_tagged: bool,
}

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A PUBLISH, first sent on this link. MQTT 5 clients are told reasons.
    Client {
        client: ClientNo,
        link: LinkId,
        hears_reasons: bool,
    },
    Will(ClientNo),
    Broker,
}

/// What is known about a message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) facts: Facts,
    pub(super) place: Option<Place>,
    /// How often the publisher sent it.
    pub(super) sends: usize,
    /// When the broker read it: for the first and for the last time.
    pub(super) read: Option<(Timestamp, Timestamp)>,
    /// What the publisher was told at last, and when.
    pub(super) answer: Option<(ReasonCode, Timestamp)>,
    /// Deliveries, in order.
    pub(super) copies: Vec<Copy>,
}

/// One delivery of a message, DUP and repetitions of QoS 2 left out.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) client: ClientNo,
    pub(super) epoch: EpochNo,
    pub(super) qos: QoS,
    pub(super) dup: bool,
    pub(super) retain: bool,
    pub(super) group: Option<GroupNo>,
}

impl Message {
    /// When the broker can have routed it at the earliest, if it read it at all.
    pub(super) fn routed_from(&self) -> Option<Timestamp> {
        self.read.map(|(first, _)| first)
    }

    /// Since when a subscription must have been sure to have this message owed. A repetition of QoS 2 is not
    /// routed again; the first copy may have come too late to be.
    pub(super) fn owed_from(&self) -> Option<Timestamp> {
        self.read.map(|(first, last)| if self.facts.qos == QoS::ExactlyOnce { first } else { last })
    }

    pub(super) fn is_clear(&self) -> bool {
        self.facts.payload_len == 0
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.answer.is_some_and(|(reason, _)| !reason.is_error())
    }

    /// When it is worth nothing any more: at the earliest, counted from when the broker read it first, and
    /// at the latest.
    pub(super) fn expires_within(&self) -> (Timestamp, Timestamp) {
        let (Some(secs), Some((first, last))) = (self.facts.expiry_secs, self.read) else {
            return (Timestamp::NEVER, Timestamp::NEVER);
        };
        let lifetime = Duration::from_secs(u64::from(secs));
        (first.after(lifetime), last.after(lifetime))
    }

    /// It may be worth nothing any more.
    pub(super) fn may_be_expired(&self, now: Timestamp) -> bool {
        self.expires_within().0 <= now
    }
}

impl Oracle {
    /// There will be a new message.
    pub(crate) fn create(&mut self, facts: Facts) -> MessageNo {
        let number = MessageNo(u32::try_from(self.messages.len()).unwrap_or(u32::MAX));
        let place = match facts.origin {
            Origin::Client { link, .. } => Some(self.streams.join(link, &facts.topic, facts.qos, number)),
            Origin::Will(_) | Origin::Broker => None,
        };
        self.messages.push(Message { facts, place, sends: 0, read: None, answer: None, copies: Vec::new() });
        number
    }

    /// A client sends it.
    pub(crate) fn sent(&mut self, message: MessageNo) {
        let record = &mut self.messages[index(message)];
        record.sends += 1;
        if record.sends > 1 {
            self.hit(Behaviour::Repeated);
        }
    }

    /// How often it may have been routed: a repetition of QoS 2 is recognised, unless the first was refused by
    /// some session that was full, which frees its identifier (`MQTT5-4.3.3-9`).
    pub(super) fn routings(&self, message: MessageNo) -> usize {
        let record = self.message(message);
        let was_full = |client: &super::session::Client| {
            client.queue_full_at.zip(record.routed_from()).is_some_and(|(at, from)| from <= at)
        };
        let may_be_refused =
            self.rules.limits.queue_full == QueueFull::Reject && self.clients.iter().any(was_full);
        match record.facts.qos {
            QoS::ExactlyOnce if !may_be_refused => 1,
            QoS::AtMostOnce | QoS::AtLeastOnce | QoS::ExactlyOnce => record.sends.max(1),
        }
    }

    /// Whether the session is the publisher's own: another session of a client without an identifier of its
    /// own has another identifier.
    pub(super) fn is_own(&self, message: MessageNo, epoch: EpochNo) -> bool {
        let Origin::Client { client, link, .. } = self.message(message).facts.origin else { return false };
        let is_named = self.client(client).is_named;
        client == self.epoch(epoch).client && (is_named || self.epoch_of(link) == Some(epoch))
    }

    /// The driver of an engine has read it.
    pub(crate) fn read(&mut self, message: MessageNo, now: Timestamp) {
        let record = &mut self.messages[index(message)];
        record.read = Some((record.read.map_or(now, |(first, _)| first), now));
    }

    /// The broker publishes a message of its own, or a will.
    pub(crate) fn published_by_broker(&mut self, message: MessageNo, now: Timestamp) {
        self.sent(message);
        self.read(message, now);
        self.settling.push((now.after(self.rules.propagation), message));
    }

    pub(crate) fn facts(&self, message: MessageNo) -> &Facts {
        &self.messages[index(message)].facts
    }

    pub(super) fn message(&self, message: MessageNo) -> &Message {
        &self.messages[index(message)]
    }

    pub(super) fn message_mut(&mut self, message: MessageNo) -> &mut Message {
        &mut self.messages[index(message)]
    }

    pub(super) fn message_numbers(&self) -> impl Iterator<Item = MessageNo> + use<> {
        (0..u32::try_from(self.messages.len()).unwrap_or(u32::MAX)).map(MessageNo)
    }

    /// Which message a payload is, if it is one of this run.
    pub(super) fn known(&self, number: u32) -> Option<MessageNo> {
        (usize::try_from(number).ok()? < self.messages.len()).then_some(MessageNo(number))
    }
}

impl std::fmt::Display for MessageNo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "m{}", self.0)
    }
}

/// A payload of `len` bytes that says which message it is; at least 9 bytes, or none.
pub(crate) fn payload_of(message: MessageNo, len: usize) -> Vec<u8> {
    let mut payload = format!("m{:07}.", message.0).into_bytes();
    payload.resize(if len == 0 { 0 } else { len.max(payload.len()) }, b'.');
    payload
}

/// The number at the start of a payload.
pub(crate) fn number_in(payload: &[u8]) -> Option<u32> {
    std::str::from_utf8(payload.get(1..8)?).ok()?.parse().ok()
}

fn index(message: MessageNo) -> usize {
    usize::try_from(message.0).unwrap_or(usize::MAX)
}
