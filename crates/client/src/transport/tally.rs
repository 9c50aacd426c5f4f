//! What has come of questions, counted.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use hyper::StatusCode;

use super::breaker::Outcome;
use super::{Answer, Histogram, Lost, ServerCounts};

/// Counts of one server.
#[derive(Debug, Default)]
pub(super) struct Tally {
    in_flight: AtomicUsize,
    pub(super) latency: Histogram,
    asked: AtomicU64,
    answered: AtomicU64,
    failures: AtomicU64,
    timeouts: AtomicU64,
    connect_failures: AtomicU64,
    broken: AtomicU64,
    refused: AtomicU64,
    repeats: AtomicU64,
    connects: AtomicU64,
}

impl Tally {
    /// Something is asked.
    pub(super) fn begin(&self, is_repeat: bool) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        add(&self.asked);
        if is_repeat {
            add(&self.repeats);
        }
    }

    /// What was asked is so no more.
    pub(super) fn leave(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// A connection was made.
    pub(super) fn connect(&self) {
        add(&self.connects);
    }

    /// What came of it.
    pub(super) fn end(&self, came: &Result<Answer, Lost>) {
        match came {
            Ok(answer) => {
                add(&self.answered);
                self.latency.observe(answer.took);
                match outcome_of_status(answer.status) {
                    Outcome::Declined | Outcome::Failed => add(&self.failures),
                    Outcome::Good | Outcome::TimedOut | Outcome::Unknown => {}
                }
            }
            Err(Lost::TimedOut { .. }) => add(&self.timeouts),
            Err(Lost::NoConnection { .. } | Lost::Tls { .. }) => add(&self.connect_failures),
            Err(
                Lost::BrokenOff { .. } | Lost::TooLong { .. } | Lost::Garbage { .. } | Lost::NotSigned { .. },
            ) => add(&self.broken),
            Err(Lost::TooManyWait { .. } | Lost::BreakerOpen { .. }) => add(&self.refused),
            Err(Lost::AllBreakersOpen | Lost::NoRequest { .. }) => {}
        }
    }

    pub(super) fn counts(&self) -> ServerCounts {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        ServerCounts {
            asked: of(&self.asked),
            answered: of(&self.answered),
            failures: of(&self.failures),
            timeouts: of(&self.timeouts),
            connect_failures: of(&self.connect_failures),
            broken: of(&self.broken),
            refused: of(&self.refused),
            repeats: of(&self.repeats),
            connects: of(&self.connects),
        }
    }
}

fn add(count: &AtomicU64) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// What has come of a question, as the health of its server goes; a timeout is judged by whoever knows how long it was.
pub(super) fn outcome_of(came: &Result<Answer, Lost>) -> Outcome {
    match came {
        Ok(answer) => outcome_of_status(answer.status),
        Err(Lost::TimedOut { .. }) => Outcome::TimedOut,
        Err(
            Lost::NoConnection { .. }
            | Lost::Tls { .. }
            | Lost::BrokenOff { .. }
            | Lost::TooLong { .. }
            | Lost::Garbage { .. }
            | Lost::NotSigned { .. },
        ) => Outcome::Failed,
        Err(
            Lost::TooManyWait { .. }
            | Lost::BreakerOpen { .. }
            | Lost::AllBreakersOpen
            | Lost::NoRequest { .. },
        ) => Outcome::Unknown,
    }
}

/// A server whose caller has spent its budget is a server that works.
fn outcome_of_status(status: StatusCode) -> Outcome {
    match status {
        StatusCode::TOO_MANY_REQUESTS => Outcome::Declined,
        status if status.is_server_error() => Outcome::Failed,
        _ => Outcome::Good,
    }
}
