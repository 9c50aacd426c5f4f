use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, Sleep, sleep_until};

use super::HttpLimits;

/// What a connection is doing, and until when it may.
///
/// Deadlines move with each request, so they are numbers; the connection's one timer, an [`Alarm`], is armed anew only
/// when it is due or has become too late. A connection that does nothing wakes nobody before it is over.
#[derive(Debug)]
pub(super) struct Watch {
    start: Instant,
    /// Milliseconds after `start`; `u64::MAX` for never.
    deadline: AtomicU64,
    /// The end of the answer, whatever its client takes of it; `u64::MAX` for never.
    until: AtomicU64,
    phase: AtomicU8,
    /// Since when nothing was asked, in milliseconds after `start`.
    waits_since: AtomicU64,
    /// Something of an answer has not gone out.
    is_owing: AtomicBool,
    /// Told when nothing is owed any more.
    settled: Notify,
    limits: Arc<HttpLimits>,
}

/// Nothing of the next request has come.
const IDLE: u8 = 0;
/// The head of a request is coming.
const HEAD: u8 = 1;
/// A request is being answered.
const BUSY: u8 = 2;
/// Nothing has come yet.
const FRESH: u8 = 3;
/// An event stream is going out.
const STREAM: u8 = 4;
/// All is said, and the client has not hung up.
const ENDING: u8 = 5;
/// The answer is complete, and has not gone out.
const OWED: u8 = 6;

/// Is ready when the connection has to be closed.
#[derive(Debug)]
pub(super) struct Alarm<'a> {
    watch: &'a Watch,
    timer: Pin<Box<Sleep>>,
    armed_for: u64,
}

// === impl Watch ===

impl Watch {
    /// A connection that was just accepted has to send its first request soon.
    pub(super) fn start(limits: Arc<HttpLimits>) -> Self {
        Self {
            start: Instant::now(),
            deadline: AtomicU64::new(millis(limits.head_timeout)),
            until: AtomicU64::new(u64::MAX),
            phase: AtomicU8::new(FRESH),
            waits_since: AtomicU64::new(0),
            is_owing: AtomicBool::new(false),
            settled: Notify::new(),
            limits,
        }
    }

    /// Until when what comes before HTTP has to be over, as the handshake of TLS: the head of the first request shares
    /// that time.
    pub(super) fn handshake_by(&self) -> Instant {
        self.start + self.limits.head_timeout
    }

    /// The head of a request is complete.
    pub(super) fn began(&self) {
        self.is_owing.store(true, Ordering::Relaxed);
        self.until.store(u64::MAX, Ordering::Relaxed);
        self.enter(BUSY, self.limits.request_timeout.saturating_add(ANSWER_MARGIN));
    }

    /// The answer is an event stream, which may take as long as it likes, as long as its client reads.
    pub(super) fn streams(&self) {
        self.goes_on(u64::MAX);
    }

    /// The answer is written as it is made, and has an end.
    pub(super) fn lists(&self) {
        self.goes_on(self.after(self.limits.long_answer_timeout));
    }

    fn goes_on(&self, until: u64) {
        self.until.store(until, Ordering::Relaxed);
        self.deadline.store(until, Ordering::Relaxed);
        self.phase.store(STREAM, Ordering::Relaxed);
    }

    /// The request may take so long from now on.
    pub(super) fn prolong(&self, patience: Duration) {
        self.enter(BUSY, patience.saturating_add(ANSWER_MARGIN));
    }

    /// When the request has to be answered.
    pub(super) fn answer_by(&self) -> Instant {
        self.at(self.deadline.load(Ordering::Relaxed)) - ANSWER_MARGIN
    }

    /// Whether bytes of an answer went out: who does not read one is not waited for.
    pub(super) fn wrote(&self, is_flowing: bool) {
        let phase = self.phase.load(Ordering::Relaxed);
        let until = self.until.load(Ordering::Relaxed);
        let is_stalled = self.deadline.load(Ordering::Relaxed) != until;
        match (phase, is_flowing) {
            (STREAM, true) => self.deadline.store(until, Ordering::Relaxed),
            (STREAM, false) if !is_stalled => self.stalls(until),
            (OWED, true) => self.stalls(until),
            _ => {}
        }
    }

