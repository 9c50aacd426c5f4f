//! What publishers and subscribers of one run share: counters, windows, the histogram, one read buffer.

use std::cell::{Cell, RefCell};
use std::task::{Poll, Waker};

use hdrhistogram::Histogram;
use vouchmq_broker::Monotonic;

use crate::exit::Failure;

/// Latencies up to ten minutes, to three digits.
const LATENCY_MAX_MICROS: u64 = 600_000_000;
/// Bytes that one read takes at most.
const READ_BYTES: usize = 256 * 1024;

/// A run.
pub(super) struct Flow {
    pub(super) clock: Monotonic,
    pub(super) publishers: Vec<Window>,
    /// Subscribers of each topic.
    pub(super) fan: u64,
    /// Messages of one publisher that not all subscribers have seen.
    pub(super) window: u64,
    pub(super) received: Cell<u64>,
    /// Messages that the broker refused.
    pub(super) refused: Cell<u64>,
    /// Connections that ended although they should not.
    pub(super) lost: Cell<u64>,
    pub(super) is_measuring: Cell<bool>,
    pub(super) is_over: Cell<bool>,
    pub(super) latencies: RefCell<Histogram<u64>>,
    /// One for all: between two polls of a task nobody needs it.
    pub(super) scratch: RefCell<Box<[u8]>>,
}

/// What one publisher has on the way.
pub(super) struct Window {
    pub(super) sent: Cell<u64>,
    /// Messages that all subscribers have seen, as far as can be told by counting.
    rounds: Cell<u64>,
    /// Deliveries that are missing for the next one.
    missing: Cell<u64>,
    waker: Cell<Option<Waker>>,
}

impl Flow {
    pub(super) fn new(publishers: usize, fan: u64, window: u64) -> Result<Self, Failure> {
        let latencies = Histogram::new_with_bounds(1, LATENCY_MAX_MICROS, 3).map_err(Failure::failed)?;
        Ok(Self {
            clock: Monotonic::start(),
            publishers: (0..publishers).map(|_| Window::new(fan)).collect(),
            fan,
            window,
            received: Cell::new(0),
            refused: Cell::new(0),
            lost: Cell::new(0),
            is_measuring: Cell::new(false),
            is_over: Cell::new(false),
            latencies: RefCell::new(latencies),
            scratch: RefCell::new(vec![0; READ_BYTES].into_boxed_slice()),
        })
    }

    /// Microseconds since the start: what messages carry.
    pub(super) fn now(&self) -> u64 {
        self.clock.now().micros()
    }

    /// A subscriber has got a message of this publisher; `false` for one that is not of this run.
    pub(super) fn delivered(&self, publisher: u32) -> bool {
        let Some(window) = usize::try_from(publisher).ok().and_then(|index| self.publishers.get(index))
        else {
            return false;
        };
        self.received.set(self.received.get() + 1);
        let missing = window.missing.get() - 1;
        if missing > 0 {
            window.missing.set(missing);
            return true;
        }
        window.missing.set(self.fan);
        window.rounds.set(window.rounds.get() + 1);
        if let Some(waker) = window.waker.take() {
            waker.wake();
        }
        true
    }

    /// Messages that this publisher may send.
    pub(super) fn room(&self, window: &Window) -> u64 {
        self.window.saturating_sub(window.sent.get() - window.rounds.get())
    }

    /// A connection has ended.
    pub(super) fn lose(&self) {
        if !self.is_over.get() {
            self.lost.set(self.lost.get() + 1);
        }
    }
}

impl Window {
    fn new(fan: u64) -> Self {
        let (sent, rounds) = (Cell::new(0), Cell::new(0));
        Self { sent, rounds, missing: Cell::new(fan), waker: Cell::new(None) }
    }

    /// Deliveries so far.
    pub(super) fn seen(&self, fan: u64) -> u64 {
        self.rounds.get() * fan + (fan - self.missing.get())
    }

    /// Ready when the publisher may send.
    pub(super) fn poll_room(&self, flow: &Flow, waker: &Waker) -> Poll<()> {
        if flow.room(self) > 0 {
            return Poll::Ready(());
        }
        self.waker.set(Some(waker.clone()));
        Poll::Pending
    }
}
