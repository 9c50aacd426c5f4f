//! What is seen of a trial.

use std::time::Duration;

use parking_lot::Mutex;
use vouchmq_client::remote::trial::Exchange;
use vouchmq_identity::{AuthenticatorName, Verdict};

use super::shown::Client;
use super::wish::Wished;

/// What has come of a trial.
pub(super) struct Trial {
    pub(super) client: Client,
    /// The id of the key that requests are signed with.
    pub(super) signing_key: Option<String>,
    pub(super) steps: Vec<Step>,
    pub(super) verdict: Verdict,
    /// What it may do, if it is let in and that was asked.
    pub(super) wished: Option<Wished>,
}

/// What one authenticator said.
pub(super) struct Step {
    /// `None`: the one that lets clients in without proof.
    pub(super) name: Option<AuthenticatorName>,
    pub(super) verdict: Verdict,
    pub(super) took: Duration,
    pub(super) exchanges: Vec<Exchange>,
}

/// What is seen while it goes on.
#[derive(Default)]
pub(super) struct Seen {
    exchanges: Mutex<Vec<Exchange>>,
    steps: Mutex<Vec<Step>>,
}

impl Trial {
    /// Whether the client would be let in, and may do what was asked.
    pub(super) fn is_let_through(&self) -> bool {
        let is_allowed = self.wished.as_ref().is_none_or(Wished::is_allowed);
        matches!(self.verdict, Verdict::Allow(_)) && is_allowed
    }
}

impl Seen {
    /// A service was asked.
    pub(super) fn exchange(&self, exchange: Exchange) {
        self.exchanges.lock().push(exchange);
    }

    /// What a service was asked since this was called last.
    pub(super) fn exchanges(&self) -> Vec<Exchange> {
        std::mem::take(&mut *self.exchanges.lock())
    }

    /// An authenticator has judged.
    pub(super) fn step(&self, name: Option<AuthenticatorName>, verdict: &Verdict, took: Duration) {
        let exchanges = self.exchanges();
        self.steps.lock().push(Step { name, verdict: verdict.clone(), took, exchanges });
    }

    /// What authenticators have said, in their order.
    pub(super) fn steps(&self) -> Vec<Step> {
        std::mem::take(&mut *self.steps.lock())
    }
}
