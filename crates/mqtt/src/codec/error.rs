use super::PacketType;
use crate::property::PropertyId;
use crate::{Dialect, ReasonCode};

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

/// The bytes cannot be parsed according to the standard (MQTT 5.0 §1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedPacket {
    /// The packet type is reserved: 0, or 15 in MQTT 3.x.
    ReservedPacketType,
    /// The fixed header's flags are not the ones this packet must carry.
    ReservedFlags(PacketType),
    /// Both QoS bits are set.
    QosThree(Field),
    /// DUP on a QoS 0 message, which is never sent again.
    DupWithQosZero,
    /// A variable byte integer goes on after its fourth byte.
    VariableByteIntegerTooLong(Field),
    /// A variable byte integer takes more bytes than it needs.
    VariableByteIntegerNotMinimal(Field),
    /// The packet ends inside this field.
    Truncated(Field),
    /// Bytes follow the last field.
    TrailingBytes(PacketType),
    /// A string is not UTF-8, or holds a surrogate.
    NotUtf8(Field),
    /// A string holds U+0000.
    NullCharacter(Field),
    /// Bit 0 of the connect flags is set.
    ReservedConnectFlag,
    /// Will QoS or Will Retain without a will.
    WillFlagsWithoutWill,
    /// A password without a user name, which MQTT 3.x forbids.
    PasswordWithoutUserName,
    /// No property has this identifier.
    UnknownProperty(u8),
    /// The property does not belong into this packet.
    PropertyNotAllowed(PropertyId),
    /// Reserved bits of the subscription options are set.
    ReservedSubscriptionOptions,
    /// Reserved bits of the CONNACK flags are set.
    ReservedConnAckFlags,
}

/// The packet holds what the protocol does not allow (MQTT 5.0 §1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProtocolError {
    /// Only servers send this packet.
    NotSentByClients(PacketType),
    /// Only clients send this packet.
    NotSentByServers(PacketType),
    /// The Packet Identifier is 0.
    ZeroPacketId(PacketType),
    /// The property occurs a second time.
    DuplicateProperty(PropertyId),
    /// The property has a value that is reserved or forbidden.
    ForbiddenPropertyValue(PropertyId),
    /// Topic Alias 0.
    TopicAliasZero,
    /// A Topic Name holds `+` or `#`.
    WildcardInTopicName(Field),
    /// A Topic Name is empty (in a PUBLISH: and no Topic Alias stands for it).
    EmptyTopicName(Field),
    /// SUBSCRIBE or UNSUBSCRIBE without a Topic Filter, or their answer without a code.
    EmptyList(PacketType),
    /// Maximum QoS or Retain Handling of a subscription is 3.
    SubscriptionOptionThree,
    /// No Local on a Shared Subscription.
    NoLocalOnSharedSubscription,
    /// A client's PUBLISH carries a Subscription Identifier.
    SubscriptionIdentifierFromClient,
    /// This packet does not carry this reason code.
    ReasonCodeNotAllowed(PacketType, ReasonCode),
    /// Authentication Data without an Authentication Method.
    AuthenticationDataWithoutMethod(PacketType),
    /// An AUTH without an Authentication Method.
    AuthenticationMethodMissing,
    /// A server's DISCONNECT carries a Session Expiry Interval.
    SessionExpiryFromServer,
    /// A CONNACK refuses the connection and says that there is a session.
    SessionPresentWithFailure,
    /// A CONNACK return code that MQTT 3.x reserves.
    ReservedReturnCode(u8),
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

macro_rules! fields {
    ($($name:ident $text:literal,)+) => {
        /// A field of a packet, to name the place of a fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Field {
            $(#[doc = $text] $name,)+
            /// The value of this property.
            Property(PropertyId),
        }

        impl Field {
            /// The standard's words for the field.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                    Self::Property(id) => id.name(),
                }
            }
        }
    };
}

