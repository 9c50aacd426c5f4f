//! Bytes to packets and back.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, too")]

mod acknowledgement;
mod connack;
mod connect;
mod dialect;
mod disconnect;
mod error;
mod header;
mod limits;
mod property;
mod publish;
mod reason;
mod round_trip;
mod string;
mod subscribe;
mod vectors;

use vouchmq_mqtt::codec::{
    self, DecodeError, DecodeLimits, Fault, FixedHeader, MalformedPacket, ProtocolError,
};
use vouchmq_mqtt::{Dialect, Expression, Packet, PacketId, ProtocolVersion};

use crate::arbitrary_packet::Sender;

/// Splits a whole packet into its header and its body.
pub(crate) fn split(bytes: &[u8]) -> Result<(FixedHeader, &[u8]), DecodeError> {
    let header = codec::frame(bytes)?.expect("a complete fixed header");
    let body = bytes.get(header.header_len..).expect("frame reads no further than the input");
    Ok((header, body))
}

/// Decodes a whole packet that a client sent.
pub(crate) fn from_client(bytes: &[u8], version: ProtocolVersion) -> Result<Packet<'_>, DecodeError> {
    let (header, body) = split(bytes)?;
    codec::decode(header, body, version, &DecodeLimits::default())
}

/// Decodes a whole packet that a server sent.
pub(crate) fn from_server(bytes: &[u8], version: ProtocolVersion) -> Result<Packet<'_>, DecodeError> {
    let (header, body) = split(bytes)?;
    codec::decode_from_server(header, body, version, &DecodeLimits::default())
}

/// Decodes a whole packet.
pub(crate) fn decoded(
    bytes: &[u8],
    version: ProtocolVersion,
    sender: Sender,
) -> Result<Packet<'_>, DecodeError> {
    match sender {
        Sender::Client => from_client(bytes, version),
        Sender::Server => from_server(bytes, version),
    }
}

/// Encodes a packet that the dialect can say.
pub(crate) fn encoded(packet: &Packet<'_>, version: ProtocolVersion) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(codec::encode(packet, Dialect::new(version), &mut out), Expression::Written, "{packet:?}");
    out
}

/// Puts the fixed header in front of a body of less than 16 KiB.
fn packet(first_byte: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = if body.len() < 128 {
        vec![body.len() as u8]
    } else {
        vec![(body.len() % 128) as u8 | 0x80, (body.len() / 128) as u8]
    };
    [&[first_byte], &length[..], &body].concat()
}

/// A length-prefixed string or binary data.
fn prefixed(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).expect("a short field").to_be_bytes(), bytes].concat()
}

fn id(value: u16) -> PacketId {
    PacketId::new(value).expect("not zero")
}

/// Why a client's packet is refused.
fn client_fault(bytes: &[u8], version: ProtocolVersion) -> Fault {
    from_client(bytes, version).expect_err(&format!("{version:?} refuses {bytes:02x?}")).fault
}

/// Why a server's packet is refused.
fn server_fault(bytes: &[u8], version: ProtocolVersion) -> Fault {
    from_server(bytes, version).expect_err(&format!("{version:?} refuses {bytes:02x?}")).fault
}

fn malformed(fault: MalformedPacket) -> Fault {
    Fault::Malformed(fault)
}

fn protocol(fault: ProtocolError) -> Fault {
    Fault::Protocol(fault)
}
