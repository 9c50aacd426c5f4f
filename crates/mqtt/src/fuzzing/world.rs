use std::collections::VecDeque;
use std::io::IoSlice;
use std::sync::Arc;
use std::time::Duration;

use super::wire::{DEAF, Link, Named, Wire, is_secret};
use crate::authorize::{Authorize, Grant, Inquired, Permission};
use crate::engine::{
    Action, Census, Decision, Engine, EngineOptions, Input, InquiryId, Mail, Permit, ShardId,
};
use crate::time::Timestamp;
use crate::topic::{FilterRef, covers, overlaps};
use crate::{QoS, ReasonCode};

/// No script keeps engines busy for longer.
const ROUNDS_MAX: usize = 100_000;
/// After this long without anybody every session is over.
pub(super) const SESSION_SECS_MAX: u32 = 60;

/// Engines that work together, the mail between them, and clients.
#[derive(Debug)]
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) engines: Vec<Engine>,
    pub(super) wires: Vec<Wire>,
    mail: VecDeque<(usize, usize, Mail)>,
    pub(super) named: Named,
    pub(super) held: Held,
    /// What others are asked, oldest first.
    inquiries: VecDeque<(usize, InquiryId, usize)>,
    /// Clients that are let in now get rights that others have to be asked about.
    pub(super) is_asking: bool,
    /// An engine went down, and keeps its sessions.
    is_drained: bool,
}

/// What does not happen until a script says so.
#[derive(Debug, Default)]
pub(super) struct Held {
    pub(super) verdicts: bool,
    pub(super) mail: bool,
    pub(super) journal: bool,
}

/// What a client may do: all, but one client never hears secrets, and others may have to be asked first.
struct Rights {
    is_deaf: bool,
    is_asking: bool,
}

impl World {
    pub(super) fn new(options: &EngineOptions) -> Self {
        let now = Timestamp::from_micros(1_000_000);
        let engine = |shard| Engine::new(now, ShardId(shard), options.clone());
        Self {
            now,
            engines: (0..options.shard_count).map(engine).collect(),
            wires: Vec::new(),
            mail: VecDeque::new(),
            named: Named::new(),
            held: Held::default(),
            inquiries: VecDeque::new(),
            is_asking: false,
            is_drained: false,
        }
    }

    // --- what clients do

    pub(super) fn open(&mut self, shard: usize) -> usize {
        if let Some(engine) = self.engines.get_mut(shard) {
            self.wires.push(Wire::new(shard, engine.open(self.now)));
        }
        self.wires.len().saturating_sub(1)
    }

    /// A client sends bytes. Everything that was on its way to it is read first.
    pub(super) fn send(&mut self, client: usize, bytes: &[u8]) {
        let Some(wire) = self.wires.get_mut(client).filter(|wire| wire.link != Link::Closed) else { return };
        wire.sends(bytes, &mut self.named);
        if let Some(engine) = self.engines.get_mut(wire.shard) {
            engine.receive(self.now, wire.id, bytes);
        }
        self.settle();
    }

    /// The connection of a client breaks.
    pub(super) fn cut(&mut self, client: usize) {
        let Some(wire) = self.wires.get_mut(client).filter(|wire| wire.link != Link::Closed) else { return };
        wire.link = Link::Closed;
        if let Some(engine) = self.engines.get_mut(wire.shard) {
            engine.closed(self.now, wire.id);
        }
        self.settle();
    }

    pub(super) fn input(&mut self, shard: usize, input: Input) {
        self.is_drained |= matches!(input, Input::Drain);
        if let Some(engine) = self.engines.get_mut(shard) {
            engine.input(self.now, input);
        }
        self.settle();
    }

    /// An operator ends a session; at its owner, nothing of it is left.
    pub(super) fn end_client(&mut self, shard: usize, client_id: &str) {
        if let Some(engine) = self.engines.get_mut(shard) {
            let is_known = engine.client(client_id).is_some();
            assert_eq!(engine.end_client(self.now, client_id, ReasonCode::ADMINISTRATIVE_ACTION), is_known);
            assert!(engine.client(client_id).is_none());
        }
        self.settle();
    }

    pub(super) fn advance(&mut self, duration: Duration) {
        self.now = self.now.after(duration);
        for engine in &mut self.engines {
            if engine.poll_timeout().is_some_and(|at| at <= self.now) {
                engine.handle_timeout(self.now);
            }
        }
        self.settle();
    }

    // --- verdicts

    pub(super) fn allow(&mut self, client: usize, lifetime: Option<Duration>) {
        let Some(wire) = self.wires.get(client) else { return };
        let authorize = Arc::new(Rights { is_deaf: wire.client_id == DEAF, is_asking: self.is_asking });
        let until = lifetime.map_or(Timestamp::NEVER, |lifetime| self.now.after(lifetime));
        self.decide(client, Decision::Allow(Permit { authorize, until, data: None }));
    }

