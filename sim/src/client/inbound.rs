use std::rc::Rc;

use vouchmq_mqtt::packet::{Ack, Publish};
use vouchmq_mqtt::{Property, QoS, ReasonCode};

use super::Client;
use super::outbound::{Acknowledgement, Kind};
use crate::coverage::Behaviour;
use crate::network::LinkId;
use crate::oracle::{Received, number_in};
use crate::world::Env;

impl Client {
    /// A message arrives.
    pub(super) fn on_publish(&mut self, link: LinkId, publish: &Publish<'_>, env: &mut Env) {
        let Some(topic) = self.topic_of(publish, env) else { return };
        let repeats = match (publish.qos, publish.packet_id) {
            (QoS::ExactlyOnce, Some(id)) => {
                let refused = self.refused.remove(&id).flatten();
                let refused = refused.filter(|_| publish.dup && refused == number_in(publish.payload));
                self.inbound.get(&id).copied().flatten().or(refused)
            }
            _ => None,
        };
        let mut identifiers = Vec::new();
        let mut tag = None;
        for property in publish.properties.iter() {
            match property {
                Property::SubscriptionIdentifier(id) => identifiers.push(id),
                Property::UserProperty(_, value) => tag = Some(value),
                _ => {}
            }
        }
        let number = number_in(publish.payload);
        if number.is_none() && !publish.payload.is_empty() {
            return env.fail(format!("{} gets {publish:?}, which nobody published", self.number));
        }
        let received = Received {
            client: self.number,
            link,
            topic: &topic,
            qos: publish.qos,
            dup: publish.dup,
            retain: publish.retain,
            identifiers: &identifiers,
            expiry_secs: publish.properties.message_expiry_interval(),
            tag,
            number,
            payload_len: publish.payload.len(),
            repeats,
        };
        let message = env.oracle.received(&received, env.now);
        if let (Some(message), true) = (message, publish.retain) {
            env.found(self.number, &topic, message);
        }
        self.open_exchange(publish, number, env);
    }

    /// Counts what the broker has open, and owes it an answer.
    fn open_exchange(&mut self, publish: &Publish<'_>, number: Option<u32>, env: &mut Env) {
        let Some(id) = publish.packet_id else { return };
        let max = usize::from(self.profile.receive_maximum.unwrap_or(u16::MAX));
        let client = self.number;
        let Some(connection) = self.online() else { return };
        if !connection.open.insert(id) {
            return env.fail(format!("{client}: identifier {} is used twice at once", id.value()));
        }
        match connection.open.len() {
            open if open > max => {
                return env.fail(format!("{client}: {open} messages in flight, the maximum is {max}"));
            }
            open if open == max => env.oracle.hit(Behaviour::WindowFull),
            _ => {}
        }
        let kind = match publish.qos {
            QoS::ExactlyOnce => Kind::Received,
            QoS::AtMostOnce | QoS::AtLeastOnce => Kind::Acknowledged,
        };
        let is_known = self.inbound.contains_key(&id);
        let refuses = self.profile.has_properties() && !is_known && env.rng.chance(20);
        let reason = if refuses { ReasonCode::UNSPECIFIED_ERROR } else { ReasonCode::SUCCESS };
        match kind {
            Kind::Received if refuses => self.refused.insert(id, number),
            Kind::Received => self.inbound.insert(id, number),
            Kind::Acknowledged | Kind::Completed => None,
        };
        self.owe(Acknowledgement { id, kind, reason }, env);
    }

    /// The topic, or the one that the alias stands for.
    fn topic_of(&mut self, publish: &Publish<'_>, env: &mut Env) -> Option<Rc<str>> {
        let Some(alias) = publish.properties.topic_alias() else { return Some(publish.topic.into()) };
        let max = self.profile.alias_maximum;
        let client = self.number;
        let connection = self.online()?;
        if alias > max {
            env.fail(format!("{client}: alias {alias}, the maximum is {max}"));
            return None;
        }
        if publish.topic.is_empty() {
            env.oracle.hit(Behaviour::AliasUsed);
            let known = connection.aliases_known.get(&alias).cloned();
            if known.is_none() {
                env.fail(format!("{client}: alias {alias} was never defined"));
            }
            return known;
        }
        env.oracle.hit(Behaviour::AliasDefined);
        let topic: Rc<str> = publish.topic.into();
        connection.aliases_known.insert(alias, topic.clone());
        Some(topic)
    }

    /// PUBREL: the message will not be sent again.
    pub(super) fn on_pubrel(&mut self, _link: LinkId, ack: &Ack<'_>, env: &mut Env) {
        let id = ack.packet_id;
        if ack.reason.is_error() {
            return env.fail(format!("{}: PUBREL {} says {}", self.number, id.value(), ack.reason));
        }
        let is_known = self.inbound.remove(&id).is_some();
        let reason = if is_known { ReasonCode::SUCCESS } else { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND };
        self.owe(Acknowledgement { id, kind: Kind::Completed, reason }, env);
    }
}
