mod ack;
mod connack;
mod connect;
mod publish;
mod subscribe;

use super::error::{DecodeError, Field, MalformedPacket, ProtocolError};
use super::frame::{DUP, FixedHeader};
use super::packet_type::{PacketSet, PacketType};
use super::reader::Reader;
use crate::property::SeenProperties;
use crate::{Dialect, Packet, PacketId, Properties, ProtocolVersion, ReasonCode};

/// What a decoder accepts beyond the standard's own bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeLimits {
    /// User Properties in one packet, the will's included.
    pub user_properties_max: usize,
}

/// Who sent the packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sender {
    Client,
    Server,
}

/// One body on its way to a packet: the cursor and what the rules depend on.
struct Decoder<'a> {
    reader: Reader<'a>,
    packet_type: PacketType,
    dialect: Dialect,
    sender: Sender,
    /// What to tell in an error: unknown for a CONNECT until its version is read.
    answer_in: Option<Dialect>,
    user_properties_left: usize,
}

/// Decodes the body of a packet that a client sent.
///
/// `body` holds the [`FixedHeader::remaining`] bytes behind the fixed header; more are ignored. `version` is
/// the one of the connection's CONNECT; for a CONNECT it is ignored. The packet borrows from `body`.
///
/// # Errors
/// [`DecodeError`] with the class and reason code that the standard demands.
#[inline]
pub fn decode<'a>(
    header: FixedHeader,
    body: &'a [u8],
    version: ProtocolVersion,
    limits: &DecodeLimits,
) -> Result<Packet<'a>, DecodeError> {
    decode_from(Sender::Client, header, body, version, limits)
}

/// Decodes the body of a packet that a server sent: as [`decode()`], for bridges and test clients.
///
/// # Errors
/// As [`decode()`].
#[inline]
pub fn decode_from_server<'a>(
    header: FixedHeader,
    body: &'a [u8],
    version: ProtocolVersion,
    limits: &DecodeLimits,
) -> Result<Packet<'a>, DecodeError> {
    decode_from(Sender::Server, header, body, version, limits)
}

#[inline]
fn decode_from<'a>(
    sender: Sender,
    header: FixedHeader,
    body: &'a [u8],
    version: ProtocolVersion,
    limits: &DecodeLimits,
) -> Result<Packet<'a>, DecodeError> {
    let dialect = Dialect::new(version);
    let packet_type = header.packet_type;
    let mut decoder = Decoder {
        reader: Reader::new(body),
        packet_type,
        dialect,
        sender,
        answer_in: (packet_type != PacketType::Connect).then_some(dialect),
        user_properties_left: limits.user_properties_max,
    };
    let mut result = decoder.decode(header);
    if let Err(error) = &mut result {
        error.dialect = decoder.answer_in;
    }
    result
}

impl Default for DecodeLimits {
    fn default() -> Self {
        Self { user_properties_max: 64 }
    }
}

