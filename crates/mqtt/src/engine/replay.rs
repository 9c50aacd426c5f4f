use std::collections::{BTreeSet, VecDeque};

use super::clients::Receiver;
use super::deliver::Wanted;
use super::frames::Frames;
use super::{Action, Engine};
use crate::QoS;
use crate::connection::ConnectionId;
use crate::retained::SharedRetained;
use crate::session::{Replay, SessionId};
use crate::time::Timestamp;
use crate::topic::{FilterRef, Progress, TopicCursor};

/// Places of the retained tree that one portion looks at.
const STEPS: usize = 64;
/// A portion is read only when fewer bytes than this wait for the client.
const BACKLOG_MAX: usize = 64 * 1024;
/// Portions that one session reads before others get their turn.
const PORTIONS: usize = 8;
/// Sessions that go on reading in one turn.
const SESSIONS: usize = 16;

impl Replay {
    pub(crate) fn new(filter: FilterRef<'_>, qos: QoS, identifier: u32) -> Self {
        Self {
            filter: filter.as_str().into(),
            cursor: TopicCursor::default(),
            portion: VecDeque::new(),
            is_read: false,
            qos,
            identifier,
        }
    }
}

impl Receiver<'_> {
    /// Takes the replay that goes on, if the client has taken what it was sent.
    fn next_replay(&mut self) -> Option<Replay> {
        let (_, connection) = self.connection.as_ref()?;
        let outbound = self.session.outbound.as_mut()?;
        let is_ready = connection.backlog() <= BACKLOG_MAX && outbound.pending_count() == 0;
        if is_ready { outbound.replays.pop_front() } else { None }
    }

    /// Sends what was read; `false` when the client takes no more for now.
    ///
    /// What was `kept` from an earlier call is read again: a newer message may have gone out live meanwhile,
    /// and an older one must not come behind it.
    fn send_retained(
        &mut self,
        now: Timestamp,
        replay: &mut Replay,
        kept: Option<&SharedRetained>,
        frames: &mut Frames,
    ) -> bool {
        let identifier = [replay.identifier];
        while let Some(read) = replay.portion.front() {
            if !self.takes_at_once(replay.qos.min(read.publication().qos)) {
                return false;
            }
            let message = match kept {
                Some(store) => store.get(read.publication().topic),
                None => Some(read.clone()),
            };
            let Some(message) = message else {
                replay.portion.pop_front();
                continue;
            };
            let publication = message.publication();
            let wanted = Wanted {
                qos: replay.qos.min(publication.qos),
                retain: true,
                is_checked: true,
                identifiers: if identifier == [0] { &[] } else { &identifier },
                share: None,
            };
            if !self.takes_at_once(wanted.qos) {
                return false;
            }
            frames.reset(Some(message.clone()));
            let _ = self.deliver(now, &publication, &wanted, frames);
            replay.portion.pop_front();
        }
        true
    }
}

impl Engine {
    /// Begins to send the retained messages of new subscriptions, if the client is still there.
    pub(super) fn start_replays(
        &mut self,
        now: Timestamp,
        connection: ConnectionId,
        session: SessionId,
        replays: Vec<Replay>,
    ) {
        if replays.is_empty() || self.options.retained.is_empty() {
            return;
        }
        if self.clients.connection_of(session) != Some(connection) {
            return;
        }
        if let Some(state) = self.clients.session_mut(session) {
            let outbound = state.outbound_mut();
            // A filter that is subscribed again starts again: one replay for each at most.
            let again: BTreeSet<&str> = replays.iter().map(|new| &*new.filter).collect();
            outbound.replays.retain(|known| !again.contains(&*known.filter));
            outbound.replays.extend(replays);
        }
        self.pump(now, session);
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
        if !is_done
            && let Some(state) = self.clients.session_mut(session)
            && !std::mem::replace(&mut state.is_replaying, true)
        {
            self.replaying.push_back(session);
        }
        let limits = &self.options.settings.limits;
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
        for id in std::mem::take(&mut self.resumable) {
            self.continue_reading(now, id);
            self.actions.push_back(Action::Resume(id));
        }
        for _ in 0..self.replaying.len().min(SESSIONS) {
            let Some(session) = self.replaying.pop_front() else { return };
            if let Some(state) = self.clients.session_mut(session) {
                state.is_replaying = false;
            }
            self.pump(now, session);
        }
    }

    /// Reads one portion and sends it; `false` when nothing is left or the client has enough to take for now.
    ///
    /// What is retained waits in the store, not in the session's queue: it is sent only as far as the client
    /// takes it at once, so that none of it is dropped for want of room.
    fn replay_portion(&mut self, now: Timestamp, session: SessionId, frames: &mut Frames) -> bool {
        let Some(mut receiver) = self.clients.receiver(session.index) else { return false };
        let Some(mut replay) = receiver.next_replay() else { return false };
        let is_kept = !replay.portion.is_empty();
        if !is_kept && !replay.is_read {
            let Ok(filter) = FilterRef::new(&replay.filter) else { return false };
            let mut portion = Vec::new();
            let progress = self.options.retained.read(filter, &mut replay.cursor, STEPS, &mut portion);
            replay.portion.extend(portion);
            replay.is_read = progress == Progress::Done;
        }
        let kept = is_kept.then_some(&self.options.retained);
        let is_sent = receiver.send_retained(now, &mut replay, kept, frames);
        if !is_sent || !replay.is_read {
            receiver.session.outbound_mut().replays.push_front(replay);
        }
        is_sent
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
            self.arm_connection(id, now.after(self.options.settings.limits.stalled_receiver));
        }
        let Some(connection) = self.clients.connection(id) else { return };
        let Some(session) = connection.session() else { return self.clients.reclaim_outbox(id) };
        let waits = self.clients.session(session).and_then(|state| state.outbound.as_ref());
        if byte_count > 0 && waits.is_some_and(|outbound| outbound.is_waiting()) {
            self.pump(now, session);
        }
        self.clients.reclaim_outbox(id);
    }
}
