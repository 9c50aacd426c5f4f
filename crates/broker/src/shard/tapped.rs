use std::collections::HashMap;
use std::sync::Arc;

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::{Authentication, Decision};

use super::State;
use super::mailbox::Message;
use crate::admission::Seat;
use crate::trace::{Tap, Trace, TraceTarget, Traces};

/// Places of connections that are looked at for a trace before others get their turn.
const PORTION: usize = 256;
/// Connections of a shard that are copied at a time, most of them until they say who they are.
const TAPS_MAX: usize = 1024;

/// The connections of a shard that are traced, or may be.
#[derive(Debug)]
pub(super) struct Taps {
    traces: Arc<Traces>,
    by_connection: HashMap<ConnectionId, Box<Tap>>,
    /// Those whose socket is gone.
    ended: Vec<ConnectionId>,
}

impl Taps {
    pub(super) fn new(traces: Arc<Traces>) -> Self {
        Self { traces, by_connection: HashMap::new(), ended: Vec::new() }
    }

    /// A connection is there: one that comes from another shard brings what copies it.
    pub(super) fn open(&mut self, id: ConnectionId, seat: &Seat, brought: Option<Box<Tap>>, bytes: &[u8]) {
        if brought.is_none() && self.traces.count() == 0 {
            return;
        }
        let is_new = brought.is_none();
        if is_new && self.by_connection.len() >= TAPS_MAX {
            return;
        }
        let Some(mut tap) = brought.or_else(|| Tap::open(&self.traces, seat.peer, listener_of(seat))) else {
            return;
        };
        if is_new {
            tap.receives(bytes);
        }
        self.by_connection.insert(id, tap);
    }

    /// What copies a connection; `None` for nearly all of them.
    pub(super) fn of(&mut self, id: ConnectionId) -> Option<&mut Tap> {
        if self.by_connection.is_empty() {
            return None;
        }
        self.by_connection.get_mut(&id).map(|tap| &mut **tap)
    }

    /// A connection leaves this shard, with what copies it.
    pub(super) fn take(&mut self, id: ConnectionId) -> Option<Box<Tap>> {
        self.by_connection.remove(&id)
    }

    /// A socket is gone. Why is known a moment later.
    pub(super) fn end(&mut self, id: ConnectionId) {
        if self.by_connection.contains_key(&id) {
            self.ended.push(id);
        }
    }

    /// Tells the ends of those whose socket is gone.
    pub(super) fn tell_ends(&mut self) {
        for id in self.ended.drain(..) {
            if let Some(tap) = self.by_connection.remove(&id) {
                tap.closes();
            }
        }
    }

    /// A client has said who it is.
    pub(super) fn named(&mut self, id: ConnectionId, authentication: &Authentication) {
        let Some(tap) = self.of(id) else { return };
        if tap.named(Some(&authentication.client_id), authentication.username.as_deref()) {
            self.by_connection.remove(&id);
        }
    }

    /// A client was judged. A step of an exchange that goes on is no verdict.
    pub(super) fn judged(&mut self, id: ConnectionId, decision: &Decision) {
        let Some(tap) = self.of(id) else { return };
        match decision {
            Decision::Allow(_) => tap.judged(None),
            Decision::Refuse(reason) => tap.judged(Some(*reason)),
            Decision::Continue(_) => {}
        }
    }

    /// A trace is over.
    pub(super) fn forget(&mut self, trace: &Trace) {
        self.by_connection.retain(|_, tap| !tap.end(trace));
    }
}

impl State {
    /// Looks for the connections that a trace is about, portion by portion, from this place on.
    pub(super) fn begin_trace(&mut self, trace: &Arc<Trace>, from: usize) {
        if trace.is_over() {
            return;
        }
        let end = self.sockets.places().min(from + PORTION);
        for place in from..end {
            if let Some(id) = self.sockets.at(place) {
                self.tap(id, trace);
            }
        }
        if end < self.sockets.places()
            && let Some(own) = self.mailboxes.get(usize::from(self.id.0))
        {
            own.send(Message::BeginTrace(trace.clone(), end));
        }
    }

    /// Has a connection copied for a trace that means it, or will when it says who it is.
    fn tap(&mut self, id: ConnectionId, trace: &Arc<Trace>) {
        let Some(socket) = self.sockets.get(id) else { return };
        let client_id = self.engine.client_of(id);
        let is_meant = match trace.target() {
            TraceTarget::ClientId(wanted) => client_id.map(|client_id| **client_id == **wanted),
            TraceTarget::Username(wanted) => client_id.map(|_| socket.person.username() == Some(wanted)),
            TraceTarget::Address(wanted) => Some(socket.seat.peer.ip() == Some(wanted.to_canonical())),
        };
        if is_meant == Some(false) {
            return;
        }
        let (peer, listener) = (socket.seat.peer, listener_of(&socket.seat));
        let taps = &mut self.taps;
        let is_first = !taps.by_connection.contains_key(&id);
        if is_first {
            if taps.by_connection.len() >= TAPS_MAX {
                return;
            }
            taps.by_connection.insert(id, Tap::attach(&taps.traces, peer));
            let tap = taps.by_connection.get_mut(&id);
            let outbox_is_empty = self.engine.outbox(id).is_none_or(|outbox| outbox.is_empty());
            if let Some(tap) = tap.filter(|_| outbox_is_empty) {
                tap.has_sent_all();
            }
        }
        let dialect = self.engine.dialect_of(id).unwrap_or_default();
        let Some(tap) = self.taps.by_connection.get_mut(&id) else { return };
        tap.begin(trace, is_meant == Some(true), listener, dialect);
        if is_first {
            // What has come of a packet whose end has not.
            tap.receives(self.engine.unread(id));
        }
    }
}

fn listener_of(seat: &Seat) -> Option<Arc<str>> {
    seat.entrance.as_ref().map(|entrance| entrance.name.clone())
}
