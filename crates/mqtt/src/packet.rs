//! MQTT Control Packets, in the shape of MQTT 5.0 for every protocol version.
//!
//! A packet borrows from the bytes it was decoded from. The same types are encoded. What MQTT 3.x cannot
//! express (properties, reason codes) is empty or [`ReasonCode::SUCCESS`](crate::ReasonCode) after
//! decoding, and is projected by the [`Dialect`](crate::Dialect) when encoding.

use crate::codec::PacketType;

mod ack;
mod auth;
mod connack;
mod connect;
mod disconnect;
mod publish;
mod subscribe;
mod unsubscribe;

pub use ack::Ack;
pub use auth::Auth;
pub use connack::ConnAck;
pub use connect::{Connect, WillMessage};
pub use disconnect::Disconnect;
pub use publish::Publish;
pub use subscribe::{
    Reasons, RetainHandling, SubAck, Subscribe, SubscriptionFilters, SubscriptionFiltersBuf,
    SubscriptionOptions,
};
pub use unsubscribe::{TopicFilters, TopicFiltersBuf, UnsubAck, Unsubscribe};

/// One MQTT Control Packet (MQTT 5.0 §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// Client to server: asks for a connection.
    Connect(Connect<'a>),
    /// Server to client: answers CONNECT.
    ConnAck(ConnAck<'a>),
    /// Either way: an application message.
    Publish(Publish<'a>),
    /// Either way: acknowledges a QoS 1 PUBLISH.
    PubAck(Ack<'a>),
    /// Either way: QoS 2 PUBLISH received.
    PubRec(Ack<'a>),
    /// Either way: QoS 2 PUBLISH released.
    PubRel(Ack<'a>),
    /// Either way: QoS 2 exchange complete.
    PubComp(Ack<'a>),
    /// Client to server: subscribes.
    Subscribe(Subscribe<'a>),
    /// Server to client: answers SUBSCRIBE.
    SubAck(SubAck<'a>),
    /// Client to server: unsubscribes.
    Unsubscribe(Unsubscribe<'a>),
    /// Server to client: answers UNSUBSCRIBE.
    UnsubAck(UnsubAck<'a>),
    /// Client to server: is anybody there?
    PingReq,
    /// Server to client: answers PINGREQ.
    PingResp,
    /// Either way (server to client in MQTT 5 only): ends the connection.
    Disconnect(Disconnect<'a>),
    /// Either way, MQTT 5 only: a step of enhanced authentication.
    Auth(Auth<'a>),
}

impl Packet<'_> {
    /// Which packet it is.
    #[inline]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Connect(_) => PacketType::Connect,
            Self::ConnAck(_) => PacketType::ConnAck,
            Self::Publish(_) => PacketType::Publish,
            Self::PubAck(_) => PacketType::PubAck,
            Self::PubRec(_) => PacketType::PubRec,
            Self::PubRel(_) => PacketType::PubRel,
            Self::PubComp(_) => PacketType::PubComp,
            Self::Subscribe(_) => PacketType::Subscribe,
            Self::SubAck(_) => PacketType::SubAck,
            Self::Unsubscribe(_) => PacketType::Unsubscribe,
            Self::UnsubAck(_) => PacketType::UnsubAck,
            Self::PingReq => PacketType::PingReq,
            Self::PingResp => PacketType::PingResp,
            Self::Disconnect(_) => PacketType::Disconnect,
            Self::Auth(_) => PacketType::Auth,
        }
    }
}
