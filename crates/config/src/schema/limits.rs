//! Rows with bounds: limits and policies.

use super::Kind;
use super::row::{Effect, Row, Setting, is_guarded};
use super::stored::Stored;

macro_rules! limits {
    ($name:ident: $($origin:ident $key:literal $($field:ident).+ $kind:expr, $range:expr,
        $(($word:literal = $value:expr))? $what:literal;)+) => {
        pub(super) const $name: &[Row] = &[$(Row {
            path: $key,
            kind: $kind,
            default: "",
            effect: Effect::Acts,
            what: $what,
            is_nanomq: origin!($origin),
            is_guarded: is_guarded($key, &$kind),
            range: Some($range),
            word: word!($($word, $value)?),
            setting: Some(Setting {
                get: |settings| settings.$($field).+.load(),
                set: |settings, value| settings.$($field).+.store(value),
            }),
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

macro_rules! origin {
    (nanomq) => {
        true
    };
    (own) => {
        false
    };
}

const MB: u64 = 1 << 20;
const GB: u64 = 1 << 30;
const FOR_EVER: u64 = u32::MAX as u64;
const SECOND: u64 = 1_000;
const HOUR: u64 = 3_600 * SECOND;

limits! { MQTT:
    own "mqtt.connect_timeout" limits.connect_deadline Kind::Time, 100..=HOUR,
        "time from opening a connection to a complete CONNECT, and for each step of authentication; then closed";
    own "mqtt.max_unauthenticated_bytes" limits.unauthenticated_bytes_max Kind::Bytes, 64..=MB,
        "bytes that a client may send before it is authenticated; more closes";
    nanomq "mqtt.max_packet_size" limits.packet_bytes_max Kind::Bytes, 64..=268_435_460,
        "largest packet of a client; more closes (0x95) before the body is read";
    own "mqtt.max_clientid_size" limits.client_id_bytes_max Kind::Bytes, 1..=65_535,
        "client identifier and user name; longer ones are refused (0x85)";
    own "mqtt.max_password_size" limits.password_bytes_max Kind::Bytes, 1..=65_536,
        "password; longer ones are refused (0x86)";
    own "mqtt.max_topic_size" limits.topics.length_max Kind::Bytes, 1..=65_535,
        "topic name or filter; longer ones are refused (0x90, 0x8F)";
    own "mqtt.max_topic_levels" limits.topics.levels_max Kind::Count, 1..=65_535,
        "levels of a topic name or filter; more are refused (0x90, 0x8F)";
    own "mqtt.max_user_properties" limits.user_properties_max Kind::Count, 0..=10_000,
        "user properties in one packet; more closes (0x95)";
    own "mqtt.max_subscriptions" limits.subscriptions_max Kind::Count, 1..=1_000_000,
        "subscriptions of one client; more are refused (0x97)";
    own "mqtt.receive_maximum" limits.receive_maximum Kind::Count, 1..=65_535,
        "unacknowledged QoS 1 and 2 messages, from a client (more closes, 0x93) and to it";
    nanomq "mqtt.max_topic_alias" limits.topic_alias_maximum Kind::Count, 0..=65_535,
        "topic aliases, from a client (higher ones close, 0x94) and to it";
    own "mqtt.max_outbound_buffer" limits.outbound_bytes_max Kind::Bytes, 1024..=GB,
        "bytes that wait to be written to one connection; beyond it QoS 0 is dropped";
    nanomq "mqtt.max_mqueue_len" limits.queued_messages_max Kind::Count, 1..=10_000_000,
        "QoS 1 and 2 messages that wait in one session; more are subject to mqtt.queue_full";
    own "mqtt.max_mqueue_bytes" limits.queued_bytes_max Kind::Bytes, 1024..=1024 * GB,
        "bytes of messages that wait in one session; more are subject to mqtt.queue_full";
    own "mqtt.queue_full" limits.queue_full Kind::Word(&["reject", "drop_new", "drop_oldest"]), 0..=2,
        "what becomes of a message for a full session: refused (0x97), dropped, or put in place of the oldest";
    own "mqtt.stalled_receiver_timeout" limits.stalled_receiver Kind::Time, SECOND..=24 * HOUR,
        "a client for which something waits and that takes nothing for so long is closed";
    own "mqtt.max_keep_alive" limits.keep_alive_max_secs Kind::Seconds, 0..=65_535, ("off" = 0)
        "longest keep-alive: MQTT 5 clients are told, older ones closed after 1.5 times of it";
    own "mqtt.max_session_expiry" limits.session_expiry_max_secs Kind::Seconds, 0..=FOR_EVER, ("never" = FOR_EVER)
        "longest session expiry interval, and that of MQTT 3 sessions";
    own "mqtt.max_message_rate" limits.messages_per_sec Kind::Count, 0..=FOR_EVER, ("off" = 0)
        "messages per second of one client; beyond it the client is not read";
    own "mqtt.max_byte_rate" limits.bytes_per_sec Kind::Bytes, 0..=FOR_EVER, ("off" = 0)
        "bytes per second of one client; beyond it the client is not read";
    own "mqtt.check_payload_format" check_payload_format Kind::Switch, 0..=1,
        "refuse payloads (0x99) that are announced as UTF-8 and are not";
    own "mqtt.shared_subscription_strategy" share_policy
        Kind::Word(&["round_robin", "sticky", "hash_clientid"]), 0..=2,
        "how a shared subscription picks the member for a message";
}

limits! { RETAINED:
    own "retained.max_messages" retained.messages_max Kind::Count, 0..=1_000_000_000,
        "retained messages; more are refused (0x97)";
    own "retained.max_bytes" retained.bytes_max Kind::Bytes, 0..=1024 * GB,
        "bytes of retained messages; more are refused (0x97)";
}

limits! { CONNECTIONS:
    own "connections.max" connections_max Kind::Count, 0..=100_000_000, ("auto" = 0)
        "connections at once; more are refused (0x89). auto: descriptors less 256";
    own "connections.max_per_address" connections_per_address_max Kind::Count, 0..=100_000_000, ("off" = 0)
        "connections at once from one address; more are refused (0x89)";
    own "connections.max_rate_per_address" connect_rate_per_address Kind::Count, 0..=FOR_EVER, ("off" = 0)
        "connections per second from one address; more are delayed, then refused (0x9F)";
    own "connections.max_failed_logins" failed_logins_per_address Kind::Count, 0..=1_000_000, ("off" = 0)
        "failed logins per minute of one address, but loopback; more are delayed, from twice as many refused for 60 s (0x8A)";
    own "connections.max_takeovers" takeovers_per_client_id Kind::Count, 0..=1_000_000, ("off" = 0)
        "takeovers per minute of one client id, but from loopback; more are delayed, from twice as many refused for 60 s (0x8A)";
    own "connections.max_queue_delay" queue_delay_target Kind::Time, 0..=HOUR, ("off" = 0)
        "how long CONNECTs may wait for this machine; while all wait longer accepting slows down, then passwords that take long are refused (0x89)";
}

limits! { SYSTEM:
    own "system.max_memory" memory_bytes_max Kind::Bytes, 0..=1024 * GB, ("auto" = 0)
        "memory of the process; beyond it nobody new is let in, QoS 0 is shed and nothing is queued for those who are away. auto: 80 % of all";
    own "system.sys_interval" sys_interval_secs Kind::Seconds, 0..=86_400, ("off" = 0)
        "time between two publications of $SYS";
    own "system.drain_timeout" drain_timeout Kind::Time, 0..=HOUR,
        "how long clients may take to read what is left when the broker ends";
    own "system.verify_threads" verify_threads Kind::Count, 1..=64,
        "threads that verify passwords";
}

limits! { ACCESS:
    nanomq "auth.deny_action" deny_action Kind::Word(&["ignore", "disconnect"]), 0..=1,
        "what becomes of a publish that is not allowed and cannot be answered: ignored, or the client is disconnected";
    own "auth.subscribe_denied" subscribe_denied Kind::Word(&["not_authorized", "unspecified"]), 0..=1,
        "answer to a subscription that is not allowed: 0x87 or 0x80";
}

limits! { REGISTRATION:
    own "registration.max_rate" registration_rate Kind::Count, 1..=1_000_000,
        "registrations per second of all devices; more are refused (429). Twice as many at once";
    own "registration.max_rate_per_address" registration_rate_per_address Kind::Count, 1..=1_000_000,
        "the same of one address, but loopback; more are refused (429). Twice as many at once";
    own "registration.max_rate_per_token" registration_rate_per_token Kind::Count, 1..=1_000_000,
        "the same with one claim token; more are refused (429). Five times as many at once";
}

limits! { REGISTRY:
    own "registry.node_timeout" node_timeout Kind::Time, SECOND..=HOUR,
        "a broker on the same database that has said nothing for so long is not waited for by ?wait=applied; the same on all of them";
    own "registry.max_staleness" staleness_max_secs Kind::Seconds, 5..=2_592_000, ("off" = 0)
        "when changes could not be read from the database for so long, no device is let in (0x88) until they can; who is connected stays";
}
