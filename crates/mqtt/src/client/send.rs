//! What the caller asks to be sent.

use super::session::Use;
use super::{ClientConnection, SendError, State, Unfinished};
use crate::packet::{
    Ack, Auth, Disconnect, Publish, Subscribe, SubscriptionFilters, TopicFilters, Unsubscribe,
};
use crate::time::Timestamp;
use crate::{Packet, PacketId, Properties, QoS, ReasonCode};

impl ClientConnection {
    /// Sends a message; returns its identifier for QoS 1 and 2, which
    /// [`Event::Acknowledged`](super::Event::Acknowledged) repeats.
    ///
    /// `dup` and `packet_id` of `publish` are set here.
    ///
    /// # Errors
    /// [`SendError`]: nothing was sent. [`SendError::Full`] passes with the next acknowledgement.
    pub fn publish(
        &mut self,
        now: Timestamp,
        publish: &Publish<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Option<PacketId>, SendError> {
        self.check_established()?;
        if publish.qos > self.server.qos_max {
            return Err(SendError::QosNotSupported);
        }
        if publish.retain && !self.server.takes_retained {
            return Err(SendError::RetainNotSupported);
        }
        let alias = publish.properties.topic_alias();
        let topic = self.topic_of(publish, alias)?;
        if publish.qos == QoS::AtMostOnce {
            let publish = Publish { dup: false, packet_id: None, ..publish.clone() };
            self.write(now, &Packet::Publish(publish), out)?;
            self.define_alias(alias, topic.as_deref().unwrap_or_default());
            return Ok(None);
        }
        if !self.has_room() {
            return Err(SendError::Full);
        }
        let packet_id = self.session.free_id().ok_or(SendError::Full)?;
        let unfinished = Unfinished::new(publish, topic.as_deref().unwrap_or(publish.topic));
        let publish = Publish { dup: false, packet_id: Some(packet_id), ..publish.clone() };
        self.write(now, &Packet::Publish(publish), out)?;
        self.define_alias(alias, &unfinished.topic);
        self.send_quota -= 1;
        self.session.insert(packet_id, unfinished);
        Ok(Some(packet_id))
    }

    /// Sends SUBSCRIBE; [`Event::Subscribed`](super::Event::Subscribed) repeats the identifier.
    ///
    /// # Errors
    /// [`SendError`]: nothing was sent.
    pub fn subscribe(
        &mut self,
        now: Timestamp,
        filters: SubscriptionFilters<'_>,
        properties: Properties<'_>,
        out: &mut Vec<u8>,
    ) -> Result<PacketId, SendError> {
        let count = filters.iter().count();
        let packet_id = self.request_id(count)?;
        self.write(now, &Packet::Subscribe(Subscribe { packet_id, properties, filters }), out)?;
        self.session.request(packet_id, Use::Subscribe(count));
        Ok(packet_id)
    }

    /// Sends UNSUBSCRIBE; [`Event::Unsubscribed`](super::Event::Unsubscribed) repeats the identifier.
    ///
    /// # Errors
    /// [`SendError`]: nothing was sent.
    pub fn unsubscribe(
        &mut self,
        now: Timestamp,
        filters: TopicFilters<'_>,
        properties: Properties<'_>,
        out: &mut Vec<u8>,
    ) -> Result<PacketId, SendError> {
        let count = filters.iter().count();
        let packet_id = self.request_id(count)?;
        self.write(now, &Packet::Unsubscribe(Unsubscribe { packet_id, properties, filters }), out)?;
        self.session.request(packet_id, Use::Unsubscribe(count));
        Ok(packet_id)
    }

    /// Acknowledges a message that [`Event::Message`](super::Event::Message) gave, where
    /// [`Acknowledge::ByCaller`](super::Acknowledge::ByCaller) is chosen; nothing for QoS 0.
    ///
    /// # Errors
    /// [`SendError::NotConnected`].
    pub fn acknowledge(
        &mut self,
        now: Timestamp,
        (qos, packet_id): (QoS, Option<PacketId>),
        reason: ReasonCode,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        self.check_established()?;
        let Some(packet_id) = packet_id else { return Ok(()) };
        let ack = Ack::new(packet_id, reason);
        let packet = match qos {
            QoS::AtMostOnce => return Ok(()),
            QoS::AtLeastOnce => Packet::PubAck(ack),
            QoS::ExactlyOnce => Packet::PubRec(ack),
        };
        self.write(now, &packet, out)?;
        self.session.acknowledge(packet_id, qos);
        if reason.is_error() {
            // A refusing PUBREC ends the exchange: no PUBREL follows.
            self.session.released(packet_id);
        }
        Ok(())
    }

    /// Sends PINGREQ; [`Event::Pong`](super::Event::Pong) answers.
    ///
    /// # Errors
    /// [`SendError::NotConnected`].
    pub fn ping(&mut self, now: Timestamp, out: &mut Vec<u8>) -> Result<(), SendError> {
        self.check_established()?;
        self.write(now, &Packet::PingReq, out)?;
        self.awaiting_since.get_or_insert(now);
        Ok(())
    }

    /// Sends AUTH: the next step of an exchange that the server continues, or the first of
    /// re-authentication.
    ///
    /// # Errors
    /// [`SendError::NotConnected`], also for a CONNECT that named no method (`MQTT5-4.12.1-1`);
    /// [`SendError::NotInThisVersion`] in MQTT 3.x.
    pub fn authenticate(
        &mut self,
        now: Timestamp,
        reason: ReasonCode,
        properties: Properties<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        if self.state == State::Closed || !self.announced.has_method {
            return Err(SendError::NotConnected);
        }
        self.write(now, &Packet::Auth(Auth { reason, properties }), out)?;
        if self.state == State::ExpectConnAck {
            self.awaiting_since = Some(now);
        }
        Ok(())
    }

    /// Sends DISCONNECT; the connection is over, and is to be closed when `out` is written.
    ///
    /// In MQTT 3.x any other reason than success is said by closing, which publishes the will.
    ///
    /// # Errors
    /// [`SendError::NotConnected`] when it is over already; [`SendError::TooLarge`] for the properties.
    pub fn disconnect(
        &mut self,
        now: Timestamp,
        reason: ReasonCode,
        properties: Properties<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), SendError> {
        self.check_established()?;
        match self.write(now, &Packet::Disconnect(Disconnect { reason, properties }), out) {
            Ok(()) | Err(SendError::NotInThisVersion) => {}
            Err(error) => return Err(error),
        }
        self.state = State::Closed;
        Ok(())
    }

    fn check_established(&self) -> Result<(), SendError> {
        if self.is_established() { Ok(()) } else { Err(SendError::NotConnected) }
    }

    fn request_id(&mut self, filter_count: usize) -> Result<PacketId, SendError> {
        self.check_established()?;
        if filter_count == 0 {
            return Err(SendError::NoFilter);
        }
        self.session.free_id().ok_or(SendError::Full)
    }

    /// The topic of a message that comes with an alias: its own, or the one that the alias stands for.
    fn topic_of(&self, publish: &Publish<'_>, alias: Option<u16>) -> Result<Option<Box<str>>, SendError> {
        let Some(alias) = alias else { return Ok(None) };
        if alias == 0 || alias > self.server.topic_alias_maximum {
            return Err(SendError::TopicAliasInvalid);
        }
        if publish.topic.is_empty() {
            let topic = self.outbound_aliases.resolve(alias).ok_or(SendError::TopicAliasInvalid)?;
            return Ok(Some(topic.into()));
        }
        Ok(Some(publish.topic.into()))
    }

    fn define_alias(&mut self, alias: Option<u16>, topic: &str) {
        if let Some(alias) = alias {
            self.outbound_aliases.define(alias, topic);
        }
    }
}

/// PUBREL.
pub(super) const fn release(packet_id: PacketId, reason: ReasonCode) -> Packet<'static> {
    Packet::PubRel(Ack::new(packet_id, reason))
}
