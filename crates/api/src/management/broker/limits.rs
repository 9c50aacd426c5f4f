//! Bounds, as they are in force.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use vouchmq_broker::{BrokerStats, LimitsInForce};
use vouchmq_client::dto::limits::{Limit, LimitCounter};
use vouchmq_client::dto::page::Page;
use vouchmq_mqtt::QueueFull;

use super::whole;
use crate::http::{Code, Problem};
use crate::management::Here;

/// Every bound with its value in force, how much of it is in use where that is known, and how often it was met: all on
/// one page.
#[utoipa::path(get, path = "/v1/limits", operation_id = "list_limits", tag = "limits",
    responses((status = 200, body = Page<Limit>), (status = 409)))]
pub(in crate::management) async fn list(State(here): Here) -> Result<Json<Page<Limit>>, Problem> {
    let broker = here.broker()?;
    let ending = || Problem::new(Code::Unavailable, "the broker is going down");
    let (limits, stats) = (broker.limits().await.ok_or_else(ending)?, broker.stats().await);
    let parts = [
        of_connections(&limits, &stats),
        of_packets(&limits, &stats),
        of_sessions(&limits, &stats),
        of_the_process(&limits, &stats),
    ];
    Ok(Json(whole(parts.into_iter().flatten().collect())))
}

fn of_connections(limits: &LimitsInForce, stats: &BrokerStats) -> Vec<Limit> {
    let (engine, settings, counted) = (&limits.engine, &limits.settings, &stats.engines);
    vec![
        row("connections", "connections at once", count(limits.connections_max))
            .now(stats.connections)
            .counted("refused_total", stats.refused_total)
            .ends("refused (0x89)"),
        row(
            "connections_per_address",
            "connections of one address",
            some(settings.connections_per_address_max),
        )
        .counted("refused_address", stats.refused_address)
        .ends("refused (0x89)"),
        row("connect_rate_per_address", "CONNECTs of one address", some(settings.connect_rate_per_address))
            .unit("per_second")
            .counted("refused_rate", stats.refused_rate)
            .ends("delayed, then refused (0x9F)"),
        row(
            "failed_logins_per_address",
            "failed logins of one address",
            some(settings.failed_logins_per_address),
        )
        .unit("per_minute")
        .counted("blocked_logins", stats.blocked_logins)
        .ends("delayed, then refused for a minute (0x8A)"),
        row("takeovers_per_client_id", "takeovers of one client", some(settings.takeovers_per_client_id))
            .unit("per_minute")
            .counted("blocked_takeovers", stats.blocked_takeovers)
            .ends("delayed, then refused for a minute (0x8A)"),
        row("connect_deadline", "time until CONNECT is complete", secs(engine.connect_deadline))
            .unit("seconds")
            .counted("handshake_timeouts", counted.handshake_timeouts)
            .ends("closed"),
        row(
            "unauthenticated_bytes",
            "bytes before a client is let in",
            count(engine.unauthenticated_bytes_max),
        )
        .unit("bytes")
        .now(stats.stranger_bytes)
        .counted("refused_strangers", stats.refused_strangers)
        .ends("closed"),
        row("keep_alive", "the longest keep-alive", some(engine.keep_alive_max_secs))
            .unit("seconds")
            .counted("keep_alive_timeouts", counted.keep_alive_timeouts)
            .ends("MQTT 5 is told (Server Keep Alive); whoever is silent for 1.5 times as long is closed"),
    ]
}

fn of_packets(limits: &LimitsInForce, stats: &BrokerStats) -> Vec<Limit> {
    let (engine, counted) = (&limits.engine, &stats.engines);
    vec![
        row("packet_bytes", "bytes of a packet", count(engine.packet_bytes_max))
            .unit("bytes")
            .counted("packets_too_large", counted.packets_too_large)
            .ends("closed (0x95) before the body is read"),
        row(
            "client_id_bytes",
            "bytes of a Client Identifier or User Name",
            count(engine.client_id_bytes_max),
        )
        .unit("bytes")
        .counted("credentials_invalid", counted.credentials_invalid)
        .ends("refused (0x85)"),
        row("password_bytes", "bytes of a Password", count(engine.password_bytes_max))
            .unit("bytes")
            .counted("credentials_invalid", counted.credentials_invalid)
            .ends("refused (0x86)"),
        row("topic_bytes", "bytes of a topic", Some(engine.topics.length_max.into()))
            .unit("bytes")
            .counted("topics_invalid", counted.topics_invalid)
            .ends("refused (0x90, 0x8F)"),
        row("topic_levels", "levels of a topic", Some(engine.topics.levels_max.into()))
            .counted("topics_invalid", counted.topics_invalid)
            .ends("refused (0x90, 0x8F)"),
        row("user_properties", "User Properties of a packet", count(engine.user_properties_max))
            .counted("packets_too_large", counted.packets_too_large)
            .ends("closed (0x95)"),
        row("receive_maximum", "messages unacknowledged, both ways", Some(engine.receive_maximum.into()))
            .counted("receive_maximum_exceeded", counted.receive_maximum_exceeded)
            .ends("closed (0x93)"),
        row("topic_alias_maximum", "Topic Aliases, both ways", Some(engine.topic_alias_maximum.into()))
            .counted("topic_aliases_invalid", counted.topic_aliases_invalid)
            .ends("closed (0x94)"),
        row("messages_per_second", "messages of one client", some(engine.messages_per_sec))
            .unit("per_second")
            .counted("throttled", counted.throttled)
            .ends("not read until it may send again"),
        row("bytes_per_second", "bytes of one client", some(engine.bytes_per_sec))
            .unit("per_second")
            .counted("throttled", counted.throttled)
            .ends("not read until it may send again"),
    ]
}

