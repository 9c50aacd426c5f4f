use super::input::Permit;
use super::{CloseCause, Engine};
use crate::ReasonCode;
use crate::connection::{ConnectionId, Handshake};
use crate::session::{Session, SessionId};
use crate::time::Timestamp;

impl Engine {
    /// Gives a connection its session: the stored one, or a new one (`MQTT5-3.1.2-4` … `-6`).
    ///
    /// An older connection of the same client is closed first (`MQTT5-3.1.4-3`). Returns whether the session
    /// was there before.
    pub(super) fn attach_session(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        handshake: &Handshake,
        permit: &Permit,
    ) -> (SessionId, bool) {
        if let Some(session) = self.clients.session_of(&handshake.client_id) {
            // Its expiry or its will may be due, and the timer late (`MQTT5-4.1.0-2`).
            self.check_session(now, session);
        }
        let mut stored = self.clients.session_of(&handshake.client_id);
        if let Some(session) = stored {
            if let Some(older) = self.clients.connection_of(session) {
                self.take_over(now, older);
            }
            if handshake.clean_start {
                // Its will is due, whatever its delay.
                self.end_session(now, session);
            }
            // A session that was not to outlive its connection ended with the takeover.
            stored = self.clients.session_of(&handshake.client_id);
        }
        let session = match stored {
            Some(session) => session,
            None => self.new_session(handshake, permit),
        };
        let expiry_max_secs = self.announced(id).session_expiry_max_secs;
        if let Some(state) = self.clients.session_mut(session) {
            state.connection = Some(id.index);
            state.expiry_secs = handshake.session_expiry_secs.min(expiry_max_secs);
            state.away = None;
            state.receive_maximum = handshake.receive_maximum;
            // Reconnected before the delay ended: the old will is not sent (`MQTT5-3.1.3-9`).
            state.will = handshake.will.clone();
        }
        self.permit(session, permit);
        (session, stored.is_some())
    }

    /// Closes the older connection of a client that connected again.
    fn take_over(&mut self, now: Timestamp, older: ConnectionId) {
        self.clients.stats.takeovers += 1;
        let reason = ReasonCode::SESSION_TAKEN_OVER;
        self.send_disconnect(older, reason, None);
        self.close(now, older, CloseCause::TakenOver);
    }

    fn new_session(&mut self, handshake: &Handshake, permit: &Permit) -> SessionId {
        let publisher = self.publisher_id(&handshake.client_id);
        self.clients.insert_session(|generation| Session {
            generation,
            client_id: handshake.client_id.clone(),
            publisher,
            connection: None,
            expiry_secs: 0,
            timer_at: Timestamp::NEVER,
            away: None,
            authorized_until: Timestamp::NEVER,
            authorize: permit.authorize.clone(),
            receive_maximum: handshake.receive_maximum,
            subscriptions: smallvec::SmallVec::new(),
            shares: std::collections::BTreeMap::new(),
            will: None,
            outbound: None,
            is_replaying: false,
            inbound: None,
        })
    }

    /// Puts new rights in force: for what the client does next, and for the subscriptions it has.
    pub(super) fn permit(&mut self, session: SessionId, permit: &Permit) {
        if let Some(state) = self.clients.session_mut(session) {
            state.authorize = permit.authorize.clone();
            state.authorized_until = permit.until;
        }
        if permit.until != Timestamp::NEVER {
            self.arm_session(session, permit.until);
        }
        self.judge_subscriptions(session);
    }

    /// Sends again what an earlier connection left unfinished, in order, then what waited
    /// (`MQTT5-4.4.0-1`).
    pub(super) fn resume(&mut self, now: Timestamp, session: SessionId) {
        if let Some(outbound) = self.clients.session_mut(session).and_then(|state| state.outbound.as_mut()) {
            outbound.progress_at = now;
        }
        self.pump(now, session);
    }
}
