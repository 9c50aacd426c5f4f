//! A process that is not at work yet, as its own API sees it.

use std::sync::{Arc, OnceLock, Weak};

use async_trait::async_trait;
use vouchmq_api::management::{Configuration, InvalidConfig, Kept, KeyChange, Process};
use vouchmq_client::dto::configuration::EffectiveValue;
use vouchmq_client::dto::reload::Reloaded;

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

    /// Does it to the end, even if nobody waits for it any more.
    async fn whole<F>(&self, work: impl FnOnce(Arc<Running>) -> F) -> Result<Reloaded, InvalidConfig>
    where
        F: Future<Output = Result<Reloaded, Vec<Mistake>>> + Send + 'static,
    {
        let ended = tokio::spawn(work(self.running()?)).await;
        ended
            .map_err(|error| InvalidConfig::one("configuration", format!("a fault of ours: {error}")))?
            .map_err(invalid)
    }
}

fn invalid(mistakes: Vec<Mistake>) -> InvalidConfig {
    InvalidConfig { mistakes: mistakes.into_iter().map(Mistake::told).collect() }
}

#[async_trait]
impl Configuration for Soon {
    async fn reload(&self) -> Result<Reloaded, InvalidConfig> {
        self.whole(async |running| running.reload().await).await
    }

    async fn effective(&self) -> Vec<EffectiveValue> {
        match self.running() {
            Ok(running) => running.effective().await,
            Err(_) => Vec::new(),
        }
    }

    async fn change(&self, changes: Vec<KeyChange>) -> Result<Reloaded, InvalidConfig> {
        self.whole(move |running| async move { running.change(changes).await }).await
    }

    async fn replace(&self, text: String) -> Result<Reloaded, InvalidConfig> {
        self.whole(move |running| async move { running.replace(text).await }).await
    }

    async fn roll_back(&self, kept: Kept) -> Result<Reloaded, InvalidConfig> {
        self.whole(move |running| async move { running.roll_back(kept).await }).await
    }

    async fn text(&self) -> Result<String, InvalidConfig> {
        self.running()?.text().await.map_err(invalid)
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
