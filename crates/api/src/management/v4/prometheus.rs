use std::fmt::Write;

use axum::extract::State;
use axum::http::{HeaderName, header};

use super::figures::Figures;
use crate::management::Here;

/// Figures for Prometheus, in NanoMQ's names.
#[utoipa::path(get, path = "/api/v4/prometheus", operation_id = "nanomq_prometheus", tag = "NanoMQ",
    responses((status = 200, body = String, content_type = "text/plain")))]
pub(super) async fn read(State(here): Here) -> ([(HeaderName, &'static str); 1], String) {
    let now = Figures::of(here.broker.as_ref(), &here.peaks).await;
    let text = text_of(&now, &here.peaks.rise(now));
    ([(header::CONTENT_TYPE, "text/plain")], text)
}

/// NanoMQ's fifteen series, in its order: what is now, and the highest that was seen.
fn text_of(now: &Figures, peak: &Figures) -> String {
    let mut text = String::with_capacity(2_048);
    let mut series = |name: &str, kind: &str, value: &dyn std::fmt::Display| {
        // NanoMQ writes TYPE before HELP, and no help.
        let _ = write!(text, "# TYPE nanomq_{name} {kind}\n# HELP nanomq_{name}\nnanomq_{name} {value}\n");
    };
    series("connections_count", "gauge", &now.connections);
    series("connections_max", "gauge", &peak.connections);
    series("sessions_count", "gauge", &now.sessions);
    series("sessions_max", "gauge", &peak.sessions);
    series("topics_count", "gauge", &now.topics);
    series("topics_max", "gauge", &peak.topics);
    series("subscribers_count", "gauge", &now.subscribers);
    series("subscribers_max", "gauge", &peak.subscribers);
    series("messages_received", "counter", &now.received);
    series("messages_sent", "counter", &now.sent);
    series("messages_dropped", "counter", &now.dropped);
    series("memory_usage", "gauge", &now.memory);
    series("memory_usage_max", "gauge", &peak.memory);
    series("cpu_usage", "gauge", &format_args!("{:.2}", now.cpu));
    series("cpu_usage_max", "gauge", &format_args!("{:.2}", peak.cpu));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_series_says_its_type_then_its_help_then_its_value() {
        let now = Figures { connections: 3, cpu: 1.255, memory: 42, ..Figures::default() };
        let peak = Figures { connections: 9, cpu: 50.0, ..now };
        let text = text_of(&now, &peak);
        let begin = "# TYPE nanomq_connections_count gauge\n# HELP nanomq_connections_count\nnanomq_connections_count 3\n";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.ends_with("nanomq_cpu_usage 1.25\n# TYPE nanomq_cpu_usage_max gauge\n# HELP nanomq_cpu_usage_max\nnanomq_cpu_usage_max 50.00\n"), "{text}");
        assert_eq!(text.lines().filter(|line| line.starts_with("# TYPE")).count(), 15);
        assert_eq!(text.lines().count(), 45);
    }
}
