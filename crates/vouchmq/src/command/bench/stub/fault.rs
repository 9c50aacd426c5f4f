//! What a service can do wrong, and when this one does it: by count, so that a test sees the same each time.

use std::cell::Cell;
use std::time::Duration;

use clap::ValueEnum;

/// What is done instead of answering.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub(super) enum Fault {
    /// Answer late
    Slow,
    /// Never answer
    Hang,
    /// Reset the connection
    Reset,
    /// Answer with bytes that are no HTTP, and close
    Garbage,
    /// Answer 200 with a page for people
    Html,
    /// Answer 200 with nothing
    #[value(name = "empty-200")]
    Empty,
    /// Answer 200 with 8 MiB that begin like an answer that allows
    HugeBody,
    /// Answer 302
    Redirect,
    /// Answer as always, but as text/plain
    WrongContentType,
    /// Answer 500, with a body that allows
    #[value(name = "500")]
    InternalServerError,
    /// Answer 503, with a body that allows
    #[value(name = "503")]
    ServiceUnavailable,
    /// Answer 503 and as always by turns
    Flap,
}

/// Which questions meet a fault.
#[derive(Debug)]
pub(super) struct Faults {
    fault: Cell<Option<Fault>>,
    share: Cell<f64>,
    /// What is owed: at 1 it is the next question's turn.
    owed: Cell<f64>,
    slow: Duration,
    flap: u64,
    flapped: Cell<u64>,
}

impl Faults {
    pub(super) const fn new(fault: Option<Fault>, share: f64, slow: Duration, flap: u64) -> Self {
        let (owed, flapped) = (Cell::new(0.0), Cell::new(0));
        Self { fault: Cell::new(fault), share: Cell::new(share), owed, slow, flap, flapped }
    }

    /// From now on.
    pub(super) fn set(&self, fault: Option<Fault>, share: f64) {
        self.fault.set(fault);
        self.share.set(share);
        self.owed.set(0.0);
        self.flapped.set(0);
    }

    /// What the next question meets.
    pub(super) fn next(&self) -> Option<Fault> {
        let fault = self.fault.get()?;
        if fault == Fault::Flap {
            let number = self.flapped.replace(self.flapped.get() + 1);
            return (number / self.flap).is_multiple_of(2).then_some(fault);
        }
        let owed = self.owed.get() + self.share.get();
        // A tenth, ten times, is a little less than one.
        let is_due = owed > 1.0 - 1e-6;
        self.owed.set(if is_due { owed - 1.0 } else { owed });
        is_due.then_some(fault)
    }

    /// How late `slow` is.
    pub(super) const fn slow(&self) -> Duration {
        self.slow
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn met(faults: &Faults, questions: usize) -> String {
        (0..questions).map(|_| if faults.next().is_some() { 'x' } else { '.' }).collect()
    }

    #[test]
    fn a_share_is_every_so_many_questions() {
        let faults = Faults::new(Some(Fault::Hang), 0.25, Duration::ZERO, 1);
        assert_eq!(met(&faults, 10), "...x...x..");
        faults.set(Some(Fault::Hang), 0.1);
        assert_eq!((met(&faults, 10), met(&faults, 1000).matches('x').count()), (".........x".into(), 100));
        faults.set(Some(Fault::Reset), 1.0);
        assert_eq!(met(&faults, 3), "xxx");
        faults.set(Some(Fault::Reset), 0.0);
        assert_eq!(met(&faults, 3), "...");
        faults.set(None, 1.0);
        assert_eq!(met(&faults, 3), "...");
    }

    #[test]
    fn flapping_takes_turns() {
        let faults = Faults::new(Some(Fault::Flap), 1.0, Duration::ZERO, 2);
        assert_eq!(met(&faults, 7), "xx..xx.");
    }
}
