use std::collections::{BTreeMap, BTreeSet};

use crate::packet::Publish;
use crate::property::PropertyId;
use crate::{PacketId, Properties, PropertiesBuf, QoS};

/// The client's part of the Session State: what has to outlive a Network Connection (MQTT 5.0 §4.1).
#[derive(Debug)]
pub struct ClientSession {
    /// QoS 1 and 2 messages that are not finished, by the order in which they were sent first.
    outbound: BTreeMap<u64, Outbound>,
    /// What each identifier in use stands for.
    ids: BTreeMap<PacketId, Use>,
    /// QoS 2 messages of the server that it has not released, and QoS 1 messages the caller has not
    /// acknowledged.
    inbound: BTreeSet<PacketId>,
    /// QoS 2 messages among them that were acknowledged by PUBREC.
    received: BTreeSet<PacketId>,
    /// Messages that can never be finished, because the server has lost its session.
    lost: Vec<Unfinished>,
    next_number: u64,
    next_id: PacketId,
}

/// A QoS 1 or 2 message that the server has not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// Topic Name.
    pub topic: Box<str>,
    /// Its QoS: 1 or 2.
    pub qos: QoS,
    /// To be stored by the server.
    pub retain: bool,
    /// All properties but a Topic Alias.
    pub properties: PropertiesBuf,
    /// Opaque bytes.
    pub payload: Box<[u8]>,
}

#[derive(Debug)]
struct Outbound {
    packet_id: PacketId,
    stage: Stage,
}

/// What a message waits for.
#[derive(Debug)]
enum Stage {
    /// PUBACK for QoS 1, PUBREC for QoS 2.
    ExpectAck(Unfinished),
    /// PUBCOMP.
    ExpectComplete,
}

/// What an identifier in use stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// A message, by its number.
    Publish(u64),
    /// A SUBSCRIBE with so many filters.
    Subscribe(usize),
    /// An UNSUBSCRIBE with so many filters.
    Unsubscribe(usize),
}

/// Whether a QoS 2 message came for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    First,
    /// It was delivered before; it waits for the caller's acknowledgement.
    Again,
    /// It was delivered and acknowledged before.
    AgainAcknowledged,
}

// === impl ClientSession ===

impl ClientSession {
    /// QoS 1 and 2 messages that are sent and not finished.
    pub fn in_flight_count(&self) -> usize {
        self.outbound.len()
    }

    /// Takes out the messages that the server may or may not have got before it lost its session, or that a
    /// server behind this name does not take any more. Whether to publish them again is the application's to
    /// decide: QoS 2 cannot be kept for them.
    pub fn take_lost(&mut self) -> Vec<Unfinished> {
        std::mem::take(&mut self.lost)
    }

    pub(super) fn insert(&mut self, packet_id: PacketId, message: Unfinished) {
        let number = self.next_number;
        self.next_number += 1;
        self.ids.insert(packet_id, Use::Publish(number));
        self.outbound.insert(number, Outbound { packet_id, stage: Stage::ExpectAck(message) });
    }

    /// An identifier that is not in use (`MQTT5-2.2.1-3`, `MQTT3-2.3.1-2`); `None` when all are.
    pub(super) fn free_id(&mut self) -> Option<PacketId> {
        if self.ids.len() >= usize::from(u16::MAX) {
            return None;
        }
        while self.ids.contains_key(&self.next_id) {
            self.next_id = self.next_id.next();
        }
        let id = self.next_id;
        self.next_id = id.next();
        Some(id)
    }

    pub(super) fn request(&mut self, packet_id: PacketId, usage: Use) {
        self.ids.insert(packet_id, usage);
    }

    pub(super) fn usage(&self, packet_id: PacketId) -> Option<Use> {
        self.ids.get(&packet_id).copied()
    }

    /// SUBACK or UNSUBACK.
    pub(super) fn answered(&mut self, packet_id: PacketId) {
        self.ids.remove(&packet_id);
    }

    /// QoS of the message that waits for PUBACK or PUBREC under this identifier.
    pub(super) fn expects_ack(&self, packet_id: PacketId) -> Option<QoS> {
        let Use::Publish(number) = self.usage(packet_id)? else { return None };
        match &self.outbound.get(&number)?.stage {
            Stage::ExpectAck(message) => Some(message.qos),
            Stage::ExpectComplete => None,
        }
    }

    /// Whether PUBCOMP is due for this identifier.
    pub(super) fn expects_complete(&self, packet_id: PacketId) -> bool {
        let Some(Use::Publish(number)) = self.usage(packet_id) else { return false };
        self.outbound.get(&number).is_some_and(|outbound| matches!(outbound.stage, Stage::ExpectComplete))
    }

