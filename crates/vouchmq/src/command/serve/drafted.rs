//! A configuration as it would be, until it is gone on with or dropped.

use std::sync::Arc;

use tokio::sync::OwnedMutexGuard;
use vouchmq_api::management::{Authority, Edit};
use vouchmq_broker::Monotonic;
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::{ConfigChange, Reloaded};

use super::asked::Wanted;
use super::changing::{self, ToWrite};
use super::running::{Now, Running};
use super::told;
use crate::configuration::Mistake;

/// What would be gone on with. Nobody else changes anything as long as it is there.
pub(super) struct Drafted {
    running: Arc<Running>,
    now: OwnedMutexGuard<Now>,
    wanted: Wanted,
    file: Option<ToWrite>,
    clock: Monotonic,
}

/// Why there is none.
pub(super) enum Refused {
    /// This is wrong.
    Mistaken(Vec<Mistake>),
    /// These keys may not be changed.
    Guarded(Vec<String>),
}

impl From<Vec<Mistake>> for Refused {
    fn from(mistakes: Vec<Mistake>) -> Self {
        Self::Mistaken(mistakes)
    }
}

impl Running {
    /// Reads what the configuration would be with an edit.
    ///
    /// # Errors
    /// All that is wrong, or what may not be changed.
    pub(super) async fn draft(self: Arc<Self>, edit: Edit, authority: Authority) -> Result<Drafted, Refused> {
        let clock = Monotonic::start();
        let now = self.now.clone().lock_owned().await;
        let before = match authority {
            Authority::Everything => None,
            Authority::Limits => Some(self.outcome.load_full()),
        };
        let wanted = self.read(move |asked| changing::wanted(asked, edit, before.as_deref())).await?;
        let (wanted, file) = wanted;
        Ok(Drafted { running: self, now, wanted, file, clock })
    }
}

impl Drafted {
    /// What would change, as far as keys tell.
    pub(super) fn changes(&self) -> Vec<ConfigChange> {
        told::changes(&self.wanted.outcome, &self.running.outcome.load())
    }

    /// Every value, as it would be.
    pub(super) fn effective(&self) -> Vec<EffectiveValue> {
        told::effective(&self.wanted.outcome, &self.running.asked)
    }

    /// Writes it, and goes on with it.
    ///
    /// # Errors
    /// All that is wrong; nothing has changed, neither on disk nor at work.
    pub(super) async fn commit(self) -> Result<Reloaded, Vec<Mistake>> {
        let Self { running, mut now, wanted, file, clock } = self;
        running.go_on(&mut now, wanted, file, &clock).await
    }
}
