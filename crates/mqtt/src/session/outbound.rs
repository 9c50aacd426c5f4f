use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::connection::{ConnectionId, OwedId};
use crate::message::Message;
use crate::time::Timestamp;
use crate::topic::TopicCursor;
use crate::{PacketId, QoS};

/// A receiver that lags holds a publisher up for this long at most, and for less if it takes nothing at all.
pub(crate) const HOLD_MAX: Duration = Duration::from_secs(1);

/// Packet identifiers in one round.
const IDS: u64 = 65_535;

/// Messages on their way to one client: in flight, and waiting to be.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    /// In the order in which they got their identifiers.
    in_flight: VecDeque<InFlight>,
    /// Waiting, in order of arrival.
    pending: VecDeque<Deliverable>,
    pending_bytes: usize,
    /// Nothing that waits expires before this time.
    expiry_from: Timestamp,
    /// Bytes of messages in flight that may have to be sent again.
    in_flight_bytes: usize,
    /// The number of the next message to get an identifier.
    next_number: u64,
    /// In flight and counted against the client's Receive Maximum.
    outstanding_count: u16,
    /// How many of the front of `in_flight` were sent on this connection.
    sent_count: usize,
    /// Who is told when this session does not lag any more.
    pub(crate) waiters: Vec<Waiter>,
    /// Since when somebody waits.
    held_since: Timestamp,
    /// It held others up for too long, and holds up nobody until it has caught up.
    has_lost_trust: bool,
    /// Retained messages that are still to be sent.
    pub(crate) replays: VecDeque<Replay>,
    /// When the client last took or acknowledged something.
    pub(crate) progress_at: Timestamp,
}

/// A message for one client.
#[derive(Clone, Debug)]
pub(crate) struct Deliverable {
    pub(crate) message: Arc<Message>,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) extras: Option<Box<Extras>>,
}

/// What few deliveries carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extras {
    pub(crate) identifiers: smallvec::SmallVec<[u32; 2]>,
    /// `$share/{name}/{filter}` when a group chose this client.
    pub(crate) share: Option<Arc<str>>,
}

/// A QoS 1 or 2 message that has a packet identifier.
#[derive(Debug)]
pub(crate) struct InFlight {
    number: u64,
    /// What the client still has to say.
    pub(crate) stage: Stage,
    /// It takes a slot of the Receive Maximum of this connection.
    is_outstanding: bool,
}

/// What an in-flight message waits for.
#[derive(Debug)]
#[expect(clippy::enum_variant_names, reason = "a state is named for what it awaits")]
pub(crate) enum Stage {
    /// PUBACK.
    ExpectAck(Deliverable),
    /// PUBREC.
    ExpectReceived(Deliverable),
    /// PUBCOMP; the message itself is gone (`MQTT5-4.3.3-6`).
    ExpectComplete,
}

/// Somebody who withholds an acknowledgement until this session has caught up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waiter {
    /// A publisher of this engine.
    Local(ConnectionId, OwedId),
    /// A publisher of another shard, by its token there.
    Remote(crate::engine::ShardId, u32),
}

/// Retained messages that a subscription is still to be sent.
#[derive(Debug)]
pub(crate) struct Replay {
    pub(crate) filter: Box<str>,
    pub(crate) cursor: TopicCursor,
    /// Read, and not yet taken by the client.
    pub(crate) portion: VecDeque<Arc<Message>>,
    /// Everything was read.
    pub(crate) is_read: bool,
    pub(crate) qos: QoS,
    pub(crate) identifier: u32,
}

/// What an acknowledgement of the client meant.
#[derive(Debug)]
pub(crate) enum Acked {
    /// The message is done.
    Done,
    /// PUBREC: PUBREL is due.
    Release,
    /// No message awaits this packet.
    Unknown,
}

// === impl InFlight ===

impl InFlight {
    pub(crate) fn packet_id(&self) -> PacketId {
        packet_id_of(self.number)
    }
}

impl Stage {
    fn byte_count(&self) -> usize {
        match self {
            Self::ExpectAck(deliverable) | Self::ExpectReceived(deliverable) => {
                deliverable.message.byte_count()
            }
            Self::ExpectComplete => 0,
        }
    }
}

// === impl Outbound ===

