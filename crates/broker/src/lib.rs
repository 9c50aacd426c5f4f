//! MQTT I/O: listeners, shards and timers around the pure core of [`vouchmq_mqtt`].
//!
//! A [`Broker`] runs one thread for each shard. A shard owns an [`Engine`](vouchmq_mqtt::engine::Engine) and
//! the sockets of its clients; nothing on the way of a message takes a lock or crosses a thread within a
//! shard. Between shards goes mail, in batches.

mod address;
mod admission;
mod broker;
mod clock;
mod config;
mod control;
mod descriptors;
mod door;
mod event_log;
#[cfg(any(fuzzing, test))]
pub mod fuzzing;
mod judge;
mod listen;
mod listener_options;
mod listeners;
mod memory;
mod offences;
mod overseer;
mod proxy_protocol;
mod shard;
mod strangers;
#[cfg(test)]
mod tests;
mod trace;
mod transport;
mod verify;
pub mod websocket;

pub use address::{InvalidAddress, ListenAddress};
pub use admission::VerdictStats;
pub use broker::{Bound, Broker, Ended, Part, StartError};
pub use clock::{Monotonic, SteadyClock, SystemClock, WallClock};
pub use config::{BrokerConfig, BrokerSettings};
pub use control::{
    BrokerStats, ClientCursor, ClientFilter, ClientPage, ClientQuery, ClientStatus, Control, HandshakeStats,
    InquiryStats, InvalidCursor, LimitsInForce, PeakStats, RetainedCursor, RetainedPage, RetainedQuery,
    SubscriptionCursor, SubscriptionPage, SubscriptionQuery, SubscriptionStatus,
};
pub use listen::{SocketFile, bind_unix};
pub use listener_options::{ListenerOptions, ProxyProtocolOptions, WebSocketOptions};
pub use listeners::{Change, ListenerChange, ListenerStatus, Prepared};
pub use proxy_protocol::{NoHeader, ProxyHeader};
pub use trace::{
    ConnectDigest, Packet as TracedPacket, PacketFault, TRACES_MAX, TooManyTraces, TraceEvent, TraceLimits,
    TraceStream, TraceTarget, Traced, WillDigest,
};
pub use verify::connack_reason;
pub use vouchmq_mqtt::engine::{PublishFault, Published};
