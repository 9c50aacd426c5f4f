//! What differs between MQTT 3.1, 3.1.1 and 5.0: one table.
//!
//! | Difference | MQTT 5.0 | MQTT 3.1.1 | MQTT 3.1 |
//! |---|---|---|---|
//! | Properties | yes | no | no |
//! | Session lifetime | Session Expiry Interval | Clean Session 1: ends; 0: server's cap | as 3.1.1 |
//! | CONNACK refusal | reason code | return code, or close | as 3.1.1 |
//! | Session Present | yes | yes | no |
//! | PUBACK, PUBREC, PUBREL, PUBCOMP reason | yes | left out | left out |
//! | SUBACK failure | reason code | 0x80 | close |
//! | UNSUBACK codes | yes | none | none |
//! | Server's DISCONNECT, AUTH | yes | close | close |
//! | Empty Client Identifier | server assigns | only with Clean Session 1 | invalid |
//! | Longest Client Identifier | 65,535 bytes | 65,535 bytes | 23 bytes |
//! | DUP on PUBREL, SUBSCRIBE, UNSUBSCRIBE | reserved | reserved | repeated packet |
//! | Password without User Name | yes | no | no |

use crate::ProtocolVersion::{self, V5, V31, V311};
use crate::packet::{ConnAck, Connect, Disconnect, SubAck};
use crate::{Packet, Properties, ReasonCode};

/// How a packet of the one model is said in a client's protocol version.
///
/// Everything behind the codec asks the dialect and never names a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Dialect(ProtocolVersion);

/// What became of a packet that was to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Expression {
    /// It is written.
    Written,
    /// The dialect cannot say it: nothing is written, and the Network Connection has to be closed.
    Close,
    /// The dialect has no words for it and needs none: nothing is written.
    Nothing,
    /// It cannot be a packet: above 268,435,455 bytes, with a string above 65,535, or without the Packet
    /// Identifier that its QoS needs. Nothing is written.
    TooLarge,
}

impl Dialect {
    /// MQTT 3.1.
    pub const MQTT_3_1: Self = Self(V31);
    /// MQTT 3.1.1.
    pub const MQTT_3_1_1: Self = Self(V311);
    /// MQTT 5.0.
    pub const MQTT_5: Self = Self(V5);

    /// The dialect of a protocol version.
    #[inline]
    pub const fn new(version: ProtocolVersion) -> Self {
        Self(version)
    }

    /// The version, to decode with.
    #[inline]
    pub const fn version(self) -> ProtocolVersion {
        self.0
    }

    /// Whether packets carry properties and reason codes.
    #[inline]
    pub const fn has_properties(self) -> bool {
        matches!(self.0, V5)
    }

    /// Whether a server can say DISCONNECT, and so tell why it closes.
    #[inline]
    pub const fn has_server_disconnect(self) -> bool {
        self.has_properties()
    }

    /// Whether CONNACK tells that there is a session (`MQTT3-3.2.2-2`; not in MQTT 3.1).
    #[inline]
    pub const fn has_session_present(self) -> bool {
        !matches!(self.0, V31)
    }

    /// Whether a repeated PUBREL, SUBSCRIBE or UNSUBSCRIBE has DUP set (MQTT 3.1 §2.1).
    #[inline]
    pub(crate) const fn has_dup_requests(self) -> bool {
        matches!(self.0, V31)
    }

    /// Whether flagged credentials may be missing at the end of CONNECT (MQTT 3.1 §3.1).
    pub(crate) const fn may_omit_flagged_credentials(self) -> bool {
        matches!(self.0, V31)
    }

    /// Protocol Name and Protocol Version of a CONNECT.
    pub(crate) const fn name_and_level(self) -> (&'static str, u8) {
        match self.0 {
            V31 => ("MQIsdp", 3),
            V311 => ("MQTT", 4),
            V5 => ("MQTT", 5),
        }
    }

