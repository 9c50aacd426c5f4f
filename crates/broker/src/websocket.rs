//! WebSocket (RFC 6455) below MQTT, both sides of it: frames, and the HTTP exchange that opens them. No I/O.
//!
//! Our own, because connections move between shards, an idle one owns no buffer, and payloads are shared by many
//! connections: see ADR 0013.

mod close;
mod decoder;
#[cfg(test)]
mod differential;
mod frame;
mod head;
mod request;
mod upgrade;

pub use close::CloseCode;
pub use decoder::{Decoded, Decoder, End, Role};
pub(crate) use frame::close_frame;
pub use frame::{FrameHeader, Opcode, apply_mask};
pub use request::{InvalidResponse, UpgradeRequest};
pub(crate) use upgrade::Upgrade;
pub use upgrade::{HEAD_BYTES_MAX, Refusal};

/// The subprotocol of MQTT (MQTT5-6.0.0-3, MQTT3-6.0.0-3), and the name that clients of MQTT 3.1 give it.
pub(crate) const SUBPROTOCOLS: [&str; 2] = ["mqtt", "mqttv3.1"];
