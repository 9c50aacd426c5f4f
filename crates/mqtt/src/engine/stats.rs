use super::CloseCause;
use crate::ReasonCode;

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
    /// Connections closed for breaking the protocol or a limit, those below among them.
    violations,
    /// Connections closed for a packet that is larger, or has more properties, than allowed (0x95).
    packets_too_large,
    /// Connections closed for more unacknowledged messages than allowed (0x93).
    receive_maximum_exceeded,
    /// Connections closed for a Topic Alias that is unknown or higher than allowed (0x94).
    topic_aliases_invalid,
    /// CONNECTs refused for a Client Identifier, User Name or Password that is too long or not allowed here
    /// (0x85, 0x86); a wrong password is not among them.
    credentials_invalid,
    /// Topic Names and Filters refused as wrong, too long or too deep (0x8F, 0x90).
    topics_invalid,
    /// Subscriptions refused because the client has too many (0x97).
    subscriptions_over_quota,
    /// Connections closed because no CONNECT, verdict or answer came in time.
    handshake_timeouts,
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
    /// PUBLISH and wills refused because it could not be found out whether they are allowed (0x83).
    publishes_undecided,
    /// Subscriptions refused because it could not be found out whether they are allowed (0x83).
    subscriptions_undecided,
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
    /// Of these: shared ones.
    shared_subscriptions,
    /// Times that a client was not read from because it sent faster than it may.
    throttled,
    /// Panics that ended one connection: bugs.
    panics,
    /// Sessions that ended by expiry.
    sessions_expired,
}

impl Stats {
    /// Takes down why a connection is closed.
    pub(super) fn count_close(&mut self, cause: &CloseCause) {
        match cause {
            CloseCause::HandshakeTimeout => self.handshake_timeouts += 1,
            CloseCause::KeepAliveTimeout => self.keep_alive_timeouts += 1,
            CloseCause::Stalled => self.stalled_receivers += 1,
            CloseCause::Undecodable(error) => self.count_violation(error.reason()),
            CloseCause::Violation(reason, _) => self.count_violation(*reason),
            CloseCause::Disconnected(_)
            | CloseCause::Lost
            | CloseCause::Refused(_)
            | CloseCause::TakenOver
            | CloseCause::Expired
            | CloseCause::Administrative(_)
            | CloseCause::ShuttingDown => {}
        }
    }

    fn count_violation(&mut self, reason: ReasonCode) {
        self.violations += 1;
        match reason {
            ReasonCode::PACKET_TOO_LARGE => self.packets_too_large += 1,
            ReasonCode::RECEIVE_MAXIMUM_EXCEEDED => self.receive_maximum_exceeded += 1,
            ReasonCode::TOPIC_ALIAS_INVALID => self.topic_aliases_invalid += 1,
            reason => self.count_refusal(reason),
        }
    }

    /// Takes down what is refused without closing the connection.
    pub(super) fn count_refusal(&mut self, reason: ReasonCode) {
        match reason {
            ReasonCode::TOPIC_NAME_INVALID | ReasonCode::TOPIC_FILTER_INVALID => self.topics_invalid += 1,
            _ => {}
        }
    }
}
