use std::fmt::Write;

use vouchmq_broker::BrokerStats;

use super::ProcessFigures;

/// The highest values that scrapes, or the broker itself, have seen, and the processor's time at the last one.
#[derive(Debug, Default)]
pub(super) struct Peaks {
    highest: [f64; GAUGES],
    cpu: Option<(f64, f64)>,
}

/// What NanoMQ tells of a broker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Told {
    /// Each gauge now, and the highest that was seen.
    gauges: [(f64, f64); GAUGES],
    /// Received, sent, dropped.
    messages: [u64; 3],
}

const GAUGES: usize = 6;
/// The four that are counted; memory, in bytes; processor, in percent of one.
const NAMES: [&str; GAUGES] =
    ["connections", "sessions", "topics", "subscribers", "memory_usage", "cpu_usage"];
const MESSAGES: [&str; 3] = ["received", "sent", "dropped"];

impl Peaks {
    /// A scrape sees this.
    pub(super) fn see(&mut self, stats: &BrokerStats, process: &ProcessFigures) -> Told {
        let engines = &stats.engines;
        let now = [
            count(stats.connections),
            count(engines.sessions),
            count(stats.filters),
            count(engines.subscriptions),
            count(process.resident_bytes),
            self.cpu_percent(process),
        ];
        let peaks = &stats.peaks;
        let known = [peaks.connections, peaks.sessions, peaks.filters, peaks.subscriptions, 0, 0].map(count);
        let mut gauges = [(0.0, 0.0); GAUGES];
        for (((told, highest), now), known) in gauges.iter_mut().zip(&mut self.highest).zip(now).zip(known) {
            *highest = highest.max(now).max(known);
            *told = (now, *highest);
        }
        let dropped = engines.dropped_lagging
            + engines.dropped_queue_full
            + engines.dropped_expired
            + engines.dropped_too_large
            + engines.dropped_memory;
        Told { gauges, messages: [engines.publishes_received, engines.publishes_sent, dropped] }
    }

    /// What the process took of a processor since the last scrape; since its start at the first.
    pub(super) fn cpu_percent(&mut self, process: &ProcessFigures) -> f64 {
        let (cpu, up) = (process.cpu_seconds, process.up_seconds);
        let (cpu_before, up_before) = self.cpu.unwrap_or_default();
        let passed = up - up_before;
        if passed <= 0.0 {
            return 0.0;
        }
        self.cpu = Some((cpu, up));
        (cpu - cpu_before).max(0.0) / passed * 100.0
    }
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a figure for a graph")]
const fn count(value: u64) -> f64 {
    value as f64
}

/// The series in NanoMQ's order and form: an empty HELP behind each TYPE.
pub(super) fn write(told: &Told) -> String {
    let mut text = String::new();
    let mut put = |name: String, kind: &str, value: String| {
        // A string takes everything.
        let _ = write!(text, "# TYPE {name} {kind}\n# HELP {name}\n{name} {value}\n");
    };
    let counted = NAMES.iter().zip(told.gauges).take(4);
    for (name, (now, highest)) in counted {
        put(format!("nanomq_{name}_count"), "gauge", format!("{now:.0}"));
        put(format!("nanomq_{name}_max"), "gauge", format!("{highest:.0}"));
    }
    for (name, value) in MESSAGES.iter().zip(told.messages) {
        put(format!("nanomq_messages_{name}"), "counter", value.to_string());
    }
    for (at, (name, (now, highest))) in NAMES.iter().zip(told.gauges).enumerate().skip(4) {
        let decimals = if at == 5 { 2 } else { 0 };
        put(format!("nanomq_{name}"), "gauge", format!("{now:.decimals$}"));
        put(format!("nanomq_{name}_max"), "gauge", format!("{highest:.decimals$}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(resident_bytes: u64, cpu_seconds: f64, up_seconds: f64) -> ProcessFigures {
        ProcessFigures { resident_bytes, cpu_seconds, up_seconds, ..ProcessFigures::default() }
    }

    #[test]
    fn the_series_are_those_of_nanomq_in_its_form() {
        let mut peaks = Peaks::default();
        let mut stats = BrokerStats { connections: 3, filters: 2, ..BrokerStats::default() };
        stats.engines.publishes_received = 7;
        let told = write(&peaks.see(&stats, &process(4096, 1.0, 4.0)));
        let series: Vec<&str> = told.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            series,
            [
                "nanomq_connections_count 3",
                "nanomq_connections_max 3",
                "nanomq_sessions_count 0",
                "nanomq_sessions_max 0",
                "nanomq_topics_count 2",
                "nanomq_topics_max 2",
                "nanomq_subscribers_count 0",
                "nanomq_subscribers_max 0",
                "nanomq_messages_received 7",
                "nanomq_messages_sent 0",
                "nanomq_messages_dropped 0",
                "nanomq_memory_usage 4096",
                "nanomq_memory_usage_max 4096",
                "nanomq_cpu_usage 25.00",
                "nanomq_cpu_usage_max 25.00",
            ]
        );
        assert!(told.starts_with("# TYPE nanomq_connections_count gauge\n# HELP nanomq_connections_count\n"));
    }

    #[test]
    fn the_highest_is_what_a_scrape_has_seen() {
        let mut peaks = Peaks::default();
        let stats = |connections| BrokerStats { connections, ..BrokerStats::default() };
        peaks.see(&stats(9), &process(1, 0.0, 1.0));
        let told = peaks.see(&stats(4), &process(1, 0.5, 2.0));
        assert_eq!(told.gauges.first(), Some(&(4.0, 9.0)));
        assert_eq!(told.gauges.last(), Some(&(50.0, 50.0)));
    }
}
