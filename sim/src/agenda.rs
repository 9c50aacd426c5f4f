//! What is going to happen, in the order of simulated time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use vouchmq_mqtt::engine::{Decision, InquiryId, ShardId};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ConnectionId, Inquired};

use crate::client::{ClientNo, Errand};
use crate::network::{Direction, LinkId};
use crate::oracle::{MessageNo, Ruling};

/// Something that happens at its time.
#[derive(Debug)]
pub(crate) enum Event {
    /// Bytes, or the end, reach the end of a link.
    Arrival(LinkId, Direction),
    /// The network connection reaches the listener of an engine.
    Accepted(LinkId, ShardId),
    /// A connection that another engine gave away, with what was read from it.
    Adopted(LinkId, ShardId, Vec<u8>),
    /// The broker may read from a link.
    BrokerReads(LinkId),
    /// There is room again for what the broker writes.
    BrokerWrites(LinkId),
    /// A client looks at what has arrived.
    ClientReads(LinkId),
    /// The driver of an engine writes, persists and mails what the engine has.
    Flush(ShardId),
    /// The journal has everything up to this number, which was written down at that time.
    Persisted(ShardId, u64, Timestamp),
    /// The timer of an engine.
    Timer(ShardId),
    /// Mail between two engines arrives.
    Mail { from: ShardId, to: ShardId },
    /// The authenticator answers; for a final answer with what that means.
    Decided(ShardId, ConnectionId, Box<Decision>, Option<Ruling>),
    /// Others say what a client may do.
    Inquired(ShardId, InquiryId, Box<[Inquired]>),
    /// A client has something to do.
    Client(ClientNo, Errand),
    /// The operator does something.
    Operator,
    /// A message without an acknowledgement has reached whoever it was for.
    Settled(MessageNo),
    /// The state of everything is looked at.
    Audit,
}

/// How a link breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Breakage {
    /// Both ends notice; what was on its way is cut at any byte.
    Reset,
    /// The client's end is gone, and the broker is not told.
    Vanish,
}

/// Events that are due, the earliest first; those of one instant in the order in which they were planned.
#[derive(Debug, Default)]
pub(crate) struct Agenda {
    entries: BinaryHeap<Reverse<Entry>>,
    planned: u64,
}

#[derive(Debug)]
struct Entry {
    at: Timestamp,
    number: u64,
    event: Event,
}

impl Agenda {
    /// Plans `event` for `at`.
    pub(crate) fn plan(&mut self, at: Timestamp, event: Event) {
        self.planned += 1;
        self.entries.push(Reverse(Entry { at, number: self.planned, event }));
    }

    /// The next event and its time.
    pub(crate) fn next(&mut self) -> Option<(Timestamp, Event)> {
        self.entries.pop().map(|Reverse(entry)| (entry.at, entry.event))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}
