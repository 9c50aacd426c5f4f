//! Engines, their mail, their authenticator and their clock.

use std::cell::{RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use vouchmq_mqtt::ProtocolVersion;
use vouchmq_mqtt::engine::{
    Action, Authentication, Census, ClientState, Decision, Engine, EngineOptions, Input, InquiryId, Mail,
    ShardId, Stats,
};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::retained::{RetainedLimits, SharedRetained};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Inquired, Limits, ReasonCode};

use super::wire::Wire;
use super::{Answer, Client, Rights, allow, connect};

/// A timer fires at most this much late, and never early.
pub(crate) const LATE: Duration = Duration::from_millis(200);

/// More turns than any test needs until everything is at rest.
const TURNS_MAX: usize = 100_000;

/// What a world is made of.
pub(crate) struct Setup {
    pub(crate) shards: u16,
    pub(crate) limits: Limits,
    pub(crate) retained: RetainedLimits,
    pub(crate) options: EngineOptions,
}

/// Engines and clients. Whatever a test does, the world goes on until nothing moves any more.
#[derive(Clone)]
pub(crate) struct World(Rc<RefCell<State>>);

type Authenticator = Box<dyn FnMut(&Authentication) -> Answer>;

pub(crate) struct State {
    pub(crate) now: Timestamp,
    pub(crate) engines: Vec<Engine>,
    pub(crate) wires: Vec<Wire>,
    /// Between engines, in the order in which it was sent.
    mail: VecDeque<(ShardId, ShardId, Mail)>,
    authenticator: Authenticator,
    /// Everything that was presented to the authenticator.
    presented: Vec<Authentication>,
    /// Connections that any engine might have accepted.
    accepted_count: usize,
    is_mail_held: bool,
    is_journal_held: bool,
    /// What others are asked and have not answered, with each attempt in words.
    inquiries: VecDeque<(usize, InquiryId, Vec<String>)>,
    /// Inquiries that nobody waits for any more.
    withdrawn: Vec<(usize, InquiryId)>,
}

impl World {
    /// One engine with the default limits, which lets everybody in.
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    /// A world that differs from [`World::new`].
    pub(crate) fn with(change: impl FnOnce(&mut Setup)) -> Self {
        let mut setup = Setup {
            shards: 1,
            limits: Limits::default(),
            retained: RetainedLimits::default(),
            options: EngineOptions::new(1),
        };
        change(&mut setup);
        let Setup { shards, limits, retained, mut options } = setup;
        options.shard_count = shards;
        options.settings.limits = Arc::new(limits);
        options.retained = SharedRetained::new(options.hash_seed.clone(), retained);
        let now = Timestamp::from_micros(1_000_000);
        let engine = |shard| Engine::new(now, ShardId(shard), options.clone());
        Self(Rc::new(RefCell::new(State {
            now,
            engines: (0..shards).map(engine).collect(),
            wires: Vec::new(),
            mail: VecDeque::new(),
            authenticator: Box::new(|_| Answer::Now(allow(Rights::all()))),
            presented: Vec::new(),
            accepted_count: 0,
            is_mail_held: false,
            is_journal_held: false,
            inquiries: VecDeque::new(),
            withdrawn: Vec::new(),
        })))
    }

