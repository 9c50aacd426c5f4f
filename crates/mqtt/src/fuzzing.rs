//! One function per fuzz target: each takes any bytes, and fails by an assertion.
//!
//! Ordinary tests call them, too, with the committed corpus and with mutated packets.

mod connection;
mod engine_ops;
mod script;
mod topic_filter;
mod wire;
mod world;

use crate::ProtocolVersion::{self, V5, V31, V311};
use crate::codec::{self, DecodeError, DecodeLimits, FixedHeader};
use crate::{Dialect, Expression, Packet};

type Decode =
    for<'a> fn(FixedHeader, &'a [u8], ProtocolVersion, &DecodeLimits) -> Result<Packet<'a>, DecodeError>;

const SENDERS: [Decode; 2] = [codec::decode, codec::decode_from_server];
const VERSIONS: [ProtocolVersion; 3] = [V31, V311, V5];

/// What a fuzz target calls.
pub type Target = fn(&[u8]);

/// Every fuzz target by its name, which is also that of its folder of inputs.
pub const TARGETS: [(&str, Target); 5] = [
    ("connection", connection),
    ("decode", decode),
    ("engine_ops", engine_ops),
    ("round_trip", round_trip),
    ("topic_filter", topic_filter),
];

/// The bytes of one client, cut anywhere, on two engines.
pub fn connection(data: &[u8]) {
    connection::connection(data);
}

/// Operations on one to three engines, in any order.
pub fn engine_ops(data: &[u8]) {
    engine_ops::engine_ops(data);
}

/// Topic names and filters of any shape, their algebra and their maps.
pub fn topic_filter(data: &[u8]) {
    topic_filter::topic_filter(data);
}

/// Reads the bytes as a stream of packets, in every version and from both sides; looks at all that was read.
pub fn decode(data: &[u8]) {
    for version in VERSIONS {
        for decode in SENDERS {
            let mut rest = data;
            while let Ok(Some(header)) = codec::frame(rest) {
                let Some((packet, after)) = rest.split_at_checked(header.packet_len()) else { break };
                let body = packet.get(header.header_len..).unwrap_or_default();
                match decode(header, body, version, &DecodeLimits::default()) {
                    Ok(packet) => drop(format!("{packet:?}")),
                    Err(error) => drop(format!("{error} {}", error.reason())),
                }
                rest = after;
            }
        }
    }
}

/// Whatever is decoded can be encoded, and then is the same packet; encoding it again changes no byte.
pub fn round_trip(data: &[u8]) {
    for version in VERSIONS {
        for decode in SENDERS {
            round_trip_in(data, version, decode);
        }
    }
}

fn round_trip_in(data: &[u8], version: ProtocolVersion, decode: Decode) {
    let limits = DecodeLimits::default();
    let Ok(Some(header)) = codec::frame(data) else { return };
    let Ok(packet) = decode(header, data.get(header.header_len..).unwrap_or_default(), version, &limits)
    else {
        return;
    };
    let connect_version = if let Packet::Connect(connect) = &packet { Some(connect.version) } else { None };
    let dialect = Dialect::new(connect_version.unwrap_or(version));
    let bytes = encode(&packet, dialect);
    let header = codec::frame(&bytes).ok().flatten();
    assert!(header.is_some_and(|header| header.packet_len() == bytes.len()), "{packet:?} as {bytes:02x?}");
    let Some(header) = header else { return };
    let again = decode(header, bytes.get(header.header_len..).unwrap_or_default(), version, &limits);
    assert_eq!(again.as_ref(), Ok(&packet), "decoded again");
    assert_eq!(encode(&packet, dialect), bytes, "encoded again");
}

fn encode(packet: &Packet<'_>, dialect: Dialect) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert_eq!(codec::encode(packet, dialect, &mut bytes), Expression::Written, "{packet:?}");
    bytes
}
