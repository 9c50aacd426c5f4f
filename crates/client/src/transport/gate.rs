//! Connections to one server: which are kept, who gets the next one, and who waits for it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::latency::Latency;
use super::link::{Http1, Streams};
use super::place::{Place, Stream, What};
use super::queue::Queue;
use super::sweep::sweep;
use crate::remote::options::ServerBounds;

/// Connections to one server, and those that wait for one. Times are since `start`.
#[derive(Debug)]
pub(super) struct Gate {
    pub(super) start: Instant,
    pub(super) state: Mutex<State>,
}

pub(super) struct State {
    /// Of HTTP/1.1, the one used last at the end.
    pub(super) idle: Vec<Idle>,
    pub(super) shared: Vec<Shared>,
    /// All there are, those in use and those that are being made included.
    pub(super) connections: usize,
    /// That are being made.
    pub(super) connecting: usize,
    connections_max: usize,
    pub(super) spoken: Spoken,
    /// Those that wait. To drop the channel is to say that no time is left.
    waiting: Queue<oneshot::Sender<Result<Place, Refusal>>>,
    /// Places that are given out.
    used: usize,
    /// How long whole answers take.
    answers: Latency,
    /// How long one may take.
    timeout: Duration,
    pub(super) is_swept: bool,
    numbers: u64,
}

pub(super) struct Idle {
    pub(super) link: Box<Http1>,
    pub(super) since: Duration,
}

/// A connection of HTTP/2.
pub(super) struct Shared {
    number: u64,
    send: Streams,
    streams: usize,
    pub(super) retire_at: Duration,
    pub(super) used: Duration,
}

/// What is known of what the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spoken {
    Unknown,
    Http1,
    Http2,
}

/// Why a question does not get a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// As many wait as may.
    Full,
    /// Its turn did not come in time for an answer.
    TimedOut,
    /// The server has failed too often since.
    Dismissed,
}

/// For so long an idle connection is kept. Servers do that for longer, mostly.
pub(super) const IDLE_MAX: Duration = Duration::from_secs(30);
/// So many streams at once every server should allow (RFC 9113 §6.5.2); for more another connection is made.
const STREAMS_MAX: usize = 100;

// === impl Gate ===

impl Gate {
    /// `may_be_http2`: nobody knows before the first connection.
    pub(super) fn new(start: Instant, bounds: &ServerBounds, timeout: Duration, may_be_http2: bool) -> Self {
        let state = State {
            idle: Vec::new(),
            shared: Vec::new(),
            connections: 0,
            connecting: 0,
            connections_max: bounds.connections_max,
            spoken: if may_be_http2 { Spoken::Unknown } else { Spoken::Http1 },
            waiting: Queue::new(bounds.waiting_max),
            used: 0,
            answers: Latency::default(),
            timeout,
            is_swept: false,
            numbers: 0,
        };
        Self { start, state: Mutex::new(state) }
    }

    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// A connection, a stream, or the right to make a connection.
    pub(super) async fn place(self: &Arc<Self>, deadline: Instant) -> Result<Place, Refusal> {
        let (ticket, turn) = {
            let (mut state, now) = (self.state.lock(), self.now());
            if state.waiting.is_empty()
                && let Some(what) = state.take(now)
            {
                return Ok(Place::new(self, what));
            }
            let (give, turn) = oneshot::channel();
            let until = deadline.saturating_duration_since(self.start);
            let ticket = state.waiting.join(now, until, give).map_err(|_| Refusal::Full)?;
            self.serve(&mut state, now);
            (ticket, turn)
        };
        let _waiting = Waiting { gate: self, ticket };
        match timeout_at(deadline, turn).await {
            Ok(Ok(turn)) => turn,
            Ok(Err(_)) | Err(_) => Err(Refusal::TimedOut),
        }
    }

    /// Gives what is free to those that wait.
    pub(super) fn serve(self: &Arc<Self>, state: &mut State, now: Duration) {
        while !state.waiting.is_empty() {
            let Some(what) = state.take(now) else { return };
            let takes = state.takes();
            let Some(next) = state.waiting.next(now, takes) else {
                state.put(what, now);
                return;
            };
            if let Err(Ok(refused)) = next.send(Ok(Place::new(self, what))) {
                // it has just gone away
                state.put(refused.into_what(), now);
            }
        }
    }

