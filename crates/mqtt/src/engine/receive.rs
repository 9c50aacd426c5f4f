use std::time::Duration;

use super::{CloseCause, Engine};
use crate::codec::{self, DecodeError, DecodeLimits, FixedHeader, PacketType};
use crate::connection::{ConnectionId, NextPacket, State};
use crate::packet::{ConnAck, Disconnect};
use crate::time::Timestamp;
use crate::{Dialect, Expression, Packet, Properties, PropertiesBuf, Property, ReasonCode};

/// What a DISCONNECT with a Reason String takes beside the text, at most.
const DISCONNECT_BYTES: usize = 16;
/// How long a client that is refused may take to send its CONNECT.
const REFUSED_DEADLINE: Duration = Duration::from_secs(2);
/// Buffers of packets that came in parts are given back above this size.
const KEEP_PARTIAL: usize = 4096;

impl Engine {
    /// A network connection was accepted.
    pub fn open(&mut self, now: Timestamp) -> ConnectionId {
        let id = self.clients.open(now);
        self.arm_connection(id, now.after(self.options.settings.limits.connect_deadline));
        id
    }

    /// A network connection was accepted for which there is no room: its CONNECT, if it comes soon, is
    /// answered with `reason`.
    pub fn open_refused(&mut self, now: Timestamp, reason: ReasonCode) -> ConnectionId {
        let id = self.clients.open(now);
        let deadline = now.after(self.options.settings.limits.connect_deadline.min(REFUSED_DEADLINE));
        if let Some(connection) = self.clients.connection_mut(id) {
            connection.state = State::ExpectConnect { deadline, refusal: Some(reason) };
        }
        self.arm_connection(id, deadline);
        id
    }

    /// Bytes arrived on a connection, in order.
    ///
    /// What follows a CONNECT that is moved goes with it, as long as [`Action::Move`](super::Action::Move) was
    /// not taken. Complete packets are handled in place; only the start of a packet whose end is missing is copied.
    pub fn receive(&mut self, now: Timestamp, id: ConnectionId, bytes: &[u8]) {
        self.clients.stats.bytes_received += bytes.len() as u64;
        self.charged(now, id, bytes.len() as u64, |engine| engine.take_bytes(now, id, bytes));
    }

    /// Has a client charged for the messages that are handled, and for what was received.
    pub(super) fn charged(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        byte_count: u64,
        handle: impl FnOnce(&mut Self),
    ) {
        let publishes_before = self.clients.stats.publishes_received;
        handle(self);
        let limits = &self.options.settings.limits;
        if limits.messages_per_sec > 0 || limits.bytes_per_sec > 0 {
            let publish_count = self.clients.stats.publishes_received - publishes_before;
            self.charge(now, id, publish_count, byte_count);
        }
    }

    /// Stops reading from a client that sends faster than it may, for as long as it is ahead.
    fn charge(&mut self, now: Timestamp, id: ConnectionId, message_count: u64, byte_count: u64) {
        let limits = &self.options.settings.limits;
        let Some(connection) = self.clients.connection_mut(id) else { return };
        let rate = connection.rate.get_or_insert_default();
        if let Some(until) = rate.charge(now, message_count, byte_count, limits) {
            connection.is_throttled = true;
            connection.throttled_until = until;
            self.clients.stats.throttled += 1;
            self.arm_connection(id, until);
        }
    }

    fn take_bytes(&mut self, now: Timestamp, id: ConnectionId, bytes: &[u8]) {
        let Some(connection) = self.clients.connection_mut(id) else { return self.move_rest(id, bytes) };
        if connection.is_closing() {
            return;
        }
        if connection.partial.is_empty() && !connection.is_paused {
            let consumed = self.handle_packets(now, id, bytes);
            self.keep(now, id, bytes.get(consumed..).unwrap_or_default());
        } else {
            connection.partial.extend_from_slice(bytes);
            self.continue_reading(now, id);
        }
    }

