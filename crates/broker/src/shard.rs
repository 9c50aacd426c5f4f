//! One shard: a thread with its own reactor, one engine, and the sockets of the engine's clients.

mod accept;
mod act;
mod connection;
mod exchange;
mod flush;
mod guard;
mod inquire;
mod lap;
mod linger;
pub(crate) mod mailbox;
mod person;
mod round;
mod sockets;
mod tapped;
mod turn;
mod vestibule;
mod view;
mod vouch;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::JoinHandle;
use vouchmq_identity::{Denial, Exchange};
use vouchmq_mqtt::ConnectionId;
use vouchmq_mqtt::engine::{Engine, EngineOptions, Input, InquiryId, Mail, ShardId};
use vouchmq_mqtt::time::Timestamp;

use crate::admission::queue_delay::QueueDelay;
use crate::admission::{Admission, Seat};
use crate::clock::Monotonic;
use crate::door::{Door, Spoken};
use crate::event_log::EventLog;
use crate::offences::Offences;
use crate::trace::{Tap, Traces};
use crate::transport::{Peer, Transport, Wire};
use crate::verify::Verifier;
use act::Delayed;
use guard::Breakage;
use inquire::Gathering;
use linger::Lingering;
use mailbox::{Inbox, Mailbox, Message, Moved};
use sockets::Sockets;
use tapped::Taps;
use turn::Portion;
use vestibule::Vestibule;

pub(crate) use accept::Listener;
pub(crate) use round::{Errand, Round};
pub(crate) use view::ShardView;

/// Bytes that one system call reads at most. One buffer serves all connections of a shard.
const READ_BYTES: usize = 256 * 1024;
/// Messages that are taken from the mailbox at once.
const MAIL_BATCH: usize = 64;

/// What a shard is started with.
pub(crate) struct Setup {
    pub(crate) id: ShardId,
    pub(crate) options: EngineOptions,
    pub(crate) listeners: Vec<(Listener, Arc<Door>)>,
    pub(crate) inbox: Inbox,
    /// The mailboxes of all shards, this one's included.
    pub(crate) mailboxes: Arc<[Mailbox]>,
    pub(crate) verifier: Verifier,
    pub(crate) admission: Arc<Admission>,
    pub(crate) traces: Arc<Traces>,
    pub(crate) clock: Monotonic,
}

/// A running shard, shared by the tasks of its thread.
pub(crate) struct Shard {
    state: RefCell<State>,
    /// Something is to be written or sent.
    output: Notify,
    /// A timer was armed that comes before the one that is awaited.
    timer: Notify,
    /// Somebody wants to connect.
    newcomer: Notify,
    /// The last connection is gone.
    empty: Notify,
    /// Connections that wait for their client to close.
    lingering_count: Cell<usize>,
    breakage: Breakage,
    /// What accepts, by door.
    accepting: RefCell<Vec<(u64, JoinHandle<()>)>>,
    /// Nobody is let in any more.
    is_draining: Cell<bool>,
    vestibule: Vestibule,
}

struct State {
    id: ShardId,
    engine: Engine,
    sockets: Sockets,
    scratch: Box<[u8]>,
    /// What is read from those who speak TLS, before it is opened into `scratch`; empty until one does.
    sealed: Vec<u8>,
    /// How much of it a read fills.
    portion: Portion,
    mailboxes: Arc<[Mailbox]>,
    verifier: Verifier,
    admission: Arc<Admission>,
    /// Clients that take their connection over again and again.
    takeovers: Offences<Arc<str>>,
    /// Clients that are judged, or told that they are refused, only after a while; one that is gone is not any more.
    delayed: HashMap<ConnectionId, Delayed>,
    /// How long those of them wait that no task waits for yet.
    delays: Vec<(Duration, ConnectionId)>,
    /// Connections whose end is left to a task.
    lingering: Vec<Lingering>,
    log: EventLog,
    /// Where connections came from whose end is not handled yet.
    departed: HashMap<ConnectionId, Peer>,
    /// What speaks against clients whose end is not handled yet.
    denials: HashMap<ConnectionId, Denial>,
    /// What clients are asked by methods of enhanced authentication; with the verifier while that judges.
    exchanges: HashMap<ConnectionId, Box<dyn Exchange>>,
    /// Clients that a verifier judges, and since when; one that is dropped is not judged any more.
    verifying: HashMap<ConnectionId, (Arc<()>, Timestamp)>,
    /// What others are asked, until they have answered or nobody waits any more.
    inquiring: HashMap<InquiryId, Gathering>,
    /// Somebody wants to connect, since the last input.
    has_newcomers: bool,
    /// How long clients wait for this thread.
    loop_delay: QueueDelay,
    clock: Monotonic,
    /// Connections that are not read from until other shards have caught up.
    held_back: HashSet<ConnectionId>,
    /// Connections that could take more than they were given.
    unwritten: Vec<ConnectionId>,
    /// The connections that are being written to; kept for its memory.
    dirty: Vec<ConnectionId>,
    /// Bytes that were received since the outboxes were written.
    unflushed_bytes: usize,
    /// The timer that is awaited.
    armed: Timestamp,
    /// What copies connections that somebody looks at.
    taps: Taps,
}

