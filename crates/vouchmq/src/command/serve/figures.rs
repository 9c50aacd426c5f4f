//! What the broker counts, as the management API shows it.

use std::time::Duration;

use async_trait::async_trait;
use vouchmq_api::management::Figures;
use vouchmq_broker::Control;
use vouchmq_client::dto::stats::{BrokerFigures, Verdicts};

/// The figures of a broker at work.
pub(super) struct Counted(pub(super) Control);

#[async_trait]
impl Figures for Counted {
    async fn figures(&self) -> BrokerFigures {
        let stats = self.0.stats().await;
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
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
