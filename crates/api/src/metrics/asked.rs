use std::fmt;
use std::time::Duration;

use vouchmq_client::dto::authentication::{AskedService, Latency, ServerFigures, VerdictCount};
use vouchmq_identity::HistogramSnapshot;

use super::page::{Labels, Page};

/// The authentication service that is asked.
pub(super) fn write(asked: &AskedService, page: &mut Page<'_>) -> fmt::Result {
    page.info(
        "vouchmq_remote",
        "How the answers of the authentication service read",
        &[("mode", &asked.mode)],
    )?;
    let verdicts = asked.verdicts.iter().map(labelled);
    page.counters("vouchmq_remote_verdicts", "What clients were told by its word", verdicts)?;
    let permissions = asked.permissions.iter().map(labelled);
    page.counters("vouchmq_remote_permissions", "Publications and subscriptions, by its word", permissions)?;
    let took = [([], snapshot(&asked.latency))];
    page.histograms(
        "vouchmq_remote_latency",
        "How long clients waited for a verdict that was not remembered",
        took,
    )?;
    page.gauge("vouchmq_remote_asking", "Questions that are out for clients", asked.asking)?;
    page.counter(
        "vouchmq_remote_joined",
        "Clients whose question was out already for another",
        asked.joined,
    )?;
    page.gauge("vouchmq_remote_clients", "Clients connected that it let in, at most", asked.clients)?;
    cache(asked, page)?;
    for (name, help, of) in SERVERS {
        page.counters(name, help, asked.servers.iter().map(|server| (server_labels(server), of(server))))?;
    }
    for (name, help, of) in SERVER_GAUGES {
        page.gauges(name, help, asked.servers.iter().map(|server| (server_labels(server), of(server))))?;
    }
    let took = asked.servers.iter().map(|server| (server_labels(server), snapshot(&server.latency)));
    page.histograms("vouchmq_remote_server_latency", "How long its answers took", took)
}

fn cache(asked: &AskedService, page: &mut Page<'_>) -> fmt::Result {
    let cache = &asked.cache;
    let answers = [([("kind", "allow")], cache.allowed), ([("kind", "deny")], cache.denied)];
    page.gauges("vouchmq_remote_cache_answers", "Answers that are remembered", answers)?;
    page.bytes("vouchmq_remote_cache", "What they take", cache.bytes)?;
    let looks = [
        ([("outcome", "hit")], cache.hits),
        ([("outcome", "miss")], cache.misses),
        ([("outcome", "stale")], cache.stale_hits),
    ];
    page.counters("vouchmq_remote_cache_looks", "Clients whose answer was looked for", looks)?;
    page.counter("vouchmq_remote_cache_evictions", "Answers that had to make room", cache.evictions)?;
    page.counter(
        "vouchmq_remote_cache_invalidated",
        "Answers that may not be right any more",
        cache.invalidated,
    )
}

type OfServer = (&'static str, &'static str, fn(&ServerFigures) -> u64);

const SERVERS: [OfServer; 6] = [
    ("vouchmq_remote_server_asked", "Questions that were put", |it| it.asked),
    ("vouchmq_remote_server_answered", "Questions that were answered", |it| it.answered),
    ("vouchmq_remote_server_timed_out", "Questions that were not answered in time", |it| it.timed_out),
    ("vouchmq_remote_server_failed", "Questions that failed otherwise", |it| it.failed),
    ("vouchmq_remote_server_turned_away", "Questions for which too many waited", |it| it.turned_away),
    ("vouchmq_remote_server_repeated", "Questions that another server had not answered", |it| it.repeated),
];

const SERVER_GAUGES: [OfServer; 4] = [
    ("vouchmq_remote_server_connections", "Connections", |it| it.connections),
    ("vouchmq_remote_server_in_flight", "Questions that are out", |it| it.in_flight),
    ("vouchmq_remote_server_waiting", "Questions that wait for a connection", |it| it.waiting),
    ("vouchmq_remote_server_up", "1: it is asked; 0: its breaker is not closed", |it| {
        u64::from(it.breaker == "closed")
    }),
];

fn labelled(counted: &VerdictCount) -> (Labels<'_, 2>, u64) {
    ([("decision", &counted.decision), ("reason", &counted.reason)], counted.count)
}

fn server_labels(server: &ServerFigures) -> Labels<'_, 2> {
    [("asks", &server.asks), ("server", &server.server)]
}

/// The histogram that was told in microseconds, by the same bounds.
fn snapshot(latency: &Latency) -> HistogramSnapshot {
    let mut counted =
        HistogramSnapshot { sum: Duration::from_micros(latency.sum_us), ..HistogramSnapshot::default() };
    for (bucket, count) in counted.buckets.iter_mut().zip(&latency.counts) {
        *bucket = *count;
    }
    counted
}
