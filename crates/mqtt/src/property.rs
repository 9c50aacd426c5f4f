//! Properties: one table of identifier, type, name, packets and multiplicity (MQTT 5.0 §2.2.2).
#![warn(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod kind;
mod section;

use crate::QoS;
use crate::codec::{Fault, PacketSet, PacketType, Reader};
use kind::Kind;
pub(crate) use section::SeenProperties;
pub use section::{Properties, PropertiesBuf};

macro_rules! place {
    (Will) => {
        PacketSet::WILL
    };
    ($packet:ident) => {
        PacketSet::only(PacketType::$packet)
    };
}

macro_rules! properties {
    ($lifetime:lifetime $(
        $(#[$doc:meta])*
        $number:literal $name:ident($($field:ident: $type:ty),+) $kind:ident $text:literal
            in [$($place:ident),+] $(repeats in [$($repeat:ident),+])? $(get $accessor:ident -> $value:ty)?;
    )+) => {
        /// One property with its value.
        ///
        /// `Debug` does not print Authentication Data.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub enum Property<$lifetime> {
            $($(#[$doc])* $name($($type),+),)+
        }

        /// The identifier of a property.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum PropertyId {
            $(#[doc = $text] $name = $number,)+
        }

        impl PropertyId {
            /// Every identifier, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// `None` for a number that the standard does not have.
            #[inline]
            pub const fn from_number(number: u8) -> Option<Self> {
                match number {
                    $($number => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// The standard's words.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)+
                }
            }

            #[inline]
            const fn places(self) -> PacketSet {
                match self {
                    $(Self::$name => PacketSet::EMPTY$(.union(place!($place)))+,)+
                }
            }

            #[inline]
            const fn repeats(self) -> PacketSet {
                match self {
                    $(Self::$name => PacketSet::EMPTY$($(.union(place!($repeat)))+)?,)+
                }
            }

            /// Passes over a value that was validated before.
            #[inline]
            fn skip(self, reader: &mut Reader<'_>) -> Option<()> {
                match self {
                    $(Self::$name => kind::$kind::skip(reader, self),)+
                }
            }

            #[inline]
            fn read<$lifetime>(self, reader: &mut Reader<$lifetime>) -> Result<Property<$lifetime>, Fault> {
                Ok(match self {
                    $(Self::$name => {
                        let ($($field,)+) = kind::$kind::read(reader, self)?;
                        Property::$name($($field),+)
                    })+
                })
            }
        }

        impl<$lifetime> Property<$lifetime> {
            /// The identifier.
            #[inline]
            pub const fn id(&self) -> PropertyId {
                match self {
                    $(Self::$name(..) => PropertyId::$name,)+
                }
            }

            #[inline]
            fn write(&self, out: &mut Vec<u8>) -> bool {
                match *self {
                    $(Self::$name($($field),+) => kind::$kind::write(out, ($($field,)+)),)+
                }
            }
        }

        impl std::fmt::Debug for Property<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                if self.id() == PropertyId::AuthenticationData {
                    return f.write_str("AuthenticationData(<secret>)");
                }
                match self {
                    $(Self::$name($($field),+) => f.debug_tuple(stringify!($name))$(.field($field))+.finish(),)+
                }
            }
        }

        impl<$lifetime> Properties<$lifetime> {
            $($(
                #[doc = concat!("The value of ", $text, ", if present.")]
                #[inline]
                pub fn $accessor(&self) -> Option<$value> {
                    match self.find(PropertyId::$name) {
                        Some(Property::$name(value)) => Some(value),
                        _ => None,
                    }
                }
            )?)+
        }
    };
}

properties! { 'a
    /// The payload is UTF-8 text (`true`) or unspecified bytes.
    0x01 PayloadFormatIndicator(is_utf8: bool) Flag "Payload Format Indicator"
        in [Publish, Will] get payload_format_indicator -> bool;
    /// Seconds after which the message is worth nothing.
    0x02 MessageExpiryInterval(secs: u32) U32 "Message Expiry Interval"
        in [Publish, Will] get message_expiry_interval -> u32;
    /// What the payload is, in the application's words.
    0x03 ContentType(text: &'a str) Text "Content Type"
        in [Publish, Will] get content_type -> &'a str;
    /// Topic Name for a response.
    0x08 ResponseTopic(topic: &'a str) Topic "Response Topic"
        in [Publish, Will] get response_topic -> &'a str;
    /// Tells the requester which request a response answers.
    0x09 CorrelationData(data: &'a [u8]) Binary "Correlation Data"
        in [Publish, Will] get correlation_data -> &'a [u8];
    /// Number of a subscription, 1 to 268,435,455; the server repeats it with each message.
    0x0B SubscriptionIdentifier(id: u32) NonZeroVarint "Subscription Identifier"
        in [Publish, Subscribe] repeats in [Publish] get subscription_identifier -> u32;
    /// Seconds that the session outlives its connection; `u32::MAX`: for ever.
    0x11 SessionExpiryInterval(secs: u32) U32 "Session Expiry Interval"
        in [Connect, ConnAck, Disconnect] get session_expiry_interval -> u32;
    /// The Client Identifier that the server chose.
    0x12 AssignedClientIdentifier(id: &'a str) Text "Assigned Client Identifier"
        in [ConnAck] get assigned_client_identifier -> &'a str;
    /// Seconds of Keep Alive that the client has to use.
    0x13 ServerKeepAlive(secs: u16) U16 "Server Keep Alive"
        in [ConnAck] get server_keep_alive -> u16;
    /// Name of the enhanced authentication's method.
    0x15 AuthenticationMethod(method: &'a str) Text "Authentication Method"
        in [Connect, ConnAck, Auth] get authentication_method -> &'a str;
    /// The method's data: a secret.
    0x16 AuthenticationData(data: &'a [u8]) Binary "Authentication Data"
        in [Connect, ConnAck, Auth] get authentication_data -> &'a [u8];
    /// Whether the client wants Reason Strings and User Properties on every packet.
    0x17 RequestProblemInformation(wanted: bool) Flag "Request Problem Information"
        in [Connect] get request_problem_information -> bool;
    /// Seconds between the end of the connection and the will.
    0x18 WillDelayInterval(secs: u32) U32 "Will Delay Interval"
        in [Will] get will_delay_interval -> u32;
    /// Whether the client wants Response Information.
    0x19 RequestResponseInformation(wanted: bool) Flag "Request Response Information"
        in [Connect] get request_response_information -> bool;
    /// Basis for Response Topics.
    0x1A ResponseInformation(text: &'a str) Text "Response Information"
        in [ConnAck] get response_information -> &'a str;
    /// Another server to use.
    0x1C ServerReference(text: &'a str) Text "Server Reference"
        in [ConnAck, Disconnect] get server_reference -> &'a str;
    /// Why, for people.
    0x1F ReasonString(text: &'a str) Text "Reason String"
        in [ConnAck, PubAck, PubRec, PubRel, PubComp, SubAck, UnsubAck, Disconnect, Auth] get reason_string -> &'a str;
    /// How many QoS 1 and 2 messages the sender takes unacknowledged; not 0.
    0x21 ReceiveMaximum(count: u16) NonZeroU16 "Receive Maximum"
        in [Connect, ConnAck] get receive_maximum -> u16;
    /// The highest Topic Alias that the sender takes.
    0x22 TopicAliasMaximum(alias: u16) U16 "Topic Alias Maximum"
        in [Connect, ConnAck] get topic_alias_maximum -> u16;
    /// Number that stands for the Topic Name; not 0.
    0x23 TopicAlias(alias: u16) Alias "Topic Alias"
        in [Publish] get topic_alias -> u16;
    /// The highest QoS of the server, 0 or 1; a server of QoS 2 says so by leaving it out.
    0x24 MaximumQoS(qos: QoS) LowQos "Maximum QoS"
        in [ConnAck] get maximum_qos -> QoS;
    /// Whether the server retains messages.
    0x25 RetainAvailable(available: bool) Flag "Retain Available"
        in [ConnAck] get retain_available -> bool;
    /// A name and a value of the application's own.
    0x26 UserProperty(name: &'a str, value: &'a str) Pair "User Property"
        in [Connect, ConnAck, Publish, Will, PubAck, PubRec, PubRel, PubComp, Subscribe, SubAck, Unsubscribe,
            UnsubAck, Disconnect, Auth]
        repeats in [Connect, ConnAck, Publish, Will, PubAck, PubRec, PubRel, PubComp, Subscribe, SubAck,
            Unsubscribe, UnsubAck, Disconnect, Auth];
    /// The largest packet that the sender takes, in bytes; not 0.
    0x27 MaximumPacketSize(bytes: u32) NonZeroU32 "Maximum Packet Size"
        in [Connect, ConnAck] get maximum_packet_size -> u32;
    /// Whether the server takes wildcard subscriptions.
    0x28 WildcardSubscriptionAvailable(available: bool) Flag "Wildcard Subscription Available"
        in [ConnAck] get wildcard_subscription_available -> bool;
    /// Whether the server takes Subscription Identifiers.
    0x29 SubscriptionIdentifierAvailable(available: bool) Flag "Subscription Identifier Available"
        in [ConnAck] get subscription_identifier_available -> bool;
    /// Whether the server takes Shared Subscriptions.
    0x2A SharedSubscriptionAvailable(available: bool) Flag "Shared Subscription Available"
        in [ConnAck] get shared_subscription_available -> bool;
}

// === impl PropertyId ===

impl PropertyId {
    /// The number on the wire.
    #[inline]
    #[expect(clippy::as_conversions, reason = "the one way to a fieldless enum's number")]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// Whether a packet of this type may carry the property (MQTT 5.0 table 2-4).
    pub const fn is_allowed_in(self, packet_type: PacketType) -> bool {
        self.places().meets(PacketSet::only(packet_type))
    }

    /// Whether the will properties of a CONNECT may hold the property.
    pub const fn is_allowed_in_will(self) -> bool {
        self.places().meets(PacketSet::WILL)
    }

    /// Whether a packet of this type may carry the property more than once.
    pub const fn may_repeat_in(self, packet_type: PacketType) -> bool {
        self.repeats().meets(PacketSet::only(packet_type))
    }
}

impl std::fmt::Display for PropertyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
