//! Asking a service about single rights.

use std::fmt;

use vouchmq_mqtt::{Attempt, Grant};

/// Who is asked about what nobody else says anything about.
pub trait AskPermission: Send + Sync {
    /// What it said about the same before, where that still holds.
    fn known(&self, attempt: Attempt<'_>) -> Option<Said>;

    /// Asks. Itself quick, and never waits; the reply comes within bounded time, from any thread.
    fn ask(&self, attempt: Attempt<'_>, reply: SaidReply);
}

/// What a service says about one right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[must_use]
pub enum Said {
    /// The client may.
    Allow,
    /// It may not.
    Deny,
    /// It is nothing of the service's.
    Nothing,
}

/// Takes what a service said; dropped, that it cannot be asked.
#[must_use]
pub struct SaidReply(Option<Box<dyn FnOnce(Option<Said>) + Send>>);

impl Said {
    pub(super) const fn grant(self, allowed: Grant, nothing: Grant) -> Grant {
        match self {
            Self::Allow => allowed,
            Self::Deny => Grant::Denied,
            Self::Nothing => nothing,
        }
    }
}

impl SaidReply {
    /// Gives it to `answer`, which is quick and does not panic; `None`: the service cannot be asked.
    pub fn new(answer: impl FnOnce(Option<Said>) + Send + 'static) -> Self {
        Self(Some(Box::new(answer)))
    }

    /// The service said this.
    pub fn answer(mut self, said: Said) {
        if let Some(answer) = self.0.take() {
            answer(Some(said));
        }
    }
}

impl Drop for SaidReply {
    fn drop(&mut self) {
        if let Some(answer) = self.0.take() {
            answer(None);
        }
    }
}

impl fmt::Debug for SaidReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaidReply").finish_non_exhaustive()
    }
}
