use std::sync::Arc;

use hashbrown::HashTable;
use slab::Slab;

use super::options::EngineOptions;
use super::stats::Stats;
use crate::connection::{Connection, ConnectionId, OwedId};
use crate::limits::Limits;
use crate::outbox::Outbox;
use crate::session::{Session, SessionId};
use crate::time::Timestamp;
use crate::topic::HashSeed;

/// Spare buffers that are kept instead of freed.
const POOL_MAX: usize = 256;

/// Connections and sessions of one engine, and the outboxes between them.
#[derive(Debug)]
pub(crate) struct Clients {
    connections: Slab<Connection>,
    sessions: Slab<Session>,
    /// Positions of sessions, by their client ids.
    by_client_id: HashTable<u32>,
    seed: HashSeed,
    /// Generations make every id unique.
    generation: u32,
    dirty: Vec<ConnectionId>,
    /// An outbox fills up, and should be written before more is put in.
    is_filling_up: bool,
    #[expect(clippy::vec_box, reason = "the boxes go back and forth between pool and connections")]
    outbox_pool: Vec<Box<Outbox>>,
    /// Acknowledgements that wait for the journal, by its sequence numbers.
    pub(crate) unpersisted: std::collections::VecDeque<(u64, ConnectionId, OwedId)>,
    pub(crate) persist_seq: u64,
    pub(crate) limits: Arc<Limits>,
    /// Memory is short: QoS 0 is shed, and the queues of those who are away take nothing.
    pub(crate) is_memory_short: bool,
    pub(crate) stats: Stats,
}

impl Clients {
    pub(crate) fn new(options: &EngineOptions) -> Self {
        Self {
            connections: Slab::new(),
            sessions: Slab::new(),
            by_client_id: HashTable::new(),
            seed: options.hash_seed.clone(),
            generation: 0,
            dirty: Vec::new(),
            is_filling_up: false,
            outbox_pool: Vec::new(),
            unpersisted: std::collections::VecDeque::new(),
            persist_seq: 0,
            limits: options.settings.limits.clone(),
            is_memory_short: false,
            stats: Stats::default(),
        }
    }

    // --- connections

    pub(crate) fn open(&mut self, now: Timestamp) -> ConnectionId {
        let generation = self.next_generation();
        let index = self.connections.insert(Connection::new(generation, now, &self.limits));
        ConnectionId { index: narrow(index), generation }
    }