    /// Protocol Name of a CONNECT.
    pub const fn protocol_name(self) -> &'static str {
        self.name_and_level().0
    }

    /// Protocol Version of a CONNECT, which MQTT 3.x calls Protocol Level: 3, 4 or 5.
    pub const fn protocol_level(self) -> u8 {
        self.name_and_level().1
    }

    /// The dialect of a CONNECT's Protocol Name and Protocol Version: ours, or for a level that is not ours
    /// the nearest one, to answer in; `None` for an unknown name.
    pub(crate) fn of_connect(name: &[u8], level: u8) -> Option<Result<Self, Self>> {
        // Bridges of other brokers set the highest bit of the level, to be told apart from clients.
        let is_version_3 = matches!(level & 0x7F, 0..=4);
        match (name, level) {
            (b"MQIsdp", 3) => Some(Ok(Self(V31))),
            (b"MQTT", 4) => Some(Ok(Self(V311))),
            (b"MQTT", 5) => Some(Ok(Self(V5))),
            (b"MQIsdp", _) => Some(Err(Self(V31))),
            (b"MQTT", _) if is_version_3 => Some(Err(Self(V311))),
            (b"MQTT", _) => Some(Err(Self(V5))),
            _ => None,
        }
    }

    /// Seconds that the session outlives its connection; `u32::MAX`: as long as the server permits.
    ///
    /// MQTT 5: the Session Expiry Interval, or 0 (`MQTT5-3.1.2-23`). MQTT 3.x: nothing after Clean Session 1
    /// (`MQTT3-3.1.2-6`), without end after Clean Session 0 (`MQTT3-3.1.2-4`).
    pub fn session_expiry_secs(self, clean_start: bool, properties: &Properties<'_>) -> u32 {
        if self.has_properties() {
            properties.session_expiry_interval().unwrap_or(0)
        } else if clean_start {
            0
        } else {
            u32::MAX
        }
    }

    /// The longest Client Identifier in bytes; a longer one is refused by
    /// [`ReasonCode::CLIENT_IDENTIFIER_NOT_VALID`].
    pub const fn client_id_len_max(self) -> usize {
        match self.0 {
            V31 => 23,
            V311 | V5 => 65_535,
        }
    }

    /// Whether an empty Client Identifier asks the server to assign one (`MQTT5-3.1.3-6`, `MQTT3-3.1.3-7`);
    /// else it is refused by [`ReasonCode::CLIENT_IDENTIFIER_NOT_VALID`] (`MQTT3-3.1.3-8`).
    pub const fn may_assign_client_id(self, clean_start: bool) -> bool {
        match self.0 {
            V31 => false,
            V311 => clean_start,
            V5 => true,
        }
    }

    /// How many unacknowledged QoS 1 and 2 messages a client takes that does not say so.
    pub const fn receive_maximum_default(self) -> u16 {
        u16::MAX
    }

    /// The byte of a CONNACK; `None` where MQTT 3.x has none, so that the connection is closed without
    /// CONNACK (`MQTT3-3.2.2-6`).
    pub const fn connack_code(self, reason: ReasonCode) -> Option<u8> {
        if self.has_properties() { Some(reason.0) } else { reason.v3_return_code() }
    }

    /// The reason that a CONNACK's byte stands for; `None` for a return code that MQTT 3.x reserves.
    pub(crate) const fn connack_reason(self, code: u8) -> Option<ReasonCode> {
        if self.has_properties() {
            return Some(ReasonCode(code));
        }
        match code {
            0 => Some(ReasonCode::SUCCESS),
            1 => Some(ReasonCode::UNSUPPORTED_PROTOCOL_VERSION),
            2 => Some(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID),
            3 => Some(ReasonCode::SERVER_UNAVAILABLE),
            4 => Some(ReasonCode::BAD_USER_NAME_OR_PASSWORD),
            5 => Some(ReasonCode::NOT_AUTHORIZED),
            _ => None,
        }
    }

    /// The byte of a SUBACK for one filter; `None` where a denial cannot be said (MQTT 3.1), so that the
    /// connection is closed: pretending to grant is not an answer.
    pub const fn suback_code(self, reason: ReasonCode) -> Option<u8> {
        match self.0 {
            V5 => Some(reason.0),
            V311 if reason.is_error() => Some(ReasonCode::UNSPECIFIED_ERROR.0),
            V31 if reason.is_error() => None,
            V311 | V31 => Some(reason.0),
        }
    }

    /// Whether the packet can be said at all; its size is [`encode`](crate::codec::encode())'s to see.
    ///
    /// In MQTT 3.x a failure in PUBACK or PUBREC becomes a plain acknowledgement: whether to send that or to
    /// close is the sender's policy (`MQTT3-3.3.5-2`). A DISCONNECT for any other reason than success is
    /// closed instead; from a client that is what 0x04, disconnect with will, means. There is no password
    /// without a user name (`MQTT3-3.1.2-22`).
    #[inline]
    pub fn express(self, packet: &Packet<'_>) -> Expression {
        if self.has_properties() {
            return Expression::Written;
        }
        match packet {
            Packet::Connect(Connect { username: None, password: Some(_), .. }) => Expression::Close,
            Packet::ConnAck(ConnAck { reason, .. }) if self.connack_code(*reason).is_none() => {
                Expression::Close
            }
            Packet::SubAck(SubAck { reasons, .. })
                if reasons.iter().any(|reason| self.suback_code(reason).is_none()) =>
            {
                Expression::Close
            }
            Packet::Disconnect(Disconnect { reason, .. }) if *reason != ReasonCode::SUCCESS => {
                Expression::Close
            }
            Packet::Auth(auth) if auth.reason == ReasonCode::SUCCESS => Expression::Nothing,
            Packet::Auth(_) => Expression::Close,
            Packet::Connect(_)
            | Packet::ConnAck(_)
            | Packet::Publish(_)
            | Packet::PubAck(_)
            | Packet::PubRec(_)
            | Packet::PubRel(_)
            | Packet::PubComp(_)
            | Packet::Subscribe(_)
            | Packet::SubAck(_)
            | Packet::Unsubscribe(_)
            | Packet::UnsubAck(_)
            | Packet::PingReq
            | Packet::PingResp
            | Packet::Disconnect(_) => Expression::Written,
        }
    }
}

impl Default for Dialect {
    /// What is assumed until CONNECT tells: the newest.
    fn default() -> Self {
        Self(V5)
    }
}

impl From<ProtocolVersion> for Dialect {
    #[inline]
    fn from(version: ProtocolVersion) -> Self {
        Self::new(version)
    }
}
