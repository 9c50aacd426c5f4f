use std::sync::Arc;
use std::time::Duration;

use super::action::{Authentication, Credentials};
use super::{Action, CloseCause, Engine};
use crate::connection::{Awaits, ConnectionId, Enhanced, Handshake, State};
use crate::message::{Message, Publication, PublisherId};
use crate::packet::{Connect, WillMessage};
use crate::session::Will;
use crate::time::Timestamp;
use crate::topic::{HashSeed, TopicName};
use crate::{PropertiesBuf, ReasonCode};

impl Engine {
    /// CONNECT: judged by form and limits, moved to its owner, then handed to authentication.
    ///
    /// Nothing of a session is touched here: that waits for the verdict (`MQTT5-3.1.4-2`).
    pub(super) fn on_connect(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        connect: &Connect<'_>,
        bytes: &[u8],
    ) {
        let Some(connection) = self.clients.connection_mut(id) else { return };
        let State::ExpectConnect { refusal, .. } = connection.state else {
            return self.violate(now, id, ReasonCode::PROTOCOL_ERROR, "a second CONNECT");
        };
        connection.dialect = connect.dialect();
        connection.packet_bytes_max = connect.properties.maximum_packet_size().unwrap_or(u32::MAX);
        if let Some(reason) = refusal {
            // Counted by the driver.
            self.send_connack_failure(id, reason);
            return self.close(now, id, CloseCause::Refused(reason));
        }
        if let Err(reason) = self.judge_connect(id, connect) {
            self.clients.stats.credentials_invalid += u64::from(!self.is_draining);
            return self.refuse(now, id, reason);
        }
        let is_assigned = connect.client_id.is_empty();
        let client_id = if is_assigned { self.assign_client_id() } else { Arc::from(connect.client_id) };
        let owner = self.owner_of(&client_id);
        if owner != self.shard {
            return self.move_to(owner, id, bytes);
        }
        let will = match connect.will.as_ref().map(|will| self.will_of(&client_id, will)).transpose() {
            Ok(will) => will,
            Err(reason) => {
                self.clients.stats.count_refusal(reason);
                return self.refuse(now, id, reason);
            }
        };
        let (handshake, authentication) =
            self.begin_handshake(now, id, connect, client_id, is_assigned, will);
        let Some(connection) = self.clients.connection_mut(id) else { return };
        let method = connect.properties.authentication_method();
        connection.enhanced =
            method.map(|method| Box::new(Enhanced { method: method.into(), awaits: Awaits::Verdict }));
        connection.state = State::ExpectVerdict(Box::new(handshake));
        connection.is_paused = true;
        self.actions.push_back(Action::Authenticate(id, Box::new(authentication)));
    }

    fn begin_handshake(
        &mut self,
        now: Timestamp,
        id: ConnectionId,
        connect: &Connect<'_>,
        client_id: Arc<str>,
        is_assigned: bool,
        will: Option<Box<Will>>,
    ) -> (Handshake, Authentication) {
        let properties = &connect.properties;
        let deadline = now.after(self.options.settings.limits.connect_deadline);
        self.arm_connection(id, deadline);
        let dialect = connect.dialect();
        let receive_maximum = properties.receive_maximum().unwrap_or(dialect.receive_maximum_default());
        let handshake = Handshake {
            client_id: client_id.clone(),
            is_assigned,
            clean_start: connect.clean_start,
            keep_alive_secs: connect.keep_alive_secs,
            session_expiry_secs: dialect.session_expiry_secs(connect.clean_start, properties),
            receive_maximum: receive_maximum.min(self.announced(id).receive_maximum),
            topic_alias_maximum: properties.topic_alias_maximum().unwrap_or(0),
            response_information: properties.request_response_information().unwrap_or(false),
            will,
            deadline,
        };
        let data = || properties.authentication_data().unwrap_or_default().to_vec();
        let credentials = match properties.authentication_method() {
            Some(method) => Credentials::Begin { method: method.into(), data: data() },
            None => Credentials::Password(connect.password.map(<[u8]>::to_vec)),
        };
        let username = connect.username.map(Into::into);
        (handshake, Authentication { client_id, username, protocol: dialect.protocol_name(), credentials })
    }

