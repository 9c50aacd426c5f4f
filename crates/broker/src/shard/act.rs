use std::net::IpAddr;

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::{Action, CloseCause, Input, ShardId};

use super::State;
use super::mailbox::Message;
use crate::transport::Peer;

impl State {
    /// Does what the engine asks for.
    pub(super) fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Authenticate(id, authentication) => {
                    let peer = self.peer(id);
                    let reply = self.mailboxes.get(usize::from(self.id.0));
                    let Some(reply) = reply else { continue };
                    if let Some(decision) = self.verifier.verify(id, *authentication, address(peer), reply) {
                        let now = self.clock.now();
                        self.engine.input(now, Input::Decided(id, decision));
                    }
                }
                Action::Move { connection, to, bytes } => self.move_to(connection, to, bytes),
                Action::Resume(id) => {
                    if let Some(socket) = self.sockets.get_mut(id) {
                        socket.wake();
                    }
                }
                Action::Connected(id, client_id) => {
                    tracing::debug!(client_id = %client_id.escape_debug(), peer = %self.peer(id), "client connected");
                }
                Action::Close { connection, client_id, cause } => {
                    log_close(client_id.as_deref(), self.peer(connection), &cause);
                    self.close_soon(connection);
                }
            }
        }
    }

    fn peer(&mut self, id: ConnectionId) -> Peer {
        self.sockets.get_mut(id).map_or(Peer::Local, |socket| socket.peer)
    }

    /// Gives a connection to the shard that owns its client.
    fn move_to(&mut self, id: ConnectionId, to: ShardId, bytes: Vec<u8>) {
        let Some(mut socket) = self.sockets.remove(id) else { return };
        let waker = socket.waker.take();
        match socket.transport.detach() {
            Ok(transport) => {
                if let Some(mailbox) = self.mailboxes.get(usize::from(to.0)) {
                    mailbox.send(Message::Adopt { transport, peer: socket.peer, bytes });
                }
            }
            Err(error) => tracing::warn!(peer = %socket.peer, %error, "a connection could not be moved"),
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Closes a connection once its outbox is written.
    fn close_soon(&mut self, id: ConnectionId) {
        let now = self.clock.now();
        if let Some(socket) = self.sockets.get_mut(id) {
            socket.is_closing = true;
            self.write(now, id);
        }
    }
}

fn address(peer: Peer) -> Option<IpAddr> {
    match peer {
        Peer::Address(address) => Some(address.ip()),
        Peer::Local => None,
    }
}

fn log_close(client_id: Option<&str>, peer: Peer, cause: &CloseCause) {
    let client_id = client_id.unwrap_or_default().escape_debug();
    tracing::debug!(%client_id, %peer, ?cause, "connection closed");
}