    /// PUBREC: the message itself is done with (`MQTT5-4.3.3-6`).
    pub(super) fn received(&mut self, packet_id: PacketId) {
        if let Some(Use::Publish(number)) = self.usage(packet_id)
            && let Some(outbound) = self.outbound.get_mut(&number)
        {
            outbound.stage = Stage::ExpectComplete;
        }
    }

    /// PUBACK, PUBCOMP, or a refusing PUBREC.
    pub(super) fn finished(&mut self, packet_id: PacketId) -> Option<Unfinished> {
        let Use::Publish(number) = self.ids.remove(&packet_id)? else { return None };
        match self.outbound.remove(&number)?.stage {
            Stage::ExpectAck(message) => Some(message),
            Stage::ExpectComplete => None,
        }
    }

    /// The message cannot be sent again.
    pub(super) fn lose(&mut self, packet_id: PacketId) {
        let message = self.finished(packet_id);
        self.lost.extend(message);
    }

    /// The server has no session for us: neither have we (`MQTT5-3.2.2-5`).
    pub(super) fn discard(&mut self) {
        self.ids.clear();
        self.inbound.clear();
        self.received.clear();
        let unfinished = std::mem::take(&mut self.outbound);
        self.lost.extend(unfinished.into_values().filter_map(|outbound| match outbound.stage {
            Stage::ExpectAck(message) => Some(message),
            Stage::ExpectComplete => None,
        }));
    }

    /// The connection is gone: requests will not be answered, QoS 1 messages are sent again.
    pub(super) fn disconnected(&mut self) {
        self.ids.retain(|_, usage| matches!(usage, Use::Publish(_)));
        self.inbound = self.received.clone();
    }

    /// The first unfinished message with this number or a later one, and where it stands: the message if it
    /// is to be sent, `None` if PUBREL is.
    pub(super) fn unfinished_from(&self, number: u64) -> Option<(u64, PacketId, Option<&Unfinished>)> {
        let (number, outbound) = self.outbound.range(number..).next()?;
        let message = match &outbound.stage {
            Stage::ExpectAck(message) => Some(message),
            Stage::ExpectComplete => None,
        };
        Some((*number, outbound.packet_id, message))
    }

    /// Messages of the server that count against our Receive Maximum.
    pub(super) fn inbound_count(&self) -> usize {
        self.inbound.len()
    }

    /// A QoS 1 or 2 message has come.
    pub(super) fn arrived(&mut self, packet_id: PacketId, qos: QoS) -> Arrival {
        let is_new = self.inbound.insert(packet_id);
        if is_new || qos != QoS::ExactlyOnce {
            Arrival::First
        } else if self.received.contains(&packet_id) {
            Arrival::AgainAcknowledged
        } else {
            Arrival::Again
        }
    }

    /// We acknowledge a message: PUBACK ends a QoS 1 exchange, PUBREC is remembered until PUBREL.
    pub(super) fn acknowledge(&mut self, packet_id: PacketId, qos: QoS) {
        if qos == QoS::ExactlyOnce {
            self.received.insert(packet_id);
        } else {
            self.inbound.remove(&packet_id);
        }
    }

    /// PUBREL, or a PUBREC of ours that refuses; `false` for an identifier that is not in use.
    pub(super) fn released(&mut self, packet_id: PacketId) -> bool {
        let was_received = self.received.remove(&packet_id);
        self.inbound.remove(&packet_id);
        was_received
    }
}

impl Default for ClientSession {
    /// A session without a past.
    fn default() -> Self {
        Self {
            outbound: BTreeMap::new(),
            ids: BTreeMap::new(),
            inbound: BTreeSet::new(),
            received: BTreeSet::new(),
            lost: Vec::new(),
            next_number: 0,
            next_id: PacketId::MIN,
        }
    }
}

// === impl Unfinished ===

impl Unfinished {
    /// What is kept of a PUBLISH; `topic` has any alias resolved.
    pub(super) fn new(publish: &Publish<'_>, topic: &str) -> Self {
        let is_kept = |property: &crate::Property<'_>| property.id() != PropertyId::TopicAlias;
        let mut properties = PropertiesBuf::new();
        properties.extend(publish.properties.iter().filter(is_kept));
        Self {
            topic: topic.into(),
            qos: publish.qos,
            retain: publish.retain,
            properties,
            payload: publish.payload.into(),
        }
    }

    /// The message as a PUBLISH without Packet Identifier.
    pub fn as_publish(&self) -> Publish<'_> {
        Publish {
            dup: false,
            retain: self.retain,
            qos: self.qos,
            topic: &self.topic,
            packet_id: None,
            properties: if self.properties.is_empty() {
                Properties::EMPTY
            } else {
                self.properties.as_properties()
            },
            payload: &self.payload,
        }
    }
}