    pub(crate) fn state(&self) -> RefMut<'_, State> {
        self.0.borrow_mut()
    }

    // --- clients

    /// A connection that says nothing yet, accepted by one engine after the other.
    pub(crate) fn open(&self, version: ProtocolVersion) -> Client {
        let shard = {
            let mut state = self.state();
            state.accepted_count += 1;
            state.accepted_count % state.engines.len()
        };
        self.open_at(shard, version)
    }

    /// A connection that this engine accepted.
    pub(crate) fn open_at(&self, shard: usize, version: ProtocolVersion) -> Client {
        let mut state = self.state();
        let now = state.now;
        let id = state.engines[shard].open(now);
        state.wires.push(Wire::new(shard, id));
        Client::new(self.clone(), state.wires.len() - 1, version)
    }

    /// A client that was let in.
    pub(crate) fn connect(&self, version: ProtocolVersion, client_id: &str) -> Client {
        self.connect_with(connect(version, client_id))
    }

    /// A client that was let in with this CONNECT.
    pub(crate) fn connect_with(&self, connect: Connect<'_>) -> Client {
        let client = self.open(connect.version);
        let expected = connect.version;
        client.send(connect);
        let connack = client.connack();
        assert_eq!(connack.reason, ReasonCode::SUCCESS, "{expected:?} is let in");
        client
    }

    /// Connects and tells whether a session was there.
    pub(crate) fn connect_present(&self, connect: Connect<'_>) -> bool {
        let client = self.open(connect.version);
        client.send(connect);
        client.connack().session_present
    }

    /// A Client Identifier that begins with `name` and belongs to this engine.
    pub(crate) fn name_at(&self, shard: u16, name: &str) -> &'static str {
        let state = self.state();
        let is_owned = |name: &String| state.engines[0].owner_of(name) == ShardId(shard);
        let found = (0..10_000).map(|number| format!("{name}{number}")).find(is_owned);
        super::keep_str(found.expect("every engine owns some name"))
    }

    // --- what is not the network

    /// Replaces the authenticator.
    pub(crate) fn authenticate_by(&self, authenticator: impl FnMut(&Authentication) -> Answer + 'static) {
        self.state().authenticator = Box::new(authenticator);
    }

    /// Takes what was presented to the authenticator since the last call.
    pub(crate) fn presented(&self) -> Vec<Authentication> {
        std::mem::take(&mut self.state().presented)
    }

    /// The verdict that [`Answer::Later`] announced.
    pub(crate) fn decide(&self, client: &Client, decision: Decision) {
        let (shard, id) = self.connection(client);
        self.input_at(shard, Input::Decided(id, decision));
    }

    /// What others are asked now, oldest first: each attempt in words.
    pub(crate) fn asked(&self) -> Vec<Vec<String>> {
        self.state().inquiries.iter().map(|(.., attempts)| attempts.clone()).collect()
    }

    /// Others answer what they were asked first.
    pub(crate) fn answer(&self, answers: &[Inquired]) {
        let oldest = self.state().inquiries.pop_front();
        let (shard, inquiry, _) = oldest.expect("somebody is asked");
        self.input_at(shard, Input::Inquired(inquiry, answers.into()));
    }

    /// Others answer what nobody waits for any more.
    pub(crate) fn answer_late(&self, answers: &[Inquired]) {
        let withdrawn = self.state().withdrawn.pop();
        let (shard, inquiry) = withdrawn.expect("an inquiry was withdrawn");
        self.input_at(shard, Input::Inquired(inquiry, answers.into()));
    }

    /// Tells every engine.
    pub(crate) fn input(&self, input: impl Fn() -> Input) {
        let shards = self.state().engines.len();
        for shard in 0..shards {
            self.input_at(shard, input());
        }
    }

    pub(crate) fn input_at(&self, shard: usize, input: Input) {
        let mut state = self.state();
        let now = state.now;
        state.engines[shard].input(now, input);
        state.settle();
    }

    /// Has an engine do something.
    pub(crate) fn instruct<T>(
        &self,
        shard: usize,
        instruction: impl FnOnce(&mut Engine, Timestamp) -> T,
    ) -> T {
        let mut state = self.state();
        let now = state.now;
        let answer = instruction(&mut state.engines[shard], now);
        state.settle();
        answer
    }

    /// Where a connection is, and its name there.
    pub(crate) fn connection(&self, client: &Client) -> (usize, vouchmq_mqtt::ConnectionId) {
        let state = self.state();
        let wire = &state.wires[client.wire()];
        (wire.shard, wire.id.expect("the connection is open"))
    }

    /// Time passes; what is due on the way is done in order.
    pub(crate) fn advance(&self, duration: Duration) {
        let mut state = self.state();
        let target = state.now.after(duration);
        for _ in 0..TURNS_MAX {
            let next = state.engines.iter().filter_map(Engine::poll_timeout).min();
            let Some(next) = next.filter(|next| *next <= target) else {
                state.now = target;
                return;
            };
            state.now = state.now.max(next);
            let now = state.now;
            for engine in &mut state.engines {
                if engine.poll_timeout().is_some_and(|at| at <= now) {
                    engine.handle_timeout(now);
                }
            }
            state.settle();
        }
        panic!("timers are armed again and again");
    }

    pub(crate) fn advance_secs(&self, secs: u64) {
        self.advance(Duration::from_secs(secs));
    }

    /// Mail between engines stays where it is until it is released.
    pub(crate) fn hold_mail(&self) {
        self.state().is_mail_held = true;
    }

    /// How many letters of a kind are in the mail that is held.
    pub(crate) fn held_letters(&self, kind: &str) -> usize {
        let kind = format!("{kind}(");
        self.state().mail.iter().map(|(.., mail)| format!("{mail:?}").matches(&kind).count()).sum()
    }

    pub(crate) fn release_mail(&self) {
        let mut state = self.state();
        state.is_mail_held = false;
        state.settle();
    }

    /// The journal makes nothing safe until it is released.
    pub(crate) fn hold_journal(&self) {
        self.state().is_journal_held = true;
    }

    pub(crate) fn release_journal(&self) {
        let mut state = self.state();
        state.is_journal_held = false;
        state.settle();
    }

    // --- looking inside, as the control interface does

    /// The session of a client, wherever it is.
    pub(crate) fn session(&self, client_id: &str) -> Option<ClientState> {
        let state = self.state();
        let mut found: Vec<ClientState> =
            state.engines.iter().filter_map(|engine| engine.client(client_id)).collect();
        assert!(found.len() <= 1, "a client has one owner");
        found.pop()
    }

    /// Nothing is left of clients and sessions in any engine, not even a timer.
    pub(crate) fn expect_nothing_held(&self) {
        for engine in &self.state().engines {
            assert_eq!(engine.census(), Census::default());
        }
    }

    /// One number of the statistics, summed over all engines.
    pub(crate) fn count(&self, of: impl Fn(&Stats) -> u64) -> u64 {
        self.state().engines.iter().map(|engine| of(engine.stats())).sum()
    }
}

