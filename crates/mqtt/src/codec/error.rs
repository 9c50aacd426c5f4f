mod field;
mod malformed;
mod protocol;

use crate::{Dialect, ReasonCode};
pub use field::Field;
pub use malformed::MalformedPacket;
pub use protocol::ProtocolError;

/// Why bytes are not a packet that may be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// What is wrong.
    pub fault: Fault,
    /// The dialect in which the sender can be answered: the connection's, or for a CONNECT the one it
    /// announced as far as that was readable. MQTT 3.x has no answer to a malformed packet but closing.
    pub dialect: Option<Dialect>,
}

/// What is wrong, by the class that decides how it is answered (MQTT 5.0 §4.13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The bytes cannot be parsed.
    Malformed(MalformedPacket),
    /// The packet can be parsed, but says what it must not.
    Protocol(ProtocolError),
    /// A CONNECT of a protocol or version that is not ours.
    Unsupported(UnsupportedVersion),
    /// Correct, but more than this server accepts.
    OverLimit(OverLimit),
}

/// A CONNECT whose protocol or version is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsupportedVersion {
    /// The protocol name is neither `MQTT` nor `MQIsdp`: nobody knows how to answer.
    ProtocolName,
    /// The name is known, the level is not; the error's dialect is the nearest one to answer in.
    ProtocolLevel(u8),
}

/// More than this server is configured to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverLimit {
    /// More User Properties in one packet than [`DecodeLimits`](super::DecodeLimits) allows.
    UserProperties,
}

// === impl DecodeError ===

impl DecodeError {
    /// The code for a CONNACK or DISCONNECT that says so.
    pub const fn reason(&self) -> ReasonCode {
        self.fault.reason()
    }
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.fault.fmt(f)
    }
}

impl std::error::Error for DecodeError {}

impl<T: Into<Fault>> From<T> for DecodeError {
    fn from(fault: T) -> Self {
        Self { fault: fault.into(), dialect: None }
    }
}

// === impl Fault ===

impl Fault {
    /// The code for a CONNACK or DISCONNECT that says so.
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::Malformed(_) => ReasonCode::MALFORMED_PACKET,
            Self::Protocol(error) => error.reason(),
            Self::Unsupported(_) => ReasonCode::UNSUPPORTED_PROTOCOL_VERSION,
            Self::OverLimit(OverLimit::UserProperties) => ReasonCode::PACKET_TOO_LARGE,
        }
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(malformed) => write!(f, "the peer sent a malformed packet: {malformed}"),
            Self::Protocol(error) => write!(f, "the peer broke the protocol: {error}"),
            Self::Unsupported(version) => write!(f, "the client speaks another protocol: {version}"),
            Self::OverLimit(limit) => write!(f, "the packet is beyond this server's limits: {limit}"),
        }
    }
}

impl From<MalformedPacket> for Fault {
    fn from(malformed: MalformedPacket) -> Self {
        Self::Malformed(malformed)
    }
}

impl From<ProtocolError> for Fault {
    fn from(error: ProtocolError) -> Self {
        Self::Protocol(error)
    }
}

impl From<UnsupportedVersion> for Fault {
    fn from(version: UnsupportedVersion) -> Self {
        Self::Unsupported(version)
    }
}

impl From<OverLimit> for Fault {
    fn from(limit: OverLimit) -> Self {
        Self::OverLimit(limit)
    }
}

// === impl UnsupportedVersion, OverLimit ===

impl std::fmt::Display for UnsupportedVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ProtocolName => f.write_str("its protocol name is neither MQTT nor MQIsdp"),
            Self::ProtocolLevel(level) => write!(f, "its protocol level is {level}"),
        }
    }
}

impl std::fmt::Display for OverLimit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::UserProperties => f.write_str("it has too many User Properties"),
        }
    }
}