    fn judge_connect(&self, id: ConnectionId, connect: &Connect<'_>) -> Result<(), ReasonCode> {
        let limits = &self.options.settings.limits;
        let dialect = self.clients.connection(id).map(|connection| connection.dialect).unwrap_or_default();
        if connect.client_id.is_empty() && !dialect.may_assign_client_id(connect.clean_start) {
            return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
        }
        let client_id_bytes_max = dialect.client_id_len_max().min(limits.client_id_bytes_max);
        if connect.client_id.len() > client_id_bytes_max {
            return Err(ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
        }
        let is_credential_too_long =
            connect.username.is_some_and(|name| name.len() > limits.client_id_bytes_max)
                || connect.password.is_some_and(|password| password.len() > limits.password_bytes_max);
        if is_credential_too_long {
            return Err(ReasonCode::BAD_USER_NAME_OR_PASSWORD);
        }
        if self.is_draining {
            return Err(ReasonCode::SERVER_SHUTTING_DOWN);
        }
        Ok(())
    }

    /// The will of a CONNECT, kept until it is due or not wanted any more.
    fn will_of(&self, client_id: &str, will: &WillMessage<'_>) -> Result<Box<Will>, ReasonCode> {
        if TopicName::parse(will.topic, &self.options.settings.limits.topics).is_err() {
            return Err(ReasonCode::TOPIC_NAME_INVALID);
        }
        if self.options.settings.check_payload_format
            && will.properties.payload_format_indicator() == Some(true)
            && simdutf8::basic::from_utf8(will.payload).is_err()
        {
            return Err(ReasonCode::PAYLOAD_FORMAT_INVALID);
        }
        let mut buffer = PropertiesBuf::new();
        let message = Message::new(&Publication {
            topic: will.topic,
            properties: will.properties.forwardable(&mut buffer),
            payload: will.payload,
            qos: will.qos,
            retain: will.retain,
            publisher: self.publisher_id(client_id),
            expires_at: Timestamp::NEVER,
        });
        let secs = |secs: u32| Duration::from_secs(u64::from(secs));
        Ok(Box::new(Will {
            message,
            expiry: will.properties.message_expiry_interval().map(secs),
            delay: will.properties.will_delay_interval().map(secs).unwrap_or_default(),
            due_at: Timestamp::NEVER,
        }))
    }

    pub(super) fn publisher_id(&self, client_id: &str) -> PublisherId {
        // 0 is the broker itself.
        PublisherId(self.options.hash_seed.hash(client_id.as_bytes()).max(1))
    }

    /// A Client Identifier that nobody has, of this engine, so that the connection stays
    /// (`MQTT5-3.1.3-6`, `MQTT5-3.2.2-16`).
    fn assign_client_id(&mut self) -> Arc<str> {
        // A seed of its own: these hashes are public, those of the tables must stay secret.
        let seed = self.options.assigned_id_seed;
        let assigned = HashSeed::new([seed, !seed]);
        loop {
            self.assigned_count += 1;
            let number = u64::from(self.shard.0) << 48 | self.assigned_count;
            let hash = assigned.hash(&number.to_be_bytes());
            let client_id = format!("vmq-{hash:016x}");
            if self.owner_of(&client_id) == self.shard && self.clients.session_of(&client_id).is_none() {
                return Arc::from(client_id);
            }
        }
    }

    /// Gives the connection to the engine that the client belongs to.
    fn move_to(&mut self, to: super::ShardId, id: ConnectionId, connect: &[u8]) {
        self.clients.remove_connection(id);
        self.actions.push_back(Action::Move { connection: id, to, bytes: connect.to_vec() });
    }

    /// What came behind the CONNECT goes with it.
    pub(super) fn move_rest(&mut self, id: ConnectionId, rest: &[u8]) {
        for action in self.actions.iter_mut().rev() {
            if let Action::Move { connection, bytes, .. } = action
                && *connection == id
            {
                return bytes.extend_from_slice(rest);
            }
        }
    }

    /// Answers CONNECT with a failure, where the dialect has a code for it, and closes.
    pub(super) fn refuse(&mut self, now: Timestamp, id: ConnectionId, reason: ReasonCode) {
        self.clients.stats.connects_refused += 1;
        self.send_connack_failure(id, reason);
        self.close(now, id, CloseCause::Refused(reason));
    }
}
