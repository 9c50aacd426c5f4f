//! Bytes to packets and back.
#![expect(clippy::expect_used, reason = "helpers of tests fail by panicking, too")]

mod round_trip;
mod vectors;

use vouchmq_mqtt::codec::{self, DecodeError, DecodeLimits, FixedHeader};
use vouchmq_mqtt::{Dialect, Expression, Packet, ProtocolVersion};

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
