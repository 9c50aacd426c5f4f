//! A process that is not at work yet, as its own API sees it.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use vouchmq_api::management::{Authority, Configuration, Draft, Edit, InvalidConfig, Process, Undrafted};
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::{ConfigChange, Reloaded};

use super::drafted::{Drafted, Refused};
use super::lifecycle::{Order, Orders};
use super::running::Running;
use crate::configuration::Mistake;

/// Stands for a process that is not at work yet.
#[derive(Clone)]
pub(super) struct Soon {
    running: Arc<OnceLock<Weak<Running>>>,
    orders: Orders,
}

impl Soon {
    /// Gives these orders.
    pub(super) fn new(orders: Orders) -> Self {
        Self { running: Arc::default(), orders }
    }

    /// Here it is.
    pub(super) fn is(&self, running: &Arc<Running>) {
        let _ = self.running.set(Arc::downgrade(running));
    }

    fn running(&self) -> Result<Arc<Running>, InvalidConfig> {
        self.running.get().and_then(Weak::upgrade).ok_or_else(|| {
            InvalidConfig::one("configuration", "the process is starting or ending: try again")
        })
    }
}

fn invalid(mistakes: Vec<Mistake>) -> InvalidConfig {
    InvalidConfig { mistakes: mistakes.into_iter().map(Mistake::told).collect() }
}

#[async_trait]
impl Configuration for Soon {
    async fn effective(&self) -> Vec<EffectiveValue> {
        match self.running() {
            Ok(running) => running.effective(),
            Err(_) => Vec::new(),
        }
    }

    async fn draft(&self, edit: Edit, authority: Authority) -> Result<Box<dyn Draft>, Undrafted> {
        let drafted = self.running()?.draft(edit, authority).await;
        match drafted {
            Ok(drafted) => Ok(Box::new(drafted)),
            Err(Refused::Mistaken(mistakes)) => Err(invalid(mistakes).into()),
            Err(Refused::Guarded(keys)) => Err(Undrafted::Guarded(keys)),
        }
    }

    async fn text(&self) -> Result<String, InvalidConfig> {
        self.running()?.text().await.map_err(invalid)
    }
}

#[async_trait]
impl Draft for Drafted {
    fn changes(&self) -> Vec<ConfigChange> {
        Self::changes(self)
    }

    fn effective(&self) -> Vec<EffectiveValue> {
        Self::effective(self)
    }

    async fn commit(self: Box<Self>) -> Result<Reloaded, InvalidConfig> {
        // Even if nobody waits for it any more.
        let ended = tokio::spawn(Self::commit(*self)).await;
        ended
            .map_err(|error| InvalidConfig::one("configuration", format!("a fault of ours: {error}")))?
            .map_err(invalid)
    }
}

#[async_trait]
impl Process for Soon {
    fn stop(&self) {
        self.orders.give(Order::Stop);
    }

    async fn restart(&self) -> Result<(), InvalidConfig> {
        self.running()?.check().await.map_err(invalid)?;
        self.orders.give(Order::Restart);
        Ok(())
    }
}
