use super::Field;
use crate::PropertyId;
use crate::codec::PacketType;

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
