//! Reason codes: one table of number, name, text, packets and MQTT 3.x projection.

use crate::codec::{PacketSet, PacketType};

/// A Reason Code (MQTT 5.0 §2.4): why something is refused, or that it is not.
///
/// A newtype, not an enum: a number that is not in the standard survives decoding, so that it can be logged
/// and refused by name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReasonCode(pub u8);

macro_rules! v3_return_code {
    (v3_close) => {
        None
    };
    (v3_connack $code:literal) => {
        Some($code)
    };
}

macro_rules! reason_codes {
    ($($number:literal $name:ident $text:literal in [$($packet:ident),+] $v3:ident $($v3_code:literal)?;)+) => {
        impl ReasonCode {
            $(
                #[doc = concat!("`", stringify!($number), "`: ", $text, ".")]
                pub const $name: Self = Self($number);
            )+

            /// Every code of the standard, in the order of the numbers.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The constant's name; `UNKNOWN` for a number that the standard does not have.
            pub const fn name(self) -> &'static str {
                match self.0 {
                    $($number => stringify!($name),)+
                    _ => "UNKNOWN",
                }
            }

            /// What the code says, in lower case.
            pub const fn text(self) -> &'static str {
                match self.0 {
                    $($number => $text,)+
                    _ => "unknown reason code",
                }
            }

            /// The packets that may carry the code.
            const fn packets(self) -> PacketSet {
                match self.0 {
                    $($number => PacketSet::EMPTY$(.union(PacketSet::only(PacketType::$packet)))+,)+
                    _ => PacketSet::EMPTY,
                }
            }

            /// The MQTT 3.x CONNACK return code; `None` where no listed code fits, so that the connection is
            /// closed without a CONNACK (`MQTT3-3.2.2-6`).
            pub(crate) const fn v3_return_code(self) -> Option<u8> {
                match self.0 {
                    $($number => v3_return_code!($v3 $($v3_code)?),)+
                    _ => None,
                }
            }
        }
    };
}

reason_codes! {
    0x00 SUCCESS "success"
        in [ConnAck, PubAck, PubRec, PubRel, PubComp, SubAck, UnsubAck, Disconnect, Auth] v3_connack 0;
    0x01 GRANTED_QOS_1 "granted QoS 1" in [SubAck] v3_close;
    0x02 GRANTED_QOS_2 "granted QoS 2" in [SubAck] v3_close;
    0x04 DISCONNECT_WITH_WILL "disconnect with Will Message" in [Disconnect] v3_close;
    0x10 NO_MATCHING_SUBSCRIBERS "no matching subscribers" in [PubAck, PubRec] v3_close;
    0x11 NO_SUBSCRIPTION_EXISTED "no subscription existed" in [UnsubAck] v3_close;
    0x18 CONTINUE_AUTHENTICATION "continue authentication" in [Auth] v3_close;
    0x19 REAUTHENTICATE "re-authenticate" in [Auth] v3_close;
    0x80 UNSPECIFIED_ERROR "unspecified error"
        in [ConnAck, PubAck, PubRec, SubAck, UnsubAck, Disconnect] v3_close;
    0x81 MALFORMED_PACKET "malformed packet" in [ConnAck, Disconnect] v3_close;
    0x82 PROTOCOL_ERROR "protocol error" in [ConnAck, Disconnect] v3_close;
    0x83 IMPLEMENTATION_SPECIFIC_ERROR "implementation specific error"
        in [ConnAck, PubAck, PubRec, SubAck, UnsubAck, Disconnect] v3_close;
    0x84 UNSUPPORTED_PROTOCOL_VERSION "unsupported protocol version" in [ConnAck] v3_connack 1;
    0x85 CLIENT_IDENTIFIER_NOT_VALID "Client Identifier not valid" in [ConnAck] v3_connack 2;
    0x86 BAD_USER_NAME_OR_PASSWORD "bad user name or password" in [ConnAck] v3_connack 4;
    0x87 NOT_AUTHORIZED "not authorized"
        in [ConnAck, PubAck, PubRec, SubAck, UnsubAck, Disconnect] v3_connack 5;
    0x88 SERVER_UNAVAILABLE "server unavailable" in [ConnAck] v3_connack 3;
    0x89 SERVER_BUSY "server busy" in [ConnAck, Disconnect] v3_connack 3;
    0x8A BANNED "banned" in [ConnAck] v3_connack 5;
    0x8B SERVER_SHUTTING_DOWN "server shutting down" in [Disconnect] v3_close;
    0x8C BAD_AUTHENTICATION_METHOD "bad authentication method" in [ConnAck, Disconnect] v3_close;
    0x8D KEEP_ALIVE_TIMEOUT "keep alive timeout" in [Disconnect] v3_close;
    0x8E SESSION_TAKEN_OVER "session taken over" in [Disconnect] v3_close;
    0x8F TOPIC_FILTER_INVALID "Topic Filter invalid" in [SubAck, UnsubAck, Disconnect] v3_close;
    0x90 TOPIC_NAME_INVALID "Topic Name invalid" in [ConnAck, PubAck, PubRec, Disconnect] v3_close;
    0x91 PACKET_IDENTIFIER_IN_USE "Packet Identifier in use" in [PubAck, PubRec, SubAck, UnsubAck] v3_close;
    0x92 PACKET_IDENTIFIER_NOT_FOUND "Packet Identifier not found" in [PubRel, PubComp] v3_close;
    0x93 RECEIVE_MAXIMUM_EXCEEDED "Receive Maximum exceeded" in [Disconnect] v3_close;
    0x94 TOPIC_ALIAS_INVALID "Topic Alias invalid" in [Disconnect] v3_close;
    0x95 PACKET_TOO_LARGE "packet too large" in [ConnAck, Disconnect] v3_close;
    0x96 MESSAGE_RATE_TOO_HIGH "message rate too high" in [Disconnect] v3_close;
    0x97 QUOTA_EXCEEDED "quota exceeded" in [ConnAck, PubAck, PubRec, SubAck, Disconnect] v3_connack 3;
    0x98 ADMINISTRATIVE_ACTION "administrative action" in [Disconnect] v3_close;
    0x99 PAYLOAD_FORMAT_INVALID "payload format invalid" in [ConnAck, PubAck, PubRec, Disconnect] v3_close;
    0x9A RETAIN_NOT_SUPPORTED "retain not supported" in [ConnAck, Disconnect] v3_close;
    0x9B QOS_NOT_SUPPORTED "QoS not supported" in [ConnAck, Disconnect] v3_close;
    0x9C USE_ANOTHER_SERVER "use another server" in [ConnAck, Disconnect] v3_connack 3;
    0x9D SERVER_MOVED "server moved" in [ConnAck, Disconnect] v3_connack 3;
    0x9E SHARED_SUBSCRIPTIONS_NOT_SUPPORTED "shared subscriptions not supported"
        in [SubAck, Disconnect] v3_close;
    0x9F CONNECTION_RATE_EXCEEDED "connection rate exceeded" in [ConnAck, Disconnect] v3_connack 3;
    0xA0 MAXIMUM_CONNECT_TIME "maximum connect time" in [Disconnect] v3_close;
    0xA1 SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED "Subscription Identifiers not supported"
        in [SubAck, Disconnect] v3_close;
    0xA2 WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED "wildcard subscriptions not supported"
        in [SubAck, Disconnect] v3_close;
}

