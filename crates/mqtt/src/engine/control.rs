use std::sync::Arc;

use super::Engine;
use crate::connection::{ConnectionId, State};
use crate::limits::Limits;
use crate::packet::SubscriptionOptions;
use crate::session::Session;

/// One client, as the control interface shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientState {
    /// Client Identifier.
    pub client_id: Arc<str>,
    /// Its connection, while it has one.
    pub connection: Option<ConnectionId>,
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
}

/// One subscription, as the control interface shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    /// The filter as the client wrote it.
    pub filter: String,
    /// What was granted.
    pub options: SubscriptionOptions,
    /// Subscription Identifier; 0 = none.
    pub identifier: u32,
}

impl Engine {
    /// Every client with a session on this engine, in no particular order.
    pub fn clients(&self) -> impl Iterator<Item = ClientState> {
        self.clients.sessions().map(|(id, session)| self.info(self.clients.connection_of(id), session))
    }

    /// One client.
    pub fn client(&self, client_id: &str) -> Option<ClientState> {
        let id = self.clients.session_of(client_id)?;
        Some(self.info(self.clients.connection_of(id), self.clients.session(id)?))
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
        let Some((id, session)) =
            self.clients.session_of(client_id).and_then(|id| Some((id, self.clients.session(id)?)))
        else {
            return Vec::new();
        };
        let plain = session.subscriptions.iter().filter_map(|filter| {
            let interest = self.interests.get(*filter)?;
            let subscriber = interest.subscribers().iter().find(|known| known.session == id.index)?;
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

    fn info(&self, connection: Option<ConnectionId>, session: &Session) -> ClientState {
        let outbound = session.outbound.as_ref();
        ClientState {
            client_id: session.client_id.clone(),
            connection,
            session_expiry_secs: session.expiry_secs,
            subscription_count: session.subscriptions.len() + session.shares.len(),
            in_flight_count: outbound.map_or(0, |outbound| outbound.in_flight_count()),
            queued_count: outbound.map_or(0, |outbound| outbound.pending_count()),
            queued_bytes: outbound.map_or(0, |outbound| outbound.pending_bytes()),
        }
    }
}
