use std::sync::Arc;

use smallvec::SmallVec;

use super::clients::Receiver;
use super::frames::{Frames, SHARE_FROM};
use super::is_allowed;
use crate::connection::Connection;
use crate::limits::QueueFull;
use crate::message::{Delivery, Publication};
use crate::session::{Deliverable, Extras};
use crate::time::Timestamp;
use crate::{PacketId, QoS};

/// What the subscriptions of one client that match a message add up to.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) is_checked: bool,
    /// Subscription Identifiers of all of them.
    pub(crate) identifiers: &'a [u32],
    /// The group that chose this client.
    pub(crate) share: Option<&'a Arc<str>>,
}

/// What became of a message for one client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// It is on its way, or waits in the session.
    Taken,
    /// It waits, and the client lags: the publisher is to be slowed down.
    Lagging,
    /// The session's queue is full, and the publisher is to be told.
    Rejected,
    /// The client may not have it; counted.
    Denied,
    /// The client does not get it; counted.
    Dropped,
}

// === impl Receiver ===

impl Receiver<'_> {
    /// Delivers a message to this client, now or later.
    ///
    /// QoS is lowered to what was granted. QoS 0 is sent at once or dropped. QoS 1 and 2 take a slot of the
    /// client's Receive Maximum; when all are taken, or nobody is connected, the message waits in the
    /// session within its limits.
    ///
    /// # Specification
    /// MQTT 5.0 §3.3.4, §4.9: `MQTT5-3.3.4-9` (Receive Maximum), `MQTT5-3.1.2-25` (oversize).
    pub(crate) fn deliver(
        &mut self,
        now: Timestamp,
        publication: &Publication<'_>,
        wanted: &Wanted<'_>,
        frames: &mut Frames,
    ) -> Delivered {
        if wanted.is_checked && !is_allowed(self.session.authorize.receive(publication.topic)) {
            self.stats.deliveries_denied += 1;
            return Delivered::Denied;
        }
        if publication.expires_at <= now {
            self.stats.dropped_expired += 1;
            return Delivered::Dropped;
        }
        if wanted.qos == QoS::AtMostOnce {
            return self.deliver_qos0(now, publication, wanted, frames);
        }
        if self.exceeds_packet_size(now, publication, wanted) {
            return Delivered::Dropped;
        }
        let deliverable = |frames: &mut Frames| Deliverable {
            message: frames.shared(publication),
            qos: wanted.qos,
            retain: wanted.retain,
            extras: Extras::of(wanted),
        };
        if self.connection.is_some() && !self.is_backlog_full() && self.has_room() {
            let outbound = self.session.outbound_mut();
            if outbound.in_flight_count() == 0 {
                outbound.progress_at = now;
            }
            let packet_id = outbound.start(deliverable(frames));
            self.send(now, publication, wanted, Some(packet_id), false, frames);
            return Delivered::Taken;
        }
        self.enqueue(now, publication.byte_count(), || deliverable(frames))
    }

    fn deliver_qos0(
        &mut self,
        now: Timestamp,
        publication: &Publication<'_>,
        wanted: &Wanted<'_>,
        frames: &mut Frames,
    ) -> Delivered {
        if self.connection.is_none() {
            return Delivered::Dropped;
        }
        if self.is_memory_short {
            self.stats.dropped_memory += 1;
            return Delivered::Dropped;
        }
        if self.is_backlog_full() {
            self.stats.dropped_lagging += 1;
            return Delivered::Dropped;
        }
        if self.exceeds_packet_size(now, publication, wanted) {
            return Delivered::Dropped;
        }
        self.send(now, publication, wanted, None, false, frames);
        Delivered::Taken
    }

    /// A message of this QoS would be sent at once, and neither wait nor be dropped.
    pub(super) fn takes_at_once(&self, qos: QoS) -> bool {
        !self.is_backlog_full() && (qos == QoS::AtMostOnce || self.has_room())
    }

    /// Nothing waits in front of a message of QoS 1 or 2, and the client may take one more.
    fn has_room(&self) -> bool {
        let (receive_maximum, bytes_max) = (self.session.receive_maximum, self.limits.queued_bytes_max);
        self.session.outbound.as_ref().is_none_or(|outbound| outbound.has_room(receive_maximum, bytes_max))
    }

    pub(super) fn is_backlog_full(&self) -> bool {
        let backlog = self.connection.as_ref().map_or(0, |(_, connection)| connection.backlog());
        backlog >= self.limits.outbound_bytes_max
    }

    /// A packet larger than the client's Maximum Packet Size is dropped, and the message counts as delivered
    /// (`MQTT5-3.1.2-25`).
    pub(super) fn exceeds_packet_size(
        &mut self,
        now: Timestamp,
        publication: &Publication<'_>,
        wanted: &Wanted<'_>,
    ) -> bool {
        let Some((_, connection)) = &self.connection else { return false };
        let max = usize::try_from(connection.packet_bytes_max).unwrap_or(usize::MAX);
        // The fields around topic, properties and payload are less than this.
        if publication.byte_count() + 64 + 5 * wanted.identifiers.len() <= max {
            return false;
        }
        let packet_id = (wanted.qos != QoS::AtMostOnce).then_some(PacketId::MIN);
        let delivery = delivery_of(now, publication, wanted, packet_id, false, connection);
        let exceeds = publication.packet_len(&delivery) > max;
        self.stats.dropped_too_large += u64::from(exceeds);
        exceeds
    }

    /// Puts the PUBLISH into the outbox.
    pub(super) fn send(
        &mut self,
        now: Timestamp,
        publication: &Publication<'_>,
        wanted: &Wanted<'_>,
        packet_id: Option<PacketId>,
        dup: bool,
        frames: &mut Frames,
    ) {
        let Some((index, connection)) = self.connection.as_mut() else { return };
        let mut delivery = delivery_of(now, publication, wanted, packet_id, dup, connection);
        if let Some(aliases) = connection.outbound_aliases.as_mut() {
            let max = usize::try_from(connection.packet_bytes_max).unwrap_or(usize::MAX);
            let defining = |alias| Delivery { alias: Some(alias), ..delivery };
            let fits = |alias| publication.packet_len(&defining(alias)) <= max;
            delivery.alias = aliases.assign(publication.topic, fits);
        }
        let is_shared = publication.payload.len() >= SHARE_FROM;
        let is_plain = delivery.alias.is_none() && delivery.identifiers.is_empty() && !dup;
        let body = is_shared.then(|| frames.shared(publication));
        let outbox = self.link.outbox(*index, connection);
        if is_plain {
            let layout = frames.layout(publication, &delivery);
            let frame = frames.bytes.get(layout.start..layout.end).unwrap_or_default();
            outbox.write(|out| {
                let start = out.len();
                out.extend_from_slice(frame);
                let at = start + layout.packet_id_at;
                if let Some(id) = packet_id
                    && let Some(place) = out.get_mut(at..at + 2)
                {
                    place.copy_from_slice(&id.value().to_be_bytes());
                }
            });
        } else {
            outbox.write(|out| {
                publication.encode_head(&delivery, out);
                if !is_shared {
                    out.extend_from_slice(publication.payload);
                }
            });
        }
        if let Some(body) = body {
            outbox.push_payload(body);
        }
        let backlog = outbox.len();
        self.link.note_backlog(backlog, self.limits.outbound_bytes_max);
        self.stats.publishes_sent += 1;
    }

    /// Keeps a message in the session until it can be sent.
    pub(crate) fn enqueue(
        &mut self,
        now: Timestamp,
        byte_count: usize,
        deliverable: impl FnOnce() -> Deliverable,
    ) -> Delivered {
        let limits = self.limits;
        let is_connected = self.connection.is_some();
        // Nobody takes it soon, and there is no room for it.
        let is_hopeless = self.is_memory_short && !is_connected;
        let outbound = self.session.outbound_mut();
        let is_full = |count: usize, bytes: usize| {
            count >= limits.queued_messages_max || bytes + byte_count > limits.queued_bytes_max
        };
        if is_full(outbound.pending_count(), outbound.pending_bytes()) {
            self.stats.dropped_expired += outbound.drop_expired(now);
        }
        if is_hopeless || is_full(outbound.pending_count(), outbound.pending_bytes()) {
            self.stats.dropped_queue_full += 1;
            match limits.queue_full {
                QueueFull::DropOldest if is_hopeless || byte_count > limits.queued_bytes_max => {
                    return Delivered::Dropped;
                }
                QueueFull::Reject => return Delivered::Rejected,
                QueueFull::DropNew => return Delivered::Dropped,
                QueueFull::DropOldest => {
                    while is_full(outbound.pending_count(), outbound.pending_bytes())
                        && outbound.pop_pending().is_some()
                    {}
                }
            }
        }
        if !outbound.is_waiting() && outbound.in_flight_count() == 0 {
            outbound.progress_at = now;
        }
        outbound.push_pending(deliverable());
        let is_behind = outbound.pending_count() * 2 > limits.queued_messages_max
            || outbound.pending_bytes() * 2 > limits.queued_bytes_max;
        let is_held = is_connected && is_behind && outbound.may_hold(now);
        if is_held { Delivered::Lagging } else { Delivered::Taken }
    }
}

