//! A live trace: what one client, user or address sends and is sent, while somebody looks.
//!
//! The bytes of those connections, and of nobody else, are copied by their shard packet by packet into a queue of a
//! fixed size, and decoded by who reads it. What does not fit is counted, never waited for. Passwords and
//! authentication data are copied as they are, in memory that is wiped, and told to nobody.

mod describe;
mod digest;
mod packets;
mod record;
mod register;
mod stream;
mod tap;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

pub use digest::{ConnectDigest, Packet, PacketFault, WillDigest};
pub(crate) use record::{Record, What};
pub(crate) use register::{Trace, Traces};
pub use stream::{TraceEvent, TraceStream, Traced};
pub(crate) use tap::Tap;

/// Whom a trace is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TraceTarget {
    /// Whoever has this Client Identifier, or wants to.
    ClientId(Arc<str>),
    /// Whoever says this User Name.
    Username(Arc<str>),
    /// Whoever comes from this address.
    Address(IpAddr),
}

/// What a trace may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceLimits {
    /// Bytes of each payload that are told, at most 4096; 0: only how many there are.
    pub payload_bytes_max: usize,
    /// When it ends by itself: at most an hour.
    pub lifetime: Duration,
}

/// There are [`TRACES_MAX`] traces already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there are {TRACES_MAX} traces already")]
pub struct TooManyTraces;

/// Traces at a time.
pub const TRACES_MAX: usize = 8;
/// Bytes of a payload that a trace tells at most.
const PAYLOAD_BYTES_MAX: usize = 4096;
/// A trace ends by itself.
const LIFETIME_MAX: Duration = Duration::from_hours(1);

impl TraceTarget {
    /// Whether a connection from there is meant, whoever it is.
    fn is_from(&self, address: Option<IpAddr>) -> bool {
        match self {
            Self::Address(wanted) => address == Some(wanted.to_canonical()),
            Self::ClientId(_) | Self::Username(_) => false,
        }
    }

    /// Whether a client of these names is meant.
    fn is_named(&self, client_id: Option<&str>, username: Option<&str>) -> bool {
        match self {
            Self::ClientId(wanted) => client_id == Some(wanted),
            Self::Username(wanted) => username == Some(wanted),
            Self::Address(_) => false,
        }
    }
}

impl Default for TraceLimits {
    fn default() -> Self {
        Self { payload_bytes_max: 0, lifetime: Duration::from_mins(10) }
    }
}
