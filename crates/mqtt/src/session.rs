//! What outlives a Network Connection: subscriptions, messages in flight and waiting, the will.

mod away;
mod inbound;
mod outbound;
mod will;

pub(crate) use away::{Away, Said};
pub(crate) use inbound::InboundExactlyOnce;
pub(crate) use outbound::{Acked, Deliverable, Extras, HOLD_MAX, Outbound, Replay, Stage, Waiter};
pub(crate) use will::Will;

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::authorize::Authorize;
use crate::message::PublisherId;
use crate::time::Timestamp;
use crate::topic::FilterId;

/// A session of one engine. Never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SessionId {
    pub(crate) index: u32,
    pub(crate) generation: u32,
}

/// One session: the state that belongs to a Client Identifier (MQTT 5.0 §4.1).
pub(crate) struct Session {
    pub(crate) generation: u32,
    pub(crate) client_id: Arc<str>,
    pub(crate) publisher: PublisherId,
    /// Position of the connection, while there is one.
    pub(crate) connection: Option<u32>,
    /// Session Expiry Interval in force; `u32::MAX` = never.
    pub(crate) expiry_secs: u32,
    /// The one timer that is armed for this session; [`Timestamp::NEVER`] if none is.
    pub(crate) timer_at: Timestamp,
    /// Present while there is no connection.
    pub(crate) away: Option<Box<Away>>,
    /// When the verdict that let the client in expires.
    pub(crate) authorized_until: Timestamp,
    pub(crate) authorize: Arc<dyn Authorize>,
    /// Receive Maximum towards this client.
    pub(crate) receive_maximum: u16,
    /// Sorted.
    pub(crate) subscriptions: SmallVec<[FilterId; 4]>,
    /// By what the client wrote: `$share/{name}/{filter}`.
    pub(crate) shares: BTreeMap<Arc<str>, ShareMembership>,
    pub(crate) will: Option<Box<Will>>,
    /// Present while anything is in flight or waits.
    pub(crate) outbound: Option<Box<Outbound>>,
    /// The engine goes on reading retained messages for it in the next turn.
    pub(crate) is_replaying: bool,
    /// Present while a QoS 2 PUBLISH of the client awaits its PUBREL.
    pub(crate) inbound: Option<Box<InboundExactlyOnce>>,
}

/// A shared subscription of a session; the group itself lives with its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShareMembership {
    pub(crate) options: crate::packet::SubscriptionOptions,
    pub(crate) identifier: u32,
}

impl Session {
    pub(crate) fn outbound_mut(&mut self) -> &mut Outbound {
        self.outbound.get_or_insert_default()
    }

    /// When those who wait for this session go on even if it makes no progress.
    pub(crate) fn holds_until(&self) -> Timestamp {
        self.outbound.as_ref().map_or(Timestamp::NEVER, |outbound| outbound.holds_until())
    }

    /// When a session without a connection ends.
    pub(crate) fn expires_at(&self) -> Timestamp {
        self.away.as_ref().map_or(Timestamp::NEVER, |away| away.expires_at)
    }

    /// Gives the memory of an idle session back.
    pub(crate) fn release_idle(&mut self) {
        if self.outbound.as_ref().is_some_and(|outbound| outbound.is_idle()) {
            self.outbound = None;
        }
        if self.inbound.as_ref().is_some_and(|inbound| inbound.is_empty()) {
            self.inbound = None;
        }
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("client_id", &self.client_id)
            .field("connection", &self.connection)
            .field("subscriptions", &self.subscriptions)
            .field("outbound", &self.outbound)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every client has one, and every client that is away.
    #[test]
    fn a_session_takes_little_memory() {
        assert!(size_of::<Session>() <= 160, "{}", size_of::<Session>());
    }
}
