use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use vouchmq_mqtt::engine::{Action, Authentication, CloseCause, Decision, ShardId};
use vouchmq_mqtt::{ConnectionId, ReasonCode};

use super::exchange::is_beyond_guessing;
use super::mailbox::{Message, Moved};
use super::sockets::{Closing, Socket};
use super::{Shard, State};
use crate::admission::Held;
use crate::event_log::Event;
use crate::offences::Judgement;
use crate::transport::Peer;

/// A client that waits.
pub(super) enum Delayed {
    /// Until it is judged.
    Unjudged(Authentication),
    /// Until it is told that it is refused.
    Refused(Held),
}

impl State {
    /// Does what the engine asks for.
    pub(super) fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            match action {
                Action::Authenticate(id, authentication) => self.authenticate(id, *authentication),
                Action::Move { connection, to, bytes } => self.move_to(connection, to, bytes),
                Action::Inquire(inquiry, inquiries) => self.inquire(inquiry, &inquiries),
                Action::Withdraw(inquiry) => drop(self.inquiring.remove(&inquiry)),
                Action::Resume(id) => {
                    if let Some(socket) = self.sockets.get_mut(id) {
                        socket.wake();
                    }
                }
                Action::Connected(id, client_id) => {
                    let peer = self.peer(id);
                    if let Some(socket) = self.sockets.get_mut(id) {
                        socket.seat.let_in();
                    }
                    if self.log_admits(Event::Connected) {
                        tracing::info!(client_id = %client_id.escape_debug(), %peer, "client connected");
                    }
                }
                Action::Close { connection, client_id, cause } => {
                    let peer = self.peer(connection);
                    if let (Some(client_id), Some(socket)) = (&client_id, self.sockets.get(connection)) {
                        socket.person.leave_name(&mut self.engine, client_id);
                    }
                    self.take_down(client_id.as_ref(), &cause);
                    if let Some(tap) = self.taps.of(connection) {
                        match self.denials.get(&connection) {
                            Some(denial) => tap.will_close(&format_args!("no longer allowed: {denial}")),
                            None => tap.will_close(&cause),
                        }
                    }
                    self.log_close(connection, client_id.as_deref(), peer, &cause);
                    self.close_soon(connection, closing_of(&cause));
                }
                Action::Abort(id) => {
                    let now = self.clock.now();
                    self.drop_socket(now, id);
                }
            }
        }
        self.taps.tell_ends();
        self.departed.clear();
        self.denials.clear();
    }

    pub(super) fn peer(&self, id: ConnectionId) -> Peer {
        let departed = || self.departed.get(&id).copied().unwrap_or(Peer::Local);
        self.sockets.get(id).map_or_else(departed, |socket| socket.seat.peer)
    }

    // --- verdicts

    /// Has a client judged, unless its address or its id has offended too often.
    fn authenticate(&mut self, id: ConnectionId, authentication: Authentication) {
        self.has_newcomers = true;
        self.taps.named(id, &authentication);
        let of_rate = self.sockets.get(id).map_or(Duration::ZERO, |socket| socket.seat.delay());
        let has_certificate = self.sockets.get(id).is_some_and(Socket::has_certificate);
        let is_beyond_guessing = is_beyond_guessing(&authentication.credentials, has_certificate);
        match self.judge(id, &authentication.client_id, is_beyond_guessing) {
            Judgement::Blocked => self.ban(id),
            Judgement::Delayed(delay) => self.delay(delay.max(of_rate), id, authentication),
            Judgement::Free if !of_rate.is_zero() => self.delay(of_rate, id, authentication),
            Judgement::Free => self.verify(id, authentication),
        }
    }

    /// What an attempt on this connection meets now, by its id and, if that can be guessed what it presents, by its
    /// address.
    pub(super) fn judge(
        &self,
        id: ConnectionId,
        client_id: &Arc<str>,
        is_beyond_guessing: bool,
    ) -> Judgement {
        let of_id = self.judge_takeover(id, client_id);
        if is_beyond_guessing {
            return of_id;
        }
        of_id.max(self.admission.judge_login(self.clock.now(), self.peer(id).network()))
    }

    /// What a newcomer meets that would take the place of somebody who is connected. Where nobody is, it takes over
    /// nothing; and whoever comes from this machine may be a proxy.
    fn judge_takeover(&self, id: ConnectionId, client_id: &Arc<str>) -> Judgement {
        let free = self.admission.limits().takeovers_free;
        let judgement = self.takeovers.judge(self.clock.now(), client_id, free);
        if judgement == Judgement::Free || self.peer(id).is_of_this_machine() {
            return Judgement::Free;
        }
        match self.engine.connection_of(client_id) {
            Some(holder) if holder != id => judgement,
            Some(_) | None => Judgement::Free,
        }
    }

    /// Counts a login that is refused because of what was before.
    pub(super) fn count_ban(&self, id: ConnectionId) {
        let counters = &self.admission.counters;
        counters.blocked_logins.fetch_add(1, Ordering::Relaxed);
        let client_id = self.engine.client_of(id);
        if client_id.is_some_and(|client_id| self.judge_takeover(id, client_id) == Judgement::Blocked) {
            counters.blocked_takeovers.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn ban(&mut self, id: ConnectionId) {
        self.count_ban(id);
        self.answer(id, Decision::Refuse(ReasonCode::BANNED));
    }

    fn delay(&mut self, delay: Duration, id: ConnectionId, authentication: Authentication) {
        self.admission.counters.delayed_logins.fetch_add(1, Ordering::Relaxed);
        self.delayed.insert(id, Delayed::Unjudged(authentication));
        self.delays.push((delay, id));
    }

    /// A client is refused because there are too many, and is told so after a while.
    pub(super) fn delay_refusal(&mut self, id: ConnectionId, held: Held) {
        self.admission.counters.tarpitted.fetch_add(1, Ordering::Relaxed);
        self.delays.push((held.delay(), id));
        self.delayed.insert(id, Delayed::Refused(held));
    }

    /// A client has waited for its turn. Those who waited with it may have used up what was left to them all,
    /// so that it is looked at anew.
    fn end_delay(&mut self, id: ConnectionId) {
        let Some(delayed) = self.delayed.remove(&id) else { return };
        if self.engine.client_of(id).is_none() {
            // It did not wait.
            return;
        }
        let authentication = match delayed {
            Delayed::Refused(held) => {
                drop(held);
                return self.answer(id, Decision::Refuse(ReasonCode::SERVER_BUSY));
            }
            Delayed::Unjudged(authentication) => authentication,
        };
        let has_certificate = self.sockets.get(id).is_some_and(Socket::has_certificate);
        let is_beyond_guessing = is_beyond_guessing(&authentication.credentials, has_certificate);
        match self.judge(id, &authentication.client_id, is_beyond_guessing) {
            Judgement::Blocked => self.ban(id),
            Judgement::Delayed(_) | Judgement::Free => self.verify(id, authentication),
        }
    }

    /// Remembers what is an offence when it happens too often. A failed login was taken down with its verdict.
    fn take_down(&mut self, client_id: Option<&Arc<str>>, cause: &CloseCause) {
        let now = self.clock.now();
        match cause {
            CloseCause::TakenOver => {
                let Some(client_id) = client_id else { return };
                let newcomer = self.engine.connection_of(client_id);
                if newcomer.is_none_or(|newcomer| !self.peer(newcomer).is_of_this_machine()) {
                    let free = self.admission.limits().takeovers_free;
                    self.takeovers.record(now, client_id, free);
                }
            }
            CloseCause::Disconnected(_)
            | CloseCause::Lost
            | CloseCause::HandshakeTimeout
            | CloseCause::KeepAliveTimeout
            | CloseCause::Refused(_)
            | CloseCause::Violation(..)
            | CloseCause::Undecodable(_)
            | CloseCause::Stalled
            | CloseCause::Expired
            | CloseCause::Administrative(_)
            | CloseCause::ShuttingDown => {}
        }
    }

    // --- connections

    /// Gives a connection to the shard that owns its client.
    fn move_to(&mut self, id: ConnectionId, to: ShardId, bytes: Vec<u8>) {
        let Some(mut socket) = self.sockets.remove(id) else { return };
        let tap = self.taps.take(id);
        let (waker, seat) = (socket.waker.take(), socket.seat);
        match (socket.transport.detach(), self.mailboxes.get(usize::from(to.0))) {
            (Ok(transport), Some(mailbox)) => {
                mailbox.send(Message::Adopt(Box::new(Moved { transport, seat, bytes, tap })))
            }
            (Ok(_), None) => {}
            (Err(error), _) => {
                tracing::warn!(peer = %seat.peer, %error, "a connection could not be moved");
            }
        }
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Closes a connection once its outbox is written.
    fn close_soon(&mut self, id: ConnectionId, closing: Closing) {
        let now = self.clock.now();
        match self.sockets.get_mut(id) {
            Some(socket) => {
                // TLS and WebSocket have an end of their own, which both sides see.
                let has_layers = socket.transport.layers().is_some();
                socket.closing = if has_layers { Closing::Lingering } else { closing };
                self.write(now, id);
            }
            None => self.engine.closed(now, id),
        }
    }

    // --- log

    pub(super) fn log_admits(&mut self, event: Event) -> bool {
        self.log.admits(self.clock.now(), event, &self.admission.counters.log_lines_suppressed)
    }

    fn log_close(&mut self, id: ConnectionId, client_id: Option<&str>, peer: Peer, cause: &CloseCause) {
        let client_id = client_id.unwrap_or_default().escape_debug();
        match cause {
            CloseCause::Refused(reason) => {
                if self.log_admits(Event::Refused) {
                    tracing::warn!(%client_id, %peer, %reason, "client refused");
                }
            }
            CloseCause::Violation(reason, rule) => {
                if self.log_admits(Event::Violation) {
                    tracing::warn!(%client_id, %peer, %reason, rule, "client broke the protocol or a limit");
                }
            }
            CloseCause::Undecodable(error) => {
                if self.log_admits(Event::Violation) {
                    tracing::warn!(%client_id, %peer, reason = %error.reason(), %error, "client disconnected");
                }
            }
            CloseCause::Disconnected(_)
            | CloseCause::Lost
            | CloseCause::HandshakeTimeout
            | CloseCause::KeepAliveTimeout
            | CloseCause::TakenOver
            | CloseCause::Stalled
            | CloseCause::Expired
            | CloseCause::Administrative(_)
            | CloseCause::ShuttingDown => {
                if !self.log_admits(Event::Closed) {
                    return;
                }
                match self.denials.get(&id) {
                    Some(denial) => {
                        let reason = format_args!("no longer allowed: {denial}");
                        tracing::info!(%client_id, %peer, %reason, "client disconnected");
                    }
                    None => tracing::info!(%client_id, %peer, reason = %cause, "client disconnected"),
                }
            }
        }
    }
}

/// Whether the client has to see why its connection ends, and may be sending meanwhile.
fn closing_of(cause: &CloseCause) -> Closing {
    match cause {
        CloseCause::Disconnected(_)
        | CloseCause::Lost
        | CloseCause::HandshakeTimeout
        | CloseCause::Stalled => Closing::AtOnce,
        CloseCause::KeepAliveTimeout
        | CloseCause::Refused(_)
        | CloseCause::Violation(..)
        | CloseCause::Undecodable(_)
        | CloseCause::TakenOver
        | CloseCause::Expired
        | CloseCause::Administrative(_)
        | CloseCause::ShuttingDown => Closing::Lingering,
    }
}

impl Shard {
    /// Has clients judged later whose address or id has offended often, or connects often.
    pub(super) fn verify_later(self: &Rc<Self>, state: &mut State) {
        for (delay, id) in state.delays.drain(..) {
            let shard = self.clone();
            self.spawn(Box::pin(async move {
                tokio::time::sleep(delay).await;
                let mut state = shard.state.borrow_mut();
                state.end_delay(id);
                shard.after_input(&mut state);
            }));
        }
    }
}
