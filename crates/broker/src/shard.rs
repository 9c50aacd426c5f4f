//! One shard: a thread with its own reactor, one engine, and the sockets of the engine's clients.

mod accept;
mod act;
mod connection;
mod flush;
pub(crate) mod mailbox;
mod sockets;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use vouchmq_mqtt::engine::{Engine, EngineOptions, Input, ShardId};
use vouchmq_mqtt::time::Timestamp;

use crate::clock::Monotonic;
use crate::transport::{Detached, Peer, Transport};
use crate::verify::Verifier;
use mailbox::{Inbox, Mailbox, Message};
use sockets::Sockets;

pub(crate) use accept::Listener;

/// Bytes that one system call reads at most. One buffer serves all connections of a shard.
const READ_BYTES: usize = 256 * 1024;
/// Messages that are taken from the mailbox at once.
const MAIL_BATCH: usize = 64;

/// What a shard is started with.
pub(crate) struct Setup {
    pub(crate) id: ShardId,
    pub(crate) options: EngineOptions,
    pub(crate) listeners: Vec<Listener>,
    pub(crate) inbox: Inbox,
    /// The mailboxes of all shards, this one's included.
    pub(crate) mailboxes: Arc<[Mailbox]>,
    pub(crate) verifier: Verifier,
    pub(crate) clock: Monotonic,
    pub(crate) drain_timeout: Duration,
}

/// A running shard, shared by the tasks of its thread.
pub(crate) struct Shard {
    state: RefCell<State>,
    /// Something is to be written or sent.
    output: Notify,
    /// A timer was armed that comes before the one that is awaited.
    timer: Notify,
    /// The last connection is gone.
    empty: Notify,
}

struct State {
    id: ShardId,
    engine: Engine,
    sockets: Sockets,
    scratch: Box<[u8]>,
    mailboxes: Arc<[Mailbox]>,
    verifier: Verifier,
    clock: Monotonic,
    /// The timer that is awaited.
    armed: Timestamp,
}

/// Runs a shard on this thread until it is drained.
pub(crate) fn run(setup: Setup) -> std::io::Result<()> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build_local(Default::default())?;
    runtime.block_on(serve(setup))
}

async fn serve(setup: Setup) -> std::io::Result<()> {
    let Setup { id, options, listeners, mut inbox, mailboxes, verifier, clock, drain_timeout } = setup;
    let shard = Rc::new(Shard {
        state: RefCell::new(State {
            id,
            engine: Engine::new(clock.now(), id, options),
            sockets: Sockets::default(),
            scratch: vec![0; READ_BYTES].into_boxed_slice(),
            mailboxes,
            verifier,
            clock,
            armed: Timestamp::NEVER,
        }),
        output: Notify::new(),
        timer: Notify::new(),
        empty: Notify::new(),
    });
    let accepting: Vec<_> = listeners
        .into_iter()
        .map(|listener| Ok(tokio::task::spawn_local(listener.accept(shard.clone())?)))
        .collect::<std::io::Result<_>>()?;
    tokio::task::spawn_local(shard.clone().flush_forever());
    tokio::task::spawn_local(shard.clone().fire_timers());
    let mut batch = Vec::new();
    loop {
        if inbox.recv_many(&mut batch, MAIL_BATCH).await == 0 {
            return Ok(());
        }
        let is_draining = shard.open_mail(&mut batch);
        if is_draining {
            break;
        }
    }
    accepting.iter().for_each(tokio::task::JoinHandle::abort);
    shard.drain(&mut inbox, drain_timeout).await;
    Ok(())
}

impl Shard {
    /// Handles mail; `true` when the shard is to drain.
    fn open_mail(self: &Rc<Self>, batch: &mut Vec<Message>) -> bool {
        let mut is_draining = false;
        for message in batch.drain(..) {
            let mut state = self.state.borrow_mut();
            let now = state.clock.now();
            match message {
                Message::Mail(from, mail) => state.engine.deliver_mail(now, from, mail),
                Message::Decided(connection, decision) => {
                    state.engine.input(now, Input::Decided(connection, decision));
                }
                Message::Input(input) => state.engine.input(now, input),
                Message::Inspect(look) => look(&state.engine),
                Message::Adopt { transport, peer, bytes } => {
                    drop(state);
                    self.adopt(transport, peer, &bytes);
                    continue;
                }
                Message::Drain => {
                    state.engine.input(now, Input::Drain);
                    is_draining = true;
                }
            }
            self.after_input(&mut state);
        }
        is_draining
    }

    /// A connection that another thread accepted.
    fn adopt(self: &Rc<Self>, transport: Detached, peer: Peer, bytes: &[u8]) {
        match transport.attach() {
            Ok(transport) => self.open(transport, peer, bytes),
            Err(error) => tracing::warn!(%peer, %error, "a connection could not be moved"),
        }
    }

    /// Begins to serve a connection, of which `bytes` were read already.
    fn open(self: &Rc<Self>, transport: Transport, peer: Peer, bytes: &[u8]) {
        let mut state = self.state.borrow_mut();
        let now = state.clock.now();
        let id = state.engine.open(now);
        state.sockets.insert(id, transport, peer);
        tokio::task::spawn_local(connection::Reading::new(self.clone(), id));
        if !bytes.is_empty() {
            state.engine.receive(now, id, bytes);
        }
        self.after_input(&mut state);
    }

    /// Does what the engine asks for, and has the rest done soon.
    fn after_input(&self, state: &mut State) {
        state.act();
        if state.engine.has_output() {
            self.output.notify_one();
        }
        if state.engine.poll_timeout().is_some_and(|at| at < state.armed) {
            self.timer.notify_one();
        }
        if state.sockets.is_empty() {
            self.empty.notify_one();
        }
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
                    let mut state = self.state.borrow_mut();
                    let now = state.clock.now();
                    state.engine.handle_timeout(now);
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
            while !self.state.borrow().sockets.is_empty() {
                tokio::select! {
                    () = self.empty.notified() => {}
                    _ = inbox.recv_many(&mut batch, MAIL_BATCH) => {
                        self.open_mail(&mut batch);
                    }
                }
            }
        };
        if tokio::time::timeout(timeout, gone).await.is_err() {
            tracing::warn!(shard = self.state.borrow().id.0, "clients did not take their last bytes in time");
        }
    }
}
