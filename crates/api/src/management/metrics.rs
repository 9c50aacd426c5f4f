//! Figures as Prometheus reads them.

use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::IntoResponse;

use super::{Here, Management};
use crate::metrics::{Exposition, RegistryFigures, Snapshot};

/// A scrape does not wait longer for the database.
const PATIENCE: Duration = Duration::from_millis(250);

/// All series, for Prometheus: as OpenMetrics for who accepts that by name, else as text of version 0.0.4 and with the
/// series of NanoMQ.
#[utoipa::path(get, path = "/metrics", operation_id = "read_metrics", tag = "stats",
    responses((status = 200, content_type = "text/plain", body = String)))]
pub(super) async fn read(State(here): Here, headers: HeaderMap) -> impl IntoResponse {
    let form = Exposition::wanted(&headers);
    let snapshot = here.snapshot().await;
    ([(header::CONTENT_TYPE, form.media_type())], here.metrics.exposition(snapshot, form))
}

impl Management {
    /// Figures of this moment.
    async fn snapshot(&self) -> Snapshot {
        let stats = async {
            match &self.broker {
                Some(broker) => Some(broker.stats().await),
                None => None,
            }
        };
        let head = async { self.registry.read().await?.log_head().await };
        let (broker, head) = tokio::join!(stats, tokio::time::timeout(PATIENCE, head));
        let registry = RegistryFigures {
            devices: self.resident.len() as u64,
            blocks: self.resident.block_count() as u64,
            applied: self.resident.applied(),
            head: head.ok().and_then(Result::ok).map(|(_, head)| head),
            events: self.events.counts(),
            followers: self.changes.consumer_count() as u64,
        };
        Snapshot::new(broker, registry, self.asking.as_ref().and_then(|asking| asking.figures()))
    }
}