    /// Handles what was kept while the connection was paused, or a packet that is complete now.
    pub(super) fn continue_reading(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(connection) = self.clients.connection_mut(id) else { return };
        if connection.is_paused {
            return self.check_budget(now, id);
        }
        let mut partial = std::mem::take(&mut connection.partial);
        let consumed = self.handle_packets(now, id, &partial);
        let Some(connection) = self.clients.connection_mut(id) else {
            return self.move_rest(id, partial.get(consumed..).unwrap_or_default());
        };
        if connection.is_closing() || (consumed >= partial.len() && partial.capacity() > KEEP_PARTIAL) {
            return;
        }
        partial.drain(..consumed);
        if partial.is_empty() {
            partial = Vec::new();
        }
        connection.partial = partial;
    }

    /// Whether the driver should read from this connection.
    pub fn wants_input(&self, id: ConnectionId) -> bool {
        self.clients.connection(id).is_some_and(|connection| {
            !connection.is_paused
                && !connection.is_throttled
                && !connection.is_saturated()
                && connection.backlog() <= self.options.settings.limits.outbound_bytes_max
        })
    }

    /// Whether bytes of this connection wait to be handled.
    pub fn keeps_input(&self, id: ConnectionId) -> bool {
        self.clients.connection(id).is_some_and(|connection| !connection.partial.is_empty())
    }

    /// Bytes of this connection that wait to be handled: the start of a packet, or more while it is judged.
    pub fn unread(&self, id: ConnectionId) -> &[u8] {
        self.clients.connection(id).map_or(&[], |connection| &connection.partial)
    }

    /// What the client of a connection speaks; MQTT 5.0 before its CONNECT.
    pub fn dialect_of(&self, id: ConnectionId) -> Option<Dialect> {
        Some(self.clients.connection(id)?.dialect)
    }

    /// Handles whole packets and returns how many bytes they took.
    fn handle_packets(&mut self, now: Timestamp, id: ConnectionId, input: &[u8]) -> usize {
        let mut consumed = 0;
        loop {
            let rest = input.get(consumed..).unwrap_or_default();
            match self.handle_packet(now, id, rest) {
                Some(length) => consumed += length,
                None => return consumed,
            }
        }
    }

    /// Handles the packet at the start of `input`; `None` when it is not complete, or must not be handled
    /// now.
    fn handle_packet(&mut self, now: Timestamp, id: ConnectionId, input: &[u8]) -> Option<usize> {
        let connection = self.clients.connection(id)?;
        let is_saturated = connection.is_saturated();
        if input.is_empty() || is_saturated || connection.is_paused || connection.is_closing() {
            return None;
        }
        let header = match codec::frame(input) {
            Ok(header) => header?,
            Err(error) => return self.reject(now, id, &error),
        };
        if let Some(reason) = self.refuses_header(id, header) {
            self.violate(now, id, reason, "the fixed header is refused");
            return None;
        }
        let packet = input.get(..header.packet_len())?;
        let body = packet.get(header.header_len..)?;
        let connection = self.clients.connection_mut(id)?;
        connection.last_received = now;
        let next_packet = connection.next_packet;
        let limits = DecodeLimits { user_properties_max: self.options.settings.limits.user_properties_max };
        match decode_guarded(header, body, connection.dialect, &limits) {
            Some(Ok(decoded)) => {
                if self.dispatch(now, id, decoded, packet) == Handled::Waits {
                    return None;
                }
                if next_packet == NextPacket::Inquired {
                    self.forget_inquiry(id);
                }
            }
            Some(Err(error)) => return self.reject(now, id, &error),
            None => {
                self.clients.stats.panics += 1;
                let rule = "the decoder panicked: a bug of this server";
                self.violate(now, id, ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR, rule);
                return None;
            }
        }
        Some(header.packet_len())
    }

    /// Judges a packet by its header, before its body is read or memory is taken for it.
    fn refuses_header(&self, id: ConnectionId, header: FixedHeader) -> Option<ReasonCode> {
        let connection = self.clients.connection(id)?;
        let limits = &connection.announced;
        let max = match connection.state {
            State::ExpectConnect { .. } if header.packet_type != PacketType::Connect => {
                return Some(ReasonCode::PROTOCOL_ERROR);
            }
            State::ExpectConnect { .. } | State::ExpectVerdict(_) => {
                limits.unauthenticated_bytes_max.min(limits.packet_bytes_max)
            }
            State::Established(_) | State::Closing { .. } => limits.packet_bytes_max,
        };
        (header.packet_len() > max).then_some(ReasonCode::PACKET_TOO_LARGE)
    }