    /// Other rights for whoever is connected, and for whoever is not yet or no more: the deaf client stays so,
    /// others may become so.
    pub(super) fn repermit(&mut self, client: usize, lifetime: Option<Duration>, is_deaf: bool) {
        let Some(wire) = self.wires.get(client) else { return };
        let is_deaf = is_deaf || wire.client_id == DEAF;
        let authorize = Arc::new(Rights { is_deaf, is_asking: self.is_asking });
        let until = lifetime.map_or(Timestamp::NEVER, |lifetime| self.now.after(lifetime));
        let (shard, id) = (wire.shard, wire.id);
        self.input(shard, Input::Repermit(id, Permit { authorize, until, data: None }));
    }

    pub(super) fn decide(&mut self, client: usize, decision: Decision) {
        let Some(wire) = self.wires.get_mut(client).filter(|wire| wire.is_judged) else { return };
        wire.is_judged = false;
        let (shard, id) = (wire.shard, wire.id);
        self.input(shard, Input::Decided(id, decision));
    }

    /// Others answer about what they were asked first, last or in between.
    pub(super) fn answer_inquiry(&mut self, position: usize, inquired: Inquired, is_complete: bool) {
        let position = position.min(self.inquiries.len().saturating_sub(1));
        let Some((shard, inquiry, count)) = self.inquiries.remove(position) else { return };
        let count = if is_complete { count } else { count - 1 };
        self.input(shard, Input::Inquired(inquiry, vec![inquired; count].into()));
    }

    // --- the driver

    /// Goes on until nothing moves any more.
    pub(super) fn settle(&mut self) {
        for _ in 0..ROUNDS_MAX {
            let has_acted = self.act();
            let has_written = self.write();
            let has_worked = self.work();
            if !self.deliver_mail() && !has_acted && !has_written && !has_worked {
                return;
            }
        }
        assert!(self.engines.is_empty(), "the engines never come to rest");
    }

    fn act(&mut self) -> bool {
        let mut judged = Vec::new();
        let mut has_acted = false;
        for shard in 0..self.engines.len() {
            while let Some(action) = self.engines.get_mut(shard).and_then(Engine::poll_action) {
                has_acted = true;
                judged.extend(self.act_on(shard, action));
            }
        }
        for client in judged {
            self.allow(client, None);
        }
        has_acted
    }

    /// Does what an engine asks for; returns a client that is to be let in.
    fn act_on(&mut self, shard: usize, action: Action) -> Option<usize> {
        match action {
            Action::Authenticate(id, _) => {
                let client = self.client_at(shard, id)?;
                self.wires.get_mut(client)?.is_judged = true;
                return (!self.held.verdicts).then_some(client);
            }
            Action::Move { connection, to, bytes } => {
                let client = self.client_at(shard, connection)?;
                let to = usize::from(to.0);
                let id = self.engines.get_mut(to)?.open(self.now);
                let wire = self.wires.get_mut(client)?;
                (wire.shard, wire.id) = (to, id);
                self.engines.get_mut(to)?.receive(self.now, id, &bytes);
            }
            Action::Close { connection, .. } => {
                if let Some(client) = self.client_at(shard, connection) {
                    self.wires.get_mut(client)?.link = Link::Closing;
                }
                self.write_to(shard, connection);
            }
            Action::Abort(connection) => self.abort(shard, connection),
            Action::Inquire(inquiry, inquiries) => {
                assert!(inquiries.attempts().len() > 0, "nobody is asked about nothing");
                self.inquiries.push_back((shard, inquiry, inquiries.attempts().len()));
            }
            Action::Withdraw(inquiry) => {
                let known = self.inquiries.iter().position(|known| (known.0, known.1) == (shard, inquiry));
                assert!(
                    known.and_then(|known| self.inquiries.remove(known)).is_some(),
                    "{inquiry:?} is not out"
                );
            }
            Action::Resume(_) | Action::Connected(..) => {}
        }
        None
    }

    fn abort(&mut self, shard: usize, id: crate::ConnectionId) {
        if let Some(engine) = self.engines.get_mut(shard) {
            engine.closed(self.now, id);
        }
        if let Some(wire) = self.client_at(shard, id).and_then(|client| self.wires.get_mut(client)) {
            wire.link = Link::Closed;
        }
    }

    fn client_at(&self, shard: usize, id: crate::ConnectionId) -> Option<usize> {
        self.wires.iter().position(|wire| wire.shard == shard && wire.id == id)
    }

    fn write(&mut self) -> bool {
        let mut has_written = false;
        for shard in 0..self.engines.len() {
            while let Some(id) = self.engines.get_mut(shard).and_then(Engine::poll_dirty) {
                has_written |= self.write_to(shard, id);
            }
        }
        has_written
    }

