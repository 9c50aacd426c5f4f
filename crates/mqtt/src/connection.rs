//! What dies with a Network Connection: framing, the handshake, aliases, acknowledgements that are owed.

mod alias;
mod handshake;
mod owed;
mod rate;

pub(crate) use alias::{InboundAliases, OutboundAliases};
pub(crate) use handshake::{Awaits, Enhanced, Handshake};
pub(crate) use owed::{AckKind, Owed, OwedAcks, OwedId};
pub(crate) use rate::Rate;

use std::sync::Arc;
use std::time::Duration;

use crate::limits::Limits;
use crate::outbox::Outbox;
use crate::session::{Said, SessionId};
use crate::time::Timestamp;
use crate::{Dialect, ReasonCode};

/// A connection of one engine. Never reused: a late answer for a closed connection finds nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnectionId {
    /// Position in the engine's table; reused.
    pub index: u32,
    /// Tells the users of one position apart.
    pub generation: u32,
}

/// One Network Connection.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) generation: u32,
    pub(crate) state: State,
    pub(crate) dialect: Dialect,
    /// The limits that stood when it was opened: what the client is told, and may rely on.
    pub(crate) announced: Arc<Limits>,
    /// The outbox is in the list of those that have something to write.
    pub(crate) is_dirty: bool,
    /// Input is kept and not read on until something else has happened.
    pub(crate) is_paused: bool,
    /// What the packet is that is handled next.
    pub(crate) next_packet: NextPacket,
    /// Nothing is read for a while: the client sends faster than it may.
    pub(crate) is_throttled: bool,
    /// The start of a packet whose end has not arrived.
    pub(crate) partial: Vec<u8>,
    /// Present while something waits to be written.
    pub(crate) outbox: Option<Box<Outbox>>,
    /// The one timer that is armed for this connection; [`Timestamp::NEVER`] if none is.
    pub(crate) timer_at: Timestamp,
    pub(crate) throttled_until: Timestamp,
    pub(crate) last_received: Timestamp,
    /// Since when the peer has taken nothing of what waits; [`Timestamp::NEVER`] while nothing waits.
    pub(crate) blocked_since: Timestamp,
    /// When its client was let in, in whole seconds of the clock of the engine.
    pub(crate) connected_at_secs: u32,
    /// Its CONNECT.
    pub(crate) said: Said,
    /// Maximum Packet Size of the client.
    pub(crate) packet_bytes_max: u32,
    /// QoS 1 and 2 PUBLISH of the client that we have not finished with.
    pub(crate) inbound_open: u16,
    pub(crate) inbound_aliases: Option<Box<InboundAliases>>,
    pub(crate) outbound_aliases: Option<Box<OutboundAliases>>,
    pub(crate) owed: Option<Box<OwedAcks>>,
    pub(crate) rate: Option<Box<Rate>>,
    /// Present when the CONNECT named an Authentication Method.
    pub(crate) enhanced: Option<Box<Enhanced>>,
}

/// The packet that a connection handles next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NextPacket {
    /// Nothing is known of it.
    New,
    /// It was looked at, and others are or were asked about it.
    Inquired,
}

/// Where a connection stands.
#[derive(Debug)]
pub(crate) enum State {
    /// Nothing but CONNECT may come.
    ExpectConnect {
        deadline: Timestamp,
        /// The driver has no room for the client: CONNECT is answered with this.
        refusal: Option<ReasonCode>,
    },
    /// The verdict, or the client's next AUTH, is awaited.
    ExpectVerdict(Box<Handshake>),
    /// CONNACK is sent.
    Established(SessionId),
    /// The last bytes are on their way; whatever still comes is ignored.
    Closing { deadline: Timestamp },
}

impl Connection {
    pub(crate) fn new(generation: u32, now: Timestamp, limits: &Arc<Limits>) -> Self {
        Self {
            generation,
            state: State::ExpectConnect { deadline: now.after(limits.connect_deadline), refusal: None },
            dialect: Dialect::default(),
            announced: limits.clone(),
            is_dirty: false,
            is_paused: false,
            next_packet: NextPacket::New,
            is_throttled: false,
            partial: Vec::new(),
            outbox: None,
            timer_at: Timestamp::NEVER,
            throttled_until: Timestamp::ZERO,
            last_received: now,
            blocked_since: Timestamp::NEVER,
            connected_at_secs: 0,
            said: Said::default(),
            packet_bytes_max: u32::MAX,
            inbound_open: 0,
            inbound_aliases: None,
            outbound_aliases: None,
            owed: None,
            rate: None,
            enhanced: None,
        }
    }

    pub(crate) fn session(&self) -> Option<SessionId> {
        match self.state {
            State::Established(session) => Some(session),
            State::ExpectConnect { .. } | State::ExpectVerdict(_) | State::Closing { .. } => None,
        }
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing { .. })
    }

    /// Until when nothing is read; `None` when the client may send, or nothing of it is wanted any more.
    pub(crate) fn throttled_until(&self) -> Option<Timestamp> {
        (self.is_throttled && !self.is_closing()).then_some(self.throttled_until)
    }

    pub(crate) fn set_awaits(&mut self, awaits: Awaits) {
        if let Some(enhanced) = self.enhanced.as_mut() {
            enhanced.awaits = awaits;
        }
    }

    /// The authenticator has to speak next.
    pub(crate) fn awaits_verdict(&self) -> bool {
        let is_exchanging = self.enhanced.as_ref().map(|enhanced| enhanced.awaits == Awaits::Verdict);
        match self.state {
            State::ExpectVerdict(_) => is_exchanging.unwrap_or(true),
            State::Established(_) => is_exchanging.unwrap_or(false),
            State::ExpectConnect { .. } | State::Closing { .. } => false,
        }
    }

    pub(crate) fn awaits_answer(&self) -> bool {
        self.enhanced.as_ref().is_some_and(|enhanced| enhanced.awaits == Awaits::Answer)
    }

    /// The client is owed as many acknowledgements as it may have open, and knows no Receive Maximum to keep
    /// to: it is not read from until some of them have left.
    pub(crate) fn is_saturated(&self) -> bool {
        let owed_count = self.owed.as_ref().map_or(0, |acks| acks.len());
        !self.dialect.has_properties() && owed_count >= usize::from(self.announced.receive_maximum)
    }

    /// How long nothing may be heard of an established client: one and a half times the keep-alive in force; zero =
    /// for ever.
    pub(crate) fn silence_max(&self) -> Duration {
        Duration::from_millis(u64::from(self.announced.keep_alive_secs(self.said.keep_alive_secs)) * 1500)
    }

    /// When the client was let in, to the second.
    pub(crate) fn connected_at(&self) -> Timestamp {
        Timestamp::ZERO.after(Duration::from_secs(u64::from(self.connected_at_secs)))
    }

    /// Bytes that wait for the peer.
    pub(crate) fn backlog(&self) -> usize {
        self.outbox.as_ref().map_or(0, |outbox| outbox.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every connection has one.
    #[test]
    fn a_connection_takes_little_memory() {
        assert!(size_of::<Connection>() <= 152, "{}", size_of::<Connection>());
    }
}
