use std::io::IoSlice;
use std::time::Duration;

use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::{Action, CloseCause, Decision, Engine, Input, ShardId};
use vouchmq_mqtt::time::Timestamp;

use super::World;
use crate::agenda::Event;
use crate::coverage::Behaviour;
use crate::network::{Direction, LinkId, Read};
use crate::oracle::{Ruling, Silence};
use crate::plan::span;

/// What one system call writes at most.
const SLICES_MAX: usize = 8;

impl World {
    /// Calls an engine, then does what it asks for.
    fn on_engine(&mut self, shard: ShardId, call: impl FnOnce(&mut Engine, Timestamp)) {
        let now = self.env.now;
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        call(&mut state.engine, now);
        self.env.oracle.note_drops(shard, &state.engine, now);
        self.act(shard);
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        self.env.oracle.called(shard, &state.engine, now);
        if state.engine.has_output() {
            self.plan_flush(shard);
        }
        self.plan_timer(shard);
    }

    fn plan_flush(&mut self, shard: ShardId) {
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        if !std::mem::replace(&mut state.is_flush_planned, true) {
            let pause = self.env.rng.duration(&self.env.plan.flush.clone());
            self.env.agenda.plan(self.env.now.after(pause), Event::Flush(shard));
        }
    }

    fn plan_timer(&mut self, shard: ShardId) {
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        let Some(at) = state.engine.poll_timeout().filter(|at| *at < state.armed) else { return };
        state.armed = at;
        let late = self.env.rng.duration(&span(0, 20_000));
        self.env.agenda.plan(at.max(self.env.now).after(late), Event::Timer(shard));
    }

    /// Does what the engine asks for.
    fn act(&mut self, shard: ShardId) {
        while let Some(action) =
            self.shards.get_mut(usize::from(shard.0)).and_then(|state| state.engine.poll_action())
        {
            self.env.note(|| format!("{shard:?} asks: {action:?}"));
            match action {
                Action::Authenticate(connection, authentication) => {
                    self.authenticate(shard, connection, *authentication);
                }
                Action::Move { connection, to, bytes } => self.give_away(shard, connection, to, bytes),
                Action::Inquire(inquiry, inquiries) => self.inquire(shard, inquiry, &inquiries),
                Action::Withdraw(_) => {}
                Action::Resume(connection) => {
                    if let Some(link) = self.link_of(shard, connection) {
                        self.env.agenda.plan(self.env.now, Event::BrokerReads(link));
                    }
                }
                Action::Connected(connection, id) => {
                    if let Some(link) = self.link_of(shard, connection) {
                        self.env.oracle.connected(link, &id, shard, self.env.now);
                    }
                }
                Action::Close { connection, cause, .. } => self.close_soon(shard, connection, &cause),
                Action::Abort(connection) => {
                    if let Some(link) = self.link_of(shard, connection) {
                        self.env.oracle.aborted(link, self.env.now);
                    }
                    self.drop_link(shard, connection);
                }
            }
        }
    }

    pub(super) fn link_of(&self, shard: ShardId, connection: ConnectionId) -> Option<LinkId> {
        self.shards.get(usize::from(shard.0))?.link_of(connection)
    }

    /// A connection arrives at the listener, or from another engine.
    pub(super) fn accept(&mut self, link: LinkId, shard: ShardId, bytes: &[u8]) {
        let now = self.env.now;
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        let connection = state.engine.open(now);
        state.insert(connection, link);
        let record = self.env.network.link_mut(link);
        record.shard = shard;
        record.connection = Some(connection);
        self.on_engine(shard, |engine, now| {
            if !bytes.is_empty() {
                engine.receive(now, connection, bytes);
            }
        });
        self.read(link);
    }

    fn give_away(&mut self, shard: ShardId, connection: ConnectionId, to: ShardId, bytes: Vec<u8>) {
        let Some(link) = self.shards.get_mut(usize::from(shard.0)).and_then(|s| s.remove(connection)) else {
            return;
        };
        self.env.network.link_mut(link).connection = None;
        self.env.oracle.hit(Behaviour::Moved);
        let pause = self.env.rng.duration(&self.env.plan.mail.clone());
        self.env.agenda.plan(self.env.now.after(pause), Event::Adopted(link, to, bytes));
    }

