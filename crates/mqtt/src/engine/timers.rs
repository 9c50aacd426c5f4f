use super::{Action, CloseCause, Engine, EngineSettings, Input};
use crate::ReasonCode;
use crate::connection::{Connection, ConnectionId, State};
use crate::session::SessionId;
use crate::time::Timestamp;

/// Something to look at when its time has come. What is due then is told by the state itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timer {
    /// Handshake deadline, keep-alive, a receiver that takes nothing.
    Connection(ConnectionId),
    /// Session expiry, will delay, end of a permit.
    Session(SessionId),
    /// Wills about which others were asked in vain.
    Wills,
}

impl Engine {
    /// Time has passed: does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let mut due = Vec::new();
        self.timers.fire(now, &mut due);
        for timer in due {
            match timer {
                Timer::Connection(id) => {
                    if let Some(connection) = self.clients.connection_mut(id)
                        && connection.timer_at <= now
                    {
                        connection.timer_at = Timestamp::NEVER;
                        self.check_connection(now, id);
                    }
                }
                Timer::Session(session) => {
                    if let Some(state) = self.clients.session_mut(session)
                        && state.timer_at <= now
                    {
                        state.timer_at = Timestamp::NEVER;
                        self.check_session(now, session);
                    }
                }
                Timer::Wills => self.check_wills(now),
            }
        }
    }

    /// Has a connection looked at no later than `deadline`; one timer serves all its deadlines.
    pub(super) fn arm_connection(&mut self, id: ConnectionId, deadline: Timestamp) {
        let Some(connection) = self.clients.connection_mut(id) else { return };
        let at = self.timers.fires_at(deadline);
        if at < connection.timer_at {
            connection.timer_at = at;
            self.timers.arm(deadline, Timer::Connection(id));
        }
    }

    /// Has a session looked at no later than `deadline`; one timer serves all its deadlines.
    pub(super) fn arm_session(&mut self, session: SessionId, deadline: Timestamp) {
        let Some(state) = self.clients.session_mut(session) else { return };
        let at = self.timers.fires_at(deadline);
        if at < state.timer_at {
            state.timer_at = at;
            self.timers.arm(deadline, Timer::Session(session));
        }
    }

    /// Something happened that is neither bytes nor mail.
    pub fn input(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Decided(id, decision) => self.on_decided(now, id, decision),
            Input::Repermit(id, permit) => {
                if let Some(session) = self.clients.connection(id).and_then(|found| found.session()) {
                    self.permit(session, &permit);
                }
            }
            Input::Inquired(inquiry, answers) => self.on_inquired(now, inquiry, &answers),
            Input::Lost(id) => self.closed(now, id),
            Input::Disconnect(id, reason) => {
                self.disconnect(now, id, reason, CloseCause::Administrative(reason));
            }
            Input::DisconnectClient(client_id, reason) => {
                self.disconnect_client(now, &client_id, reason);
            }
            Input::Publish(message) => self.publish_message(now, &message),
            Input::Reconfigure(settings) => self.reconfigure(*settings),
            Input::MemoryPressure(is_short) => self.clients.is_memory_short = is_short,
            Input::Drain => self.drain(now),
        }
    }

    fn reconfigure(&mut self, settings: EngineSettings) {
        self.clients.limits = settings.limits.clone();
        self.groups.set_policy(settings.share_policy);
        self.options.settings = settings;
    }

    /// The driver does not read from a connection: its silence until now is not its own.
    pub fn excuse(&mut self, now: Timestamp, id: ConnectionId) {
        let connect_deadline = self.options.settings.limits.connect_deadline;
        let Some(connection) = self.clients.connection_mut(id) else { return };
        connection.last_received = now;
        if let State::ExpectConnect { deadline, .. } = &mut connection.state {
            *deadline = now.after(connect_deadline);
        }
    }

    fn check_connection(&mut self, now: Timestamp, id: ConnectionId) {
        self.end_throttle(now, id);
        self.end_inquiry(now, id);
        let Some(connection) = self.clients.connection(id) else { return };
        let deadline = match &connection.state {
            State::Closing { deadline } => {
                if *deadline <= now {
                    return self.actions.push_back(Action::Abort(id));
                }
                *deadline
            }
            State::ExpectConnect { deadline, .. } => {
                if *deadline <= now {
                    return self.close(now, id, CloseCause::HandshakeTimeout);
                }
                *deadline
            }
            State::ExpectVerdict(handshake) => {
                if handshake.deadline <= now {
                    return self.give_up_handshake(now, id);
                }
                handshake.deadline
            }
            State::Established(_) => match self.check_established(now, id) {
                Some(deadline) => deadline,
                None => return,
            },
        };
        let throttled_until = self.clients.connection(id).and_then(Connection::throttled_until);
        let deadline = deadline.min(throttled_until.unwrap_or(Timestamp::NEVER));
        self.arm_connection(id, deadline.min(self.inquiry_deadline(id)));
    }

    /// Reads again from a client that was ahead of its rate and is not any more, wherever it stands: it may owe
    /// the rest of its CONNECT, or an answer in its exchange.
    fn end_throttle(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(connection) = self.clients.connection_mut(id) else { return };
        if connection.throttled_until().is_some_and(|until| until <= now) {
            connection.is_throttled = false;
            if connection.session().is_some() {
                // Nothing was read from this client, so its silence was not its own.
                connection.last_received = now;
            }
            self.actions.push_back(Action::Resume(id));
        }
    }

    /// Keep-alive, a receiver that takes nothing. Returns when to look next; `None` when the connection is over.
    fn check_established(&mut self, now: Timestamp, id: ConnectionId) -> Option<Timestamp> {
        let stalled = self.options.settings.limits.stalled_receiver;
        let wants_input = self.wants_input(id);
        let connection = self.clients.connection_mut(id)?;
        if !wants_input {
            // Nothing is read from this client, so its silence is not its own.
            connection.last_received = now;
        }
        let silence_max = connection.silence_max();
        let is_watched = !silence_max.is_zero();
        if is_watched && now.since(connection.last_received) >= silence_max {
            self.time_out(now, id);
            return None;
        }
        if connection.blocked_since != Timestamp::NEVER && now.since(connection.blocked_since) >= stalled {
            self.close(now, id, CloseCause::Stalled);
            return None;
        }
        let mut next = connection.blocked_since.min(now).after(stalled);
        if is_watched {
            next = next.min(connection.last_received.after(silence_max));
        }
        Some(next)
    }

    /// No packet within one and a half times the keep-alive (`MQTT5-3.1.2-22`).
    fn time_out(&mut self, now: Timestamp, id: ConnectionId) {
        self.disconnect(now, id, ReasonCode::KEEP_ALIVE_TIMEOUT, CloseCause::KeepAliveTimeout);
    }

    /// The verdict, or the client's answer, did not come in time.
    fn give_up_handshake(&mut self, now: Timestamp, id: ConnectionId) {
        if self.clients.connection(id).is_some_and(|connection| connection.awaits_answer()) {
            return self.close(now, id, CloseCause::HandshakeTimeout);
        }
        self.clients.stats.handshake_timeouts += 1;
        // Cannot decide now: never the client's fault.
        self.refuse(now, id, ReasonCode::SERVER_UNAVAILABLE);
    }

    /// Does what is due for a session.
    pub(super) fn check_session(&mut self, now: Timestamp, session: SessionId) {
        let Some(state) = self.clients.session(session) else { return };
        if state.connection.is_none() && state.expires_at() <= now {
            self.clients.stats.sessions_expired += 1;
            return self.end_session(now, session);
        }
        if state.connection.is_some() && state.authorized_until <= now {
            let Some(id) = self.clients.connection_of(session) else { return };
            let reason = ReasonCode::MAXIMUM_CONNECT_TIME;
            return self.disconnect(now, id, reason, CloseCause::Expired);
        }
        if state.connection.is_none() && state.will.as_ref().is_some_and(|will| will.due_at <= now) {
            self.publish_will(now, session);
        }
        if let Some(state) = self.clients.session_mut(session).filter(|state| state.holds_until() <= now) {
            if let Some(outbound) = state.outbound.as_mut() {
                outbound.give_up();
            }
            self.release_waiters(now, session);
        }
        let Some(state) = self.clients.session(session) else { return };
        let next = match state.connection {
            Some(_) => state.authorized_until.min(state.holds_until()),
            None => state.will.as_ref().map_or(Timestamp::NEVER, |will| will.due_at).min(state.expires_at()),
        };
        if next != Timestamp::NEVER {
            self.arm_session(session, next);
        }
    }
}