/// Runs a shard on this thread until it is drained.
pub(crate) fn run(setup: Setup) -> std::io::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default())?;
    runtime.block_on(serve(setup))
}

async fn serve(setup: Setup) -> std::io::Result<()> {
    let Setup { id, options, listeners, mut inbox, mailboxes, verifier, admission, traces, clock } = setup;
    let shard = Rc::new(Shard {
        state: RefCell::new(State {
            id,
            engine: Engine::new(clock.now(), id, options),
            sockets: Sockets::default(),
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
            sealed: Vec::new(),
            portion: Portion::new(),
            mailboxes,
            verifier,
            admission,
            takeovers: Offences::new(),
            delayed: HashMap::new(),
            delays: Vec::new(),
            lingering: Vec::new(),
            log: EventLog::default(),
            departed: HashMap::new(),
            denials: HashMap::new(),
            exchanges: HashMap::new(),
            verifying: HashMap::new(),
            has_newcomers: false,
            loop_delay: QueueDelay::default(),
            inquiring: HashMap::new(),
            clock,
            held_back: HashSet::new(),
            unwritten: Vec::new(),
            dirty: Vec::new(),
            unflushed_bytes: 0,
            armed: Timestamp::NEVER,
            taps: Taps::new(traces),
        }),
        output: Notify::new(),
        timer: Notify::new(),
        newcomer: Notify::new(),
        empty: Notify::new(),
        lingering_count: Cell::new(0),
        breakage: Breakage::default(),
        accepting: RefCell::default(),
        is_draining: Cell::new(false),
        vestibule: Vestibule::default(),
    });
    let work = shard.clone().work(listeners, &mut inbox);
    tokio::select! {
        () = shard.breakage.happened() => Err(std::io::Error::other("a task panicked: this is a bug")),
        ended = work => ended,
    }
}

impl Shard {
    /// Accepts and serves clients until it is told to drain, then drains.
    async fn work(
        self: Rc<Self>,
        listeners: Vec<(Listener, Arc<Door>)>,
        inbox: &mut Inbox,
    ) -> std::io::Result<()> {
        for (listener, door) in listeners {
            self.listen(listener, door)?;
        }
        self.spawn(Box::pin(self.clone().flush_forever()));
        self.spawn(Box::pin(self.clone().fire_timers()));
        self.spawn(Box::pin(self.clone().measure_laps()));
        let mut batch = Vec::new();
        let drain_timeout = loop {
            if inbox.recv_many(&mut batch, MAIL_BATCH).await == 0 {
                return Ok(());
            }
            if let Some(timeout) = self.open_mail(&mut batch, inbox).await {
                break timeout;
            }
        };
        self.is_draining.set(true);
        self.accepting.take().iter().for_each(|(_, accepting)| accepting.abort());
        self.drain(inbox, drain_timeout).await;
        Ok(())
    }

    /// Handles mail, and lets others have their turn in between. Says when the shard is to drain, and within
    /// which time.
    async fn open_mail(self: &Rc<Self>, batch: &mut Vec<Message>, inbox: &Inbox) -> Option<Duration> {
        let mut drain_timeout = None;
        let mut began = self.now();
        for message in batch.drain(..) {
            if let Message::Drain(timeout) = message {
                drain_timeout = Some(timeout);
            }
            self.open_message(message, inbox, &mut began).await;
            self.take_turns(&mut began).await;
        }
        drain_timeout
    }

