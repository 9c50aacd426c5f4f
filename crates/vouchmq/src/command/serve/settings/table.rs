//! The rows.

use std::ops::RangeInclusive;

use super::Settings;
use super::value::{Stored, Unit, parse, show};

/// One thing that can be set.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) key: &'static str,
    /// What it bounds, and what happens at the bound.
    pub(super) what: &'static str,
    unit: Unit,
    range: RangeInclusive<u64>,
    /// A word, and the number that it stands for.
    word: Option<(&'static str, u64)>,
    pub(super) get: fn(&Settings) -> u64,
    pub(super) set: fn(&mut Settings, u64),
}

macro_rules! rows {
    ($($key:literal $($field:ident).+ $unit:ident $range:expr, $(($word:literal = $value:expr))? $what:literal;)+) => {
        /// Every key, in the order of the documentation.
        pub(super) const ROWS: &[Row] = &[$(Row {
            key: $key,
            what: $what,
            unit: Unit::$unit,
            range: $range,
            word: word!($($word, $value)?),
            get: |settings| settings.$($field).+.load(),
            set: |settings, value| settings.$($field).+.store(value),
        }),+];
    };
}

macro_rules! word {
    () => {
        None
    };
    ($word:literal, $value:expr) => {
        Some(($word, $value))
    };
}

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;
const FOR_EVER: u64 = u32::MAX as u64;

rows! {
    "mqtt.connect_timeout" limits.connect_deadline Seconds 1..=3600,
        "time from opening a connection to a complete CONNECT, and for each step of authentication; then closed";
    "mqtt.max_unauthenticated_bytes" limits.unauthenticated_bytes_max Bytes 64..=MB,
        "bytes that a client may send before it is authenticated; more closes";
    "mqtt.max_packet_size" limits.packet_bytes_max Bytes 64..=268_435_460,
        "largest packet of a client; more closes (0x95) before the body is read";
    "mqtt.max_clientid_size" limits.client_id_bytes_max Bytes 1..=65_535,
        "client identifier and user name; longer ones are refused (0x85)";
    "mqtt.max_password_size" limits.password_bytes_max Bytes 1..=65_536,
        "password; longer ones are refused (0x86)";
    "mqtt.max_topic_size" limits.topics.length_max Bytes 1..=65_535,
        "topic name or filter; longer ones are refused (0x90, 0x8F)";
    "mqtt.max_topic_levels" limits.topics.levels_max Count 1..=65_535,
        "levels of a topic name or filter; more are refused (0x90, 0x8F)";
    "mqtt.max_user_properties" limits.user_properties_max Count 0..=10_000,
        "user properties in one packet; more closes (0x95)";
    "mqtt.max_subscriptions" limits.subscriptions_max Count 1..=1_000_000,
        "subscriptions of one client; more are refused (0x97)";
    "mqtt.receive_maximum" limits.receive_maximum Count 1..=65_535,
        "unacknowledged QoS 1 and 2 messages, from a client (more closes, 0x93) and to it";
    "mqtt.max_topic_alias" limits.topic_alias_maximum Count 0..=65_535,
        "topic aliases, from a client (higher ones close, 0x94) and to it";
    "mqtt.max_outbound_buffer" limits.outbound_bytes_max Bytes 1024..=GB,
        "bytes that wait to be written to one connection; beyond it QoS 0 is dropped";
    "mqtt.max_mqueue_len" limits.queued_messages_max Count 1..=10_000_000,
        "QoS 1 and 2 messages that wait in one session; more are subject to mqtt.queue_full";
    "mqtt.max_mqueue_bytes" limits.queued_bytes_max Bytes 1024..=1024 * GB,
        "bytes of messages that wait in one session; more are subject to mqtt.queue_full";
    "mqtt.queue_full" limits.queue_full QueueFull 0..=2,
        "what becomes of a message for a full session: refused (0x97), dropped, or put in place of the oldest";
    "mqtt.stalled_receiver_timeout" limits.stalled_receiver Seconds 1..=86_400,
        "a client for which something waits and that takes nothing for so long is closed";
    "mqtt.max_keep_alive" limits.keep_alive_max_secs Seconds 0..=65_535, ("off" = 0)
        "longest keep-alive: MQTT 5 clients are told, older ones closed after 1.5 times of it";
    "mqtt.max_session_expiry" limits.session_expiry_max_secs Seconds 0..=FOR_EVER, ("never" = FOR_EVER)
        "longest session expiry interval, and that of MQTT 3 sessions";
    "mqtt.max_message_rate" limits.messages_per_sec Count 0..=FOR_EVER, ("off" = 0)
        "messages per second of one client; beyond it the client is not read";
    "mqtt.max_byte_rate" limits.bytes_per_sec Bytes 0..=FOR_EVER, ("off" = 0)
        "bytes per second of one client; beyond it the client is not read";
    "mqtt.check_payload_format" check_payload_format Switch 0..=1,
        "refuse payloads (0x99) that are announced as UTF-8 and are not";
    "mqtt.shared_subscription_strategy" share_policy SharePolicy 0..=2,
        "how a shared subscription picks the member for a message";
    "retained.max_messages" retained.messages_max Count 0..=1_000_000_000,
        "retained messages; more are refused (0x97)";
    "retained.max_bytes" retained.bytes_max Bytes 0..=1024 * GB,
        "bytes of retained messages; more are refused (0x97)";
    "authorization.deny_action" deny_action DenyAction 0..=1,
        "what becomes of a publish that is not allowed and cannot be answered: ignored, or the client is disconnected";
    "authorization.subscribe_denied" subscribe_denied SubscribeDenied 0..=1,
        "answer to a subscription that is not allowed: 0x87 or 0x80";
    "connections.max" connections_max Count 0..=100_000_000, ("auto" = 0)
        "connections at once; more are refused (0x89). auto: descriptors less 256";
    "connections.max_per_address" connections_per_address_max Count 0..=100_000_000, ("off" = 0)
        "connections at once from one address; more are refused (0x89)";
    "connections.max_rate_per_address" connect_rate_per_address Count 0..=FOR_EVER, ("off" = 0)
        "connections per second from one address; more are delayed, then refused (0x9F)";
    "system.max_memory" memory_bytes_max Bytes 0..=1024 * GB, ("auto" = 0)
        "memory of the process; beyond it nobody new is let in, QoS 0 is shed and nothing is queued for those who are away. auto: 80 % of all";
    "system.sys_interval" sys_interval_secs Seconds 0..=86_400, ("off" = 0)
        "time between two publications of $SYS";
    "system.drain_timeout" drain_timeout Seconds 0..=3600,
        "how long clients may take to read what is left when the broker ends";
    "system.verify_threads" verify_threads Count 1..=64,
        "threads that verify passwords";
    "registration.max_rate" registration_rate Count 1..=1_000_000,
        "registrations per second of all devices; more are refused (429). Twice as many at once";
    "registration.max_rate_per_address" registration_rate_per_address Count 1..=1_000_000,
        "the same of one address, but loopback; more are refused (429). Twice as many at once";
    "registration.max_rate_per_token" registration_rate_per_token Count 1..=1_000_000,
        "the same with one claim token; more are refused (429). Five times as many at once";
    "registry.node_timeout" node_timeout Seconds 1..=3600,
        "a broker on the same database that has said nothing for so long is not waited for by ?wait=applied; the same on all of them";
    "registry.max_staleness" max_staleness Seconds 5..=2_592_000, ("off" = 0)
        "when changes could not be read from the database for so long, no device is let in (0x88) until they can; who is connected stays";
}