fields! {
    RemainingLength "Remaining Length",
    Body "packet body",
    ProtocolName "Protocol Name",
    ProtocolLevel "Protocol Version",
    ConnectFlags "Connect Flags",
    KeepAlive "Keep Alive",
    ClientId "Client Identifier",
    WillTopic "Will Topic",
    WillPayload "Will Payload",
    WillQos "Will QoS",
    UserName "User Name",
    Password "Password",
    ConnAckFlags "Connect Acknowledge Flags",
    ReasonCode "Reason Code",
    PublishQos "QoS of PUBLISH",
    TopicName "Topic Name",
    PacketId "Packet Identifier",
    PropertyLength "Property Length",
    PropertyId "Property Identifier",
    Properties "Properties",
    TopicFilter "Topic Filter",
    SubscriptionOptions "Subscription Options",
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

// === impl MalformedPacket ===

impl std::fmt::Display for MalformedPacket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::ReservedPacketType => f.write_str("its packet type is reserved"),
            Self::ReservedFlags(packet) => write!(f, "the fixed header of {packet} has wrong flags"),
            Self::QosThree(field) => write!(f, "{field} is 3"),
            Self::DupWithQosZero => f.write_str("DUP is set on a QoS 0 PUBLISH"),
            Self::VariableByteIntegerTooLong(field) => write!(f, "{field} takes more than four bytes"),
            Self::VariableByteIntegerNotMinimal(field) => write!(f, "{field} takes more bytes than needed"),
            Self::Truncated(field) => write!(f, "it ends inside {field}"),
            Self::TrailingBytes(packet) => write!(f, "bytes follow the last field of {packet}"),
            Self::NotUtf8(field) => write!(f, "{field} is not UTF-8"),
            Self::NullCharacter(field) => write!(f, "{field} holds U+0000"),
            Self::ReservedConnectFlag => f.write_str("the reserved connect flag is set"),
            Self::WillFlagsWithoutWill => f.write_str("Will QoS or Will Retain is set without Will Flag"),
            Self::PasswordWithoutUserName => f.write_str("there is a password without a user name"),
            Self::UnknownProperty(id) => write!(f, "there is no property 0x{id:02X}"),
            Self::PropertyNotAllowed(id) => write!(f, "{id} does not belong into this packet"),
            Self::ReservedSubscriptionOptions => f.write_str("reserved Subscription Options bits are set"),
            Self::ReservedConnAckFlags => f.write_str("reserved Connect Acknowledge Flags are set"),
        }
    }
}

// === impl ProtocolError ===

impl ProtocolError {
    /// The most specific code of the standard.
    pub const fn reason(&self) -> ReasonCode {
        match self {
            Self::TopicAliasZero => ReasonCode::TOPIC_ALIAS_INVALID,
            Self::WildcardInTopicName(Field::TopicName | Field::WillTopic)
            | Self::EmptyTopicName(Field::WillTopic) => ReasonCode::TOPIC_NAME_INVALID,
            Self::NotSentByClients(_)
            | Self::NotSentByServers(_)
            | Self::ZeroPacketId(_)
            | Self::DuplicateProperty(_)
            | Self::ForbiddenPropertyValue(_)
            | Self::WildcardInTopicName(_)
            | Self::EmptyTopicName(_)
            | Self::EmptyList(_)
            | Self::SubscriptionOptionThree
            | Self::NoLocalOnSharedSubscription
            | Self::SubscriptionIdentifierFromClient
            | Self::ReasonCodeNotAllowed(..)
            | Self::AuthenticationDataWithoutMethod(_)
            | Self::AuthenticationMethodMissing
            | Self::SessionExpiryFromServer
            | Self::SessionPresentWithFailure
            | Self::ReservedReturnCode(_) => ReasonCode::PROTOCOL_ERROR,
        }
    }
}

impl std::fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotSentByClients(packet) => write!(f, "only servers send {packet}"),
            Self::NotSentByServers(packet) => write!(f, "only clients send {packet}"),
            Self::ZeroPacketId(packet) => write!(f, "{packet} has Packet Identifier 0"),
            Self::DuplicateProperty(id) => write!(f, "{id} occurs twice"),
            Self::ForbiddenPropertyValue(id) => write!(f, "{id} has a forbidden value"),
            Self::TopicAliasZero => f.write_str("Topic Alias is 0"),
            Self::WildcardInTopicName(field) => write!(f, "{field} holds a wildcard"),
            Self::EmptyTopicName(field) => write!(f, "{field} is empty"),
            Self::EmptyList(packet) => write!(f, "{packet} has an empty list"),
            Self::SubscriptionOptionThree => f.write_str("QoS or Retain Handling of a subscription is 3"),
            Self::NoLocalOnSharedSubscription => f.write_str("No Local is set on a Shared Subscription"),
            Self::SubscriptionIdentifierFromClient => {
                f.write_str("a client's PUBLISH has a Subscription Identifier")
            }
            Self::ReasonCodeNotAllowed(packet, code) => write!(f, "{packet} cannot say: {code}"),
            Self::AuthenticationDataWithoutMethod(packet) => {
                write!(f, "{packet} has Authentication Data, but no Authentication Method")
            }
            Self::AuthenticationMethodMissing => f.write_str("AUTH has no Authentication Method"),
            Self::SessionExpiryFromServer => {
                f.write_str("a server's DISCONNECT has a Session Expiry Interval")
            }
            Self::SessionPresentWithFailure => f.write_str("a refusing CONNACK has Session Present set"),
            Self::ReservedReturnCode(code) => write!(f, "CONNACK return code {code} is reserved"),
        }
    }
}

// === impl UnsupportedVersion, OverLimit, Field ===

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

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
