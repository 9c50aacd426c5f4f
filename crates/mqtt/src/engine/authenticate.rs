use std::sync::Arc;

use super::action::{Action, Authentication, Credentials};
use super::input::{Decision, Permit};
use super::{CloseCause, Engine};
use crate::codec;
use crate::connection::{Awaits, ConnectionId, Handshake, OutboundAliases, State};
use crate::packet::{Auth, ConnAck};
use crate::session::SessionId;
use crate::time::Timestamp;
use crate::{Packet, PropertiesBuf, Property, ReasonCode};

impl Engine {
    /// The verdict on a CONNECT, on a step of its exchange, or on a re-authentication.
    pub(super) fn on_decided(&mut self, now: Timestamp, id: ConnectionId, decision: Decision) {
        let Some(connection) = self.clients.connection_mut(id).filter(|known| known.awaits_verdict()) else {
            // The client did not wait.
            return;
        };
        match std::mem::replace(&mut connection.state, State::Closing { deadline: now }) {
            State::ExpectVerdict(handshake) => self.decide_connect(now, id, handshake, decision),
            State::Established(session) => {
                connection.state = State::Established(session);
                self.decide_again(now, id, session, decision);
            }
            other @ (State::ExpectConnect { .. } | State::Closing { .. }) => connection.state = other,
        }
    }

    fn decide_connect(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        mut handshake: Box<Handshake>,
        decision: Decision,
    ) {
        let decision = match decision {
            Decision::Allow(permit) if !self.takes_connack(id, &handshake, &permit) => {
                Decision::Refuse(ReasonCode::PACKET_TOO_LARGE)
            }
            decision @ (Decision::Allow(_) | Decision::Continue(_) | Decision::Refuse(_)) => decision,
        };
        match decision {
            Decision::Allow(permit) => self.accept(now, id, *handshake, permit),
            Decision::Continue(data) => {
                handshake.deadline = now.after(self.options.settings.limits.connect_deadline);
                self.arm_connection(id, handshake.deadline);
                if let Some(connection) = self.clients.connection_mut(id) {
                    connection.state = State::ExpectVerdict(handshake);
                    connection.set_awaits(Awaits::Answer);
                }
                self.send_auth(now, id, ReasonCode::CONTINUE_AUTHENTICATION, Some(&data));
                self.unpause(now, id);
            }
            Decision::Refuse(reason) => {
                if let Some(connection) = self.clients.connection_mut(id) {
                    connection.state = State::ExpectVerdict(handshake);
                }
                self.refuse(now, id, reason);
            }
        }
    }

    /// Lets a client in: takeover, session, CONNACK, then whatever the session holds for it.
    fn accept(&mut self, now: Timestamp, id: ConnectionId, handshake: Handshake, permit: Permit) {
        let (session, session_present) = self.attach_session(now, id, &handshake, &permit);
        if let Some(connection) = self.clients.connection_mut(id) {
            connection.state = State::Established(session);
            connection.set_awaits(Awaits::Nothing);
            connection.said.clean_start = handshake.clean_start;
            let uptime_secs = now.since(Timestamp::ZERO).as_secs();
            connection.connected_at_secs = u32::try_from(uptime_secs).unwrap_or(u32::MAX);
            let alias_maximum = handshake.topic_alias_maximum.min(connection.announced.topic_alias_maximum);
            connection.outbound_aliases =
                (alias_maximum > 0).then(|| Box::new(OutboundAliases::new(alias_maximum)));
        }
        self.clients.stats.connects += 1;
        self.clients.stats.clients += 1;
        self.arm_keep_alive(now, id, handshake.keep_alive_secs);
        let properties = self.connack_properties(id, &handshake, permit.data.as_deref());
        self.send(id, &connack(session_present, &properties));
        // What it publishes now comes behind the will of its last connection.
        let is_behind_will = self.wills.holds(&handshake.client_id);
        self.actions.push_back(Action::Connected(id, handshake.client_id));
        self.announce_presence(now, session, super::share::Presence::Online);
        self.resume(now, session);
        if !is_behind_will {
            self.unpause(now, id);
        }
    }

    /// The keep-alive in force: the client's, or ours where it is longer than the maximum.
    fn arm_keep_alive(&mut self, now: Timestamp, id: ConnectionId, asked_secs: u16) {
        let Some(connection) = self.clients.connection_mut(id) else { return };
        connection.said.keep_alive_secs = asked_secs;
        let silence_max = connection.silence_max();
        let stalled_receiver = self.options.settings.limits.stalled_receiver;
        let first_check = if silence_max.is_zero() { stalled_receiver } else { silence_max };
        self.arm_connection(id, now.after(first_check));
    }

    /// Whether the CONNACK keeps to the client's Maximum Packet Size: a session must not be touched for a
    /// client that cannot be told.
    fn takes_connack(&self, id: ConnectionId, handshake: &Handshake, permit: &Permit) -> bool {
        let Some(connection) = self.clients.connection(id) else { return true };
        if connection.packet_bytes_max == u32::MAX {
            return true;
        }
        let properties = self.connack_properties(id, handshake, permit.data.as_deref());
        let mut bytes = Vec::new();
        let _ = codec::encode(&connack(false, &properties), connection.dialect, &mut bytes);
        u32::try_from(bytes.len()).is_ok_and(|len| len <= connection.packet_bytes_max)
    }

