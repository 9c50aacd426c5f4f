use vouchmq_mqtt::packet::{Ack, Publish};
use vouchmq_mqtt::{Packet, PacketId, PropertiesBuf, Property, QoS, ReasonCode};

use super::Client;
use crate::coverage::Behaviour;
use crate::oracle::{Answer, Facts, MessageNo, Origin, payload_of};
use crate::workload::{self, Draft};
use crate::world::Env;
use vouchmq_mqtt::time::Timestamp;

/// A QoS 1 or 2 message on its way to the broker.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) packet_id: PacketId,
    message: MessageNo,
    qos: QoS,
    stage: Stage,
    /// It was sent, or sent again, on this connection.
    pub(super) is_sent_here: bool,
    /// PUBREL was sent before.
    was_released: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// PUBACK or PUBREC is awaited.
    Published,
    /// PUBREC has come; the identifier is tried for another message before it is released.
    Withheld,
    /// PUBCOMP is awaited.
    Released,
}

/// Payload of a PUBLISH that must be refused: it is no message of the run.
const INTRUDER: &[u8] = b"!intruder";

impl Client {
    /// Publishes, if the window has room.
    pub(super) fn publish(&mut self, env: &mut Env) {
        let draft = workload::draft(&self.profile, &mut env.rng);
        let window = self.profile.window;
        let has_properties = self.profile.has_properties();
        let Some(connection) = self.online() else { return };
        let link = connection.link;
        let allowed = if has_properties { window.min(connection.terms.receive_maximum) } else { window };
        // Behind each identifier that is withheld there is an intruder, which counts.
        let intruders = self.outbound.iter().filter(|outgoing| outgoing.stage == Stage::Withheld).count();
        if draft.qos != QoS::AtMostOnce && self.outbound.len() + intruders >= allowed {
            return;
        }
        let message = env.oracle.create(facts(&draft, self.origin(link)));
        let packet_id = (draft.qos != QoS::AtMostOnce).then(|| self.packet_id());
        self.send_publish(message, packet_id, false, env);
        if let Some(packet_id) = packet_id {
            self.outbound.push_back(Outgoing {
                packet_id,
                message,
                qos: draft.qos,
                stage: Stage::Published,
                is_sent_here: true,
                was_released: false,
            });
        }
    }

    pub(super) fn origin(&self, link: crate::network::LinkId) -> Origin {
        Origin::Client { client: self.number, link, hears_reasons: self.profile.has_properties() }
    }

    /// Sends a PUBLISH, perhaps with an alias in place of its topic.
    pub(super) fn send_publish(
        &mut self,
        message: MessageNo,
        packet_id: Option<PacketId>,
        dup: bool,
        env: &mut Env,
    ) {
        let facts = env.oracle.facts(message).clone();
        let mut properties = PropertiesBuf::new();
        if let Some(secs) = facts.expiry_secs {
            properties.push(Property::MessageExpiryInterval(secs));
        }
        let tag = message.to_string();
        if facts.is_tagged {
            properties.push(Property::UserProperty("n", &tag));
        }
        let mut topic = &*facts.topic;
        if let Some((alias, is_known)) = self.alias_for(&facts.topic, env) {
            properties.push(Property::TopicAlias(alias));
            env.oracle.hit(Behaviour::AliasSent);
            topic = if is_known { "" } else { topic };
        }
        let payload = payload_of(message, facts.payload_len);
        env.oracle.sent(message);
        let properties = properties.as_properties();
        let publish = Publish {
            dup,
            retain: facts.retain,
            qos: facts.qos,
            topic,
            packet_id,
            properties,
            payload: &payload,
        };
        self.send(&Packet::Publish(publish), env);
        if let Some(link) = self.link() {
            env.network.mark(link, message);
        }
    }

    /// An alias for a topic, and whether the broker knows it already.
    fn alias_for(&mut self, topic: &std::rc::Rc<str>, env: &mut Env) -> Option<(u16, bool)> {
        let connection = self.online()?;
        if let Some(alias) = connection.aliases_sent.get(topic).filter(|_| env.rng.chance(800)) {
            return Some((*alias, true));
        }
        let max = connection.terms.alias_maximum;
        if max == 0 || !env.rng.chance(300) {
            return None;
        }
        // Any alias may be given another meaning.
        let alias = u16::try_from(env.rng.within(1..=u64::from(max))).unwrap_or(1);
        connection.aliases_sent.retain(|_, known| *known != alias);
        connection.aliases_sent.insert(topic.clone(), alias);
        Some((alias, false))
    }

    /// The broker goes on with the session: everything that it has not taken over is sent again, in order.
    pub(super) fn resend(&mut self, env: &mut Env) {
        for position in 0..self.outbound.len() {
            let Some(outgoing) = self.outbound.get_mut(position) else { return };
            outgoing.is_sent_here = true;
            let (message, id) = (outgoing.message, outgoing.packet_id);
            match outgoing.stage {
                Stage::Published => self.send_publish(message, Some(id), true, env),
                Stage::Withheld | Stage::Released => self.release(id, env),
            }
        }
    }

    /// PUBREL for an identifier that is not in use is answered by 0x92.
    pub(super) fn release_nothing(&mut self, env: &mut Env) {
        let id = self.packet_id();
        if let Some(connection) = self.online() {
            connection.released.insert(id);
            self.send(&Packet::PubRel(Ack::new(id, ReasonCode::SUCCESS)), env);
        }
    }