fn of_sessions(limits: &LimitsInForce, stats: &BrokerStats) -> Vec<Limit> {
    let (engine, counted) = (&limits.engine, &stats.engines);
    let queue_full = match engine.queue_full {
        QueueFull::Reject => "the publisher is told (0x97)",
        QueueFull::DropNew => "the new message is dropped",
        QueueFull::DropOldest => "the oldest message is dropped",
    };
    let expiry = Some(engine.session_expiry_max_secs).filter(|secs| *secs != u32::MAX);
    vec![
        row("subscriptions", "subscriptions of one client", count(engine.subscriptions_max))
            .counted("subscriptions_over_quota", counted.subscriptions_over_quota)
            .ends("refused (0x97)"),
        row("outbound_bytes", "bytes that wait for one connection", count(engine.outbound_bytes_max))
            .unit("bytes")
            .counted("dropped_lagging", counted.dropped_lagging)
            .ends("QoS 0 is dropped, QoS 1 and 2 wait in the session"),
        row("stalled_receiver", "time that a receiver may take nothing", secs(engine.stalled_receiver))
            .unit("seconds")
            .counted("stalled_receivers", counted.stalled_receivers)
            .ends("closed"),
        row("queued_messages", "messages that wait in one session", count(engine.queued_messages_max))
            .counted("dropped_queue_full", counted.dropped_queue_full)
            .ends(queue_full),
        row("queued_bytes", "bytes that wait in one session", count(engine.queued_bytes_max))
            .unit("bytes")
            .counted("dropped_queue_full", counted.dropped_queue_full)
            .ends(queue_full),
        row("session_expiry", "the longest Session Expiry Interval", expiry.map(u64::from))
            .unit("seconds")
            .counted("sessions_expired", counted.sessions_expired)
            .ends("MQTT 5 is told (Session Expiry Interval); the session ends"),
        row("retained_messages", "retained messages", count(limits.retained.messages_max))
            .now(stats.retained)
            .counted("retained_refused", counted.retained_refused)
            .ends("refused (0x97)"),
        row("retained_bytes", "bytes of retained messages", count(limits.retained.bytes_max))
            .unit("bytes")
            .now(stats.retained_bytes)
            .counted("retained_refused", counted.retained_refused)
            .ends("refused (0x97)"),
    ]
}

fn of_the_process(limits: &LimitsInForce, stats: &BrokerStats) -> Vec<Limit> {
    let delay = stats.verify_queue_delay.max(stats.shard_queue_delay);
    let target = u64::try_from(limits.settings.queue_delay_target.as_millis()).unwrap_or(u64::MAX);
    vec![
        row("memory_bytes", "memory of the process", limits.memory_bytes_max)
            .unit("bytes")
            .counted("refused_memory", stats.refused_memory)
            .with_now(limits.memory_bytes)
            .ends("newcomers are refused (0x89), QoS 0 is dropped"),
        row("queue_delay", "time that everybody waits for this machine", some(target))
            .unit("milliseconds")
            .now(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX))
            .counted("accept_delays", stats.accept_delays)
            .ends("accepting pauses; then those are refused (0x89) who would need much"),
    ]
}

/// A bound on its way.
struct Row(Limit);

fn row(name: &str, what: &str, value: Option<u64>) -> Row {
    Row(Limit {
        name: name.to_owned(),
        what: what.to_owned(),
        value,
        unit: "count".to_owned(),
        ..Limit::default()
    })
}

impl Row {
    fn unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.0.unit);
        self
    }

    fn now(self, now: u64) -> Self {
        self.with_now(Some(now))
    }

    const fn with_now(mut self, now: Option<u64>) -> Self {
        self.0.now = now;
        self
    }

    fn counted(mut self, name: &str, count: u64) -> Self {
        self.0.counter = Some(LimitCounter { name: name.to_owned(), count });
        self
    }

    fn ends(mut self, how: &str) -> Limit {
        how.clone_into(&mut self.0.at_the_bound);
        self.0
    }
}

fn count(value: usize) -> Option<u64> {
    Some(value as u64)
}

/// A bound that 0 turns off.
fn some<T: TryInto<u64>>(value: T) -> Option<u64> {
    value.try_into().ok().filter(|value| *value > 0)
}

const fn secs(time: Duration) -> Option<u64> {
    Some(time.as_secs())
}