impl State {
    /// Goes on until nothing moves any more.
    pub(crate) fn settle(&mut self) {
        for _ in 0..TURNS_MAX {
            let moved =
                [self.act(), self.feed(), self.flush(), self.make_safe(), self.carry_mail(), self.work()];
            if !moved.contains(&true) {
                return;
            }
        }
        panic!("the engines never come to rest");
    }

    /// Does what the engines ask for.
    fn act(&mut self) -> bool {
        let mut has_acted = false;
        for shard in 0..self.engines.len() {
            while let Some(action) = self.engines[shard].poll_action() {
                has_acted = true;
                self.act_on(shard, action);
            }
        }
        has_acted
    }

    fn act_on(&mut self, shard: usize, action: Action) {
        let now = self.now;
        match action {
            Action::Authenticate(id, authentication) => {
                let answer = (self.authenticator)(&authentication);
                self.presented.push(*authentication);
                if let Answer::Now(decision) = answer {
                    self.engines[shard].input(now, Input::Decided(id, decision));
                }
            }
            Action::Move { connection, to, bytes } => {
                let wire = self.wire_of(shard, connection).expect("a connection that moves exists");
                let to = usize::from(to.0);
                let id = self.engines[to].open(now);
                (self.wires[wire].shard, self.wires[wire].id) = (to, Some(id));
                self.engines[to].receive(now, id, &bytes);
            }
            Action::Inquire(inquiry, inquiries) => {
                let attempts = inquiries.attempts().map(|attempt| super::attempt_in_words(&attempt));
                self.inquiries.push_back((shard, inquiry, attempts.collect()));
            }
            Action::Withdraw(inquiry) => {
                let known = self.inquiries.iter().position(|known| (known.0, known.1) == (shard, inquiry));
                self.inquiries.remove(known.expect("only what is out is withdrawn"));
                self.withdrawn.push((shard, inquiry));
            }
            Action::Resume(_) | Action::Connected(..) => {}
            // One that was lost has no end to be told any more.
            Action::Close { connection, cause, .. } => {
                if let Some(wire) = self.wire_of(shard, connection) {
                    self.wires[wire].closing = Some(cause);
                    self.wires[wire].take(now, &mut self.engines[shard]);
                }
            }
            Action::Abort(connection) => {
                if let Some(wire) = self.wire_of(shard, connection) {
                    self.wires[wire].close(now, &mut self.engines[shard]);
                }
            }
        }
    }

    fn wire_of(&self, shard: usize, id: vouchmq_mqtt::ConnectionId) -> Option<usize> {
        self.wires.iter().position(|wire| wire.shard == shard && wire.id == Some(id))
    }

    /// Hands over what clients sent, as far as the engines want it.
    fn feed(&mut self) -> bool {
        let mut has_fed = false;
        for wire in &mut self.wires {
            let Some(id) = wire.id else { continue };
            let engine = &mut self.engines[wire.shard];
            if !engine.wants_input(id) {
                continue;
            }
            if let Some(bytes) = wire.to_engine.pop_front() {
                has_fed = true;
                engine.receive(self.now, id, &bytes);
            }
        }
        has_fed
    }

    /// Hands over what engines have for clients.
    fn flush(&mut self) -> bool {
        let mut has_flushed = false;
        for shard in 0..self.engines.len() {
            while let Some(id) = self.engines[shard].poll_dirty() {
                has_flushed = true;
                if let Some(wire) = self.wire_of(shard, id) {
                    self.wires[wire].take(self.now, &mut self.engines[shard]);
                }
            }
        }
        has_flushed
    }

    fn make_safe(&mut self) -> bool {
        let mut has_saved = false;
        for engine in &mut self.engines {
            if let Some(upto) = engine.unpersisted().filter(|_| !self.is_journal_held) {
                has_saved = true;
                engine.persisted(upto);
            }
        }
        has_saved
    }

    /// Lets the engines go on with what takes long.
    fn work(&mut self) -> bool {
        for engine in &mut self.engines {
            engine.work(self.now);
        }
        let waits_for_the_test = self.is_mail_held || self.is_journal_held;
        !waits_for_the_test && self.engines.iter().any(Engine::has_output)
    }

    /// Collects mail and delivers one piece of it.
    fn carry_mail(&mut self) -> bool {
        let shards = u16::try_from(self.engines.len()).expect("few engines");
        for from in 0..shards {
            for to in 0..shards {
                if let Some(mail) = self.engines[usize::from(from)].take_mail(ShardId(to)) {
                    self.mail.push_back((ShardId(from), ShardId(to), mail));
                }
            }
        }
        if self.is_mail_held {
            return false;
        }
        let Some((from, to, mail)) = self.mail.pop_front() else { return false };
        self.engines[usize::from(to.0)].deliver_mail(self.now, from, mail);
        true
    }
}
