//! What the server sends.

use super::session::{Arrival, Use};
use super::{Acknowledge, ClientConnection, Event, Server, ServerFault, State, send};
use crate::codec::{self, FixedHeader, PacketType};
use crate::packet::{Ack, Auth, ConnAck, Disconnect, Publish, SubAck, UnsubAck};
use crate::time::Timestamp;
use crate::{Packet, PacketId, Properties, QoS, ReasonCode};

/// What a packet led to; the topic of a message may have to be looked up.
enum Outcome<'a> {
    Event(Event<'a>),
    /// A message whose topic stands in the alias table.
    Aliased(Publish<'a>, u16),
    /// Nothing that the caller has to know.
    Nothing,
}

impl ClientConnection {
    /// Takes packets off the front of `input` until one means something; `None` when the rest of `input` is
    /// no whole packet. Keep it, and go on with it when more has been read.
    ///
    /// What has to be answered at once (PUBACK, PUBREC, PUBREL, PUBCOMP) is appended to `out`.
    ///
    /// # Errors
    /// [`ServerFault`]: the connection is over. A DISCONNECT that says why is appended to `out` where the
    /// version has one.
    pub fn receive<'a, 'b: 'a>(
        &'a mut self,
        now: Timestamp,
        input: &mut &'b [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Event<'a>>, ServerFault> {
        let outcome = match self.next_outcome(now, input, out) {
            Ok(Some(outcome)) => outcome,
            Ok(None) => return Ok(None),
            Err(fault) => return Err(self.give_up(now, fault, out)),
        };
        match outcome {
            Outcome::Event(event) => Ok(Some(event)),
            Outcome::Aliased(publish, alias) => {
                let topic = self.inbound_aliases.resolve(alias).unwrap_or_default();
                Ok(Some(Event::Message(Publish { topic, ..publish })))
            }
            Outcome::Nothing => Ok(None),
        }
    }

    /// Bytes of the whole packet that `input` begins with, if its header is there: how much room a driver
    /// needs.
    pub fn packet_len(input: &[u8]) -> Option<usize> {
        codec::frame(input).ok().flatten().map(|header| header.packet_len())
    }

    /// `None`, or anything but [`Outcome::Nothing`].
    fn next_outcome<'b>(
        &mut self,
        now: Timestamp,
        input: &mut &'b [u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome<'b>>, ServerFault> {
        while self.state != State::Closed {
            let Some((header, body)) = self.next_packet(input)? else { return Ok(None) };
            let packet = codec::decode_from_server(header, body, self.dialect.version(), &self.limits())
                .map_err(ServerFault::Decode)?;
            let outcome = match self.state {
                State::ExpectConnAck => self.before_connack(now, packet, out)?,
                State::Established => self.after_connack(now, packet, out)?,
                State::Closed => Outcome::Nothing,
            };
            if !matches!(outcome, Outcome::Nothing) {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    /// Splits a packet off `input`; one that is too large is refused before its body has come.
    fn next_packet<'b>(&self, input: &mut &'b [u8]) -> Result<Option<(FixedHeader, &'b [u8])>, ServerFault> {
        let Some(header) = codec::frame(input).map_err(ServerFault::Decode)? else { return Ok(None) };
        let bytes = header.packet_len();
        if bytes > self.announced.packet_bytes_max {
            return Err(ServerFault::PacketTooLarge { bytes });
        }
        let Some((packet, rest)) = input.split_at_checked(bytes) else { return Ok(None) };
        *input = rest;
        Ok(Some((header, packet.get(header.header_len..).unwrap_or_default())))
    }

    fn before_connack<'b>(
        &mut self,
        now: Timestamp,
        packet: Packet<'b>,
        out: &mut Vec<u8>,
    ) -> Result<Outcome<'b>, ServerFault> {
        match packet {
            Packet::ConnAck(ConnAck { reason, properties, .. }) if reason.is_error() => {
                self.state = State::Closed;
                Ok(Outcome::Event(Event::Refused { reason, properties }))
            }
            Packet::ConnAck(connack) => Ok(Outcome::Event(self.connected(now, &connack, out))),
            Packet::Auth(Auth { reason, properties }) if self.announced.has_method => {
                Ok(Outcome::Event(Event::Auth { reason, properties }))
            }
            other @ (Packet::Connect(_)
            | Packet::Publish(_)
            | Packet::PubAck(_)
            | Packet::PubRec(_)
            | Packet::PubRel(_)
            | Packet::PubComp(_)
            | Packet::Subscribe(_)
            | Packet::SubAck(_)
            | Packet::Unsubscribe(_)
            | Packet::UnsubAck(_)
            | Packet::PingReq
            | Packet::PingResp
            | Packet::Disconnect(_)
            | Packet::Auth(_)) => Err(ServerFault::Unexpected(other.packet_type())),
        }
    }

    fn connected<'b>(&mut self, now: Timestamp, connack: &ConnAck<'b>, out: &mut Vec<u8>) -> Event<'b> {
        let properties = connack.properties;
        self.state = State::Established;
        self.awaiting_since = None;
        self.server = Server::of(properties);
        self.send_quota = self.server.receive_maximum;
        self.keep_alive_secs = properties.server_keep_alive().unwrap_or(self.keep_alive_secs);
        // MQTT 3.1 does not tell; it keeps the session that was not asked to be clean.
        let is_told = self.dialect.has_session_present();
        let session_present = if is_told { connack.session_present } else { !self.announced.clean_start };
        if session_present {
            self.resend_from = Some(0);
            self.resend(now, out);
        } else {
            self.session.discard();
        }
        Event::Connected { session_present, properties }
    }

    fn after_connack<'b>(
        &mut self,
        now: Timestamp,
        packet: Packet<'b>,
        out: &mut Vec<u8>,
    ) -> Result<Outcome<'b>, ServerFault> {
        let event = match packet {
            Packet::Publish(publish) => return self.message(now, publish, out),
            Packet::PubAck(ack) => return Ok(self.puback(now, &ack, out)),
            Packet::PubRec(ack) => return Ok(self.pubrec(now, &ack, out)),
            Packet::PubComp(ack) => return Ok(self.pubcomp(now, &ack, out)),
            Packet::PubRel(ack) => self.pubrel(now, &ack, out),
            Packet::SubAck(suback) => self.suback(&suback)?,
            Packet::UnsubAck(unsuback) => self.unsuback(&unsuback)?,
            Packet::PingResp => {
                self.awaiting_since = None;
                Event::Pong
            }
            Packet::Disconnect(Disconnect { reason, properties }) => {
                self.state = State::Closed;
                Event::Disconnected { reason, properties }
            }
            Packet::Auth(Auth { reason, properties }) if self.announced.has_method => {
                Event::Auth { reason, properties }
            }
            other @ (Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::Subscribe(_)
            | Packet::Unsubscribe(_)
            | Packet::PingReq
            | Packet::Auth(_)) => return Err(ServerFault::Unexpected(other.packet_type())),
        };
        Ok(Outcome::Event(event))
    }

    fn message<'b>(
        &mut self,
        now: Timestamp,
        publish: Publish<'b>,
        out: &mut Vec<u8>,
    ) -> Result<Outcome<'b>, ServerFault> {
        let alias = publish.properties.topic_alias();
        if let Some(alias) = alias {
            if alias > self.announced.topic_alias_maximum {
                return Err(ServerFault::UnknownTopicAlias(alias));
            }
            if !publish.topic.is_empty() {
                self.inbound_aliases.define(alias, publish.topic);
            } else if self.inbound_aliases.resolve(alias).is_none() {
                return Err(ServerFault::UnknownTopicAlias(alias));
            }
        }
        if let Some(packet_id) = publish.packet_id {
            let arrival = self.session.arrived(packet_id, publish.qos);
            if self.session.inbound_count() > usize::from(self.announced.receive_maximum) {
                return Err(ServerFault::ReceiveMaximumExceeded);
            }
            let is_due = self.options.acknowledge == Acknowledge::AtOnce;
            if is_due || arrival == Arrival::AgainAcknowledged {
                self.answer(now, publish.qos, packet_id, out);
            }
            if arrival != Arrival::First {
                return Ok(Outcome::Nothing);
            }
        }
        match alias.filter(|_| publish.topic.is_empty()) {
            Some(alias) => Ok(Outcome::Aliased(publish, alias)),
            None => Ok(Outcome::Event(Event::Message(publish))),
        }
    }

    /// PUBACK or PUBREC. Never refused: it is smaller than any Maximum Packet Size that can be served.
    fn answer(&mut self, now: Timestamp, qos: QoS, packet_id: PacketId, out: &mut Vec<u8>) {
        let _ = self.acknowledge(now, (qos, Some(packet_id)), ReasonCode::SUCCESS, out);
    }

    fn puback<'b>(&mut self, now: Timestamp, ack: &Ack<'b>, out: &mut Vec<u8>) -> Outcome<'b> {
        let &Ack { packet_id, reason, properties } = ack;
        if self.session.expects_ack(packet_id) != Some(QoS::AtLeastOnce) {
            return Outcome::Nothing;
        }
        self.finish(now, packet_id, out);
        Outcome::Event(Event::Acknowledged { packet_id, reason, properties })
    }

    fn pubrec<'b>(&mut self, now: Timestamp, ack: &Ack<'b>, out: &mut Vec<u8>) -> Outcome<'b> {
        let &Ack { packet_id, reason, properties } = ack;
        let is_expected = self.session.expects_ack(packet_id) == Some(QoS::ExactlyOnce);
        if is_expected && reason.is_error() {
            self.finish(now, packet_id, out);
            return Outcome::Event(Event::Acknowledged { packet_id, reason, properties });
        }
        let is_known = is_expected || self.session.expects_complete(packet_id);
        let said = if is_known { ReasonCode::SUCCESS } else { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND };
        if is_known || !reason.is_error() {
            let _ = self.write(now, &send::release(packet_id, said), out);
        }
        if !is_expected {
            return Outcome::Nothing;
        }
        self.session.received(packet_id);
        Outcome::Event(Event::Received { packet_id, reason, properties })
    }

    fn pubcomp<'b>(&mut self, now: Timestamp, ack: &Ack<'b>, out: &mut Vec<u8>) -> Outcome<'b> {
        let &Ack { packet_id, reason, properties } = ack;
        if !self.session.expects_complete(packet_id) {
            return Outcome::Nothing;
        }
        self.finish(now, packet_id, out);
        Outcome::Event(Event::Acknowledged { packet_id, reason, properties })
    }

    fn pubrel<'b>(&mut self, now: Timestamp, ack: &Ack<'b>, out: &mut Vec<u8>) -> Event<'b> {
        let is_known = self.session.released(ack.packet_id);
        let said = if is_known { ReasonCode::SUCCESS } else { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND };
        let _ = self.write(now, &Packet::PubComp(Ack::new(ack.packet_id, said)), out);
        Event::Released(ack.packet_id)
    }

    /// A message is finished: there is room for another one (MQTT 5.0 §4.9).
    fn finish(&mut self, now: Timestamp, packet_id: PacketId, out: &mut Vec<u8>) {
        self.session.finished(packet_id);
        self.send_quota = self.send_quota.saturating_add(1).min(self.server.receive_maximum);
        self.resend(now, out);
    }

    fn suback<'b>(&mut self, suback: &SubAck<'b>) -> Result<Event<'b>, ServerFault> {
        let &SubAck { packet_id, properties, reasons } = suback;
        let Some(Use::Subscribe(count)) = self.session.usage(packet_id) else {
            return Err(ServerFault::UnknownPacketId(PacketType::SubAck, packet_id));
        };
        if reasons.as_bytes().len() != count {
            return Err(ServerFault::WrongCount(PacketType::SubAck, packet_id));
        }
        self.session.answered(packet_id);
        Ok(Event::Subscribed { packet_id, reasons, properties })
    }

    fn unsuback<'b>(&mut self, unsuback: &UnsubAck<'b>) -> Result<Event<'b>, ServerFault> {
        let &UnsubAck { packet_id, properties, reasons } = unsuback;
        let Some(Use::Unsubscribe(count)) = self.session.usage(packet_id) else {
            return Err(ServerFault::UnknownPacketId(PacketType::UnsubAck, packet_id));
        };
        if self.dialect.has_properties() && reasons.as_bytes().len() != count {
            return Err(ServerFault::WrongCount(PacketType::UnsubAck, packet_id));
        }
        self.session.answered(packet_id);
        Ok(Event::Unsubscribed { packet_id, reasons, properties })
    }

    /// The server broke the protocol: says so where it can be said, and ends the connection.
    fn give_up(&mut self, now: Timestamp, fault: ServerFault, out: &mut Vec<u8>) -> ServerFault {
        if self.is_established() {
            let _ = self.disconnect(now, fault.reason(), Properties::EMPTY, out);
        }
        self.state = State::Closed;
        fault
    }
}

impl Server {
    fn of(properties: Properties<'_>) -> Self {
        let bytes = properties.maximum_packet_size().map(usize::try_from);
        let default = Self::default();
        Self {
            receive_maximum: properties.receive_maximum().unwrap_or(default.receive_maximum),
            packet_bytes_max: bytes.and_then(Result::ok).unwrap_or(default.packet_bytes_max),
            topic_alias_maximum: properties.topic_alias_maximum().unwrap_or(default.topic_alias_maximum),
            qos_max: properties.maximum_qos().unwrap_or(default.qos_max),
            takes_retained: properties.retain_available().unwrap_or(default.takes_retained),
        }
    }
}
