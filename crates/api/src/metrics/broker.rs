use std::fmt;

use vouchmq_broker::BrokerStats;
use vouchmq_mqtt::engine::Stats;

use super::page::Page;

type Figure = (&'static str, &'static str, fn(&BrokerStats) -> u64);
type Word = (&'static str, fn(&BrokerStats) -> u64);

/// A broker: clients, messages, what was refused and why.
pub(super) fn write(stats: &BrokerStats, page: &mut Page<'_>) -> fmt::Result {
    for (name, help, of) in GAUGES {
        page.gauge(name, help, of(stats))?;
    }
    for (name, help, of) in BYTES {
        page.bytes(name, help, of(stats))?;
    }
    for (name, help, of) in COUNTERS {
        page.counter(name, help, of(stats))?;
    }
    for (name, help, label, words) in BY_REASON {
        page.counters(name, help, words.iter().map(|(word, of)| ([(label, *word)], of(stats))))?;
    }
    let delays = [
        (
            "vouchmq_verify_queue_delay",
            "How long everybody waits for a thread that verifies",
            stats.verify_queue_delay,
        ),
        (
            "vouchmq_shard_queue_delay",
            "How long everybody waits for a shard, where it is longest",
            stats.shard_queue_delay,
        ),
    ];
    for (name, help, delay) in delays {
        page.seconds(name, help, delay.as_secs_f64())?;
    }
    let took = [([], stats.verdicts.took)];
    page.histograms("vouchmq_verdict_duration", "From turning to a client until its verdict", took)
}

const GAUGES: [Figure; 12] = [
    ("vouchmq_connections", "Open connections", |it| it.connections),
    ("vouchmq_clients", "Clients that are let in", |it| it.engines.clients),
    ("vouchmq_sessions", "Sessions, connected or not", |it| it.engines.sessions),
    ("vouchmq_subscriptions", "Subscriptions of all sessions", |it| it.engines.subscriptions),
    ("vouchmq_topic_filters", "Topic filters that somebody wants", |it| it.filters),
    ("vouchmq_devices_connected", "Devices that have a connection", |it| it.devices),
    ("vouchmq_retained_messages", "Retained messages", |it| it.retained),
    ("vouchmq_verify_queue_length", "Verifications that wait for a thread", |it| it.verify_queue),
    ("vouchmq_verify_elsewhere", "Verifications that wait for a database or a service", |it| {
        it.elsewhere_in_flight
    }),
    ("vouchmq_inquiries_in_flight", "Questions about rights that are not answered yet", |it| {
        it.inquiries.in_flight
    }),
    ("vouchmq_logins_waiting", "Logins that are delayed now", |it| it.delayed_waiting),
    ("vouchmq_traces", "Live traces", |it| it.traces),
];

const BYTES: [Figure; 2] = [
    ("vouchmq_retained", "Retained messages", |it| it.retained_bytes),
    ("vouchmq_stranger", "What strangers sent that waits", |it| it.stranger_bytes),
];

const COUNTERS: [Figure; 22] = [
    ("vouchmq_connections_accepted", "Connections that were accepted", |it| it.accepted),
    ("vouchmq_publish_received", "PUBLISH packets received", |it| it.engines.publishes_received),
    ("vouchmq_publish_sent", "PUBLISH packets sent", |it| it.engines.publishes_sent),
    ("vouchmq_received_bytes", "Bytes of MQTT received", |it| it.engines.bytes_received),
    ("vouchmq_sent_bytes", "Bytes of MQTT sent", |it| it.engines.bytes_sent),
    ("vouchmq_unmatched", "Messages that nobody had subscribed to", |it| it.engines.unmatched),
    ("vouchmq_wills_published", "Wills published", |it| it.engines.wills_published),
    ("vouchmq_connects", "CONNECTs that were accepted", |it| it.engines.connects),
    ("vouchmq_connects_refused", "CONNECTs that were refused", |it| it.engines.connects_refused),
    ("vouchmq_takeovers", "Connections taken over by a new one of the same client", |it| {
        it.engines.takeovers
    }),
    ("vouchmq_sessions_expired", "Sessions that ended by expiry", |it| it.engines.sessions_expired),
    ("vouchmq_throttled", "Times that a client was not read from because it sent too fast", |it| {
        it.engines.throttled
    }),
    ("vouchmq_retained_refused", "Retained messages refused because the store was full", |it| {
        it.engines.retained_refused
    }),
    ("vouchmq_logins_delayed", "Logins delayed for what was before", |it| it.delayed_logins),
    ("vouchmq_logins_blocked", "Logins refused for what was before", |it| it.blocked_logins),
    ("vouchmq_takeovers_blocked", "Of these: takeovers of an id that is taken over too often", |it| {
        it.blocked_takeovers
    }),
    ("vouchmq_logins_tarpitted", "Clients told only after a while that there are too many", |it| {
        it.tarpitted
    }),
    ("vouchmq_accept_pauses", "Times that no connection could be accepted for want of descriptors", |it| {
        it.accept_pauses
    }),
    ("vouchmq_accept_delays", "Times that accepting paused because everybody waited too long", |it| {
        it.accept_delays
    }),
    ("vouchmq_tls_resumed", "Handshakes by a ticket of TLS", |it| it.handshakes.resumed),
    ("vouchmq_panics", "Panics that ended one connection: bugs", |it| it.engines.panics),
    ("vouchmq_log_lines_suppressed", "Log lines that were only counted", |it| it.log_lines_suppressed),
];

type ByReason = (&'static str, &'static str, &'static str, &'static [Word]);

const BY_REASON: [ByReason; 8] = [
    (
        "vouchmq_dropped",
        "Deliveries that were dropped",
        "reason",
        &[
            ("lagging", |it| it.engines.dropped_lagging),
            ("queue_full", |it| it.engines.dropped_queue_full),
            ("expired", |it| it.engines.dropped_expired),
            ("too_large", |it| it.engines.dropped_too_large),
            ("memory", |it| it.engines.dropped_memory),
        ],
    ),
    (
        "vouchmq_verdicts",
        "What was decided about clients",
        "outcome",
        &[
            ("allowed", |it| it.verdicts.allowed),
            ("denied", |it| it.verdicts.denied),
            ("unavailable", |it| it.verdicts.unavailable),
            ("busy", |it| it.verdicts.busy),
        ],
    ),
    (
        "vouchmq_verdicts_revised",
        "Verdicts that did not hold any more",
        "reason",
        &[("ended", |it| it.ended_by_reconsideration), ("second_look", |it| it.refused_at_second_look)],
    ),
    (
        "vouchmq_connections_refused",
        "Connections for which there was no room",
        "reason",
        &[
            ("total", |it| it.refused_total),
            ("address", |it| it.refused_address),
            ("rate", |it| it.refused_rate),
            ("memory", |it| it.refused_memory),
            ("strangers", |it| it.refused_strangers),
            ("overload", |it| it.refused_overload),
        ],
    ),
    (
        "vouchmq_connections_closed",
        "Connections that the broker closed",
        "reason",
        &[
            ("violation", |it| it.engines.violations),
            ("handshake_timeout", |it| it.engines.handshake_timeouts),
            ("keep_alive_timeout", |it| it.engines.keep_alive_timeouts),
            ("stalled", |it| it.engines.stalled_receivers),
        ],
    ),
    (
        "vouchmq_violations",
        "What clients did wrong",
        "kind",
        &[
            ("packet_too_large", |it| it.engines.packets_too_large),
            ("receive_maximum", |it| it.engines.receive_maximum_exceeded),
            ("topic_alias", |it| it.engines.topic_aliases_invalid),
            ("credentials", |it| it.engines.credentials_invalid),
            ("topic", |it| it.engines.topics_invalid),
            ("subscription_quota", |it| it.engines.subscriptions_over_quota),
            ("other", |it| other_violations(&it.engines)),
        ],
    ),
    (
        "vouchmq_denied",
        "What clients may not do, and what nobody could say",
        "kind",
        &[
            ("publish", |it| it.engines.publishes_denied),
            ("subscribe", |it| it.engines.subscriptions_denied),
            ("receive", |it| it.engines.deliveries_denied),
            ("publish_undecided", |it| it.engines.publishes_undecided),
            ("subscribe_undecided", |it| it.engines.subscriptions_undecided),
        ],
    ),
    (
        "vouchmq_handshakes",
        "Connections before their CONNECT: TLS, WebSocket, PROXY",
        "outcome",
        &[
            ("completed", |it| it.handshakes.completed),
            ("abandoned", |it| it.handshakes.abandoned),
            ("timed_out", |it| it.handshakes.timed_out),
            ("crowded", |it| it.handshakes.crowded),
            ("evicted", |it| it.handshakes.evicted),
            ("failed_proxy", |it| it.handshakes.failed_proxy),
            ("failed_tls", |it| it.handshakes.failed_tls),
            ("failed_certificate", |it| it.handshakes.failed_certificate),
            ("failed_websocket", |it| it.handshakes.failed_websocket),
        ],
    ),
];

/// Those that are told by no word of their own.
const fn other_violations(stats: &Stats) -> u64 {
    let told = stats.packets_too_large + stats.receive_maximum_exceeded + stats.topic_aliases_invalid;
    stats.violations.saturating_sub(told)
}
