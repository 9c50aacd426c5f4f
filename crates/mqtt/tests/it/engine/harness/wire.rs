//! One Network Connection, as both of its ends see it.

use std::collections::VecDeque;
use std::io::IoSlice;

use vouchmq_mqtt::engine::{CloseCause, Engine};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{ConnectionId, Outbox};

/// How much of what the engine has for it a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Everything,
    /// No more than this.
    Bytes(usize),
}

#[derive(Debug)]
pub(crate) struct Wire {
    /// Whose connection it is: it moves.
    pub(crate) shard: usize,
    /// `None` once it is closed.
    pub(crate) id: Option<ConnectionId>,
    /// What the client sent and the engine did not want to read yet, one piece for each write.
    pub(crate) to_engine: VecDeque<Vec<u8>>,
    /// What the engine sent and the test did not look at yet.
    pub(crate) to_client: Vec<u8>,
    pub(crate) reading: Reading,
    /// Why the engine wants the connection closed, once the client has read what was said before.
    pub(crate) closing: Option<CloseCause>,
    /// Why the connection is closed.
    pub(crate) closed: Option<CloseCause>,
}

impl Wire {
    pub(crate) fn new(shard: usize, id: ConnectionId) -> Self {
        Self {
            shard,
            id: Some(id),
            to_engine: VecDeque::new(),
            to_client: Vec::new(),
            reading: Reading::Everything,
            closing: None,
            closed: None,
        }
    }

    /// Takes what waits in the outbox, as far as the client reads, and closes when that was the last.
    pub(crate) fn take(&mut self, now: Timestamp, engine: &mut Engine) {
        let Some(id) = self.id else { return };
        self.take_bytes(now, engine, id);
        if self.closing.is_some() && engine.outbox(id).is_none_or(Outbox::is_empty) {
            self.close(now, engine);
        }
    }

    pub(crate) fn close(&mut self, now: Timestamp, engine: &mut Engine) {
        if let Some(id) = self.id.take() {
            self.closed = self.closing.take();
            engine.closed(now, id);
        }
    }

    fn take_bytes(&mut self, now: Timestamp, engine: &mut Engine, id: ConnectionId) {
        let Some(outbox) = engine.outbox(id).filter(|outbox| !outbox.is_empty()) else { return };
        let bytes = content(outbox);
        let count = match self.reading {
            Reading::Everything => bytes.len(),
            Reading::Bytes(left) => left.min(bytes.len()),
        };
        if let Reading::Bytes(left) = &mut self.reading {
            *left -= count;
        }
        self.to_client.extend(bytes.iter().take(count));
        engine.written(now, id, count);
    }
}

/// All that waits, gathered piece by piece as a system call would.
fn content(outbox: &Outbox) -> Vec<u8> {
    let mut slices = vec![IoSlice::new(&[]); 4096];
    let filled = outbox.slices(&mut slices);
    let bytes: Vec<u8> = slices.iter().take(filled).flat_map(|slice| slice.iter().copied()).collect();
    assert_eq!(bytes.len(), outbox.len(), "the outbox says how much waits");
    bytes
}