    fn dispatch(&mut self, now: Timestamp, id: ConnectionId, packet: Packet<'_>, bytes: &[u8]) -> Handled {
        let is_exchanging = self
            .clients
            .connection(id)
            .is_some_and(|connection| matches!(connection.state, State::ExpectVerdict(_)));
        if is_exchanging && !matches!(packet, Packet::Auth(_) | Packet::Disconnect(_)) {
            let rule = "only AUTH or DISCONNECT may come before CONNACK";
            self.violate(now, id, ReasonCode::PROTOCOL_ERROR, rule);
            return Handled::Done;
        }
        match packet {
            Packet::Connect(connect) => self.on_connect(now, id, &connect, bytes),
            Packet::Publish(publish) => return self.on_publish(now, id, &publish),
            Packet::PubAck(ack) => self.on_puback(now, id, &ack),
            Packet::PubRec(ack) => self.on_pubrec(now, id, &ack),
            Packet::PubRel(ack) => self.on_pubrel(now, id, &ack),
            Packet::PubComp(ack) => self.on_pubcomp(now, id, &ack),
            Packet::Subscribe(subscribe) => return self.on_subscribe(now, id, &subscribe),
            Packet::Unsubscribe(unsubscribe) => self.on_unsubscribe(now, id, &unsubscribe),
            Packet::PingReq => {
                self.send(id, &Packet::PingResp);
            }
            Packet::Disconnect(disconnect) => self.on_disconnect(now, id, &disconnect),
            Packet::Auth(auth) => self.on_auth(now, id, &auth),
            // The decoder refuses these from a client.
            Packet::ConnAck(_) | Packet::SubAck(_) | Packet::UnsubAck(_) | Packet::PingResp => {
                self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "a packet that only a server sends");
            }
        }
        Handled::Done
    }

    /// Keeps the start of a packet until its end arrives.
    fn keep(&mut self, now: Timestamp, id: ConnectionId, rest: &[u8]) {
        if rest.is_empty() {
            return;
        }
        let Some(connection) = self.clients.connection_mut(id) else { return self.move_rest(id, rest) };
        if connection.is_closing() {
            return;
        }
        connection.partial.extend_from_slice(rest);
        self.check_budget(now, id);
    }

    /// A client that is not authenticated yet may send only so much.
    fn check_budget(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(connection) = self.clients.connection(id) else { return };
        let is_over = connection.session().is_none()
            && connection.partial.len() > self.options.settings.limits.unauthenticated_bytes_max;
        if is_over {
            self.violate(now, id, ReasonCode::PACKET_TOO_LARGE, "too many bytes before authentication");
        }
    }

    /// Ends the connection of a client whose bytes are no packet.
    fn reject(&mut self, now: Timestamp, id: ConnectionId, error: &DecodeError) -> Option<usize> {
        let reason = error.reason();
        let connection = self.clients.connection_mut(id)?;
        match (&connection.state, error.dialect) {
            (State::Established(_), _) => self.send_disconnect(id, reason, None),
            (State::ExpectConnect { .. }, Some(dialect)) => {
                // MQTT 3.x answers a version it does not know, and nothing else (`MQTT3-3.1.4-1`).
                connection.dialect = dialect;
                if dialect.has_properties() || reason == ReasonCode::UNSUPPORTED_PROTOCOL_VERSION {
                    self.send_connack_failure(id, reason);
                }
            }
            (State::ExpectConnect { .. } | State::ExpectVerdict(_) | State::Closing { .. }, _) => {}
        }
        self.close(now, id, CloseCause::Undecodable(*error));
        None
    }

    /// Ends the connection of a client that broke the protocol or a limit, saying why where it can hear it.
    pub(super) fn violate(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        reason: ReasonCode,
        rule: &'static str,
    ) {
        let Some(connection) = self.clients.connection(id) else { return };
        if connection.is_closing() {
            return;
        }
        let is_established = connection.session().is_some();
        if is_established {
            self.send_disconnect(id, reason, Some(rule));
        }
        self.close(now, id, CloseCause::Violation(reason, rule));
    }

    /// Encodes a packet for a connection, in its dialect. What that cannot say is left out, and so is what the
    /// client does not take (`MQTT5-3.1.2-24`); nothing follows the packet that ends a connection.
    pub(super) fn send(&mut self, id: ConnectionId, packet: &Packet<'_>) -> Option<Expression> {
        let connection = self.clients.connection(id).filter(|connection| !connection.is_closing())?;
        let dialect = connection.dialect;
        let max = usize::try_from(connection.packet_bytes_max).unwrap_or(usize::MAX);
        self.clients.write(id, |out| {
            let start = out.len();
            let expression = codec::encode(packet, dialect, out);
            if out.len() - start <= max {
                return expression;
            }
            out.truncate(start);
            Expression::TooLarge
        })
    }

    /// Sends an answer without which the client cannot go on: one that it does not take ends its connection.
    pub(super) fn reply(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        packet: &Packet<'_>,
    ) -> Option<Expression> {
        let expression = self.send(id, packet);
        if expression == Some(Expression::TooLarge) {
            let rule = "an answer would exceed the client's Maximum Packet Size";
            self.violate(now, id, ReasonCode::PACKET_TOO_LARGE, rule);
        }
        expression
    }

    /// Says why the connection ends, and which rule was broken where the code does not tell; MQTT 3.x has no
    /// words for it.
    ///
    /// The Reason String is left out where it would not fit (`MQTT5-3.14.2-3`). This is the only packet that
    /// carries one, so that Request Problem Information has nothing to hold back (`MQTT5-3.1.2-29`).
    pub(super) fn send_disconnect(&mut self, id: ConnectionId, reason: ReasonCode, text: Option<&str>) {
        let Some(connection) = self.clients.connection(id) else { return };
        let max = usize::try_from(connection.packet_bytes_max).unwrap_or(usize::MAX);
        let mut properties = PropertiesBuf::new();
        if let Some(text) = text.filter(|text| text.len() + DISCONNECT_BYTES <= max) {
            properties.push(Property::ReasonString(text));
        }
        let (reason, properties) = (reason.in_disconnect(), properties.as_properties());
        self.send(id, &Packet::Disconnect(Disconnect { reason, properties }));
    }

    /// Refuses a CONNECT, where the dialect has a code for the reason.
    pub(super) fn send_connack_failure(&mut self, id: ConnectionId, reason: ReasonCode) {
        let (reason, properties) = (reason.in_connack(), Properties::EMPTY);
        self.send(id, &Packet::ConnAck(ConnAck { session_present: false, reason, properties }));
    }
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Handled {
    /// It is done with.
    Done,
    /// Nothing has happened yet, as others are asked whether it may: it is handled again when they have answered.
    Waits,
}