    /// Reads what has arrived on a link, as long as the engine wants it.
    pub(super) fn read(&mut self, link: LinkId) {
        loop {
            let record = self.env.network.link(link);
            let (shard, Some(connection)) = (record.shard, record.connection) else { return };
            let Some(state) = self.shards.get(usize::from(shard.0)) else { return };
            if record.is_closing || !state.engine.wants_input(connection) {
                return;
            }
            let unread = record.unread_by_broker().max(1);
            let max = if self.env.rng.chance(500) { unread } else { self.env.rng.length(1..=unread) };
            let now = self.env.now;
            let oracle = &mut self.env.oracle;
            let read = self.env.network.broker_reads(link, max, now, |message| oracle.read(message, now));
            match read {
                Read::Nothing => return,
                Read::End => return self.drop_link(shard, connection),
                Read::Bytes(segment) => {
                    self.env.trace.digest_bytes(now, &segment.bytes);
                    self.on_engine(shard, |engine, now| engine.receive(now, connection, &segment.bytes));
                }
            }
        }
    }

    /// The driver's turn: makes input safe, writes to clients, sends mail.
    pub(super) fn flush(&mut self, shard: ShardId) {
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        // Whatever this turn gives rise to waits for the next one.
        state.is_flush_planned = true;
        self.journal(shard);
        let mut has_done = false;
        self.on_engine(shard, |engine, now| engine.work(now));
        while let Some(connection) =
            self.shards.get_mut(usize::from(shard.0)).and_then(|state| state.engine.poll_dirty())
        {
            has_done = true;
            self.write(shard, connection);
        }
        for number in 0..self.shards.len() {
            has_done |= self.send_mail(shard, ShardId(u16::try_from(number).unwrap_or(u16::MAX)));
        }
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        // What waits for the journal is not worth another turn; that plans one itself.
        state.is_flush_planned = false;
        let waits_for_journal = state.engine.unpersisted().is_some();
        if state.engine.has_output() && (has_done || !waits_for_journal) {
            state.is_flush_planned = true;
            let pause = (*self.env.plan.flush.end()).max(Duration::from_micros(100));
            self.env.agenda.plan(self.env.now.after(pause), Event::Flush(shard));
        }
    }

    fn journal(&mut self, shard: ShardId) {
        let delay = self.env.rng.duration(&self.env.plan.journal.clone());
        let now = self.env.now;
        let acks_early = self.acks_early();
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        let Some(upto) = state.engine.unpersisted().filter(|upto| *upto > state.journaled) else { return };
        state.journaled = upto;
        state.journal_free_at = state.journal_free_at.max(now.after(delay));
        let at = state.journal_free_at;
        self.env.agenda.plan(at, Event::Persisted(shard, upto, now));
        if acks_early {
            self.on_engine(shard, |engine, _| engine.persisted(upto));
        }
    }

    pub(super) fn persisted(&mut self, shard: ShardId, upto: u64, flushed_at: Timestamp) {
        self.env.oracle.persisted(shard, flushed_at);
        self.on_engine(shard, |engine, _| engine.persisted(upto));
    }

    /// There is room for more on a link.
    pub(super) fn write_on(&mut self, link: LinkId) {
        let record = self.env.network.link(link);
        if let (shard, Some(connection)) = (record.shard, record.connection) {
            self.write(shard, connection);
        }
    }

    /// Writes what waits for one connection, as far as the system takes it.
    fn write(&mut self, shard: ShardId, connection: ConnectionId) {
        let Some(link) = self.link_of(shard, connection) else { return };
        loop {
            let record = self.env.network.link(link);
            if record.is_blocked {
                return;
            }
            if !record.is_writable() {
                return self.drop_link(shard, connection);
            }
            let (client, room) = (record.client, record.room());
            let Some(bytes) = self.next_bytes(shard, connection, room) else { break };
            let waiting = self.backlog(shard, connection);
            self.env.oracle.judge_backlog(client, waiting, self.env.now);
            if bytes.is_empty() {
                let now = self.env.now;
                let record = self.env.network.link_mut(link);
                record.is_blocked = true;
                record.blocked_since.get_or_insert(now);
                return self.on_engine(shard, |engine, now| engine.written(now, connection, 0));
            }
            self.env.network.link_mut(link).blocked_since = None;
            let safe_through = self.env.oracle.safe_through(shard);
            let sent = self.tamper(link, &bytes);
            self.env.write(link, Direction::ToClient, &sent, safe_through);
            self.on_engine(shard, |engine, now| engine.written(now, connection, bytes.len()));
        }
        if self.env.network.link(link).is_closing {
            return self.drop_link(shard, connection);
        }
        self.env.agenda.plan(self.env.now, Event::BrokerReads(link));
    }

    fn backlog(&self, shard: ShardId, connection: ConnectionId) -> usize {
        let outbox = self.shards.get(usize::from(shard.0)).and_then(|state| state.engine.outbox(connection));
        outbox.map_or(0, |outbox| outbox.len())
    }

