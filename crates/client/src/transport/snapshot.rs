//! What can be seen of servers.

use super::{BreakerState, HistogramSnapshot, Origin};

/// What can be seen of a server.
#[derive(Clone, Debug)]
pub struct ServerSnapshot {
    /// Which it is.
    pub origin: Origin,
    /// Questions that it was given and has not answered, those that wait included.
    pub in_flight: usize,
    /// Questions that wait for a connection.
    pub waiting: usize,
    /// Connections, those that are being made included.
    pub connections: usize,
    /// Whether it is asked at all.
    pub breaker: BreakerState,
    /// Whether others are asked instead, since it fails and they do not.
    pub is_ejected: bool,
    /// What has come of questions since the start.
    pub counts: ServerCounts,
    /// How long answers took, from the question on.
    pub latency: HistogramSnapshot,
}

/// What has come of questions since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerCounts {
    /// Questions that it was given.
    pub asked: u64,
    /// Whole answers, of any status.
    pub answered: u64,
    /// Answers that are none: 5xx, and 429, which says nothing against the server.
    pub failures: u64,
    /// Answers that did not come in time, questions included that had no time left when their turn came.
    pub timeouts: u64,
    /// Connections that could not be made, TLS included.
    pub connect_failures: u64,
    /// Answers that broke off, were too long, no HTTP, or not signed as they must be.
    pub broken: u64,
    /// Questions that were refused since too many waited, or the breaker was open.
    pub refused: u64,
    /// Questions that came from another server, where they had failed.
    pub repeats: u64,
    /// Connections that were made.
    pub connects: u64,
}
