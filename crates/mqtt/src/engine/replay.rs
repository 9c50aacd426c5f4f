use super::Engine;
use super::deliver::Wanted;
use crate::QoS;
use crate::connection::ConnectionId;
use crate::session::{Replay, SessionId};
use crate::time::Timestamp;
use crate::topic::{FilterRef, Progress, TopicCursor};

/// Places of the retained tree that one portion looks at.
const STEPS: usize = 64;
/// A portion is read only when fewer bytes than this wait for the client.
const BACKLOG_MAX: usize = 64 * 1024;
/// Portions that one session reads before others get their turn.
const PORTIONS: usize = 8;

impl Replay {
    pub(crate) fn new(filter: FilterRef<'_>, qos: QoS, identifier: u32) -> Self {
        Self { filter: filter.as_str().into(), cursor: TopicCursor::default(), qos, identifier }
    }
}

impl Engine {
    /// Begins to send the retained messages of new subscriptions, if the client is still there and has not
    /// unsubscribed meanwhile (`MQTT5-3.10.4-2`).
    pub(super) fn start_replays(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        session: SessionId,
        mut replays: Vec<Replay>,
    ) {
        if replays.is_empty() || self.options.retained.is_empty() {
            return;
        }
        if self.clients.connection_of(session) != Some(connection) {
            return;
        }
        replays.retain(|replay| self.is_subscribed(session, &replay.filter));
        if let Some(state) = self.clients.session_mut(session).filter(|_| !replays.is_empty()) {
            state.outbound_mut().replays.extend(replays);
            self.pump(now, session);
        }
    }

    fn is_subscribed(&self, session: SessionId, filter: &str) -> bool {
        let id = FilterRef::new(filter).ok().and_then(|filter| self.interests.find(filter));
        let state = self.clients.session(session);
        id.zip(state).is_some_and(|(id, state)| state.subscriptions.contains(&id))
    }

    /// Sends what a session holds for its client, as far as the client takes it: messages in flight, those
    /// that wait, then retained ones in portions. Whoever waited for a lagging client goes on.
    pub(super) fn pump(&mut self, now: Timestamp, session: SessionId) {
        let mut frames = std::mem::take(&mut self.frames);
        if let Some(mut receiver) = self.clients.receiver(session.index) {
            receiver.pump(now, &mut frames);
        }
        let is_done = (0..PORTIONS).any(|_| !self.replay_portion(now, session, &mut frames));
        self.frames = frames;
        if !is_done && !self.replaying.contains(&session) {
            self.replaying.push_back(session);
        }
        let limits = &self.options.limits;
        let Some(state) = self.clients.session_mut(session) else { return };
        let Some(outbound) = state.outbound.as_mut() else { return };
        let has_caught_up = outbound.pending_count() * 4 <= limits.queued_messages_max
            && outbound.pending_bytes() * 4 <= limits.queued_bytes_max;
        if has_caught_up && !outbound.waiters.is_empty() {
            self.release_waiters(now, session);
        }
        if let Some(state) = self.clients.session_mut(session) {
            state.release_idle();
        }
    }

    /// Goes on with what takes long, a bounded step for each; to be called once in a turn of the driver's
    /// loop, as long as [`Engine::has_output`] says so.
    pub fn work(&mut self, now: Timestamp) {
        for _ in 0..self.replaying.len() {
            let Some(session) = self.replaying.pop_front() else { return };
            self.pump(now, session);
        }
    }

    /// Reads one portion; `false` when nothing is left or the client has enough to take for now.
    fn replay_portion(
        &mut self,
        now: Timestamp,
        session: SessionId,
        frames: &mut super::frames::Frames,
    ) -> bool {
        let Some(mut receiver) = self.clients.receiver(session.index) else { return false };
        let backlog = receiver.connection.as_ref().map_or(usize::MAX, |(_, connection)| connection.backlog());
        let Some(outbound) = receiver.session.outbound.as_mut() else { return false };
        if backlog > BACKLOG_MAX || outbound.pending_count() > 0 {
            return false;
        }
        let Some(replay) = outbound.replays.front_mut() else { return false };
        let Ok(filter) = FilterRef::new(&replay.filter) else { return false };
        let mut portion = Vec::new();
        let progress = self.options.retained.read(filter, &mut replay.cursor, STEPS, &mut portion);
        let (qos, identifier) = (replay.qos, [replay.identifier]);
        if progress == Progress::Done {
            outbound.replays.pop_front();
        }
        for message in portion {
            let publication = message.publication();
            let wanted = Wanted {
                qos: qos.min(publication.qos),
                retain: true,
                is_checked: true,
                identifiers: if identifier == [0] { &[] } else { &identifier },
                share: None,
            };
            frames.reset(Some(message.clone()));
            let _ = receiver.deliver(now, &publication, &wanted, frames);
        }
        true
    }

    /// Bytes of an outbox were written; 0 when the peer takes no more for now.
    pub fn written(&mut self, now: Timestamp, id: ConnectionId, byte_count: usize) {
        self.clients.stats.bytes_sent += byte_count as u64;
        let Some(connection) = self.clients.connection_mut(id) else { return };
        if let Some(outbox) = connection.outbox.as_mut() {
            outbox.advance(byte_count);
        }
        if connection.backlog() == 0 {
            connection.blocked_since = Timestamp::NEVER;
        } else if byte_count > 0 || connection.blocked_since == Timestamp::NEVER {
            connection.blocked_since = now;
        }
        let Some(session) = connection.session() else { return self.clients.reclaim_outbox(id) };
        let waits = self.clients.session(session).and_then(|state| state.outbound.as_ref());
        if byte_count > 0 && waits.is_some_and(|outbound| outbound.is_waiting()) {
            self.pump(now, session);
        }
        self.clients.reclaim_outbox(id);
    }
}
