//! Figures.

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::stats::{About, BrokerFigures, EventCount, Stats};
use vouchmq_identity::store::{PageRequest, StoreFault};

use super::text::time_of;
use super::{Here, Management};

/// The broker that runs in this process, as a port.
#[async_trait]
pub trait Figures: Send + Sync {
    /// How its clients come in.
    async fn figures(&self) -> BrokerFigures;
}

const PORTION: u32 = 1_000;

/// Figures. Those that only the database knows are null while it does not answer.
#[utoipa::path(get, path = "/v1/stats", operation_id = "read_stats", tag = "stats",
    responses((status = 200, body = Stats)))]
pub(super) async fn read(State(here): Here) -> Json<Stats> {
    let counted = here.count_rows().await;
    let broker = match &here.figures {
        Some(broker) => Some(broker.figures().await),
        None => None,
    };
    let events = here.events.counts().into_iter();
    Json(Stats {
        devices: here.resident.len() as u64,
        products: counted.as_ref().ok().map(|(products, _)| *products),
        blocks: here.resident.block_count() as u64,
        applied_seq: here.resident.applied(),
        log_head: counted.ok().map(|(_, head)| head),
        events: events
            .map(|(kind, reason, count)| EventCount {
                kind: kind.to_string(),
                reason: reason.to_owned(),
                count,
            })
            .collect(),
        uptime_seconds: here.start.elapsed().as_secs(),
        broker,
    })
}

/// What answers here.
#[utoipa::path(get, path = "/v1/about", operation_id = "read_about", tag = "stats",
    responses((status = 200, body = About)))]
pub(super) async fn about(State(here): Here) -> Json<About> {
    Json(About {
        name: "vouchmq".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        api: vec!["v1".to_owned()],
        time: time_of(here.registry.now()),
    })
}

impl Management {
    /// How many products there are, and how far the change log goes.
    async fn count_rows(&self) -> Result<(u64, u64), StoreFault> {
        let mut rows = self.registry.read().await?;
        let (_, head) = rows.log_head().await?;
        let mut count = 0;
        let mut page = PageRequest::first(PORTION);
        loop {
            let products = rows.products(page).await?;
            count += products.items.len() as u64;
            let Some(next) = products.next else { return Ok((count, head)) };
            page = PageRequest::after(next, PORTION);
        }
    }
}
