use super::error::{DecodeError, Field, MalformedPacket};
use super::packet_type::PacketType;
use super::reader::{Varint, split_varint};
use crate::QoS;

/// The first two to five bytes of a packet (MQTT 5.0 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FixedHeader {
    /// Which packet it is.
    pub packet_type: PacketType,
    /// The lower four bits of the first byte.
    pub flags: u8,
    /// Bytes of the fixed header: 2 to 5.
    pub header_len: usize,
    /// Remaining Length: bytes behind the fixed header, at most 268,435,455.
    pub remaining: usize,
}

/// The flags of a PUBLISH.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PublishFlags {
    pub(super) dup: bool,
    pub(super) qos: QoS,
    pub(super) retain: bool,
}

/// DUP in the fixed header.
pub(super) const DUP: u8 = 0b1000;

/// Reads the fixed header at the start of `input`; `None` while it is incomplete.
///
/// The body need not have arrived: a packet can be refused by its type, its flags or its size before one
/// byte of it is buffered.
///
/// # Errors
/// Reserved packet types and flags; a Remaining Length of more than four bytes, or of more than it needs
/// (`MQTT5-1.5.5-1`; refused in MQTT 3.x, too, which no encoder produces). The error's dialect is unknown
/// here: the connection has it.
///
/// # Specification
/// MQTT 5.0 §2.1. MQTT 3.1 sets DUP on a PUBREL, SUBSCRIBE or UNSUBSCRIBE that it repeats: it passes here,
/// and [`decode()`](super::decode()) refuses it in the other versions.
#[inline]
pub fn frame(input: &[u8]) -> Result<Option<FixedHeader>, DecodeError> {
    let Some((&first, rest)) = input.split_first() else { return Ok(None) };
    let flags = first & 0x0F;
    let packet_type = PacketType::from_number(first >> 4).ok_or(MalformedPacket::ReservedPacketType)?;
    check_flags(packet_type, flags)?;
    match split_varint(rest, Field::RemainingLength)? {
        Varint::Incomplete => Ok(None),
        Varint::Complete { value, len } => Ok(Some(FixedHeader {
            packet_type,
            flags,
            header_len: len.saturating_add(1),
            remaining: usize::try_from(value).unwrap_or(usize::MAX),
        })),
    }
}

#[inline]
fn check_flags(packet_type: PacketType, flags: u8) -> Result<(), MalformedPacket> {
    let Some(expected) = packet_type.reserved_flags() else {
        return PublishFlags::parse(flags).map(|_| ());
    };
    let may_repeat = expected != 0;
    if flags == expected || (may_repeat && flags == expected | DUP) {
        Ok(())
    } else {
        Err(MalformedPacket::ReservedFlags(packet_type))
    }
}

// === impl FixedHeader ===

impl FixedHeader {
    /// Bytes of the whole packet.
    #[inline]
    pub const fn packet_len(&self) -> usize {
        self.header_len.saturating_add(self.remaining)
    }
}

// === impl PublishFlags ===

impl PublishFlags {
    #[inline]
    pub(super) fn parse(flags: u8) -> Result<Self, MalformedPacket> {
        let qos = QoS::from_bits((flags >> 1) & 0b11).ok_or(MalformedPacket::QosThree(Field::PublishQos))?;
        let dup = flags & DUP != 0;
        if dup && qos == QoS::AtMostOnce {
            return Err(MalformedPacket::DupWithQosZero);
        }
        Ok(Self { dup, qos, retain: flags & 0b0001 != 0 })
    }

    #[inline]
    pub(super) const fn bits(self) -> u8 {
        let dup = if self.dup { DUP } else { 0 };
        let retain = if self.retain { 0b0001 } else { 0 };
        dup | self.qos.bits() << 1 | retain
    }
}