impl Outbound {
    /// Nothing here that has to be remembered.
    pub(crate) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
            && self.pending.is_empty()
            && self.replays.is_empty()
            && self.waiters.is_empty()
    }

    pub(crate) fn pending_count(&self) -> usize {
        self.pending.len()
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.pending_bytes
    }

    pub(crate) fn in_flight_count(&self) -> usize {
        self.in_flight.len()
    }

    /// Something waits for the client.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.pending.is_empty() || !self.replays.is_empty() || self.sent_count < self.in_flight.len()
    }

    /// When those who wait for this session go on, however slowly it catches up.
    pub(crate) fn holds_until(&self) -> Timestamp {
        if self.waiters.is_empty() {
            return Timestamp::NEVER;
        }
        self.held_since.min(self.progress_at).after(HOLD_MAX)
    }

    /// Whether a publisher may be made to wait for this session.
    pub(crate) fn may_hold(&self, now: Timestamp) -> bool {
        !self.has_lost_trust && now < self.progress_at.after(HOLD_MAX)
    }

    /// Makes a publisher wait until this session has caught up.
    pub(crate) fn hold(&mut self, now: Timestamp, waiter: Waiter) {
        if self.waiters.is_empty() {
            self.held_since = now;
        }
        self.waiters.push(waiter);
    }

    /// Those who waited did so for long enough.
    pub(crate) fn give_up(&mut self) {
        self.has_lost_trust = true;
    }

    /// Nothing waits in front of a new message, and the client may take one more.
    pub(crate) fn has_room(&self, receive_maximum: u16, bytes_max: usize) -> bool {
        self.pending.is_empty() && self.may_start(receive_maximum, bytes_max)
    }

    /// What is in flight was sent, and the client may take one more.
    ///
    /// A client that never acknowledges has so much kept for it and no more: `bytes_max`, and the message
    /// that exceeds it.
    pub(crate) fn may_start(&self, receive_maximum: u16, bytes_max: usize) -> bool {
        self.sent_count == self.in_flight.len()
            && self.outstanding_count < receive_maximum
            && self.in_flight.len() < usize::from(receive_maximum)
            && (self.in_flight_bytes < bytes_max || self.in_flight_bytes == 0)
    }

    pub(crate) fn push_pending(&mut self, deliverable: Deliverable) {
        let expires_at = deliverable.message.publication().expires_at;
        let is_first = self.pending.is_empty();
        self.expiry_from = if is_first { expires_at } else { self.expiry_from.min(expires_at) };
        self.pending_bytes += deliverable.message.byte_count();
        self.pending.push_back(deliverable);
    }

    pub(crate) fn pop_pending(&mut self) -> Option<Deliverable> {
        let deliverable = self.pending.pop_front()?;
        self.pending_bytes -= deliverable.message.byte_count();
        if self.pending.is_empty() && self.pending.capacity() > 64 {
            self.pending = VecDeque::new();
        }
        Some(deliverable)
    }

    /// Drops what waits and has expired, and says how many that were (`MQTT5-3.3.2-5`). Looks only when there
    /// may be some.
    pub(crate) fn drop_expired(&mut self, now: Timestamp) -> u64 {
        if now < self.expiry_from {
            return 0;
        }
        let count = self.pending.len();
        let (mut expiry_from, mut pending_bytes) = (Timestamp::NEVER, 0);
        self.pending.retain(|waiting| {
            let expires_at = waiting.message.publication().expires_at;
            let is_kept = now < expires_at;
            if is_kept {
                expiry_from = expiry_from.min(expires_at);
                pending_bytes += waiting.message.byte_count();
            }
            is_kept
        });
        self.expiry_from = expiry_from;
        self.pending_bytes = pending_bytes;
        (count - self.pending.len()) as u64
    }

    /// Somebody who waited has its answer; `false` when nobody like that waited.
    pub(crate) fn withdraw(&mut self, waiter: Waiter) -> bool {
        let count = self.waiters.len();
        self.waiters.retain(|known| *known != waiter);
        self.waiters.len() < count
    }

    /// Gives a new message an identifier that is not in use (`MQTT5-2.2.1-4`) and counts it as sent.
    pub(crate) fn start(&mut self, deliverable: Deliverable) -> PacketId {
        while self.find_number(self.next_number).is_some() {
            self.next_number += 1;
        }
        let number = self.next_number;
        self.next_number += 1;
        // It has caught up: nothing waits behind what it takes.
        self.has_lost_trust &= !self.pending.is_empty();
        self.in_flight_bytes += deliverable.message.byte_count();
        let stage = match deliverable.qos {
            QoS::ExactlyOnce => Stage::ExpectReceived(deliverable),
            QoS::AtMostOnce | QoS::AtLeastOnce => Stage::ExpectAck(deliverable),
        };
        self.in_flight.push_back(InFlight { number, stage, is_outstanding: true });
        self.sent_count = self.in_flight.len();
        self.outstanding_count += 1;
        packet_id_of(number)
    }

    /// The next message of an earlier connection that is to be sent again, in order; `None` when all were,
    /// or when the Receive Maximum leaves no room.
    pub(crate) fn resend(&mut self, receive_maximum: u16) -> Option<&mut InFlight> {
        let in_flight = self.in_flight.get_mut(self.sent_count)?;
        if !matches!(in_flight.stage, Stage::ExpectComplete) {
            if self.outstanding_count >= receive_maximum {
                return None;
            }
            in_flight.is_outstanding = true;
            self.outstanding_count += 1;
        }
        self.sent_count += 1;
        Some(in_flight)
    }

    /// The connection is gone: everything in flight has to be sent again.
    pub(crate) fn disconnected(&mut self) {
        self.sent_count = 0;
        self.outstanding_count = 0;
        for in_flight in &mut self.in_flight {
            in_flight.is_outstanding = false;
        }
    }

    /// PUBACK.
    pub(crate) fn acknowledged(&mut self, id: PacketId) -> Acked {
        match self.find(id) {
            Some((index, Stage::ExpectAck(_))) => self.finish(index),
            Some((_, Stage::ExpectReceived(_) | Stage::ExpectComplete)) | None => Acked::Unknown,
        }
    }

    /// PUBREC; `refused` when its reason code is 0x80 or above (`MQTT5-4.4.0-2`).
    pub(crate) fn received(&mut self, id: PacketId, refused: bool) -> Acked {
        match self.find(id) {
            Some((index, Stage::ExpectReceived(_))) if refused => self.finish(index),
            Some((index, Stage::ExpectReceived(_))) => {
                self.release_message(index);
                Acked::Release
            }
            Some((_, Stage::ExpectComplete)) => Acked::Release,
            Some((_, Stage::ExpectAck(_))) | None => Acked::Unknown,
        }
    }

    /// PUBCOMP.
    pub(crate) fn completed(&mut self, id: PacketId) -> Acked {
        match self.find(id) {
            Some((index, Stage::ExpectComplete)) => self.finish(index),
            Some((_, Stage::ExpectAck(_) | Stage::ExpectReceived(_))) | None => Acked::Unknown,
        }
    }

    /// The message counts as delivered, and is not sent again (`MQTT5-3.1.2-25`).
    ///
    /// The client may have stored the identifier of a QoS 2 message: PUBREL is due, so that another message
    /// under it is not taken for a repetition.
    pub(crate) fn discard(&mut self, id: PacketId) -> Acked {
        let Some((index, stage)) = self.find(id) else { return Acked::Unknown };
        if !matches!(stage, Stage::ExpectReceived(_)) {
            return self.finish(index);
        }
        self.release_message(index);
        if let Some(in_flight) = self.in_flight.get_mut(index) {
            self.outstanding_count -= u16::from(std::mem::take(&mut in_flight.is_outstanding));
        }
        Acked::Release
    }

    /// Everything that was not finished, in order, when the session ends.
    pub(crate) fn into_unfinished(self) -> impl Iterator<Item = Deliverable> {
        let in_flight = self.in_flight.into_iter().filter_map(|in_flight| match in_flight.stage {
            // A QoS 2 exchange that began is never given to anybody else (`MQTT5-4.8.2-5`).
            Stage::ExpectReceived(_) | Stage::ExpectComplete => None,
            Stage::ExpectAck(deliverable) => Some(deliverable),
        });
        in_flight.chain(self.pending)
    }

    /// The message is not needed any more; what is left of the exchange is its identifier.
    fn release_message(&mut self, index: usize) {
        let Some(in_flight) = self.in_flight.get_mut(index) else { return };
        let before = std::mem::replace(&mut in_flight.stage, Stage::ExpectComplete);
        self.in_flight_bytes -= before.byte_count();
    }

    fn finish(&mut self, index: usize) -> Acked {
        let Some(in_flight) = self.in_flight.remove(index) else { return Acked::Unknown };
        self.in_flight_bytes -= in_flight.stage.byte_count();
        if in_flight.is_outstanding {
            self.outstanding_count -= 1;
        }
        if index < self.sent_count {
            self.sent_count -= 1;
        }
        if self.in_flight.is_empty() && self.in_flight.capacity() > 64 {
            self.in_flight = VecDeque::new();
        }
        Acked::Done
    }

    fn find(&self, id: PacketId) -> Option<(usize, &Stage)> {
        let index = self.find_number_of(id)?;
        self.in_flight.get(index).map(|in_flight| (index, &in_flight.stage))
    }

    /// The message in flight that has the identifier of `number`.
    fn find_number(&self, number: u64) -> Option<usize> {
        self.find_number_of(packet_id_of(number))
    }

    /// Numbers rise from front to back, and the identifier is the number modulo 65,535: whoever has `id` has
    /// one of few numbers, usually one, and each is found by bisection.
    fn find_number_of(&self, id: PacketId) -> Option<usize> {
        let front = self.in_flight.front()?.number;
        let residue = u64::from(id.value()) - 1;
        let last = self.next_number.checked_sub(1)?;
        let mut candidate = last - last.checked_sub(residue)? % IDS;
        loop {
            if candidate < front {
                return None;
            }
            if let Ok(index) = self.in_flight.binary_search_by_key(&candidate, |in_flight| in_flight.number) {
                return Some(index);
            }
            candidate = candidate.checked_sub(IDS)?;
        }
    }
}

fn packet_id_of(number: u64) -> PacketId {
    let value = u16::try_from(number % IDS).unwrap_or(0);
    PacketId::new(value + 1).unwrap_or(PacketId::MIN)
}
