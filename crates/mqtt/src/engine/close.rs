use std::time::Duration;

use super::{Action, CloseCause, Engine};
use crate::connection::{ConnectionId, NextPacket, State};
use crate::packet::Disconnect;
use crate::session::{Away, Said, SessionId};
use crate::time::Timestamp;
use crate::{Dialect, ReasonCode};

/// How long a peer may take to read the last bytes.
const LINGER: Duration = Duration::from_secs(5);

impl Engine {
    /// DISCONNECT of a client (MQTT 5.0 §3.14).
    pub(super) fn on_disconnect(&mut self, now: Timestamp, id: ConnectionId, disconnect: &Disconnect<'_>) {
        let session = self.clients.connection(id).and_then(|connection| connection.session());
        let expiry_max_secs = self.announced(id).session_expiry_max_secs;
        if let Some(state) = session.and_then(|session| self.clients.session_mut(session))
            && let Some(secs) = disconnect.properties.session_expiry_interval()
        {
            // Where no session is kept, the client may have asked for one in its CONNECT.
            let is_kept_at_all = expiry_max_secs > 0;
            if state.expiry_secs == 0 && secs > 0 && is_kept_at_all {
                let rule = "a session that ends with its connection cannot be kept by DISCONNECT";
                return self.violate(now, id, ReasonCode::PROTOCOL_ERROR, rule);
            }
            state.expiry_secs = secs.min(expiry_max_secs);
        }
        self.close(now, id, CloseCause::Disconnected(disconnect.reason));
    }

    /// Ends a connection: its session is left to itself, and the driver writes what waits and closes.
    pub(super) fn close(&mut self, now: Timestamp, id: ConnectionId, cause: CloseCause) {
        let client_id = self.client_of(id).cloned();
        let Some(connection) = self.clients.connection_mut(id) else { return };
        if connection.is_closing() {
            return;
        }
        self.clients.stats.count_close(&cause);
        let Some(connection) = self.clients.connection_mut(id) else { return };
        let deadline = now.after(LINGER);
        let state = std::mem::replace(&mut connection.state, State::Closing { deadline });
        connection.partial = Vec::new();
        connection.owed = None;
        connection.inbound_aliases = None;
        connection.outbound_aliases = None;
        let last = (connection.dialect, connection.said);
        let next_packet = connection.next_packet;
        if next_packet == NextPacket::Inquired {
            self.forget_inquiry(id);
        }
        if let State::Established(session) = state {
            self.clients.stats.clients -= 1;
            self.detach(now, session, last, &cause);
        }
        self.arm_connection(id, deadline);
        self.actions.push_back(Action::Close { connection: id, client_id, cause });
    }

    /// The driver has closed the connection, or it broke: nothing of it is left.
    pub fn closed(&mut self, now: Timestamp, id: ConnectionId) {
        self.close(now, id, CloseCause::Lost);
        self.clients.remove_connection(id);
    }

    /// The session goes on without a connection, or ends with it.
    fn detach(
        &mut self,
        now: Timestamp,
        session: SessionId,
        (dialect, said): (Dialect, Said),
        cause: &CloseCause,
    ) {
        let Some(state) = self.clients.session_mut(session) else { return };
        state.connection = None;
        let expiry_secs = state.expiry_secs;
        let is_bounded = expiry_secs != u32::MAX && *cause != CloseCause::ShuttingDown;
        let ends_after = is_bounded.then(|| Duration::from_secs(u64::from(expiry_secs)));
        let expires_at = ends_after.map_or(Timestamp::NEVER, |ends_after| now.after(ends_after));
        state.away = Some(Box::new(Away { since: now, expires_at, dialect, said, username: None }));
        if let Some(outbound) = state.outbound.as_mut() {
            outbound.disconnected();
        }
        if ends_normally(cause) {
            state.will = None;
        }
        self.release_waiters(now, session);
        self.announce_presence(now, session, super::share::Presence::Offline);
        if *cause == CloseCause::ShuttingDown {
            // Sessions are not over because the broker goes down, so no will is due.
            return;
        }
        if expiry_secs == 0 {
            return self.end_session(now, session);
        }
        self.schedule_will(now, session);
        if expires_at != Timestamp::NEVER {
            self.arm_session(session, expires_at);
        }
    }

    /// Ends a session: its will is due, its subscriptions go, what it held for groups goes to others.
    pub(super) fn end_session(&mut self, now: Timestamp, session: SessionId) {
        self.publish_will(now, session);
        self.release_waiters(now, session);
        self.leave_all_filters(session);
        self.leave_all_groups(now, session);
        let Some(state) = self.clients.remove_session(session) else { return };
        if let Some(outbound) = state.outbound {
            self.hand_back(now, *outbound);
        }
    }

    /// Closes a connection because somebody other than the client wants it.
    pub(super) fn disconnect(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        reason: ReasonCode,
        cause: CloseCause,
    ) {
        let Some(connection) = self.clients.connection(id) else { return };
        if connection.session().is_some() {
            self.send_disconnect(id, reason, None);
        } else if matches!(connection.state, State::ExpectVerdict(_)) {
            return self.refuse(now, id, reason);
        }
        self.close(now, id, cause);
    }

    /// Closes every connection: the broker goes down.
    pub(super) fn drain(&mut self, now: Timestamp) {
        self.is_draining = true;
        for id in self.clients.connection_ids() {
            self.disconnect(now, id, ReasonCode::SERVER_SHUTTING_DOWN, CloseCause::ShuttingDown);
        }
    }
}

/// Whether a connection ends in a way after which no will is due (MQTT 5.0 §3.14.2.1: Normal disconnection).
fn ends_normally(cause: &CloseCause) -> bool {
    matches!(
        cause,
        CloseCause::Disconnected(ReasonCode::SUCCESS) | CloseCause::Administrative(ReasonCode::SUCCESS)
    )
}
