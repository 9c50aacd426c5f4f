use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use vouchmq_identity::model::DeviceId;
use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::Engine;

use super::State;
use super::person::Person;
use super::sockets::Sockets;
use crate::transport::Peer;

/// A shard, as those see it who only look.
pub(crate) struct ShardView<'a> {
    pub(crate) engine: &'a Engine,
    sockets: &'a Sockets,
    /// Clients that wait before they are judged.
    pub(crate) delayed_count: usize,
    /// How long everybody waits for this shard.
    pub(crate) queue_delay: Duration,
}

impl State {
    pub(super) fn view(&self) -> ShardView<'_> {
        ShardView {
            engine: &self.engine,
            sockets: &self.sockets,
            delayed_count: self.delayed.len(),
            queue_delay: self.loop_delay.standing(self.clock.now()),
        }
    }
}

impl ShardView<'_> {
    /// The address of a connection's other end.
    pub(crate) fn peer(&self, id: ConnectionId) -> Option<SocketAddr> {
        match self.sockets.get(id)?.seat.peer {
            Peer::Address(address) => Some(address),
            Peer::Local => None,
        }
    }

    /// Who is at a connection's other end.
    pub(crate) fn person(&self, id: ConnectionId) -> Option<&Person> {
        Some(&self.sockets.get(id)?.person)
    }

    /// The name of the listener by which a connection came.
    pub(crate) fn listener(&self, id: ConnectionId) -> Option<Arc<str>> {
        Some(self.sockets.get(id)?.seat.entrance.as_ref()?.name.clone())
    }

    /// Whether a device has a connection here that does not end.
    pub(crate) fn is_connected(&self, device: &DeviceId) -> bool {
        self.sockets.of_device(device).iter().any(|id| self.engine.client_of(*id).is_some())
    }

    /// How many devices have a connection here.
    pub(crate) fn device_count(&self) -> usize {
        self.sockets.device_count()
    }
}