    /// PUBACK: for the oldest QoS 1 message of this connection (`MQTT5-4.6.0-2`).
    pub(super) fn on_puback(&mut self, ack: &Ack<'_>, safe_through: Timestamp, env: &mut Env) {
        let (id, reason) = (ack.packet_id, ack.reason);
        let withheld = self.outbound.iter().position(|outgoing| {
            outgoing.packet_id == id && outgoing.qos == QoS::ExactlyOnce && outgoing.stage == Stage::Withheld
        });
        if withheld.is_some() {
            if reason == ReasonCode::PACKET_IDENTIFIER_IN_USE {
                env.oracle.hit(Behaviour::PacketIdInUse);
            } else {
                env.fail(format!("{}: an identifier in use is answered by {reason}", self.number));
            }
            return self.release(id, env);
        }
        let awaits = |outgoing: &Outgoing| {
            outgoing.qos == QoS::AtLeastOnce && outgoing.is_sent_here && outgoing.stage == Stage::Published
        };
        let Some(position) = self.outbound.iter().position(awaits) else {
            return env.fail(format!("{}: PUBACK {} for nothing", self.number, id.value()));
        };
        self.take_answer(position, ack, safe_through, env);
    }

    /// PUBREC: for the oldest QoS 2 message of this connection that has none yet (`MQTT5-4.6.0-3`).
    pub(super) fn on_pubrec(&mut self, ack: &Ack<'_>, safe_through: Timestamp, env: &mut Env) {
        let awaits = |outgoing: &Outgoing| {
            outgoing.qos == QoS::ExactlyOnce && outgoing.is_sent_here && outgoing.stage == Stage::Published
        };
        let Some(position) = self.outbound.iter().position(awaits) else {
            return env.fail(format!("{}: PUBREC {} for nothing", self.number, ack.packet_id.value()));
        };
        self.take_answer(position, ack, safe_through, env);
    }

    fn take_answer(&mut self, position: usize, ack: &Ack<'_>, safe_through: Timestamp, env: &mut Env) {
        let Some(link) = self.link() else { return };
        // An intruder counts against the broker's Receive Maximum, too.
        let is_withheld = |outgoing: &&Outgoing| outgoing.stage == Stage::Withheld;
        let open = self.outbound.len() + self.outbound.iter().filter(is_withheld).count();
        let receive_maximum = self.online().map_or(0, |connection| connection.terms.receive_maximum);
        let has_room = self.profile.has_properties() && open < receive_maximum;
        let Some(outgoing) = self.outbound.get_mut(position) else { return };
        if outgoing.packet_id != ack.packet_id {
            let (expected, got) = (outgoing.packet_id.value(), ack.packet_id.value());
            return env.fail(format!("{}: {got} is acknowledged before {expected}", self.number));
        }
        let (message, qos) = (outgoing.message, outgoing.qos);
        env.oracle.answered(Answer { message, link, reason: ack.reason, safe_through }, env.now);
        if qos == QoS::AtLeastOnce || ack.reason.is_error() {
            self.outbound.remove(position);
        } else if has_room && env.rng.chance(30) {
            outgoing.stage = Stage::Withheld;
            self.intrude(ack.packet_id, env);
        } else {
            self.release(ack.packet_id, env);
        }
    }

    /// Uses an identifier that is in use for something else.
    fn intrude(&mut self, id: PacketId, env: &mut Env) {
        let properties = PropertiesBuf::new();
        let publish = Publish {
            dup: false,
            retain: false,
            qos: QoS::AtLeastOnce,
            topic: "t/a/1",
            packet_id: Some(id),
            properties: properties.as_properties(),
            payload: INTRUDER,
        };
        self.send(&Packet::Publish(publish), env);
    }

    fn release(&mut self, id: PacketId, env: &mut Env) {
        let Some(outgoing) = self.outbound.iter_mut().find(|outgoing| outgoing.packet_id == id) else {
            return;
        };
        outgoing.stage = Stage::Released;
        self.send(&Packet::PubRel(Ack::new(id, ReasonCode::SUCCESS)), env);
    }

    /// PUBCOMP: the message is taken over for good.
    pub(super) fn on_pubcomp(&mut self, ack: &Ack<'_>, env: &mut Env) {
        let id = ack.packet_id;
        let not_found = ack.reason == ReasonCode::PACKET_IDENTIFIER_NOT_FOUND;
        let has_reasons = self.profile.has_properties();
        if self.online().is_some_and(|connection| connection.released.remove(&id)) {
            if not_found || !has_reasons {
                env.oracle.hit(Behaviour::PacketIdUnknown);
            } else {
                env.fail(format!("{}: an unknown identifier is answered by {}", self.number, ack.reason));
            }
            return;
        }
        let awaits = |outgoing: &Outgoing| outgoing.packet_id == id && outgoing.stage == Stage::Released;
        let Some(position) = self.outbound.iter().position(awaits) else {
            return env.fail(format!("{}: PUBCOMP {} for nothing", self.number, id.value()));
        };
        if let Some(outgoing) = self.outbound.remove(position)
            && not_found
            && !outgoing.was_released
        {
            env.fail(format!("{}: the broker does not know {} any more", self.number, outgoing.message));
        }
    }

    /// PUBREL of an earlier connection may have arrived: the identifier may be unknown by now.
    pub(super) fn note_releases(&mut self) {
        for outgoing in &mut self.outbound {
            outgoing.was_released |= outgoing.stage == Stage::Released;
        }
    }
}

impl std::fmt::Display for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({:?}, id {}, {:?})", self.message, self.qos, self.packet_id.value(), self.stage)
    }
}

pub(super) fn facts(draft: &Draft, origin: Origin) -> Facts {
    Facts {
        origin,
        topic: draft.topic.clone(),
        qos: draft.qos,
        retain: draft.retain,
        payload_len: draft.payload_len,
        expiry_secs: draft.expiry_secs,
        is_tagged: draft.is_tagged,
    }
}