    fn stalls(&self, until: u64) {
        self.deadline.store(self.after(self.limits.stall_timeout).min(until), Ordering::Relaxed);
    }

    /// The answer is complete, and may have to be waited for until its client has taken it.
    pub(super) fn answered(&self) {
        self.waits_since.store(self.elapsed(), Ordering::Relaxed);
        let until = self.after(self.limits.long_answer_timeout).min(self.until.load(Ordering::Relaxed));
        self.until.store(until, Ordering::Relaxed);
        self.stalls(until);
        self.phase.store(OWED, Ordering::Relaxed);
    }

    /// All that was written has gone out.
    pub(super) fn flushed(&self) {
        if self.phase.load(Ordering::Relaxed) == OWED {
            self.is_owing.store(false, Ordering::Relaxed);
            self.enter(IDLE, self.limits.idle_timeout);
            self.settled.notify_one();
        }
    }

    /// Waits until the answer before has gone out.
    pub(super) async fn settled(&self) {
        while self.phase.load(Ordering::Relaxed) == OWED {
            self.settled.notified().await;
        }
    }

    /// Whether what is written now answers no request.
    pub(super) fn is_unasked(&self) -> bool {
        !self.is_owing.load(Ordering::Relaxed)
    }

    /// Nothing more is said; the client may take so long to hang up.
    pub(super) fn ends(&self, patience: Duration) {
        self.enter(ENDING, patience);
    }

    /// Whether the connection has to be closed.
    fn is_overdue(&self) -> bool {
        self.elapsed() >= self.deadline.load(Ordering::Relaxed)
    }

    /// Whether the client has never said anything.
    pub(super) fn is_fresh(&self) -> bool {
        self.phase.load(Ordering::Relaxed) == FRESH
    }

    /// Since when the client has asked nothing; `None` while it is being answered.
    pub(super) fn waits_since(&self) -> Option<Instant> {
        match self.phase.load(Ordering::Relaxed) {
            BUSY | STREAM => None,
            _ => Some(self.at(self.waits_since.load(Ordering::Relaxed))),
        }
    }

    /// Bytes have come.
    pub(super) fn received(&self) {
        match self.phase.load(Ordering::Relaxed) {
            IDLE => self.enter(HEAD, self.limits.head_timeout),
            // Counted from the start.
            FRESH => self.phase.store(HEAD, Ordering::Relaxed),
            _ => {}
        }
    }

    fn enter(&self, phase: u8, patience: Duration) {
        self.deadline.store(self.after(patience), Ordering::Relaxed);
        self.phase.store(phase, Ordering::Relaxed);
    }

    fn after(&self, patience: Duration) -> u64 {
        self.elapsed().saturating_add(millis(patience))
    }

    fn elapsed(&self) -> u64 {
        millis(self.start.elapsed())
    }

    fn at(&self, deadline: u64) -> Instant {
        let far = || Instant::now() + Duration::from_hours(24);
        // Nearer than it is: the alarm looks again.
        let deadline = Duration::from_millis(deadline).min(self.start.elapsed() + Duration::from_hours(24));
        self.start.checked_add(deadline).unwrap_or_else(far)
    }
}

/// The problem that says that a request took too long has to get out too.
const ANSWER_MARGIN: Duration = Duration::from_secs(1);

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

// === impl Alarm ===

impl<'a> Alarm<'a> {
    pub(super) fn of(watch: &'a Watch) -> Self {
        let armed_for = watch.deadline.load(Ordering::Relaxed);
        Self { watch, timer: Box::pin(sleep_until(watch.at(armed_for))), armed_for }
    }

    fn arm(&mut self, deadline: u64) {
        self.armed_for = deadline;
        self.timer.as_mut().reset(self.watch.at(deadline));
    }
}

impl Future for Alarm<'_> {
    type Output = ();

    /// To be polled after what moves the deadline: that happens in the same task.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let deadline = this.watch.deadline.load(Ordering::Relaxed);
        if deadline < this.armed_for {
            this.arm(deadline);
        }
        loop {
            ready!(this.timer.as_mut().poll(cx));
            if this.watch.is_overdue() {
                return Poll::Ready(());
            }
            this.arm(this.watch.deadline.load(Ordering::Relaxed));
        }
    }
}

#[cfg(test)]
mod tests;
