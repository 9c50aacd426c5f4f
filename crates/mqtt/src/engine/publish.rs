use std::sync::Arc;
use std::time::Duration;

use super::inquiries::OwnedAttempt;
use super::options::DenyAction;
use super::receive::Handled;
use super::route::Origin;
use super::{CloseCause, Engine};
use crate::authorize::{Grant, Inquired, Permission};
use crate::connection::{AckKind, Connection, ConnectionId, InboundAliases, Owed};
use crate::message::{Message, Publication};
use crate::packet::{Ack, Publish};
use crate::retained::RetainedFull;
use crate::session::SessionId;
use crate::time::Timestamp;
use crate::topic::TopicName;
use crate::{Packet, PacketId, PropertiesBuf, QoS, ReasonCode};

/// A PUBLISH that was judged: it may be routed.
///
/// Only [`Engine::permit_publish`] makes one, so that nothing is routed unjudged.
struct Permitted<'a>(Publication<'a>);

/// Why a PUBLISH is not routed.
enum Refusal {
    /// The client is told in the acknowledgement, where there is one.
    Answered(ReasonCode),
    /// The connection ends.
    Violation(ReasonCode, &'static str),
    /// Others are to be asked, and then it is judged again.
    Asked,
}

impl Engine {
    /// PUBLISH of a client (MQTT 5.0 §3.3).
    pub(super) fn on_publish(&mut self, now: Timestamp, id: ConnectionId, publish: &Publish<'_>) -> Handled {
        let Some(session) = self.clients.connection(id).and_then(|connection| connection.session()) else {
            self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "PUBLISH before CONNACK");
            return Handled::Done;
        };
        let Some(alias) = publish.properties.topic_alias() else {
            return self.publish_to(now, id, session, publish, publish.topic);
        };
        match self.resolve_alias(id, alias, publish.topic) {
            Some(topic) => self.publish_to(now, id, session, publish, &topic),
            None => {
                self.clients.stats.publishes_received += 1;
                self.violate(now, id, ReasonCode::TOPIC_ALIAS_INVALID, "an unknown Topic Alias");
                Handled::Done
            }
        }
    }

    /// The topic of a PUBLISH with a Topic Alias, which it uses or defines (MQTT 5.0 §3.3.2.3.4).
    fn resolve_alias(&mut self, id: ConnectionId, alias: u16, topic: &str) -> Option<Box<str>> {
        let connection = self.clients.connection_mut(id)?;
        if alias == 0 || alias > connection.announced.topic_alias_maximum {
            return None;
        }
        let aliases = connection.inbound_aliases.get_or_insert_with(|| Box::new(InboundAliases::default()));
        if topic.is_empty() {
            return aliases.resolve(alias).map(Into::into);
        }
        aliases.define(alias, topic);
        Some(topic.into())
    }

    fn publish_to(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        session: SessionId,
        publish: &Publish<'_>,
        topic: &str,
    ) -> Handled {
        let mut buffer = PropertiesBuf::new();
        // Judged before anything is counted: what others are asked about did not happen yet.
        let judged = self.permit_publish(now, id, session, publish, topic, &mut buffer);
        if matches!(judged, Err(Refusal::Asked)) {
            let attempt = OwnedAttempt::publish(topic, publish.qos, publish.retain);
            return self.inquire(now, id, session, vec![(0, attempt)]);
        }
        self.clients.stats.publishes_received += 1;
        let admission = match publish.packet_id {
            Some(packet_id) => self.admit(now, id, session, packet_id, publish.qos),
            None => Admission::New,
        };
        match admission {
            Admission::New => match judged {
                Ok(permitted) => self.take_publish(now, id, session, publish, &permitted),
                Err(Refusal::Violation(reason, rule)) => self.violate(now, id, reason, rule),
                Err(Refusal::Answered(reason)) => self.refuse_publish(now, id, session, publish, reason),
                Err(Refusal::Asked) => {}
            },
            Admission::Repeated => {}
            Admission::InUse => {
                let rule = "a QoS 1 PUBLISH with the identifier of a QoS 2 exchange";
                self.violate(now, id, ReasonCode::PROTOCOL_ERROR, rule);
            }
            Admission::Excess => {
                let rule = "more unacknowledged PUBLISH than Receive Maximum";
                self.violate(now, id, ReasonCode::RECEIVE_MAXIMUM_EXCEEDED, rule);
            }
        }
        Handled::Done
    }

