use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use vouchmq_identity::UnixMillis;

use super::answer::{Found, found};
use crate::management::text::time_of;
use crate::management::{Here, Management};
use crate::metrics::ProcessFigures;

/// A broker.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NanomqBroker)]
pub(super) struct Broker {
    datetime: String,
    node_status: &'static str,
    sysdescr: &'static str,
    uptime: String,
    version: &'static str,
}

/// A node.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NanomqNode)]
pub(super) struct Node {
    connections: u64,
    node_status: &'static str,
    uptime: String,
    version: &'static str,
}

/// What the process takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = NanomqMetrics)]
pub(super) struct Metrics {
    /// One for each bridge.
    metrics: [u8; 0],
    cpuinfo: String,
    /// Bytes.
    memory: String,
    connections: u64,
}

const RUNNING: &str = "Running";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A list of brokers in the cluster.
#[utoipa::path(get, path = "/api/v4/brokers", operation_id = "nanomq_list_brokers", tag = "NanoMQ",
    responses((status = 200, body = Vec<Broker>, description = "in `data`")))]
pub(super) async fn brokers(State(here): Here) -> Json<Found<[Broker; 1]>> {
    found([Broker {
        datetime: datetime_of(here.registry.now()),
        node_status: RUNNING,
        sysdescr: "VouchMQ Broker",
        uptime: uptime_of(here.start.elapsed()),
        version: VERSION,
    }])
}

/// A list of nodes in the cluster.
#[utoipa::path(get, path = "/api/v4/nodes", operation_id = "nanomq_list_nodes", tag = "NanoMQ",
    responses((status = 200, body = Vec<Node>, description = "in `data`")))]
pub(super) async fn nodes(State(here): Here) -> Json<Found<[Node; 1]>> {
    let connections = here.connection_count().await;
    let uptime = uptime_of(here.start.elapsed());
    found([Node { connections, node_status: RUNNING, uptime, version: VERSION }])
}

/// Returns all statistical metrics.
#[utoipa::path(get, path = "/api/v4/metrics", operation_id = "nanomq_metrics", tag = "NanoMQ",
    responses((status = 200, body = Metrics)))]
pub(super) async fn metrics(State(here): Here) -> Json<Metrics> {
    let process = ProcessFigures::read();
    Json(Metrics {
        metrics: [],
        cpuinfo: format!("{:.2}%", here.metrics.cpu_percent(&process)),
        memory: process.resident_bytes.to_string(),
        connections: here.connection_count().await,
    })
}

impl Management {
    /// Clients that are connected.
    async fn connection_count(&self) -> u64 {
        match &self.broker {
            Some(broker) => broker.stats().await.engines.clients,
            None => 0,
        }
    }
}

/// `2022-06-07 10:02:24`, in UTC.
fn datetime_of(at: UnixMillis) -> String {
    let text = time_of(at).replace('T', " ");
    text.split('.').next().unwrap_or_default().to_owned()
}

/// `15 Hours, 1 minutes, 38 seconds`.
fn uptime_of(elapsed: Duration) -> String {
    let secs = elapsed.as_secs();
    format!("{} Hours, {} minutes, {} seconds", secs / 3_600, secs / 60 % 60, secs % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_nanomq_writes_them() {
        assert_eq!(datetime_of(UnixMillis::new(1_795_230_000_123)), "2026-11-21 03:00:00");
        assert_eq!(uptime_of(Duration::from_millis(54_098_900)), "15 Hours, 1 minutes, 38 seconds");
        assert_eq!(uptime_of(Duration::from_secs(100 * 3_600)), "100 Hours, 0 minutes, 0 seconds");
    }
}
