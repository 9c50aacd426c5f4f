use std::sync::Arc;

use crate::codec::{put_string, put_u16, put_u32, put_varint, varint_len};
use crate::time::Timestamp;
use crate::{PacketId, Properties, QoS};

/// Who published: a keyed hash of the Client Identifier, the same on every shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PublisherId(pub u64);

impl PublisherId {
    /// The broker itself (`$SYS`, the control interface).
    pub const BROKER: Self = Self(0);
}

/// An Application Message, borrowed from wherever it is at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Publication<'a> {
    /// Topic Name, alias resolved.
    pub topic: &'a str,
    /// The properties that travel unchanged: no Message Expiry Interval, Topic Alias or Subscription
    /// Identifier.
    pub properties: Properties<'a>,
    /// Opaque bytes.
    pub payload: &'a [u8],
    /// QoS at which it was published.
    pub qos: QoS,
    /// RETAIN as it was published.
    pub retain: bool,
    /// Who published it.
    pub publisher: PublisherId,
    /// When it expires; [`Timestamp::NEVER`] without a Message Expiry Interval.
    pub expires_at: Timestamp,
}

/// An Application Message that outlives the packet it came in. One body, shared by all its receivers.
#[derive(Debug)]
pub struct Message {
    /// Topic, properties and payload, back to back.
    body: Box<[u8]>,
    topic_len: usize,
    properties_len: usize,
    qos: QoS,
    retain: bool,
    publisher: PublisherId,
    expires_at: Timestamp,
}

/// How a PUBLISH to one receiver differs from the publication.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Delivery<'a> {
    pub(crate) dup: bool,
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
    pub(crate) packet_id: Option<PacketId>,
    /// The receiver takes properties (MQTT 5).
    pub(crate) with_properties: bool,
    /// Message Expiry Interval that is left, in seconds.
    pub(crate) expiry_secs: Option<u32>,
    pub(crate) alias: Option<OutboundAlias>,
    /// Subscription Identifiers; 0 stands for none.
    pub(crate) identifiers: &'a [u32],
}

/// A Topic Alias of ours for a receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutboundAlias {
    /// The first use: topic and alias are sent.
    Define(u16),
    /// Later: the alias stands for the topic.
    Use(u16),
}

// === impl Message ===

impl Message {
    /// Copies a publication into a body of its own.
    pub fn new(publication: &Publication<'_>) -> Arc<Self> {
        let properties = publication.properties.as_bytes();
        let size = publication.topic.len() + properties.len() + publication.payload.len();
        let mut body = Vec::with_capacity(size);
        body.extend_from_slice(publication.topic.as_bytes());
        body.extend_from_slice(properties);
        body.extend_from_slice(publication.payload);
        Arc::new(Self {
            body: body.into_boxed_slice(),
            topic_len: publication.topic.len(),
            properties_len: properties.len(),
            qos: publication.qos,
            retain: publication.retain,
            publisher: publication.publisher,
            expires_at: publication.expires_at,
        })
    }

    /// The message, borrowed.
    pub fn publication(&self) -> Publication<'_> {
        let (topic, rest) = self.body.split_at_checked(self.topic_len).unwrap_or_default();
        let (properties, payload) = rest.split_at_checked(self.properties_len).unwrap_or_default();
        Publication {
            topic: std::str::from_utf8(topic).unwrap_or_default(),
            properties: Properties::from_validated(properties),
            payload,
            qos: self.qos,
            retain: self.retain,
            publisher: self.publisher,
            expires_at: self.expires_at,
        }
    }

    /// The payload.
    pub fn payload(&self) -> &[u8] {
        self.body.get(self.topic_len + self.properties_len..).unwrap_or_default()
    }

    /// When it expires.
    pub fn expires_at(&self) -> Timestamp {
        self.expires_at
    }

    /// What it counts for in byte limits: topic, properties and payload.
    pub fn byte_count(&self) -> usize {
        self.body.len()
    }
}

// === impl Publication ===

impl Publication<'_> {
    /// Bytes that count in limits: topic, properties and payload.
    pub fn byte_count(&self) -> usize {
        self.topic.len() + self.properties.as_bytes().len() + self.payload.len()
    }

    /// The Message Expiry Interval that is left at `now`, in seconds, the waited time subtracted
    /// (`MQTT5-3.3.2-6`).
    pub(crate) fn expiry_secs(&self, now: Timestamp) -> Option<u32> {
        if self.expires_at == Timestamp::NEVER {
            return None;
        }
        let left = self.expires_at.since(now);
        Some(u32::try_from(left.as_micros().div_ceil(1_000_000)).unwrap_or(u32::MAX))
    }

    /// Appends everything of the PUBLISH but its payload; returns where the packet id stands in `out`.
    pub(crate) fn encode_head(&self, delivery: &Delivery<'_>, out: &mut Vec<u8>) -> Option<usize> {
        let topic = match delivery.alias {
            Some(OutboundAlias::Use(_)) => "",
            Some(OutboundAlias::Define(_)) | None => self.topic,
        };
        let properties_len = self.properties_len(delivery);
        let first = 0x30
            | if delivery.dup { 0x08 } else { 0 }
            | (delivery.qos.bits() << 1)
            | if delivery.retain { 0x01 } else { 0 };
        out.push(first);
        put_varint(out, self.remaining_len(topic, properties_len, delivery));
        put_string(out, topic);
        let packet_id_at = delivery.packet_id.map(|id| {
            let at = out.len();
            put_u16(out, id.value());
            at
        });
        if delivery.with_properties {
            put_varint(out, properties_len);
            if let Some(secs) = delivery.expiry_secs {
                out.push(0x02);
                put_u32(out, secs);
            }
            if let Some(OutboundAlias::Define(alias) | OutboundAlias::Use(alias)) = delivery.alias {
                out.push(0x23);
                put_u16(out, alias);
            }
            for identifier in delivery.identifiers {
                out.push(0x0B);
                put_varint(out, *identifier);
            }
            out.extend_from_slice(self.properties.as_bytes());
        }
        packet_id_at
    }

    /// The size of the whole PUBLISH, to be held against the receiver's Maximum Packet Size.
    pub(crate) fn packet_len(&self, delivery: &Delivery<'_>) -> usize {
        let topic = match delivery.alias {
            Some(OutboundAlias::Use(_)) => "",
            Some(OutboundAlias::Define(_)) | None => self.topic,
        };
        let remaining = self.remaining_len(topic, self.properties_len(delivery), delivery);
        1 + varint_len(remaining) + length(remaining)
    }

    fn remaining_len(&self, topic: &str, properties_len: u32, delivery: &Delivery<'_>) -> u32 {
        let packet_id = if delivery.packet_id.is_some() { 2 } else { 0 };
        let properties =
            if delivery.with_properties { varint_len(properties_len) + length(properties_len) } else { 0 };
        u32::try_from(2 + topic.len() + packet_id + properties + self.payload.len()).unwrap_or(u32::MAX)
    }

    fn properties_len(&self, delivery: &Delivery<'_>) -> u32 {
        if !delivery.with_properties {
            return 0;
        }
        let expiry = if delivery.expiry_secs.is_some() { 5 } else { 0 };
        let alias = if delivery.alias.is_some() { 3 } else { 0 };
        let identifiers: usize = delivery.identifiers.iter().map(|id| 1 + varint_len(*id)).sum();
        u32::try_from(expiry + alias + identifiers + self.properties.as_bytes().len()).unwrap_or(u32::MAX)
    }
}

fn length(value: u32) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}
