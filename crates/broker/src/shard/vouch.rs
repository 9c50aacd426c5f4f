use std::sync::atomic::Ordering;

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::engine::Input;
use vouchmq_tls::Refusal;

use super::State;
use crate::admission::Seat;
use crate::clock::system_time;
use crate::event_log::Event;
use crate::transport::{Peer, Transport};

impl State {
    /// Whether a client that comes here may be served, as far as its certificate goes.
    ///
    /// It was judged when its handshake ended. What certificates are judged by may have changed since, and the
    /// [round](super::Round) that follows a change may have gone by while the connection was on its way.
    pub(super) fn vouch_for(&mut self, transport: &mut Transport, seat: &Seat) -> bool {
        let Some(layers) = transport.layers_mut() else { return true };
        match layers.vouch(system_time()) {
            Ok(()) => true,
            Err(refusal) => {
                self.refuse_certificate(seat.peer, refusal);
                false
            }
        }
    }

    /// What a judge judges certificates by has changed; `true` when that ended this connection.
    pub(super) fn vouch_again(&mut self, id: ConnectionId, judge: u64) -> bool {
        let now = self.clock.now();
        let Some(socket) = self.sockets.get_mut(id) else { return false };
        let Some(layers) = socket.transport.layers_mut() else { return false };
        if layers.judge.as_ref().is_none_or(|its| its.id != judge) {
            return false;
        }
        let Err(refusal) = layers.vouch(system_time()) else { return false };
        let peer = socket.seat.peer;
        self.refuse_certificate(peer, refusal);
        if self.engine.client_of(id).is_some() && self.is_let_in(id) {
            self.engine.input(now, Input::Disconnect(id, ReasonCode::NOT_AUTHORIZED));
        } else {
            self.end_socket(now, id);
        }
        true
    }

    fn is_let_in(&self, id: ConnectionId) -> bool {
        self.sockets.get(id).is_some_and(|socket| socket.person.principal().is_some())
    }

    /// What exactly was wrong is for operators.
    fn refuse_certificate(&mut self, peer: Peer, refusal: Refusal) {
        self.admission.counters.handshakes.failed_certificate.fetch_add(1, Ordering::Relaxed);
        if self.log_admits(Event::Handshake) {
            tracing::warn!(%peer, reason = %refusal, "connection closed: its certificate is refused");
        }
    }
}