/// Decodes; `None` when the decoder panics, which ends one connection and never the broker. Decoding touches
/// nothing but its arguments, so nothing is left half done.
fn decode_guarded<'a>(
    header: FixedHeader,
    body: &'a [u8],
    dialect: Dialect,
    limits: &DecodeLimits,
) -> Option<Result<Packet<'a>, DecodeError>> {
    let decode = || {
        #[cfg(test)]
        tests::panic_on_marker(body);
        codec::decode(header, body, dialect.version(), limits)
    };
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(decode)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Action, EngineOptions, ShardId};

    /// Stands in for a bug in the decoder.
    pub(super) fn panic_on_marker(body: &[u8]) {
        assert!(!body.ends_with(b"panic!"), "a bug, for the test");
    }

    #[test]
    fn a_panic_in_the_decoder_closes_one_connection_and_is_counted() {
        let mut engine = Engine::new(Timestamp::ZERO, ShardId(0), EngineOptions::new(1));
        let (bad, good) = (engine.open(Timestamp::ZERO), engine.open(Timestamp::ZERO));
        let connect = b"\x10\x12\x00\x04MQTT\x04\x02\x00\x00\x00\x06panic!";
        engine.receive(Timestamp::ZERO, bad, connect);
        assert_eq!(engine.stats().panics, 1);
        assert!(matches!(engine.poll_action(), Some(Action::Close { connection, .. }) if connection == bad));
        engine.receive(Timestamp::ZERO, good, b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a");
        assert!(
            matches!(engine.poll_action(), Some(Action::Authenticate(connection, _)) if connection == good)
        );
    }
}
