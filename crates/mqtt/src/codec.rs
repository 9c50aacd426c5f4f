//! Bytes to packets and back.
//!
//! [`frame()`] reads a fixed header, so that a packet can be refused by its size before its body has arrived;
//! [`decode()`] turns the body into a [`Packet`](crate::Packet) that borrows from it; [`encode()`] appends a
//! packet in the [`Dialect`](crate::Dialect) of the receiver. Decoding allocates nothing, recurses nowhere
//! and reads through one cursor that returns errors.
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