    /// Takes back what nobody uses any more; `took`: so long a whole answer took.
    pub(super) fn give_back(self: &Arc<Self>, what: What, took: Option<Duration>) {
        let (mut state, now) = (self.state.lock(), self.now());
        if let Some(took) = took {
            state.answers.observe(now, took);
        }
        state.put(what, now);
        self.serve(&mut state, now);
        let is_kept = !(state.idle.is_empty() && state.shared.is_empty());
        if is_kept
            && !state.is_swept
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            state.is_swept = true;
            runtime.spawn(sweep(Arc::downgrade(self)));
        }
    }

    /// Sends those away that wait: the server fails.
    pub(super) fn dismiss(&self) {
        let dismissed = self.state.lock().waiting.dismiss();
        dismissed.for_each(|who| drop(who.send(Err(Refusal::Dismissed))));
    }

    /// Whether nobody more may wait.
    pub(super) fn is_full(&self) -> bool {
        let state = self.state.lock();
        state.waiting.is_full() && state.idle.is_empty() && state.connections >= state.connections_max
    }

    /// How many wait, and how many connections there are.
    pub(super) fn counts(&self) -> (usize, usize) {
        let state = self.state.lock();
        (state.waiting.len(), state.connections)
    }
}

/// Who waits, and leaves when it does so no longer.
struct Waiting<'a> {
    gate: &'a Gate,
    ticket: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.gate.state.lock().waiting.leave(self.ticket);
    }
}

// === impl State ===

impl State {
    /// How long an answer takes, where one is about to be asked for. Never more than half of what it may: who has that
    /// left is asked, however slow others were. And where nobody else is asked, somebody must be, to find out.
    fn takes(&self) -> Duration {
        if self.used > 1 { self.answers.expected().min(self.timeout / 2) } else { Duration::ZERO }
    }

    /// What is free: what is kept before what would have to be made.
    fn take(&mut self, now: Duration) -> Option<What> {
        let what = self.free(now)?;
        self.used += 1;
        Some(what)
    }

    fn free(&mut self, now: Duration) -> Option<What> {
        while let Some(idle) = self.idle.pop() {
            if idle.is_good(now) {
                return Some(What::Kept(idle.link));
            }
            self.connections -= 1;
        }
        self.forget_shared(now);
        if let Some(shared) = self.shared.iter_mut().find(|shared| shared.has_room(now)) {
            shared.streams += 1;
            shared.used = now;
            return Some(What::Stream(Stream { connection: shared.number, send: shared.send.clone() }));
        }
        // One connection may be enough for all.
        let is_enough = self.spoken != Spoken::Http1 && self.connecting > 0;
        if is_enough || self.connections >= self.connections_max {
            return None;
        }
        self.connections += 1;
        self.connecting += 1;
        Some(What::Connect)
    }

    /// Takes back.
    fn put(&mut self, what: What, now: Duration) {
        if !matches!(what, What::Nothing) {
            self.used -= 1;
        }
        match what {
            What::Kept(link) => {
                let idle = Idle { link, since: now };
                if idle.is_good(now) {
                    self.idle.push(idle);
                } else {
                    self.connections -= 1;
                }
            }
            What::Stream(stream) => {
                if let Some(shared) = self.shared.iter_mut().find(|it| it.number == stream.connection) {
                    shared.streams -= 1;
                    shared.used = now;
                }
                self.forget_shared(now);
            }
            What::Connect => {
                self.connections -= 1;
                self.connecting -= 1;
            }
            What::Nothing => {}
        }
    }

    /// A connection of HTTP/2 was made, and one stream of it is taken.
    pub(super) fn share(&mut self, send: Streams, retire_at: Duration, now: Duration) -> Stream {
        self.numbers += 1;
        let number = self.numbers;
        self.shared.push(Shared { number, send: send.clone(), streams: 1, retire_at, used: now });
        Stream { connection: number, send }
    }

    /// No more questions on this one.
    pub(super) fn retire(&mut self, stream: &Stream, now: Duration) {
        if let Some(shared) = self.shared.iter_mut().find(|it| it.number == stream.connection) {
            shared.retire_at = now;
        }
    }

    /// Lets connections of HTTP/2 go that are closed, or old and not in use.
    pub(super) fn forget_shared(&mut self, now: Duration) {
        let before = self.shared.len();
        self.shared.retain(|shared| !shared.send.is_closed() && (shared.streams > 0 || now < shared.ends()));
        self.connections -= before - self.shared.len();
    }
}

impl Idle {
    fn is_good(&self, now: Duration) -> bool {
        self.link.is_reusable() && now < self.ends()
    }

    /// When it is closed.
    pub(super) fn ends(&self) -> Duration {
        self.link.retire_at.min(self.since + IDLE_MAX)
    }
}

impl Shared {
    fn has_room(&self, now: Duration) -> bool {
        now < self.retire_at && self.streams < STREAMS_MAX
    }

    /// When it is closed, if nobody uses it.
    pub(super) fn ends(&self) -> Duration {
        self.retire_at.min(self.used + IDLE_MAX)
    }

    pub(super) const fn is_idle(&self) -> bool {
        self.streams == 0
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State")
            .field("connections", &self.connections)
            .field("waiting", &self.waiting.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