    async fn open_message(self: &Rc<Self>, message: Message, inbox: &Inbox, began: &mut Timestamp) {
        match message {
            Message::Mail(from, mail) => self.open_letters(from, mail, inbox, began).await,
            Message::Relieved => self.change(|state, _| state.read_on()),
            Message::Judged(connection, judged, since) => self.change(|state, _| {
                state.waited_since(since);
                state.decide_by_mail(connection, judged);
            }),
            Message::Inquired(inquiry, position, inquired) => {
                self.change(|state, now| state.gather(now, inquiry, position, inquired));
            }
            Message::Round(round) => self.change(|state, _| state.go_round(round)),
            Message::Input(input) => self.change(|state, now| state.engine.input(now, input)),
            Message::Inspect(look) => self.change(|state, _| look(&state.view())),
            Message::Instruct(act) => self.change(|state, now| act(&mut state.engine, now)),
            Message::Adopt(moved) => self.adopt(*moved),
            Message::BeginTrace(trace, from) => self.change(|state, _| state.begin_trace(&trace, from)),
            Message::EndTrace(trace) => self.change(|state, _| state.taps.forget(&trace)),
            Message::Listen(listener, door) => {
                let name = door.spoken().entrance.name.clone();
                if let Err(error) = self.listen(listener, door) {
                    tracing::error!(listener = %name, %error, "a listener could not be opened on a shard");
                }
            }
            Message::CloseDoor(closed) => self.accepting.borrow_mut().retain(|(door, accepting)| {
                if *door == closed {
                    accepting.abort();
                }
                *door != closed
            }),
            Message::Drain(_) => self.change(|state, now| state.engine.input(now, Input::Drain)),
        }
    }

    /// Handles mail of one shard portion by portion: who sends much of it at once keeps nobody waiting.
    async fn open_letters(self: &Rc<Self>, from: ShardId, mail: Mail, inbox: &Inbox, began: &mut Timestamp) {
        let byte_count = mail.byte_count();
        let mut mail = mail.open();
        while !mail.is_done() {
            self.change(|state, now| {
                state.engine.deliver_portion(now, from, &mut mail);
                state.flush_early(0);
            });
            self.take_turns(began).await;
        }
        if inbox.handled(byte_count) {
            self.change(|state, _| {
                state.mailboxes.iter().for_each(|mailbox| mailbox.send(Message::Relieved));
            });
        }
    }

    /// Lets others have their turn when this one, which began then, is over.
    async fn take_turns(&self, began: &mut Timestamp) {
        if turn::is_over(self.now().since(*began)) {
            tokio::task::yield_now().await;
            *began = self.now();
        }
    }

    /// Something happens to the shard, and what follows from it is done.
    fn change(self: &Rc<Self>, happen: impl FnOnce(&mut State, Timestamp)) {
        let mut state = self.state.borrow_mut();
        let now = state.clock.now();
        happen(&mut state, now);
        self.after_input(&mut state);
    }

    fn now(&self) -> Timestamp {
        self.state.borrow().clock.now()
    }

    /// A connection that another thread accepted.
    fn adopt(self: &Rc<Self>, moved: Moved) {
        let Moved { transport, seat, bytes, tap } = moved;
        match transport.attach() {
            Ok(transport) => self.open_with(self.now(), transport, seat, &bytes, tap),
            Err(error) => tracing::warn!(peer = %seat.peer, %error, "a connection could not be moved"),
        }
    }

    /// Accepts clients at a door.
    fn listen(self: &Rc<Self>, listener: Listener, door: Arc<Door>) -> std::io::Result<()> {
        if self.is_draining.get() {
            return Ok(());
        }
        let id = door.id;
        let accepting = self.spawn(Box::pin(listener.accept(self.clone(), door)?));
        self.accepting.borrow_mut().push((id, accepting));
        Ok(())
    }

    /// A connection was accepted here; `true` when it has to pass something before it is served.
    fn accepted(self: &Rc<Self>, wire: Wire, peer: Peer, door: &Arc<Door>) -> bool {
        let spoken = door.spoken();
        if !spoken.is_plain() {
            self.enter(wire, peer, door.id, &spoken);
            return true;
        }
        if let Some(seat) = self.admit(peer, &spoken) {
            self.open(Transport::Plain(wire), seat, &[]);
        }
        false
    }

    /// Finds a place for a connection.
    fn admit(&self, peer: Peer, spoken: &Spoken) -> Option<Seat> {
        let state = self.state.borrow();
        let seat = state.admission.admit(state.clock.now(), peer)?;
        Some(seat.by(spoken.entrance.clone()))
    }

    /// How long accepting pauses before the next batch, and counts that.
    fn accept_delay(&self) -> Option<Duration> {
        let pause = self.pressure().pause;
        if pause.is_zero() {
            return None;
        }
        self.state.borrow().admission.counters.accept_delays.fetch_add(1, Ordering::Relaxed);
        Some(pause)
    }