    pub(crate) fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(widen(id.index)).filter(|connection| connection.generation == id.generation)
    }

    pub(crate) fn connection_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(widen(id.index)).filter(|connection| connection.generation == id.generation)
    }

    pub(crate) fn remove_connection(&mut self, id: ConnectionId) -> Option<Connection> {
        self.connection(id)?;
        let mut connection = self.connections.try_remove(widen(id.index))?;
        if let Some(outbox) = connection.outbox.take() {
            self.recycle(outbox);
        }
        Some(connection)
    }

    pub(crate) fn connection_ids(&self) -> Vec<ConnectionId> {
        let id = |(index, connection): (usize, &Connection)| ConnectionId {
            index: narrow(index),
            generation: connection.generation,
        };
        self.connections.iter().map(id).collect()
    }

    pub(crate) fn connection_count(&self) -> usize {
        self.connections.len()
    }

    pub(crate) fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// The connection of a session.
    pub(crate) fn connection_of(&self, session: SessionId) -> Option<ConnectionId> {
        let index = self.session(session)?.connection?;
        let connection = self.connections.get(widen(index))?;
        Some(ConnectionId { index, generation: connection.generation })
    }

    // --- sessions

    pub(crate) fn insert_session(&mut self, make: impl FnOnce(u32) -> Session) -> SessionId {
        let generation = self.next_generation();
        let session = make(generation);
        let hash = self.seed.hash(session.client_id.as_bytes());
        let index = narrow(self.sessions.insert(session));
        let (seed, sessions) = (&self.seed, &self.sessions);
        let hash_of = |index: &u32| {
            sessions.get(widen(*index)).map_or(0, |session| seed.hash(session.client_id.as_bytes()))
        };
        self.by_client_id.insert_unique(hash, index, hash_of);
        self.stats.sessions += 1;
        SessionId { index, generation }
    }

    pub(crate) fn session(&self, id: SessionId) -> Option<&Session> {
        self.sessions.get(widen(id.index)).filter(|session| session.generation == id.generation)
    }

    pub(crate) fn session_mut(&mut self, id: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(widen(id.index)).filter(|session| session.generation == id.generation)
    }

    pub(crate) fn session_of(&self, client_id: &str) -> Option<SessionId> {
        let is_it = |index: &u32| {
            self.sessions.get(widen(*index)).is_some_and(|session| *session.client_id == *client_id)
        };
        let index = *self.by_client_id.find(self.seed.hash(client_id.as_bytes()), is_it)?;
        let session = self.sessions.get(widen(index))?;
        Some(SessionId { index, generation: session.generation })
    }

    pub(crate) fn remove_session(&mut self, id: SessionId) -> Option<Session> {
        self.session(id)?;
        let session = self.sessions.try_remove(widen(id.index))?;
        let hash = self.seed.hash(session.client_id.as_bytes());
        if let Ok(entry) = self.by_client_id.find_entry(hash, |index| *index == id.index) {
            entry.remove();
        }
        self.stats.sessions -= 1;
        Some(session)
    }

    pub(crate) fn sessions(&self) -> impl Iterator<Item = (SessionId, &Session)> {
        self.sessions.iter().map(|(index, session)| {
            (SessionId { index: narrow(index), generation: session.generation }, session)
        })
    }

    /// One more than the highest position that a session may have.
    pub(crate) fn session_places(&self) -> usize {
        self.sessions.capacity()
    }

    pub(crate) fn session_at(&self, place: usize) -> Option<(SessionId, &Session)> {
        let session = self.sessions.get(place)?;
        Some((SessionId { index: narrow(place), generation: session.generation }, session))
    }

    /// The session at a position that a subscription holds, and its connection if there is one.
    pub(crate) fn receiver(&mut self, index: u32) -> Option<Receiver<'_>> {
        let session = self.sessions.get_mut(widen(index))?;
        let connection = match session.connection {
            Some(index) => self.connections.get_mut(widen(index)).map(|connection| (index, connection)),
            None => None,
        };
        let id = SessionId { index, generation: session.generation };
        Some(Receiver {
            id,
            session,
            connection,
            link: Link {
                dirty: &mut self.dirty,
                outbox_pool: &mut self.outbox_pool,
                is_filling_up: &mut self.is_filling_up,
            },
            limits: &self.limits,
            stats: &mut self.stats,
            is_memory_short: self.is_memory_short,
        })
    }

    // --- output

    /// Appends what `encode` writes to the outbox of a connection.
    pub(crate) fn write<R>(&mut self, id: ConnectionId, encode: impl FnOnce(&mut Vec<u8>) -> R) -> Option<R> {
        let connection =
            self.connections.get_mut(widen(id.index)).filter(|found| found.generation == id.generation)?;
        let mut link = Link {
            dirty: &mut self.dirty,
            outbox_pool: &mut self.outbox_pool,
            is_filling_up: &mut self.is_filling_up,
        };
        Some(link.outbox(id.index, connection).write(encode))
    }

    pub(crate) fn poll_dirty(&mut self) -> Option<ConnectionId> {
        let id = self.dirty.pop()?;
        if let Some(connection) = self.connection_mut(id) {
            connection.is_dirty = false;
        }
        Some(id)
    }

    /// Names a connection again that was named and not written to the end.
    pub(crate) fn mark_dirty(&mut self, id: ConnectionId) {
        if let Some(connection) = self.connection_mut(id).filter(|connection| !connection.is_dirty) {
            connection.is_dirty = true;
            self.dirty.push(id);
        }
    }

    /// Whether an outbox has begun to fill up since this was asked last.
    pub(crate) fn take_filling_up(&mut self) -> bool {
        std::mem::take(&mut self.is_filling_up)
    }

    pub(crate) fn has_dirty(&self) -> bool {
        !self.dirty.is_empty()
    }

    pub(crate) fn has_unpersisted(&self) -> bool {
        !self.unpersisted.is_empty()
    }

    /// Takes the outbox back once it is empty.
    pub(crate) fn reclaim_outbox(&mut self, id: ConnectionId) {
        let Some(connection) = self.connection_mut(id) else { return };
        if connection.outbox.as_ref().is_some_and(|outbox| outbox.is_empty())
            && let Some(outbox) = connection.outbox.take()
        {
            self.recycle(outbox);
        }
    }

    fn recycle(&mut self, mut outbox: Box<Outbox>) {
        if self.outbox_pool.len() < POOL_MAX {
            outbox.clear();
            self.outbox_pool.push(outbox);
        }
    }

    fn next_generation(&mut self) -> u32 {
        self.generation = self.generation.wrapping_add(1);
        self.generation
    }
}

/// One receiving client: its session, its connection, and what writing to it needs.
pub(crate) struct Receiver<'a> {
    pub(crate) id: SessionId,
    pub(crate) session: &'a mut Session,
    pub(crate) connection: Option<(u32, &'a mut Connection)>,
    pub(crate) link: Link<'a>,
    pub(crate) limits: &'a Limits,
    pub(crate) stats: &'a mut Stats,
    pub(crate) is_memory_short: bool,
}

/// The way from a message to a connection's outbox.
pub(crate) struct Link<'a> {
    dirty: &'a mut Vec<ConnectionId>,
    #[expect(clippy::vec_box, reason = "the boxes go back and forth between pool and connections")]
    outbox_pool: &'a mut Vec<Box<Outbox>>,
    is_filling_up: &'a mut bool,
}

impl Link<'_> {
    /// An outbox has this much of what it may hold: asks for it to be written long before it is full.
    pub(crate) fn note_backlog(&mut self, backlog: usize, max: usize) {
        *self.is_filling_up |= backlog >= max / 4;
    }

    /// The outbox of a connection, which from now on counts as having something to write.
    pub(crate) fn outbox<'c>(&mut self, index: u32, connection: &'c mut Connection) -> &'c mut Outbox {
        if !connection.is_dirty {
            connection.is_dirty = true;
            self.dirty.push(ConnectionId { index, generation: connection.generation });
        }
        connection.outbox.get_or_insert_with(|| self.outbox_pool.pop().unwrap_or_default())
    }
}

pub(crate) fn widen(index: u32) -> usize {
    usize::try_from(index).unwrap_or(usize::MAX)
}

pub(crate) fn narrow(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