// === impl Row ===

impl Row {
    /// The number that `text` means, within the bounds.
    pub(super) fn parse(&self, text: &str) -> Result<u64, ()> {
        match self.word {
            Some((word, value)) if word == text => Ok(value),
            _ => parse(self.unit, text).filter(|value| self.range.contains(value)).ok_or(()),
        }
    }

    /// A value, as it is written.
    pub(super) fn show(&self, value: u64) -> String {
        match self.word {
            Some((word, number)) if number == value => word.to_owned(),
            _ => show(self.unit, value),
        }
    }

    /// What may be written.
    pub(super) fn allowed(&self) -> String {
        if let Some(words) = self.unit.words() {
            return format!("allowed: {}", words.join(", "));
        }
        let (start, end) = (show(self.unit, *self.range.start()), show(self.unit, *self.range.end()));
        match self.word {
            Some((word, value)) if value == *self.range.start() => {
                format!("allowed: {word}, or up to {end}")
            }
            Some((word, value)) if value == *self.range.end() => format!("allowed: {word}, or from {start}"),
            Some((word, _)) => format!("allowed: {word}, or {start} to {end}"),
            None => format!("allowed: {start} to {end}"),
        }
    }

    /// The environment variable, behind `VOUCHMQ_`.
    pub(super) fn variable(&self) -> String {
        self.key.to_ascii_uppercase().replace('.', "_")
    }
}