    /// A random portion of what waits; nothing when there is no room, `None` when nothing waits.
    fn next_bytes(&mut self, shard: ShardId, connection: ConnectionId, room: usize) -> Option<Vec<u8>> {
        let outbox = self.shards.get(usize::from(shard.0))?.engine.outbox(connection)?;
        if outbox.is_empty() {
            return None;
        }
        let mut slices = [IoSlice::new(&[]); SLICES_MAX];
        let filled = outbox.slices(&mut slices);
        let waiting = || slices.iter().take(filled);
        let most = waiting().map(|slice| slice.len()).sum::<usize>().min(room);
        let count = if self.env.rng.chance(700) || most == 0 { most } else { self.env.rng.length(1..=most) };
        // Much may wait, and little be taken.
        Some(waiting().flat_map(|slice| slice.iter().copied()).take(count).collect())
    }

    fn send_mail(&mut self, from: ShardId, to: ShardId) -> bool {
        let Some(state) = self.shards.get_mut(usize::from(from.0)) else { return false };
        let Some(mail) = state.engine.take_mail(to) else { return false };
        let Some(mail) = self.intercept(from, to, mail) else { return true };
        let delay = self.env.rng.duration(&self.env.plan.mail.clone());
        let at = self.env.now.after(delay);
        let Some(state) = self.shards.get_mut(usize::from(from.0)) else { return true };
        let Some(last) = state.mail_arrives_at.get_mut(usize::from(to.0)) else { return true };
        *last = at.max(*last);
        let at = *last;
        if let Some(receiver) = self.shards.get_mut(usize::from(to.0))
            && let Some(inbox) = receiver.inbox.get_mut(usize::from(from.0))
        {
            inbox.push_back(mail);
            self.env.agenda.plan(at, Event::Mail { from, to });
        }
        true
    }

    pub(super) fn deliver_mail(&mut self, from: ShardId, to: ShardId) {
        let Some(state) = self.shards.get_mut(usize::from(to.0)) else { return };
        let Some(mail) = state.inbox.get_mut(usize::from(from.0)).and_then(|inbox| inbox.pop_front()) else {
            return;
        };
        self.env.note(|| format!("{to:?} gets from {from:?}: {mail:?}"));
        self.on_engine(to, |engine, now| engine.deliver_mail(now, from, mail));
    }

    pub(super) fn fire(&mut self, shard: ShardId) {
        let Some(state) = self.shards.get_mut(usize::from(shard.0)) else { return };
        state.armed = Timestamp::NEVER;
        if self.is_asleep() {
            // A broken driver: the timer is late.
            return self.env.agenda.plan(self.env.now.after(Duration::from_secs(3)), Event::Timer(shard));
        }
        self.observe_links();
        self.on_engine(shard, |engine, now| engine.handle_timeout(now));
    }

    pub(super) fn decided(
        &mut self,
        shard: ShardId,
        connection: ConnectionId,
        decision: Decision,
        ruling: Option<Ruling>,
    ) {
        if let (Some(link), Some(ruling)) = (self.link_of(shard, connection), ruling) {
            self.env.oracle.ruled(link, ruling);
        }
        self.on_engine(shard, |engine, now| engine.input(now, Input::Decided(connection, decision)));
    }

    pub(super) fn input(&mut self, shard: ShardId, input: Input) {
        self.on_engine(shard, |engine, now| engine.input(now, input));
    }

    /// Closes a link once everything is written.
    fn close_soon(&mut self, shard: ShardId, connection: ConnectionId, cause: &CloseCause) {
        let Some(link) = self.link_of(shard, connection) else { return };
        self.observe_links();
        self.env.oracle.closed(link, cause, self.env.now);
        self.env.network.link_mut(link).is_closing = true;
        self.env.agenda.plan(self.env.now, Event::BrokerWrites(link));
    }

    /// The link is gone, whatever waited for it.
    fn drop_link(&mut self, shard: ShardId, connection: ConnectionId) {
        let Some(link) = self.shards.get_mut(usize::from(shard.0)).and_then(|s| s.remove(connection)) else {
            return;
        };
        self.env.oracle.closed(link, &CloseCause::Lost, self.env.now);
        self.env.network.link_mut(link).connection = None;
        self.env.oracle.forget_silence(link);
        self.env.close(link, Direction::ToClient);
        self.on_engine(shard, |engine, now| engine.closed(now, connection));
    }

    /// Tells the oracle how silent every open link is.
    pub(super) fn observe_links(&mut self) {
        let now = self.env.now;
        for shard in &self.shards {
            for link in shard.links() {
                let record = self.env.network.link(link);
                let is_heard = record.connection.is_some_and(|id| shard.engine.wants_input(id));
                let silence = Silence {
                    read_at: record.last_packet_at,
                    blocked_since: record.blocked_since,
                    unheard_at: (!is_heard).then_some(now),
                };
                self.env.oracle.observe(link, silence);
            }
        }
    }
}
