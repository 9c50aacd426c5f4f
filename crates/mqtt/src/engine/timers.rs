use std::time::Duration;

use super::{CloseCause, Engine, Input};
use crate::ReasonCode;
use crate::connection::{ConnectionId, State};
use crate::session::SessionId;
use crate::time::Timestamp;

/// Something to look at when its time has come. What is due then is told by the state itself.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Timer {
    /// Handshake deadline, keep-alive, a receiver that takes nothing.
    Connection(ConnectionId),
    /// Session expiry, will delay, end of a permit.
    Session(SessionId),
}

impl Engine {
    /// Time has passed: does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let mut due = Vec::new();
        self.timers.fire(now, &mut due);
        for timer in due {
            match timer {
                Timer::Connection(id) => self.check_connection(now, id),
                Timer::Session(session) => self.check_session(now, session),
            }
        }
    }

    /// Something happened that is neither bytes nor mail.
    pub fn input(&mut self, now: Timestamp, input: Input) {
        match input {
            Input::Decided(id, decision) => self.on_decided(now, id, decision),
            Input::Lost(id) => self.closed(now, id),
            Input::Disconnect(id, reason) => {
                self.disconnect(now, id, reason, CloseCause::Administrative(reason));
            }
            Input::DisconnectClient(client_id, reason) => {
                let session = self.clients.session_of(&client_id);
                if let Some(id) = session.and_then(|session| self.clients.connection_of(session)) {
                    self.disconnect(now, id, reason, CloseCause::Administrative(reason));
                }
            }
            Input::Publish(message) => self.publish_message(now, &message),
            Input::MemoryPressure(is_short) => self.clients.sheds_qos0 = is_short,
            Input::Drain => self.drain(now),
        }
    }

    fn check_connection(&mut self, now: Timestamp, id: ConnectionId) {
        let wants_input = self.wants_input(id);
        let Some(connection) = self.clients.connection_mut(id) else { return };
        let deadline = match &connection.state {
            State::Closing => return,
            State::ExpectConnect { deadline } => {
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
            State::Established(_) => {
                if !wants_input {
                    // Nothing is read from this client, so its silence is not its own.
                    connection.last_received = now;
                }
                let silence_max = Duration::from_millis(u64::from(connection.silence_max_millis));
                let is_watched = !silence_max.is_zero();
                if is_watched && now.since(connection.last_received) >= silence_max {
                    return self.time_out(now, id);
                }
                let stalled = self.options.limits.stalled_receiver;
                let Some(connection) = self.clients.connection(id) else { return };
                if connection.blocked_since != Timestamp::NEVER
                    && now.since(connection.blocked_since) >= stalled
                {
                    self.clients.stats.stalled_receivers += 1;
                    return self.close(now, id, CloseCause::Stalled);
                }
                let blocked_from = connection.blocked_since.min(now);
                let next_silence =
                    if is_watched { connection.last_received.after(silence_max) } else { Timestamp::NEVER };
                next_silence.min(blocked_from.after(stalled))
            }
        };
        self.timers.arm(deadline, Timer::Connection(id));
    }

    /// No packet within one and a half times the keep-alive (`MQTT5-3.1.2-22`).
    fn time_out(&mut self, now: Timestamp, id: ConnectionId) {
        self.clients.stats.keep_alive_timeouts += 1;
        self.disconnect(now, id, ReasonCode::KEEP_ALIVE_TIMEOUT, CloseCause::KeepAliveTimeout);
    }

    /// The verdict, or the client's answer, did not come in time.
    fn give_up_handshake(&mut self, now: Timestamp, id: ConnectionId) {
        let expects_auth = self.clients.connection(id).is_some_and(
            |connection| matches!(&connection.state, State::ExpectVerdict(handshake) if handshake.expects_auth),
        );
        if expects_auth {
            return self.close(now, id, CloseCause::HandshakeTimeout);
        }
        // Cannot decide now: never the client's fault.
        self.refuse(now, id, ReasonCode::SERVER_UNAVAILABLE);
    }

    /// Does what is due for a session.
    pub(super) fn check_session(&mut self, now: Timestamp, session: SessionId) {
        let Some(state) = self.clients.session(session) else { return };
        if state.connection.is_none() && state.expires_at <= now {
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
        let Some(state) = self.clients.session(session) else { return };
        let next = match state.connection {
            Some(_) => state.authorized_until,
            None => state.will.as_ref().map_or(Timestamp::NEVER, |will| will.due_at).min(state.expires_at),
        };
        if next != Timestamp::NEVER {
            self.timers.arm(next, Timer::Session(session));
        }
    }
}
