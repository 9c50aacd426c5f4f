use std::task::Waker;

use slab::Slab;
use vouchmq_identity::Principal;
use vouchmq_identity::model::DeviceId;
use vouchmq_mqtt::ConnectionId;

use super::person::{Devices, Person};
use crate::admission::Seat;
use crate::transport::Transport;

/// The sockets of a shard, by connection.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// Position in `sockets` by connection index.
    by_index: Vec<u32>,
    sockets: Slab<Socket>,
    /// Those of devices that were let in; each is a socket above.
    devices: Devices,
}

/// One client's socket.
#[derive(Debug)]
pub(super) struct Socket {
    id: ConnectionId,
    pub(super) transport: Transport,
    /// Its place among the connections, and where it comes from.
    pub(super) seat: Seat,
    /// Who is at the other end.
    pub(super) person: Person,
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
            person: Person::default(),
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
        let socket = self.sockets.try_remove(position)?;
        if let Some(device) = socket.person.device() {
            self.devices.remove(device, id);
        }
        Some(socket)
    }

    /// A client proved who it is, and is about to be let in: from now on it is found by its device.
    pub(super) fn let_in(&mut self, id: ConnectionId, principal: Principal) {
        let Some(socket) = self.get_mut(id) else { return };
        if socket.person.principal().is_some() {
            return;
        }
        socket.person.proved(principal);
        if let Some(device) = socket.person.device().cloned() {
            self.devices.insert(device, id);
        }
    }

    /// The connections of a device.
    pub(super) fn of_device(&self, device: &DeviceId) -> &[ConnectionId] {
        self.devices.of(device)
    }

    /// How many devices have a connection here.
    pub(super) fn device_count(&self) -> usize {
        self.devices.len()
    }

    /// One more than the highest place that a connection has.
    pub(super) fn places(&self) -> usize {
        self.by_index.len()
    }

    /// The connection at a place.
    pub(super) fn at(&self, place: usize) -> Option<ConnectionId> {
        let position = *self.by_index.get(place)?;
        Some(self.sockets.get(usize::try_from(position).ok()?)?.id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }
}

impl Socket {
    /// The client has presented a certificate.
    pub(super) fn has_certificate(&self) -> bool {
        self.transport.layers().is_some_and(|layers| !layers.certificates().is_empty())
    }

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
