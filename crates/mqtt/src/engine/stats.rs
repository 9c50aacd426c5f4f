macro_rules! stats {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
        /// What one engine counted since its start, and what it holds now.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Stats {
            $($(#[$doc])+ pub $name: u64,)+
        }

        impl Stats {
            /// The sum of two engines.
            #[must_use]
            pub const fn plus(&self, other: &Self) -> Self {
                Self { $($name: self.$name + other.$name,)+ }
            }

            /// Each figure by name.
            pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
                [$((stringify!($name), self.$name),)+].into_iter()
            }
        }
    };
}

stats! {
    /// CONNECTs that were accepted.
    connects,
    /// CONNECTs that were refused.
    connects_refused,
    /// Connections taken over by a new one of the same client.
    takeovers,
    /// Connections closed for breaking the protocol or a limit.
    violations,
    /// Connections closed because nothing was heard.
    keep_alive_timeouts,
    /// Connections closed because the client did not take what waited.
    stalled_receivers,
    /// PUBLISH packets received.
    publishes_received,
    /// PUBLISH packets sent.
    publishes_sent,
    /// Bytes received.
    bytes_received,
    /// Bytes sent.
    bytes_sent,
    /// PUBLISH refused by authorization.
    publishes_denied,
    /// Subscriptions refused by authorization.
    subscriptions_denied,
    /// Deliveries withheld by authorization.
    deliveries_denied,
    /// QoS 0 deliveries dropped because the receiver lagged.
    dropped_lagging,
    /// QoS 1 and 2 deliveries dropped or rejected because the session's queue was full.
    dropped_queue_full,
    /// Deliveries dropped because the message expired.
    dropped_expired,
    /// Deliveries dropped because the packet would exceed the client's Maximum Packet Size.
    dropped_too_large,
    /// QoS 0 dropped because memory was short.
    dropped_memory,
    /// Retained messages refused because the store was full.
    retained_refused,
    /// Messages that nobody had subscribed to.
    unmatched,
    /// Wills published.
    wills_published,
    /// Sessions in the engine, connected or not.
    sessions,
    /// Connected clients.
    clients,
    /// Subscriptions of all sessions.
    subscriptions,
    /// Times that a client was not read from because it sent faster than it may.
    throttled,
    /// Panics that ended one connection: bugs.
    panics,
    /// Sessions that ended by expiry.
    sessions_expired,
}
