use super::Engine;
use super::mail::Mailboxes;
use super::route::Routed;
use crate::connection::{AckKind, ConnectionId, Owed, OwedId};
use crate::packet::Ack;
use crate::session::{Acked, SessionId, Waiter};
use crate::time::Timestamp;
use crate::{Packet, PacketId, QoS, ReasonCode};

impl Engine {
    // --- acknowledgements that we owe

    /// Notes that a PUBLISH is to be acknowledged: once the journal has it, once it is routed, and once
    /// everybody who has to confirm did.
    pub(super) fn owe(&mut self, id: ConnectionId, packet_id: PacketId, qos: QoS) -> Option<OwedId> {
        let kind = match qos {
            QoS::AtMostOnce => return None,
            QoS::AtLeastOnce => AckKind::PubAck,
            QoS::ExactlyOnce => AckKind::PubRec,
        };
        let connection = self.clients.connection_mut(id)?;
        // One for the journal, one for routing.
        let owed = Owed { packet_id, kind, reason: ReasonCode::SUCCESS, outstanding: 2 };
        let owed = connection.owed.get_or_insert_default().push(owed);
        self.clients.persist_seq += 1;
        let seq = self.clients.persist_seq;
        self.clients.unpersisted.push_back((seq, id, owed));
        Some(owed)
    }

    pub(super) fn add_outstanding(&mut self, id: ConnectionId, owed: OwedId) {
        if let Some(owed) = self.owed_mut(id, owed) {
            owed.outstanding = owed.outstanding.saturating_add(1);
        }
    }

    /// Routing is done: the reason is known (`MQTT5-3.4.2-1`).
    pub(super) fn settle_routed(&mut self, id: ConnectionId, owed: OwedId, routed: Routed) {
        // A refusal is not held up: nobody has to be slowed down for a message that was not taken.
        let is_released = routed.is_rejected
            && routed.held_by.is_some_and(|session| self.withdraw(session, Waiter::Local(id, owed)));
        if let Some(owed) = self.owed_mut(id, owed) {
            if routed.is_rejected {
                owed.reason = ReasonCode::QUOTA_EXCEEDED;
            } else if !routed.is_matched {
                owed.reason = ReasonCode::NO_MATCHING_SUBSCRIBERS;
            }
            owed.outstanding = owed.outstanding.saturating_sub(u16::from(is_released));
        }
        self.confirm(id, owed);
    }

    /// The PUBLISH is refused: the client hears why.
    pub(super) fn settle_refused(&mut self, id: ConnectionId, owed: OwedId, reason: ReasonCode) {
        if let Some(owed) = self.owed_mut(id, owed) {
            owed.reason = reason;
        }
        self.confirm(id, owed);
    }

    /// One of those who have to confirm a message did.
    pub(super) fn confirm(&mut self, id: ConnectionId, owed: OwedId) {
        if let Some(owed) = self.owed_mut(id, owed) {
            owed.outstanding = owed.outstanding.saturating_sub(1);
        }
        self.send_owed(id);
    }

    /// Sends the acknowledgements that nothing holds up any more, in the order of their PUBLISH packets.
    pub(super) fn send_owed(&mut self, id: ConnectionId) {
        let is_saturated =
            |engine: &Self| engine.clients.connection(id).is_some_and(|connection| connection.is_saturated());
        let was_saturated = is_saturated(self);
        while let Some(owed) = self.next_owed(id) {
            self.send_one_owed(id, owed);
        }
        if was_saturated && !is_saturated(self) {
            self.resumable.push(id);
        }
    }

    /// The next acknowledgement that nothing holds up.
    fn next_owed(&mut self, id: ConnectionId) -> Option<Owed> {
        let connection = self.clients.connection_mut(id)?;
        let acks = connection.owed.as_mut()?;
        let owed = acks.pop_ready();
        if acks.is_empty() && owed.is_none() && connection.inbound_open == 0 {
            connection.owed = None;
        }
        owed
    }

    fn send_one_owed(&mut self, id: ConnectionId, owed: Owed) {
        let Some(connection) = self.clients.connection(id) else { return };
        // MQTT 3.x cannot refuse: there a QoS 2 exchange goes on to its end.
        let is_refusal = owed.reason.is_error() && connection.dialect.has_properties();
        let session = connection.session();
        let mut inbound = session
            .and_then(|session| self.clients.session_mut(session))
            .and_then(|state| state.inbound.as_mut());
        if let Some(inbound) = inbound.as_mut().filter(|_| owed.kind == AckKind::PubRec && is_refusal) {
            // The identifier is free again (`MQTT5-4.3.3-9`).
            inbound.remove(owed.packet_id);
        }
        let is_open = inbound.is_some_and(|inbound| inbound.contains(owed.packet_id));
        if (owed.kind == AckKind::PubAck || !is_open)
            && let Some(connection) = self.clients.connection_mut(id)
        {
            connection.inbound_open = connection.inbound_open.saturating_sub(1);
        }
        let ack = Ack::new(owed.packet_id, owed.reason);
        let packet = match owed.kind {
            AckKind::PubAck => Packet::PubAck(ack),
            AckKind::PubRec => Packet::PubRec(ack),
        };
        self.send(id, &packet);
    }

