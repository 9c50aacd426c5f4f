//! Everything deterministic about MQTT 3.1, 3.1.1 and 5.0: bytes and packets, topics, connections,
//! sessions, routing.
//!
//! This crate does no I/O, reads no clock and draws no randomness: time, hash seeds and identifiers are
//! arguments. The same inputs in the same order give the same outputs, so that everything here can be
//! simulated and fuzzed.
#![warn(clippy::indexing_slicing)]

pub mod client;
pub mod codec;
pub mod engine;
#[doc(hidden)]
pub mod fuzzing;
pub mod packet;
pub mod retained;
pub mod time;
pub mod topic;

mod authorize;
mod connection;
mod dialect;
mod limits;
mod message;
mod outbox;
mod packet_id;
mod property;
mod qos;
mod reason;
mod session;
mod version;
mod wheel;

pub use authorize::{Attempt, Authorize, Grant, Inquired, InquiryReply, Permission};
pub use connection::ConnectionId;
pub use dialect::{Dialect, Expression};
pub use limits::{Limits, QueueFull};
pub use message::{Message, Publication, PublisherId};
pub use outbox::Outbox;
pub use packet::Packet;
pub use packet_id::PacketId;
pub use property::{Properties, PropertiesBuf, Property, PropertyId};
pub use qos::QoS;
pub use reason::ReasonCode;
pub use topic::{FilterRef, TopicFilter, TopicName};
pub use version::ProtocolVersion;
