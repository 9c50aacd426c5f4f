use std::sync::Arc;
use std::time::Duration;

use super::Engine;
use crate::connection::{ConnectionId, State};
use crate::limits::Limits;
use crate::message::Message;
use crate::packet::SubscriptionOptions;
use crate::session::{Said, Session, SessionId};
use crate::time::Timestamp;
use crate::{Dialect, QoS};

/// One client, as the control interface shows it.
#[derive(Clone, Debug)]
pub struct ClientState {
    /// Client Identifier.
    pub client_id: Arc<str>,
    /// Its connection, while it has one.
    pub connection: Option<ConnectionId>,
    /// Protocol Name of its last CONNECT: `MQTT` or `MQIsdp`.
    pub protocol_name: &'static str,
    /// Protocol Version of its last CONNECT: 3 (MQTT 3.1), 4 (MQTT 3.1.1) or 5.
    pub protocol_level: u8,
    /// Keep Alive of its last CONNECT, in seconds; 0 = none. The server may hold it to less.
    pub keep_alive_secs: u16,
    /// Clean Start, or Clean Session, of its last CONNECT.
    pub clean_start: bool,
    /// Since when it is connected, to the second; `None` while it is not.
    pub connected_at: Option<Timestamp>,
    /// Since when it is away; `None` while it is connected.
    pub disconnected_at: Option<Timestamp>,
    /// When its session ends if it stays away; `None` while it is connected, and where that is never.
    pub expires_at: Option<Timestamp>,
    /// Of a client that is away: what the driver [knew it by](Engine::remember_username).
    pub last_username: Option<Box<str>>,
    /// Session Expiry Interval in force, in seconds; `u32::MAX` = never.
    pub session_expiry_secs: u32,
    /// Subscriptions, shared ones included.
    pub subscription_count: usize,
    /// QoS 1 and 2 messages sent and not finished.
    pub in_flight_count: usize,
    /// Messages that wait.
    pub queued_count: usize,
    /// Bytes of the messages that wait.
    pub queued_bytes: usize,
    /// What is published when it is lost.
    pub will: Option<WillState>,
}

/// A will that is kept for a client.
#[derive(Clone, Debug)]
pub struct WillState {
    /// What will be published.
    pub message: Arc<Message>,
    /// Will Delay Interval.
    pub delay: Duration,
}

/// One subscription, as the control interface shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// The filter as the client wrote it: `$share/{name}/{filter}` of a shared subscription.
    pub filter: String,
    /// What was granted.
    pub options: SubscriptionOptions,
    /// Subscription Identifier; 0 = none.
    pub identifier: u32,
}

impl WillState {
    /// Topic Name.
    pub fn topic(&self) -> &str {
        self.message.publication().topic
    }

    /// Opaque bytes.
    pub fn payload(&self) -> &[u8] {
        self.message.payload()
    }

    /// Will QoS.
    pub fn qos(&self) -> QoS {
        self.message.publication().qos
    }

    /// Will Retain.
    pub fn retain(&self) -> bool {
        self.message.publication().retain
    }
}

impl Engine {
    /// Every client with a session on this engine, in no particular order.
    pub fn clients(&self) -> impl Iterator<Item = ClientState> {
        self.clients.sessions().map(|(id, session)| self.shown(id, session))
    }

    /// The limits in force.
    pub fn limits(&self) -> &Arc<Limits> {
        &self.options.settings.limits
    }

    /// One client.
    pub fn client(&self, client_id: &str) -> Option<ClientState> {
        let id = self.clients.session_of(client_id)?;
        Some(self.shown(id, self.clients.session(id)?))
    }

    /// One more than the highest place that a session may have. Those at places that differ are different clients',
    /// and a session keeps its place to its end: whoever goes through all places sees each client that stays once.
    pub fn session_places(&self) -> usize {
        self.clients.session_places()
    }

    /// The client whose session is at this place.
    pub fn client_at(&self, place: usize) -> Option<ClientState> {
        let (id, session) = self.clients.session_at(place)?;
        Some(self.shown(id, session))
    }