impl<'a> Decoder<'a> {
    /// Each arm ends in its packet's own function, which writes the result where the caller wants it.
    #[inline]
    fn decode(&mut self, header: FixedHeader) -> Result<Packet<'a>, DecodeError> {
        self.reader = Reader::new(self.reader.bytes(header.remaining, Field::Body)?);
        if header.packet_type == PacketType::Publish {
            return self.publish(header.flags);
        }
        self.check_sender()?;
        self.check_flags(header.flags)?;
        match header.packet_type {
            PacketType::Connect => self.connect(),
            PacketType::ConnAck => self.connack(),
            PacketType::Publish => self.publish(header.flags),
            PacketType::PubAck => self.ack(Packet::PubAck),
            PacketType::PubRec => self.ack(Packet::PubRec),
            PacketType::PubRel => self.ack(Packet::PubRel),
            PacketType::PubComp => self.ack(Packet::PubComp),
            PacketType::Subscribe => self.subscribe(),
            PacketType::SubAck => self.suback(),
            PacketType::Unsubscribe => self.unsubscribe(),
            PacketType::UnsubAck => self.unsuback(),
            PacketType::PingReq => self.empty(Packet::PingReq),
            PacketType::PingResp => self.empty(Packet::PingResp),
            PacketType::Disconnect => self.disconnect(),
            PacketType::Auth => self.authentication(),
        }
    }

    /// A packet without variable header and payload.
    fn empty(&self, packet: Packet<'a>) -> Result<Packet<'a>, DecodeError> {
        self.end()?;
        Ok(packet)
    }

    /// Nothing may follow the last field.
    #[inline]
    fn end(&self) -> Result<(), DecodeError> {
        if self.reader.is_empty() {
            Ok(())
        } else {
            Err(MalformedPacket::TrailingBytes(self.packet_type).into())
        }
    }

    fn check_sender(&self) -> Result<(), DecodeError> {
        let packet = self.packet_type;
        if packet == PacketType::Auth && !self.dialect.has_properties() {
            return Err(MalformedPacket::ReservedPacketType.into());
        }
        match packet {
            PacketType::ConnAck | PacketType::SubAck | PacketType::UnsubAck | PacketType::PingResp
                if self.sender == Sender::Client =>
            {
                Err(ProtocolError::NotSentByClients(packet).into())
            }
            PacketType::Connect | PacketType::Subscribe | PacketType::Unsubscribe | PacketType::PingReq
                if self.sender == Sender::Server =>
            {
                Err(ProtocolError::NotSentByServers(packet).into())
            }
            PacketType::Disconnect
                if self.sender == Sender::Server && !self.dialect.has_server_disconnect() =>
            {
                Err(ProtocolError::NotSentByServers(packet).into())
            }
            PacketType::Connect
            | PacketType::ConnAck
            | PacketType::Publish
            | PacketType::PubAck
            | PacketType::PubRec
            | PacketType::PubRel
            | PacketType::PubComp
            | PacketType::Subscribe
            | PacketType::SubAck
            | PacketType::Unsubscribe
            | PacketType::UnsubAck
            | PacketType::PingReq
            | PacketType::PingResp
            | PacketType::Disconnect
            | PacketType::Auth => Ok(()),
        }
    }

    /// MQTT 3.1 sets DUP on requests that it repeats; all other flags are reserved.
    fn check_flags(&self, flags: u8) -> Result<(), DecodeError> {
        let Some(expected) = self.packet_type.reserved_flags() else { return Ok(()) };
        let may_repeat = expected != 0 && self.dialect.has_dup_requests();
        if flags == expected || (may_repeat && flags == expected | DUP) {
            Ok(())
        } else {
            Err(MalformedPacket::ReservedFlags(self.packet_type).into())
        }
    }

    #[inline]
    fn packet_id(&mut self) -> Result<PacketId, DecodeError> {
        let value = self.reader.u16(Field::PacketId)?;
        PacketId::new(value).ok_or(ProtocolError::ZeroPacketId(self.packet_type).into())
    }

    /// The packet's properties: none in a dialect without them.
    #[inline]
    fn properties(&mut self) -> Result<(Properties<'a>, SeenProperties), DecodeError> {
        if self.dialect.has_properties() {
            self.property_section(PacketSet::only(self.packet_type))
        } else {
            Ok((Properties::EMPTY, SeenProperties::default()))
        }
    }

    #[inline]
    fn property_section(
        &mut self,
        place: PacketSet,
    ) -> Result<(Properties<'a>, SeenProperties), DecodeError> {
        Ok(Properties::read(&mut self.reader, place, &mut self.user_properties_left)?)
    }

    fn reason_code(&mut self) -> Result<ReasonCode, DecodeError> {
        let code = ReasonCode(self.reader.u8(Field::ReasonCode)?);
        self.check_reason(code)?;
        Ok(code)
    }

    fn check_reason(&self, code: ReasonCode) -> Result<(), DecodeError> {
        if code.is_allowed_in(self.packet_type) {
            Ok(())
        } else {
            Err(ProtocolError::ReasonCodeNotAllowed(self.packet_type, code).into())
        }
    }
}