fn delivery_of<'a>(
    now: Timestamp,
    publication: &Publication<'_>,
    wanted: &Wanted<'a>,
    packet_id: Option<PacketId>,
    dup: bool,
    connection: &Connection,
) -> Delivery<'a> {
    Delivery {
        dup,
        qos: wanted.qos,
        retain: wanted.retain,
        packet_id,
        with_properties: connection.dialect.has_properties(),
        expiry_secs: publication.expiry_secs(now),
        alias: None,
        identifiers: wanted.identifiers,
    }
}

impl Extras {
    fn of(wanted: &Wanted<'_>) -> Option<Box<Self>> {
        if wanted.identifiers.is_empty() && wanted.share.is_none() {
            return None;
        }
        Some(Box::new(Self {
            identifiers: SmallVec::from_slice(wanted.identifiers),
            share: wanted.share.cloned(),
        }))
    }
}

impl Deliverable {
    /// How it is to be delivered.
    pub(crate) fn wanted(&self) -> Wanted<'_> {
        let extras = self.extras.as_deref();
        Wanted {
            qos: self.qos,
            retain: self.retain,
            is_checked: false,
            identifiers: extras.map_or(&[], |extras| &extras.identifiers),
            share: extras.and_then(|extras| extras.share.as_ref()),
        }
    }
}
