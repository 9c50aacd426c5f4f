use axum::extract::State;
use axum::http::{HeaderName, header};

use crate::management::Here;

/// Figures for Prometheus, in NanoMQ's names.
#[utoipa::path(get, path = "/api/v4/prometheus", operation_id = "nanomq_prometheus", tag = "NanoMQ",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn read(State(here): Here) -> ([(HeaderName, &'static str); 1], String) {
    let stats = match &here.broker {
        Some(broker) => broker.stats().await,
        None => vouchmq_broker::BrokerStats::default(),
    };
    ([(header::CONTENT_TYPE, "text/plain")], here.metrics.nanomq_series(&stats))
}
