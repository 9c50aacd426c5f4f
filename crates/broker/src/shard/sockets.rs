use std::task::Waker;

use slab::Slab;
use vouchmq_mqtt::ConnectionId;

use crate::admission::Seat;
use crate::transport::Transport;

/// The sockets of a shard, by connection.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// Position in `sockets` by connection index.
    by_index: Vec<u32>,
    sockets: Slab<Socket>,
}

/// One client's socket.
#[derive(Debug)]
pub(super) struct Socket {
    id: ConnectionId,
    pub(super) transport: Transport,
    /// Its place among the connections, and where it comes from.
    pub(super) seat: Seat,
    /// Wakes the task that reads from it.
    pub(super) waker: Option<Waker>,
    /// The last write found no room: the task waits until there is.
    pub(super) is_blocked: bool,
    pub(super) closing: Closing,
    /// The client has too much unread, and nothing is read from it until it has caught up.
    pub(super) was_full: bool,
}

/// What happens to a socket once everything is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// It stays open.
    No,
    /// It is closed.
    AtOnce,
    /// It is closed when the client has seen the end.
    Lingering,
}

/// No socket.
const NONE: u32 = u32::MAX;

impl Sockets {
    pub(super) fn insert(&mut self, id: ConnectionId, transport: Transport, seat: Seat) {
        let position = self.sockets.insert(Socket {
            id,
            transport,
            seat,
            waker: None,
            is_blocked: false,
            closing: Closing::No,
            was_full: false,
        });
        let index = index_of(id);
        if self.by_index.len() <= index {
            self.by_index.resize(index + 1, NONE);
        }
        if let Some(slot) = self.by_index.get_mut(index) {
            *slot = u32::try_from(position).unwrap_or(NONE);
        }
    }

    pub(super) fn get_mut(&mut self, id: ConnectionId) -> Option<&mut Socket> {
        let position = *self.by_index.get(index_of(id))?;
        self.sockets.get_mut(usize::try_from(position).ok()?).filter(|socket| socket.id == id)
    }

    pub(super) fn get(&self, id: ConnectionId) -> Option<&Socket> {
        let position = *self.by_index.get(index_of(id))?;
        self.sockets.get(usize::try_from(position).ok()?).filter(|socket| socket.id == id)
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Socket> {
        self.get_mut(id)?;
        let slot = self.by_index.get_mut(index_of(id))?;
        let position = usize::try_from(std::mem::replace(slot, NONE)).ok()?;
        self.sockets.try_remove(position)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }
}

impl Socket {
    /// Has the task of this socket look at it.
    pub(super) fn wake(&self) {
        if let Some(waker) = &self.waker {
            waker.wake_by_ref();
        }
    }
}

fn index_of(id: ConnectionId) -> usize {
    usize::try_from(id.index).unwrap_or(usize::MAX)
}
