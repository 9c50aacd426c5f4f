//! How asking goes, in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use vouchmq_identity::Verdict;

use crate::dto::authentication::{Latency, VerdictCount};
use crate::transport::Histogram;

/// What clients were told, and how long they waited for it.
#[derive(Debug, Default)]
pub(super) struct Figures {
    verdicts: Outcomes,
    permissions: Outcomes,
    latency: Histogram,
}

/// How often something was the outcome, by what was decided and why.
#[derive(Debug, Default)]
struct Outcomes(Mutex<BTreeMap<(&'static str, &'static str), u64>>);

/// Whether a client may do something, as it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Permitted {
    Allowed,
    Denied,
    /// The service says nothing about it.
    NotSaid,
    Unavailable,
    /// It was remembered.
    Remembered,
}

impl Figures {
    pub(super) fn count(&self, verdict: &Verdict) {
        self.verdicts.count(match verdict {
            Verdict::Allow(_) => ("allow", ""),
            Verdict::Deny(denial) => ("deny", denial.code()),
            Verdict::NotMine => ("not_mine", ""),
            Verdict::Unavailable(why) => ("unavailable", why.code()),
        });
    }

    pub(super) fn count_permission(&self, permitted: Permitted) {
        self.permissions.count(match permitted {
            Permitted::Allowed => ("allow", ""),
            Permitted::Denied => ("deny", ""),
            Permitted::NotSaid => ("not_said", ""),
            Permitted::Unavailable => ("unavailable", ""),
            Permitted::Remembered => ("remembered", ""),
        });
    }

    /// Somebody waited so long for the service.
    pub(super) fn waited(&self, how_long: Duration) {
        self.latency.observe(how_long);
    }

    pub(super) fn verdicts(&self) -> Vec<VerdictCount> {
        self.verdicts.all()
    }

    pub(super) fn permissions(&self) -> Vec<VerdictCount> {
        self.permissions.all()
    }

    pub(super) fn latency(&self) -> Latency {
        Latency::from(&self.latency.snapshot())
    }
}

impl Outcomes {
    fn count(&self, outcome: (&'static str, &'static str)) {
        *self.0.lock().entry(outcome).or_default() += 1;
    }

    fn all(&self) -> Vec<VerdictCount> {
        let counted = |(&(decision, reason), &count): (&(&str, &str), &u64)| VerdictCount {
            decision: decision.to_owned(),
            reason: reason.to_owned(),
            count,
        };
        self.0.lock().iter().map(counted).collect()
    }
}