impl ReasonCode {
    /// Whether the operation failed: 0x80 and above.
    #[inline]
    pub const fn is_error(self) -> bool {
        self.0 >= 0x80
    }

    /// The code with which a CONNACK says this: itself, or the nearest that it may carry.
    pub(crate) const fn in_connack(self) -> Self {
        match self {
            _ if self.is_allowed_in(PacketType::ConnAck) => self,
            Self::SERVER_SHUTTING_DOWN => Self::SERVER_UNAVAILABLE,
            Self::ADMINISTRATIVE_ACTION => Self::NOT_AUTHORIZED,
            _ => Self::UNSPECIFIED_ERROR,
        }
    }

    /// The code with which a DISCONNECT says this: itself, or the nearest that it may carry.
    pub(crate) const fn in_disconnect(self) -> Self {
        match self {
            _ if self.is_allowed_in(PacketType::Disconnect) => self,
            Self::BAD_USER_NAME_OR_PASSWORD | Self::BANNED => Self::NOT_AUTHORIZED,
            Self::SERVER_UNAVAILABLE => Self::SERVER_BUSY,
            _ => Self::UNSPECIFIED_ERROR,
        }
    }

    /// Whether a packet of this type may carry the code (MQTT 5.0 table 2-6).
    #[inline]
    pub const fn is_allowed_in(self, packet_type: PacketType) -> bool {
        self.packets().meets(PacketSet::only(packet_type))
    }
}

impl std::fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (0x{:02X})", self.text(), self.0)
    }
}

impl std::fmt::Debug for ReasonCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} (0x{:02X})", self.name(), self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_can_be_said_when_a_connection_ends() {
        for reason in ReasonCode::ALL {
            let (connack, disconnect) = (reason.in_connack(), reason.in_disconnect());
            assert!(connack.is_allowed_in(PacketType::ConnAck), "{reason}");
            assert!(disconnect.is_allowed_in(PacketType::Disconnect), "{reason}");
            if reason.is_error() {
                assert!(connack.is_error() && disconnect.is_error(), "{reason}");
            }
        }
    }
}
