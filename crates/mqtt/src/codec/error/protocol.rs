use super::Field;
use crate::codec::PacketType;
use crate::{PropertyId, ReasonCode};

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