    /// Counts a QoS 1 or 2 PUBLISH against Receive Maximum, and recognises a repetition.
    fn admit(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        session: SessionId,
        packet_id: PacketId,
        qos: QoS,
    ) -> Admission {
        let is_open = self
            .clients
            .session(session)
            .and_then(|state| state.inbound.as_ref())
            .is_some_and(|inbound| inbound.contains(packet_id));
        let Some(connection) = self.clients.connection_mut(id) else { return Admission::Repeated };
        if is_open && qos == QoS::ExactlyOnce {
            // Acknowledged again, not delivered again (`MQTT5-4.3.3-10`); the journal may not have it yet, nor
            // other engines.
            let is_owed = connection.owed.as_ref().is_some_and(|acks| acks.holds(packet_id, AckKind::PubRec));
            if !is_owed && let Some(owed) = self.owe(id, packet_id, qos) {
                self.confirm_behind_mail(now, id, owed);
            }
            return Admission::Repeated;
        }
        if is_open && !connection.dialect.has_properties() {
            // A PUBACK would say that the message was taken.
            return Admission::InUse;
        }
        if connection.inbound_open >= connection.announced.receive_maximum
            && connection.dialect.has_properties()
        {
            return Admission::Excess;
        }
        connection.inbound_open = connection.inbound_open.saturating_add(1);
        if is_open {
            let (kind, reason) = (AckKind::PubAck, ReasonCode::PACKET_IDENTIFIER_IN_USE);
            let owed = Owed { packet_id, kind, reason, outstanding: 0 };
            connection.owed.get_or_insert_default().push(owed);
            self.send_owed(id);
            return Admission::Repeated;
        }
        Admission::New
    }

