/// What one engine counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// CONNECTs that were accepted.
    pub connects: u64,
    /// CONNECTs that were refused.
    pub connects_refused: u64,
    /// Connections taken over by a new one of the same client.
    pub takeovers: u64,
    /// Connections closed for breaking the protocol or a limit.
    pub violations: u64,
    /// Connections closed because nothing was heard.
    pub keep_alive_timeouts: u64,
    /// Connections closed because the client did not take what waited.
    pub stalled_receivers: u64,
    /// PUBLISH packets received.
    pub publishes_received: u64,
    /// PUBLISH packets sent.
    pub publishes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// PUBLISH refused by authorization.
    pub publishes_denied: u64,
    /// Subscriptions refused by authorization.
    pub subscriptions_denied: u64,
    /// Deliveries withheld by authorization.
    pub deliveries_denied: u64,
    /// QoS 0 deliveries dropped because the receiver lagged.
    pub dropped_lagging: u64,
    /// QoS 1 and 2 deliveries dropped or rejected because the session's queue was full.
    pub dropped_queue_full: u64,
    /// Deliveries dropped because the message expired.
    pub dropped_expired: u64,
    /// Deliveries dropped because the packet would exceed the client's Maximum Packet Size.
    pub dropped_too_large: u64,
    /// QoS 0 dropped because memory was short.
    pub dropped_memory: u64,
    /// Retained messages refused because the store was full.
    pub retained_refused: u64,
    /// Messages that nobody had subscribed to.
    pub unmatched: u64,
    /// Wills published.
    pub wills_published: u64,
    /// Sessions in the engine, connected or not.
    pub sessions: u64,
    /// Connected clients.
    pub clients: u64,
    /// Subscriptions of all sessions.
    pub subscriptions: u64,
    /// Times that a client was not read from because it sent faster than it may.
    pub throttled: u64,
    /// Panics that ended one connection: bugs.
    pub panics: u64,
    /// Sessions that ended by expiry.
    pub sessions_expired: u64,
}
