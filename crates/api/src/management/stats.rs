//! Figures.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use vouchmq_broker::Control;
use vouchmq_client::dto::stats::{BrokerFigures, EventCount, Stats, Verdicts};
use vouchmq_identity::store::{PageRequest, StoreFault};

use super::{Here, Management};

const PORTION: u32 = 1_000;

/// Figures. Those that only the database knows are null while it does not answer.
#[utoipa::path(get, path = "/v1/stats", operation_id = "read_stats", tag = "stats",
    responses((status = 200, body = Stats)))]
pub(super) async fn read(State(here): Here) -> Json<Stats> {
    let counted = here.count_rows().await;
    let broker = match &here.broker {
        Some(broker) => Some(figures_of(broker).await),
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

/// How the clients of a broker come in.
async fn figures_of(broker: &Control) -> BrokerFigures {
    let stats = broker.stats().await;
    let verdicts = stats.verdicts;
    BrokerFigures {
        connections: stats.connections,
        accepted: stats.accepted,
        accept_delays: stats.accept_delays,
        refused_overload: stats.refused_overload,
        tarpitted: stats.tarpitted,
        delayed_logins: stats.delayed_logins,
        blocked_logins: stats.blocked_logins,
        blocked_takeovers: stats.blocked_takeovers,
        verify_queue: stats.verify_queue,
        verify_queue_delay_us: micros(stats.verify_queue_delay),
        shard_queue_delay_us: micros(stats.shard_queue_delay),
        elsewhere: stats.elsewhere_in_flight,
        verdicts: Verdicts {
            allowed: verdicts.allowed,
            denied: verdicts.denied,
            unavailable: verdicts.unavailable,
            busy: verdicts.busy,
            latency: (&verdicts.took).into(),
        },
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
