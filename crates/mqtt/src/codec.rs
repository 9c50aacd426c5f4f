//! Bytes to packets and back.
//!
//! [`frame()`] reads a fixed header, so that a packet can be refused by its size before its body has arrived;
//! [`decode()`] turns the body into a [`Packet`](crate::Packet) that borrows from it; [`encode()`] appends a
//! packet in the [`Dialect`](crate::Dialect) of the receiver. Decoding allocates nothing, recurses nowhere
//! and reads through one cursor that returns errors.
//!
//! ```
//! use vouchmq_mqtt::codec::{self, DecodeLimits};
//! use vouchmq_mqtt::{Dialect, Expression, Packet, ProtocolVersion};
//!
//! let received = b"\x30\x07\x00\x03a/bhi\xC0\x00"; // PUBLISH, PINGREQ
//! let Some(header) = codec::frame(received)? else { unreachable!("wait for more bytes") };
//! assert_eq!(header.packet_len(), 9);
//! let body = &received[header.header_len..header.packet_len()];
//! let packet = codec::decode(header, body, ProtocolVersion::V311, &DecodeLimits::default())?;
//! let Packet::Publish(publish) = &packet else { unreachable!("a PUBLISH") };
//! assert_eq!((publish.topic, publish.payload), ("a/b", &b"hi"[..]));
//!
//! let mut out = Vec::new();
//! let expression = codec::encode(&packet, Dialect::new(ProtocolVersion::V5), &mut out);
//! assert_eq!(expression, Expression::Written);
//! assert_eq!(out, b"\x30\x08\x00\x03a/b\x00hi"); // MQTT 5 has a Property Length
//! # Ok::<_, codec::DecodeError>(())
//! ```
#![warn(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod decode;
mod encode;
mod error;
mod frame;
mod packet_type;
mod reader;
mod writer;

pub use decode::{DecodeLimits, decode, decode_from_server};
pub use encode::encode;
pub use error::{DecodeError, Fault, Field, MalformedPacket, OverLimit, ProtocolError, UnsupportedVersion};
pub use frame::{FixedHeader, frame};
pub(crate) use packet_type::PacketSet;
pub use packet_type::PacketType;
pub(crate) use reader::Reader;
pub(crate) use writer::{put_binary, put_string, put_u16, put_u32, put_varint, varint_len};

/// The largest value of a variable byte integer, and so the largest Remaining Length (MQTT 5.0 §1.5.5).
pub const VARIABLE_BYTE_INTEGER_MAX: u32 = 268_435_455;