    fn permit_publish<'a>(
        &self,
        now: Timestamp,
        id: ConnectionId,
        session: SessionId,
        publish: &Publish<'a>,
        topic: &'a str,
        buffer: &'a mut PropertiesBuf,
    ) -> Result<Permitted<'a>, Refusal> {
        if TopicName::parse(topic, &self.options.settings.limits.topics).is_err() {
            let reason = ReasonCode::TOPIC_NAME_INVALID;
            return Err(match publish.qos {
                QoS::AtMostOnce => {
                    Refusal::Violation(reason, "the Topic Name is longer or deeper than allowed")
                }
                QoS::AtLeastOnce | QoS::ExactlyOnce => Refusal::Answered(reason),
            });
        }
        let properties = &publish.properties;
        if self.options.settings.check_payload_format
            && properties.payload_format_indicator() == Some(true)
            && simdutf8::basic::from_utf8(publish.payload).is_err()
        {
            let reason = ReasonCode::PAYLOAD_FORMAT_INVALID;
            return Err(match publish.qos {
                QoS::AtMostOnce => Refusal::Violation(reason, "the payload is announced as UTF-8 and is not"),
                QoS::AtLeastOnce | QoS::ExactlyOnce => Refusal::Answered(reason),
            });
        }
        let Some(state) = self.clients.session(session) else {
            return Err(Refusal::Answered(ReasonCode::UNSPECIFIED_ERROR));
        };
        match state.authorize.publish(topic, publish.qos, publish.retain) {
            Permission::Allowed => {}
            Permission::Denied => return Err(Refusal::Answered(ReasonCode::NOT_AUTHORIZED)),
            Permission::Asked => match self.answer_of(id, 0) {
                Some(Inquired::Granted(Grant::Whole)) => {}
                Some(Inquired::Granted(Grant::PerMessage | Grant::Denied | Grant::Asked)) => {
                    return Err(Refusal::Answered(ReasonCode::NOT_AUTHORIZED));
                }
                Some(Inquired::Unavailable) => {
                    return Err(Refusal::Answered(ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR));
                }
                None => return Err(Refusal::Asked),
            },
        }
        let read_at = self.read_at.unwrap_or(now);
        let secs = |secs: u32| read_at.after(Duration::from_secs(u64::from(secs)));
        Ok(Permitted(Publication {
            topic,
            properties: properties.forwardable(buffer),
            payload: publish.payload,
            qos: publish.qos,
            retain: publish.retain,
            publisher: state.publisher,
            expires_at: properties.message_expiry_interval().map_or(Timestamp::NEVER, secs),
        }))
    }

    /// Takes a message over: stores, routes, and owes the acknowledgement.
    fn take_publish(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        session: SessionId,
        publish: &Publish<'_>,
        permitted: &Permitted<'_>,
    ) {
        let publication = &permitted.0;
        let body = match publication.retain.then(|| self.retain(publication, None)) {
            None => None,
            Some(Ok(body)) => body,
            Some(Err(RetainedFull)) => {
                return self.refuse_publish(now, id, session, publish, ReasonCode::QUOTA_EXCEEDED);
            }
        };
        let owed = publish.packet_id.and_then(|packet_id| {
            self.begin_exchange(session, packet_id, publish.qos);
            self.owe(id, packet_id, publish.qos)
        });
        let origin = Origin::Client { session: session.index, owed: owed.map(|owed| (id, owed)) };
        let routed = self.route(now, publication, origin, body);
        self.clients.stats.unmatched += u64::from(!routed.is_matched);
        if let Some(owed) = owed {
            self.settle_routed(id, owed, routed);
        }
    }

    /// Stores or removes the retained message of a topic. Returns the stored body, to be shared.
    pub(super) fn retain(
        &mut self,
        publication: &Publication<'_>,
        body: Option<&Arc<Message>>,
    ) -> Result<Option<Arc<Message>>, RetainedFull> {
        if publication.payload.is_empty() {
            self.options.retained.remove(publication.topic);
            return Ok(body.cloned());
        }
        let message = body.cloned().unwrap_or_else(|| Message::new(publication));
        match self.options.retained.store(message.clone()) {
            Ok(()) => Ok(Some(message)),
            Err(full) => {
                self.clients.stats.retained_refused += 1;
                Err(full)
            }
        }
    }

    /// Remembers that a QoS 2 message was taken, so that it is not taken again (`MQTT5-4.3.3-10`).
    fn begin_exchange(&mut self, session: SessionId, packet_id: PacketId, qos: QoS) {
        if qos == QoS::ExactlyOnce
            && let Some(state) = self.clients.session_mut(session)
        {
            state.inbound.get_or_insert_default().insert(packet_id);
        }
    }

    /// Answers a PUBLISH that is not routed.
    fn refuse_publish(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        session: SessionId,
        publish: &Publish<'_>,
        reason: ReasonCode,
    ) {
        let Some(connection) = self.clients.connection(id) else { return };
        let is_denied = reason == ReasonCode::NOT_AUTHORIZED;
        let is_undecided = reason == ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR;
        let can_tell = connection.dialect.has_properties() && publish.packet_id.is_some();
        self.clients.stats.publishes_denied += u64::from(is_denied);
        self.clients.stats.publishes_undecided += u64::from(is_undecided);
        let must_close = if is_denied {
            self.options.settings.deny_action == DenyAction::Disconnect
        } else {
            // MQTT 3.x has no negative acknowledgement: what is not a matter of rights ends the connection.
            !can_tell && publish.qos != QoS::AtMostOnce
        };
        if must_close && is_undecided {
            // The client did nothing wrong, and sends it again: an acknowledgement would lose the message.
            return self.close(now, id, CloseCause::Refused(reason));
        }
        if must_close {
            return self.violate(now, id, reason, "a PUBLISH that is refused");
        }
        let Some(packet_id) = publish.packet_id else { return };
        if !can_tell {
            // The exchange goes on as if the message had been taken.
            self.begin_exchange(session, packet_id, publish.qos);
        }
        let Some(owed) = self.owe(id, packet_id, publish.qos) else { return };
        self.clients.stats.count_refusal(reason);
        self.settle_refused(id, owed, reason);
    }

    /// PUBREL of a client: the QoS 2 exchange is over (`MQTT5-4.3.3-11`).
    pub(super) fn on_pubrel(&mut self, now: Timestamp, id: ConnectionId, ack: &Ack<'_>) {
        let Some(session) = self.clients.connection(id).and_then(|connection| connection.session()) else {
            return self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "PUBREL before CONNACK");
        };
        let owes = |connection: &Connection| {
            connection.owed.as_ref().is_some_and(|acks| acks.holds(ack.packet_id, AckKind::PubRec))
        };
        // A client that does not wait for PUBREC keeps its slot of Receive Maximum until that is sent.
        let is_early = self.clients.connection(id).is_some_and(owes);
        let Some(state) = self.clients.session_mut(session) else { return };
        let is_known = state.inbound.as_mut().is_some_and(|inbound| inbound.remove(ack.packet_id));
        state.release_idle();
        let reason = if is_known { ReasonCode::SUCCESS } else { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND };
        if let Some(connection) = self.clients.connection_mut(id).filter(|_| is_known && !is_early) {
            connection.inbound_open = connection.inbound_open.saturating_sub(1);
        }
        self.send(id, &Packet::PubComp(Ack::new(ack.packet_id, reason)));
    }
}

/// Whether a QoS 1 or 2 PUBLISH is a new message.
enum Admission {
    New,
    /// Acknowledged already, or about to be.
    Repeated,
    /// Its identifier is taken, and the client cannot be told.
    InUse,
    /// The client has too many unacknowledged.
    Excess,
}