    /// The highest number of the journal that an acknowledgement waits for.
    ///
    /// The driver makes everything up to it safe and calls [`Engine::persisted`].
    pub fn unpersisted(&self) -> Option<u64> {
        self.clients.unpersisted.back().map(|(seq, ..)| *seq)
    }

    /// Everything up to `upto` is as safe as the operator asked for: its acknowledgements may leave.
    pub fn persisted(&mut self, upto: u64) {
        while let Some((seq, id, owed)) = self.clients.unpersisted.front().copied() {
            if seq > upto {
                return;
            }
            self.clients.unpersisted.pop_front();
            self.confirm(id, owed);
        }
    }

    /// Another engine took messages over, or had to reject them.
    pub(super) fn on_answers(&mut self, tokens: Vec<u32>, rejected: bool) {
        for token in tokens {
            let Some((id, owed)) = self.mailboxes.redeem_token(token) else { continue };
            if let Some(owed) = self.owed_mut(id, owed).filter(|_| rejected) {
                owed.reason = ReasonCode::QUOTA_EXCEEDED;
            }
            self.confirm(id, owed);
        }
    }

    /// A session lags no more, or is nobody's concern now: those who waited for it go on.
    pub(super) fn release_waiters(&mut self, _now: Timestamp, session: SessionId) {
        let Some(outbound) = self.clients.session_mut(session).and_then(|state| state.outbound.as_mut())
        else {
            return;
        };
        for waiter in std::mem::take(&mut outbound.waiters) {
            match waiter {
                Waiter::Local(id, owed) => self.confirm(id, owed),
                Waiter::Remote(shard, token) => Mailboxes::answer(&mut self.mailboxes, shard, token, false),
            }
        }
    }

    fn owed_mut(&mut self, id: ConnectionId, owed: OwedId) -> Option<&mut Owed> {
        self.clients.connection_mut(id)?.owed.as_mut()?.get_mut(owed)
    }

    // --- acknowledgements of clients

    /// PUBACK of a client.
    pub(super) fn on_puback(&mut self, now: Timestamp, id: ConnectionId, ack: &Ack<'_>) {
        // A negative one ends the delivery as well, also for a group (`MQTT5-4.8.2-6`).
        self.acknowledge(now, id, |outbound| outbound.acknowledged(ack.packet_id));
    }

    /// PUBREC of a client: answered by PUBREL, unless it refuses (`MQTT5-4.3.3-4`).
    pub(super) fn on_pubrec(&mut self, now: Timestamp, id: ConnectionId, ack: &Ack<'_>) {
        let is_refused = ack.reason.is_error();
        let acked = self.acknowledge(now, id, |outbound| outbound.received(ack.packet_id, is_refused));
        let reason = match acked {
            Some(Acked::Release) => ReasonCode::SUCCESS,
            Some(Acked::Unknown) if !is_refused => ReasonCode::PACKET_IDENTIFIER_NOT_FOUND,
            Some(Acked::Done | Acked::Unknown) | None => return,
        };
        self.send(id, &Packet::PubRel(Ack::new(ack.packet_id, reason)));
    }

    /// PUBCOMP of a client.
    pub(super) fn on_pubcomp(&mut self, now: Timestamp, id: ConnectionId, ack: &Ack<'_>) {
        self.acknowledge(now, id, |outbound| outbound.completed(ack.packet_id));
    }

    fn acknowledge(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        apply: impl FnOnce(&mut crate::session::Outbound) -> Acked,
    ) -> Option<Acked> {
        let Some(session) = self.clients.connection(id).and_then(|connection| connection.session()) else {
            self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "an acknowledgement before CONNACK");
            return None;
        };
        let state = self.clients.session_mut(session)?;
        let Some(outbound) = state.outbound.as_mut() else { return Some(Acked::Unknown) };
        let acked = apply(outbound);
        if !matches!(acked, Acked::Unknown) {
            outbound.progress_at = now;
        }
        if outbound.is_waiting() || !outbound.waiters.is_empty() {
            self.pump(now, session);
        }
        Some(acked)
    }
}