    fn connack_properties(
        &self,
        id: ConnectionId,
        handshake: &Handshake,
        data: Option<&[u8]>,
    ) -> PropertiesBuf {
        let limits = self.announced(id);
        let mut properties = PropertiesBuf::new();
        let expiry = handshake.session_expiry_secs.min(limits.session_expiry_max_secs);
        if expiry != handshake.session_expiry_secs {
            properties.push(Property::SessionExpiryInterval(expiry));
        }
        properties.push(Property::ReceiveMaximum(limits.receive_maximum));
        properties
            .push(Property::MaximumPacketSize(u32::try_from(limits.packet_bytes_max).unwrap_or(u32::MAX)));
        if handshake.is_assigned {
            properties.push(Property::AssignedClientIdentifier(&handshake.client_id));
        }
        if limits.topic_alias_maximum > 0 {
            properties.push(Property::TopicAliasMaximum(limits.topic_alias_maximum));
        }
        let keep_alive_secs = limits.keep_alive_secs(handshake.keep_alive_secs);
        if keep_alive_secs != handshake.keep_alive_secs {
            properties.push(Property::ServerKeepAlive(keep_alive_secs));
        }
        if let Some(information) = &self.options.settings.response_information
            && handshake.response_information
        {
            properties.push(Property::ResponseInformation(information));
        }
        let method = self.method_of(id);
        if let Some(method) = &method {
            properties.push(Property::AuthenticationMethod(method));
            if let Some(data) = data {
                properties.push(Property::AuthenticationData(data));
            }
        }
        properties
    }

    // --- AUTH

    /// AUTH of a client: an answer in its exchange, or the start of a re-authentication
    /// (MQTT 5.0 §4.12).
    pub(super) fn on_auth(&mut self, now: Timestamp, id: ConnectionId, auth: &Auth<'_>) {
        let Some(connection) = self.clients.connection_mut(id) else { return };
        let is_established = connection.session().is_some();
        let method = auth.properties.authentication_method().unwrap_or_default();
        let Some(enhanced) = connection.enhanced.as_mut().filter(|known| *known.method == *method) else {
            let rule = "AUTH with another method than CONNECT's";
            return self.violate(now, id, ReasonCode::PROTOCOL_ERROR, rule);
        };
        let data = auth.properties.authentication_data().unwrap_or_default().to_vec();
        let credentials = match (enhanced.awaits, auth.reason) {
            (Awaits::Answer, ReasonCode::CONTINUE_AUTHENTICATION) => Credentials::Continue(data),
            (Awaits::Nothing, ReasonCode::REAUTHENTICATE) if is_established => {
                Credentials::Again { method: method.into(), data }
            }
            _ => return self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "AUTH that nobody asked for"),
        };
        enhanced.awaits = Awaits::Verdict;
        connection.is_paused = true;
        let protocol = connection.dialect.protocol_name();
        let client_id = self.client_of(id).cloned().unwrap_or_else(|| Arc::from(""));
        let authentication = Authentication { client_id, username: None, protocol, credentials };
        self.actions.push_back(Action::Authenticate(id, Box::new(authentication)));
    }

    fn decide_again(&mut self, now: Timestamp, id: ConnectionId, session: SessionId, decision: Decision) {
        match decision {
            Decision::Allow(permit) => {
                self.permit(session, &permit);
                self.set_awaits(id, Awaits::Nothing);
                self.send_auth(now, id, ReasonCode::SUCCESS, permit.data.as_deref());
            }
            Decision::Continue(data) => {
                self.set_awaits(id, Awaits::Answer);
                self.send_auth(now, id, ReasonCode::CONTINUE_AUTHENTICATION, Some(&data));
            }
            Decision::Refuse(reason) => {
                self.send_disconnect(id, reason, None);
                return self.close(now, id, CloseCause::Refused(reason));
            }
        }
        self.unpause(now, id);
    }

    fn set_awaits(&mut self, id: ConnectionId, awaits: Awaits) {
        if let Some(connection) = self.clients.connection_mut(id) {
            connection.set_awaits(awaits);
        }
    }

    /// The Authentication Method of a connection's CONNECT.
    fn method_of(&self, id: ConnectionId) -> Option<Box<str>> {
        Some(self.clients.connection(id)?.enhanced.as_ref()?.method.clone())
    }

    fn send_auth(&mut self, now: Timestamp, id: ConnectionId, reason: ReasonCode, data: Option<&[u8]>) {
        let method = self.method_of(id);
        let mut properties = PropertiesBuf::new();
        properties.push(Property::AuthenticationMethod(method.as_deref().unwrap_or_default()));
        if let Some(data) = data {
            properties.push(Property::AuthenticationData(data));
        }
        self.reply(now, id, &Packet::Auth(Auth { reason, properties: properties.as_properties() }));
    }

    /// Reads on, beginning with what came in the meantime.
    pub(super) fn unpause(&mut self, now: Timestamp, id: ConnectionId) {
        let Some(connection) = self.clients.connection_mut(id) else { return };
        connection.is_paused = false;
        if !connection.partial.is_empty() {
            self.continue_reading(now, id);
        }
        if self.clients.connection(id).is_some_and(|connection| !connection.is_paused) {
            self.actions.push_back(Action::Resume(id));
        }
    }
}

fn connack(session_present: bool, properties: &PropertiesBuf) -> Packet<'_> {
    let properties = properties.as_properties();
    Packet::ConnAck(ConnAck { session_present, reason: ReasonCode::SUCCESS, properties })
}
