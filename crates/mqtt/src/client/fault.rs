use std::fmt;

use crate::codec::{DecodeError, PacketType};
use crate::{PacketId, ReasonCode};

/// What the server did that ends the connection.
///
/// A DISCONNECT that says so is appended to `out` where the version has one; write it, then close.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerFault {
    /// Bytes that are no packet of a server.
    Decode(DecodeError),
    /// A packet that has no place here.
    Unexpected(PacketType),
    /// An acknowledgement of nothing that was sent.
    UnknownPacketId(PacketType, PacketId),
    /// SUBACK or UNSUBACK with fewer or more codes than filters were sent.
    WrongCount(PacketType, PacketId),
    /// A packet above the Maximum Packet Size of CONNECT.
    PacketTooLarge {
        /// Bytes that it has.
        bytes: usize,
    },
    /// More QoS 1 and 2 messages at once than the Receive Maximum of CONNECT.
    ReceiveMaximumExceeded,
    /// An alias above the Topic Alias Maximum of CONNECT, or one without a topic.
    UnknownTopicAlias(u16),
    /// No answer in [`ClientOptions::answer_timeout`](super::ClientOptions::answer_timeout).
    NoAnswer(PacketType),
}

/// Why nothing was sent. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SendError {
    /// CONNACK has not come yet, or the connection is over.
    NotConnected,
    /// The server takes no further QoS 1 or 2 message, or all identifiers are in use: try again when one is
    /// acknowledged.
    Full,
    /// Larger than the server's Maximum Packet Size, or than a packet can be.
    TooLarge,
    /// The server takes no message of this QoS.
    QosNotSupported,
    /// The server stores no messages.
    RetainNotSupported,
    /// The alias is above the server's Topic Alias Maximum, or stands for nothing yet.
    TopicAliasInvalid,
    /// A SUBSCRIBE or UNSUBSCRIBE without a filter.
    NoFilter,
    /// The version of this connection has no words for it.
    NotInThisVersion,
}

// === impl ServerFault ===

impl ServerFault {
    /// The code for a DISCONNECT that says so.
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::Decode(error) => error.reason(),
            Self::Unexpected(_) | Self::UnknownPacketId(..) | Self::WrongCount(..) => {
                ReasonCode::PROTOCOL_ERROR
            }
            Self::PacketTooLarge { .. } => ReasonCode::PACKET_TOO_LARGE,
            Self::ReceiveMaximumExceeded => ReasonCode::RECEIVE_MAXIMUM_EXCEEDED,
            Self::UnknownTopicAlias(_) => ReasonCode::TOPIC_ALIAS_INVALID,
            Self::NoAnswer(_) => ReasonCode::UNSPECIFIED_ERROR,
        }
    }
}

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Unexpected(packet) => write!(f, "the server sent {packet} where it has no place"),
            Self::UnknownPacketId(packet, id) => {
                write!(f, "the server sent {packet} for packet {}, which awaits none", id.value())
            }
            Self::WrongCount(packet, id) => {
                write!(f, "the server's {packet} for packet {} has a wrong number of codes", id.value())
            }
            Self::PacketTooLarge { bytes } => {
                write!(f, "the server sent a packet of {bytes} bytes, more than we announced")
            }
            Self::ReceiveMaximumExceeded => {
                f.write_str("the server sent more unacknowledged messages than we announced")
            }
            Self::UnknownTopicAlias(alias) => {
                write!(f, "the server sent Topic Alias {alias}, which has no topic")
            }
            Self::NoAnswer(packet) => write!(f, "the server sent no {packet} in time"),
        }
    }
}

impl std::error::Error for ServerFault {}

// === impl SendError ===

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotConnected => "not connected",
            Self::Full => "the server takes no further message until one is acknowledged",
            Self::TooLarge => "larger than the server accepts",
            Self::QosNotSupported => "the server does not support this QoS",
            Self::RetainNotSupported => "the server does not support retained messages",
            Self::TopicAliasInvalid => "the server does not take this topic alias",
            Self::NoFilter => "no topic filter",
            Self::NotInThisVersion => "not possible in this version of MQTT",
        })
    }
}

impl std::error::Error for SendError {}
