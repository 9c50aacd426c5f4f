use crate::codec::put_string;
use crate::{PacketId, Properties, QoS, ReasonCode};

/// SUBSCRIBE (MQTT 5.0 §3.8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscribe<'a> {
    /// Repeated by the SUBACK.
    pub packet_id: PacketId,
    /// Subscription Identifier and User Properties; empty in MQTT 3.x.
    pub properties: Properties<'a>,
    /// At least one filter with its options.
    pub filters: SubscriptionFilters<'a>,
}

/// SUBACK: one reason code for each filter, in order (MQTT 5.0 §3.9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubAck<'a> {
    /// The identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// Reason String and User Properties.
    pub properties: Properties<'a>,
    /// Granted QoS or failure, in the order of the filters.
    pub reasons: Reasons<'a>,
}

/// What a subscriber asks for beside the filter (MQTT 5.0 §3.8.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SubscriptionOptions {
    /// Maximum QoS at which messages are sent.
    pub qos: QoS,
    /// Do not send the client its own messages.
    pub no_local: bool,
    /// Forward the RETAIN flag as it was published.
    pub retain_as_published: bool,
    /// When to send retained messages.
    pub retain_handling: RetainHandling,
}

/// When retained messages are sent to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum RetainHandling {
    /// At every SUBSCRIBE.
    Send = 0,
    /// Only if the subscription is new.
    SendIfNew = 1,
    /// Never.
    DoNotSend = 2,
}

/// The encoded, validated list of filters of a SUBSCRIBE.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionFilters<'a>(pub(crate) &'a [u8]);

/// Builds the filter list of a SUBSCRIBE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionFiltersBuf(Vec<u8>);

/// A list of one-byte reason codes, in the order of the filters they answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Reasons<'a>(pub(crate) &'a [u8]);

impl SubscriptionOptions {
    /// Options of MQTT 3.x, and the defaults of MQTT 5.
    pub const fn new(qos: QoS) -> Self {
        Self { qos, no_local: false, retain_as_published: false, retain_handling: RetainHandling::Send }
    }

    /// The options byte of the wire.
    pub const fn to_byte(self) -> u8 {
        let handling = match self.retain_handling {
            RetainHandling::Send => 0,
            RetainHandling::SendIfNew => 0x10,
            RetainHandling::DoNotSend => 0x20,
        };
        let no_local = if self.no_local { 0x04 } else { 0 };
        let as_published = if self.retain_as_published { 0x08 } else { 0 };
        self.qos.bits() | no_local | as_published | handling
    }

    /// `None` when reserved bits are set or a field holds 3 (`MQTT5-3.8.3-5`).
    pub const fn from_byte(byte: u8) -> Option<Self> {
        let retain_handling = match byte >> 4 {
            0 => RetainHandling::Send,
            1 => RetainHandling::SendIfNew,
            2 => RetainHandling::DoNotSend,
            _ => return None,
        };
        let Some(qos) = QoS::from_bits(byte & 0x03) else { return None };
        Some(Self { qos, no_local: byte & 0x04 != 0, retain_as_published: byte & 0x08 != 0, retain_handling })
    }
}

impl<'a> SubscriptionFilters<'a> {
    /// Each filter with its options, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, SubscriptionOptions)> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (filter, after) = super::unsubscribe::split_string(rest)?;
            let (options, after) = after.split_first()?;
            rest = after;
            Some((filter, SubscriptionOptions::from_byte(*options)?))
        })
    }
}

impl SubscriptionFiltersBuf {
    /// Adds a filter; one longer than 65,535 bytes cannot be expressed and is left out.
    pub fn push(&mut self, filter: &str, options: SubscriptionOptions) {
        if put_string(&mut self.0, filter) {
            self.0.push(options.to_byte());
        }
    }

    /// The list, to put into a [`Subscribe`].
    pub fn as_filters(&self) -> SubscriptionFilters<'_> {
        SubscriptionFilters(&self.0)
    }
}

impl<'a> Reasons<'a> {
    /// A list of reason codes from their numbers.
    pub const fn new(codes: &'a [u8]) -> Self {
        Self(codes)
    }

    /// The codes' numbers, in order.
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.0
    }

    /// Each code, in order.
    pub fn iter(&self) -> impl Iterator<Item = ReasonCode> + use<'a> {
        self.0.iter().map(|code| ReasonCode(*code))
    }
}

impl std::fmt::Debug for SubscriptionFilters<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl std::fmt::Debug for Reasons<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
