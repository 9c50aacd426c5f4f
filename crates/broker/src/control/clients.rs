use std::net::SocketAddr;
use std::sync::Arc;

use vouchmq_identity::UnixMillis;
use vouchmq_identity::model::DeviceId;
use vouchmq_mqtt::engine::{ClientState, ShardId};

use super::{ClientCursor, Control};
use crate::clock::WallClock;
use crate::shard::ShardView;

/// One client of the broker.
#[derive(Clone, Debug)]
pub struct ClientStatus {
    /// What its engine knows.
    pub client: ClientState,
    /// Where it is connected from; `None` when it is not, or over a Unix socket.
    pub peer: Option<SocketAddr>,
    /// The shard it belongs to.
    pub shard: ShardId,
    /// The User Name of its CONNECT, else the name that it proved; of a client that is away, those of the last time.
    pub username: Option<Box<str>>,
    /// The device that it proved to be; `None` while it is away.
    pub device: Option<DeviceId>,
    /// The name of the listener by which it came; `None` while it is away.
    pub listener: Option<Arc<str>>,
    /// Since when it is connected, to the second; `None` while it is not.
    pub connected_at: Option<UnixMillis>,
    /// Since when it is away; `None` while it is connected.
    pub disconnected_at: Option<UnixMillis>,
    /// When its session ends if it stays away; `None` while it is connected, and where that is never.
    pub expires_at: Option<UnixMillis>,
}

/// Which clients are wanted, and how many of them at once.
#[derive(Clone, Debug)]
pub struct ClientQuery {
    /// Where the page before ended; `None`: at the beginning.
    pub after: Option<ClientCursor>,
    /// Clients of one page, at least 1.
    pub limit: usize,
    /// Which clients.
    pub filter: ClientFilter,
}

/// Which clients are wanted: all of whom everything holds that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// Client Identifier.
    pub client_id: Option<Box<str>>,
    /// [User name](ClientStatus::username).
    pub username: Option<Box<str>>,
    /// The device that it proved to be.
    pub device: Option<DeviceId>,
    /// Connected, or away.
    pub is_connected: Option<bool>,
    /// Clean Start of its last CONNECT.
    pub clean_start: Option<bool>,
    /// Protocol Version of its last CONNECT.
    pub protocol_level: Option<u8>,
    /// Protocol Name of its last CONNECT.
    pub protocol_name: Option<Box<str>>,
}

/// Some clients.
#[derive(Clone, Debug)]
pub struct ClientPage {
    /// In no particular order. A client that stays is on one page of those that follow each other, and on no other.
    pub items: Vec<ClientStatus>,
    /// Where the next page begins; `None` when there is none. The last page may be empty.
    pub next: Option<ClientCursor>,
}

impl Control {
    /// Some of the clients with a session, connected or not. No shard is held up for it: a page is put together in
    /// portions, between which clients are served.
    pub async fn clients_page(&self, wanted: ClientQuery) -> ClientPage {
        let ClientQuery { after, limit, filter } = wanted;
        if let Some(client_id) = &filter.client_id {
            let found = if after.is_none() { self.client(client_id).await } else { None };
            let items = found.into_iter().filter(|found| filter.admits(found)).collect();
            return ClientPage { items, next: None };
        }
        let wall = self.wall_clock();
        let look = move |view: &ShardView<'_>, place: usize, found: &mut Vec<ClientStatus>| {
            let client = view.engine.client_at(place).filter(|client| filter.admits_state(client));
            let status = client.map(|client| ClientStatus::of(view, &wall, client));
            found.extend(status.filter(|status| filter.admits(status)));
        };
        let (items, next) = self.walk(after.map(|after| after.0), limit, look).await;
        ClientPage { items, next: next.map(ClientCursor) }
    }

    /// Every client with a session, connected or not, in no particular order.
    pub async fn clients(&self) -> Vec<ClientStatus> {
        let all = ClientQuery { after: None, limit: usize::MAX, filter: ClientFilter::default() };
        self.clients_page(all).await.items
    }

    /// One client, if it has a session.
    pub async fn client(&self, client_id: &str) -> Option<ClientStatus> {
        let (client_id, wall): (Arc<str>, _) = (Arc::from(client_id), self.wall_clock());
        let found =
            self.ask_all(move |view| Some(ClientStatus::of(view, &wall, view.engine.client(&client_id)?)));
        found.await.into_iter().flatten().next()
    }
}

impl ClientStatus {
    fn of(view: &ShardView<'_>, wall: &WallClock, client: ClientState) -> Self {
        let id = client.connection;
        let person = id.and_then(|id| view.person(id));
        let username = person.and_then(|person| person.username()).map(Into::into);
        Self {
            peer: id.and_then(|id| view.peer(id)),
            shard: view.engine.shard(),
            username: username.or_else(|| client.last_username.clone()),
            device: person.and_then(|person| person.device()).cloned(),
            listener: id.and_then(|id| view.listener(id)),
            connected_at: client.connected_at.map(|at| wall.at(at)),
            disconnected_at: client.disconnected_at.map(|at| wall.at(at)),
            expires_at: client.expires_at.map(|at| wall.at(at)),
            client,
        }
    }
}

impl ClientFilter {
    /// Whether what the engine knows of a client is wanted.
    fn admits_state(&self, client: &ClientState) -> bool {
        let is_named = |wanted: &str| *client.client_id == *wanted;
        self.client_id.as_deref().is_none_or(is_named)
            && self.is_connected.is_none_or(|wanted| client.connection.is_some() == wanted)
            && self.clean_start.is_none_or(|wanted| client.clean_start == wanted)
            && self.protocol_level.is_none_or(|wanted| client.protocol_level == wanted)
            && self.protocol_name.as_deref().is_none_or(|wanted| client.protocol_name == wanted)
    }

    fn admits(&self, status: &ClientStatus) -> bool {
        self.admits_state(&status.client)
            && self.username.as_deref().is_none_or(|wanted| status.username.as_deref() == Some(wanted))
            && self.device.as_ref().is_none_or(|wanted| status.device.as_ref() == Some(wanted))
    }
}