    fn count_accept_pause(&self) {
        self.state.borrow().admission.counters.accept_pauses.fetch_add(1, Ordering::Relaxed);
    }

    /// Begins to serve a connection, of which `bytes` were read already.
    fn open(self: &Rc<Self>, transport: Transport, seat: Seat, bytes: &[u8]) {
        let now = self.now();
        self.open_since(now, transport, seat, bytes);
    }

    /// Begins to serve a connection that was accepted then.
    fn open_since(self: &Rc<Self>, accepted_at: Timestamp, transport: Transport, seat: Seat, bytes: &[u8]) {
        self.open_with(accepted_at, transport, seat, bytes, None);
    }

    /// Begins to serve a connection, with what copies it already.
    fn open_with(
        self: &Rc<Self>,
        accepted_at: Timestamp,
        mut transport: Transport,
        seat: Seat,
        bytes: &[u8],
        tap: Option<Box<Tap>>,
    ) {
        let mut state = self.state.borrow_mut();
        if !state.vouch_for(&mut transport, &seat) {
            state.linger(transport, seat);
            return self.after_input(&mut state);
        }
        let now = state.clock.now();
        let id = match seat.refusal {
            Some(reason) => state.engine.open_refused(now, reason),
            None => state.engine.open(accepted_at),
        };
        state.taps.open(id, &seat, tap, bytes);
        let has_unsent = transport.has_unsent();
        state.sockets.insert(id, transport, seat);
        if has_unsent {
            state.unwritten.push(id);
        }
        self.spawn(connection::Reading::new(self.clone(), id));
        if !bytes.is_empty() {
            state.engine.receive(now, id, bytes);
        }
        self.after_input(&mut state);
    }

    /// Does what the engine asks for, and has the rest done soon.
    fn after_input(self: &Rc<Self>, state: &mut State) {
        state.act();
        self.verify_later(state);
        self.start_lingering(state);
        if std::mem::take(&mut state.has_newcomers) {
            self.newcomer.notify_one();
        }
        if state.has_output() {
            self.output.notify_one();
        }
        if state.engine.poll_timeout().is_some_and(|at| at < state.armed) {
            self.timer.notify_one();
        }
        if self.is_empty(state) {
            self.empty.notify_one();
        }
    }

    fn is_empty(&self, state: &State) -> bool {
        state.sockets.is_empty() && self.lingering_count.get() == 0
    }

    async fn fire_timers(self: Rc<Self>) {
        loop {
            let wake_at = {
                let mut state = self.state.borrow_mut();
                state.armed = state.engine.poll_timeout().unwrap_or(Timestamp::NEVER);
                state.clock.instant(state.armed)
            };
            tokio::select! {
                () = tokio::time::sleep_until(wake_at.into()) => {
                    // What clients have sent in time is read before their silence is judged.
                    tokio::task::yield_now().await;
                    let mut state = self.state.borrow_mut();
                    state.handle_timeout();
                    self.after_input(&mut state);
                }
                () = self.timer.notified() => {}
            }
        }
    }

    /// Lets every client read what is left for it, for a while.
    async fn drain(self: &Rc<Self>, inbox: &mut Inbox, timeout: Duration) {
        let mut batch = Vec::new();
        let gone = async {
            while !self.is_empty(&self.state.borrow()) {
                tokio::select! {
                    () = self.empty.notified() => {}
                    _ = inbox.recv_many(&mut batch, MAIL_BATCH) => {
                        self.open_mail(&mut batch, inbox).await;
                    }
                }
            }
        };
        if tokio::time::timeout(timeout, gone).await.is_err() {
            tracing::warn!(shard = self.state.borrow().id.0, "clients did not take their last bytes in time");
        }
    }
}

impl State {
    /// Another shard has so much mail that nothing more may be made for it.
    fn is_held_back(&self) -> bool {
        self.mailboxes.iter().any(Mailbox::is_congested)
    }

    fn handle_timeout(&mut self) {
        let now = self.clock.now();
        for id in &self.held_back {
            self.engine.excuse(now, *id);
        }
        self.engine.handle_timeout(now);
    }

    /// Reads again from the connections that waited for other shards.
    fn read_on(&mut self) {
        for id in std::mem::take(&mut self.held_back) {
            if let Some(socket) = self.sockets.get_mut(id) {
                socket.wake();
            }
        }
    }
}