    /// The client whose session is at this place, and its subscriptions.
    pub fn subscriptions_at(&self, place: usize) -> Option<(&Arc<str>, Vec<SubscriptionState>)> {
        let (id, session) = self.clients.session_at(place)?;
        Some((&session.client_id, self.subscriptions_of(id, session)))
    }

    /// The connection of a client that was let in; `None` when it has none.
    pub fn connection_of(&self, client_id: &str) -> Option<ConnectionId> {
        self.clients.connection_of(self.clients.session_of(client_id)?)
    }

    /// Whose connection this is, or wants to be; `None` before its CONNECT and once it ends.
    pub fn client_of(&self, connection: ConnectionId) -> Option<&Arc<str>> {
        match &self.clients.connection(connection)?.state {
            State::ExpectVerdict(handshake) => Some(&handshake.client_id),
            State::Established(session) => Some(&self.clients.session(*session)?.client_id),
            State::ExpectConnect { .. } | State::Closing { .. } => None,
        }
    }

    /// What the client of a connection was told, or will be.
    pub(super) fn announced(&self, id: ConnectionId) -> &Limits {
        self.clients.connection(id).map_or(&self.options.settings.limits, |connection| &connection.announced)
    }

    /// The subscriptions of a client.
    pub fn subscriptions(&self, client_id: &str) -> Vec<SubscriptionState> {
        let found = self.clients.session_of(client_id).and_then(|id| Some((id, self.clients.session(id)?)));
        found.map_or_else(Vec::new, |(id, session)| self.subscriptions_of(id, session))
    }

    /// How many topic filters somebody wants, here or on another engine: all engines that work together agree.
    pub fn filter_count(&self) -> usize {
        self.interests.len()
    }

    /// A client has left that the driver knew by this name, which is shown for as long as the client stays away.
    pub fn remember_username(&mut self, client_id: &str, username: &str) {
        let session = self.clients.session_of(client_id).and_then(|id| self.clients.session_mut(id));
        if let Some(away) = session.and_then(|session| session.away.as_mut()) {
            away.username = Some(username.into());
        }
    }

    fn subscriptions_of(&self, id: SessionId, session: &Session) -> Vec<SubscriptionState> {
        let plain = session.subscriptions.iter().filter_map(|filter| {
            let subscriber = self.interests.get(*filter)?.subscriber(id.index)?;
            Some(SubscriptionState {
                filter: self.interests.filter(*filter)?.into_owned(),
                options: subscriber.options,
                identifier: subscriber.identifier,
            })
        });
        let shared = session.shares.iter().map(|(filter, share)| SubscriptionState {
            filter: filter.as_ref().to_owned(),
            options: share.options,
            identifier: share.identifier,
        });
        plain.chain(shared).collect()
    }

    fn shown(&self, id: SessionId, session: &Session) -> ClientState {
        let connection_id = self.clients.connection_of(id);
        let connection = connection_id.and_then(|id| self.clients.connection(id));
        let (outbound, away) = (session.outbound.as_ref(), session.away.as_ref());
        let here = connection.map(|connection| (connection.dialect, connection.said));
        let last = here.or(away.map(|away| (away.dialect, away.said)));
        let (dialect, said) = last.unwrap_or((Dialect::default(), Said::default()));
        ClientState {
            client_id: session.client_id.clone(),
            connection: connection_id,
            protocol_name: dialect.protocol_name(),
            protocol_level: dialect.protocol_level(),
            keep_alive_secs: said.keep_alive_secs,
            clean_start: said.clean_start,
            connected_at: connection.map(|connection| connection.connected_at()),
            disconnected_at: away.map(|away| away.since),
            expires_at: away.map(|away| away.expires_at).filter(|at| *at != Timestamp::NEVER),
            last_username: away.and_then(|away| away.username.clone()),
            session_expiry_secs: session.expiry_secs,
            subscription_count: session.subscriptions.len() + session.shares.len(),
            in_flight_count: outbound.map_or(0, |outbound| outbound.in_flight_count()),
            queued_count: outbound.map_or(0, |outbound| outbound.pending_count()),
            queued_bytes: outbound.map_or(0, |outbound| outbound.pending_bytes()),
            will: session
                .will
                .as_ref()
                .map(|will| WillState { message: will.message.clone(), delay: will.delay }),
        }
    }
}