    /// Writes all that waits for one connection, unless its client does not read.
    fn write_to(&mut self, shard: usize, id: crate::ConnectionId) -> bool {
        let Some(client) = self.client_at(shard, id) else { return false };
        let (Some(wire), Some(engine)) = (self.wires.get_mut(client), self.engines.get_mut(shard)) else {
            return false;
        };
        let mut has_written = false;
        while let Some(outbox) = engine.outbox(id).filter(|outbox| !outbox.is_empty()) {
            if wire.is_stuck {
                engine.written(self.now, id, 0);
                break;
            }
            let mut slices = [IoSlice::new(&[]); 3];
            let filled = outbox.slices(&mut slices);
            let bytes: Vec<u8> = slices.iter().take(filled).flat_map(|slice| slice.iter().copied()).collect();
            assert!(!bytes.is_empty() && bytes.len() <= outbox.len(), "{} of {}", bytes.len(), outbox.len());
            wire.reads(&bytes, &self.named);
            engine.written(self.now, id, bytes.len());
            has_written = true;
        }
        if wire.link == Link::Closing && engine.outbox(id).is_none_or(|outbox| outbox.is_empty()) {
            wire.link = Link::Closed;
            engine.closed(self.now, id);
        }
        has_written
    }

    /// A client reads again.
    pub(super) fn unstick(&mut self, client: usize) {
        let Some(wire) = self.wires.get_mut(client) else { return };
        wire.is_stuck = false;
        let (shard, id) = (wire.shard, wire.id);
        self.write_to(shard, id);
        self.settle();
    }

    fn work(&mut self) -> bool {
        let mut has_worked = false;
        for (shard, engine) in self.engines.iter_mut().enumerate() {
            if let Some(upto) = engine.unpersisted().filter(|_| !self.held.journal) {
                engine.persisted(upto);
                has_worked = true;
            }
            engine.work(self.now);
            for to in 0..64u16 {
                if let Some(mail) = engine.take_mail(ShardId(to)) {
                    self.mail.push_back((shard, usize::from(to), mail));
                    has_worked = true;
                }
            }
        }
        has_worked
    }

    fn deliver_mail(&mut self) -> bool {
        !self.held.mail && self.deliver_one_mail(0)
    }

    /// The oldest mail arrives of those between the two engines that the mail at `position` is for.
    pub(super) fn deliver_one_mail(&mut self, position: usize) -> bool {
        let way = self.mail.get(position).or(self.mail.front()).map(|(from, to, _)| (*from, *to));
        let oldest = self.mail.iter().position(|(from, to, _)| Some((*from, *to)) == way);
        let Some((from, to, mail)) = oldest.and_then(|oldest| self.mail.remove(oldest)) else { return false };
        let from = ShardId(u16::try_from(from).unwrap_or(0));
        if let Some(engine) = self.engines.get_mut(to) {
            engine.deliver_mail(self.now, from, mail);
        }
        true
    }

    // --- what must hold

    /// A client is connected once, to the engine it belongs to.
    pub(super) fn check(&self) {
        let mut connected = std::collections::BTreeSet::new();
        for engine in &self.engines {
            for client in engine.clients().filter(|client| client.connection.is_some()) {
                assert_eq!(engine.owner_of(&client.client_id), engine.shard(), "{client:?}");
                assert!(connected.insert(client.client_id.clone()), "twice: {client:?}");
            }
        }
    }

    /// Everybody leaves, and nothing is left.
    pub(super) fn finish(&mut self) {
        self.held = Held::default();
        for client in 0..self.wires.len() {
            self.decide(client, Decision::Refuse(ReasonCode::SERVER_BUSY));
            self.unstick(client);
        }
        self.settle();
        self.check();
        for client in 0..self.wires.len() {
            self.cut(client);
        }
        for _ in 0..SESSION_SECS_MAX + 10 {
            self.advance(Duration::from_secs(1));
        }
        assert!(self.is_drained || self.inquiries.is_empty(), "{:?} are out", self.inquiries);
        for engine in self.engines.iter().filter(|_| !self.is_drained) {
            // Timers fire when their time has come, and find nothing.
            let held = Census { timers: 0, ..engine.census() };
            assert_eq!(held, Census::default(), "{:?} keeps something", engine.shard());
            let stats = engine.stats();
            assert_eq!(
                (stats.clients, stats.sessions, stats.subscriptions, stats.shared_subscriptions),
                (0, 0, 0, 0),
                "{:?}",
                engine.shard()
            );
        }
    }
}

// === impl Rights ===

impl Authorize for Rights {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        if self.is_asking && !topic.starts_with('a') { Permission::Asked } else { Permission::Allowed }
    }

    fn subscribe(&self, filter: FilterRef<'_>, _: Option<&str>) -> Grant {
        if self.is_asking && !filter.as_str().starts_with('a') {
            return Grant::Asked;
        }
        let (Ok(secrets), true) = (FilterRef::new("n/#"), self.is_deaf) else { return Grant::Whole };
        if covers(secrets, filter) {
            Grant::Denied
        } else if overlaps(secrets, filter) {
            Grant::PerMessage
        } else {
            Grant::Whole
        }
    }

    fn receive(&self, topic: &str) -> Permission {
        if self.is_deaf && is_secret(topic) { Permission::Denied } else { Permission::Allowed }
    }
}
