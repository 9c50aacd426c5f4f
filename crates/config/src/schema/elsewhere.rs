//! Features that are not here yet, and keys that nothing reads.

use super::Kind::{Anything, Count, File, Secret, Switch, Text, Word};
use super::row::{Row, row};

const PERSISTENCE: &str = "sessions and messages on disk";
const HOOKS: &str = "webhooks";
const PRESETS: &str = "preset sessions";
const RULE_ENGINE: &str = "the rule engine";
const NOWHERE: &str = "nothing reads it, in NanoMQ neither";
const GATEWAYS: &str = "it belongs into the file of a gateway";

pub(super) const SQLITE: &[Row] = &[
    row("sqlite.enable", Switch)
        .not_yet(PERSISTENCE, "whether messages are kept on disk; NanoMQ does not read it"),
    row("sqlite.disk_cache_size", Count).default("102400").not_yet(PERSISTENCE, "messages on disk"),
    row("sqlite.mounted_file_path", File).not_yet(PERSISTENCE, "folder of the database"),
    row("sqlite.flush_mem_threshold", Count)
        .default("100")
        .not_yet(PERSISTENCE, "messages that are written at once"),
    row("sqlite.resend_interval", Count)
        .not_yet(PERSISTENCE, "time between two attempts; NanoMQ does not read it"),
];

pub(super) const WEBHOOK: &[Row] = &[
    row("webhook.enable", Switch).default("true").not_yet(HOOKS, "whether events are sent"),
    row("webhook.url", Text).not_yet(HOOKS, "where they are sent"),
    row("webhook.headers.*", Secret).not_yet(HOOKS, "header fields"),
    row("webhook.body.encoding", Word(&["plain", "base64", "base62"]))
        .default("plain")
        .not_yet(HOOKS, "how payloads are written"),
    row("webhook.pool_size", Count).default("32").not_yet(HOOKS, "requests at a time"),
    row("webhook.cancel_timeout", Count)
        .default("5000")
        .not_yet(HOOKS, "how long an answer may take, in milliseconds"),
    row("webhook.ssl", Anything).not_yet(HOOKS, "TLS, which NanoMQ reads and does not use"),
    row("webhook.events[].event", Text).not_yet(HOOKS, "what is sent"),
    row("webhook.events[].topic", Text).not_yet(HOOKS, "messages of which topics"),
];

pub(super) const PRESET: &[Row] = &[
    row("preset.session.*.clientid", Text)
        .not_yet(PRESETS, "client for which messages are kept before it has ever connected"),
    row("preset.session.*.topic[].remote_topic", Text).not_yet(PRESETS, "topic filter"),
    row("preset.session.*.topic[].qos", Count).not_yet(PRESETS, "QoS"),
    row("preset.session.*.topic[].retain", Count).not_yet(PRESETS, "retain flag"),
    row("preset.session.*.topic[].retain_as_published", Count).not_yet(PRESETS, "Retain As Published"),
    row("preset.session.*.topic[].retain_handling", Count).not_yet(PRESETS, "Retain Handling"),
    row("preset.session.*.topic[].stream_id", Count).not_yet(PRESETS, "stream of QUIC"),
];

/// The rows of a database that rules write into.
macro_rules! database {
    ($at:literal) => {
        [
            row(concat!($at, ".*.conn.host"), Text).not_yet(RULE_ENGINE, "host of the database"),
            row(concat!($at, ".*.conn.username"), Text).not_yet(RULE_ENGINE, "user of the database"),
            row(concat!($at, ".*.conn.password"), Secret).not_yet(RULE_ENGINE, "its password"),
            row(concat!($at, ".*.conn.database"), Text).not_yet(RULE_ENGINE, "name of the database"),
            row(concat!($at, ".*.rules[].table"), Text).not_yet(RULE_ENGINE, "table that is written into"),
            row(concat!($at, ".*.rules[].sql"), Text).not_yet(RULE_ENGINE, "what is written"),
        ]
    };
}

pub(super) const RULES: &[Row] = &[
    row("rules.sqlite.path", File).not_yet(RULE_ENGINE, "file of the database"),
    row("rules.sqlite.rules[].sql", Text).not_yet(RULE_ENGINE, "what is written"),
    row("rules.sqlite.rules[].table", Text).not_yet(RULE_ENGINE, "table that is written into"),
    row("rules.repub.rules[].server", Text).not_yet(RULE_ENGINE, "broker that is published to"),
    row("rules.repub.rules[].topic", Text).not_yet(RULE_ENGINE, "topic there"),
    row("rules.repub.rules[].proto_ver", Count).not_yet(RULE_ENGINE, "version of MQTT"),
    row("rules.repub.rules[].clientid", Text).not_yet(RULE_ENGINE, "client identifier there"),
    row("rules.repub.rules[].keepalive", Count).not_yet(RULE_ENGINE, "keep-alive"),
    row("rules.repub.rules[].clean_start", Switch).not_yet(RULE_ENGINE, "Clean Start"),
    row("rules.repub.rules[].username", Text).not_yet(RULE_ENGINE, "user name there"),
    row("rules.repub.rules[].password", Secret).not_yet(RULE_ENGINE, "password there"),
    row("rules.repub.rules[].sql", Text).not_yet(RULE_ENGINE, "what is published"),
];
pub(super) const RULES_MYSQL: &[Row] = &database!("rules.mysql");
pub(super) const RULES_POSTGRESQL: &[Row] = &database!("rules.postgresql");
pub(super) const RULES_TIMESCALEDB: &[Row] = &database!("rules.timescaledb");

pub(super) const DEAD: &[Row] = &[
    row("plugin.libs[].path", File).warns("no code is loaded at run time", "libraries that are loaded"),
    row("exchange_client", Anything).warns(NOWHERE, "streams of an older NanoMQ"),
    row("parquet", Anything).warns(NOWHERE, "files of an older NanoMQ"),
    row("auth.cache", Anything).warns(NOWHERE, "memory of answers, of older documentation"),
    row("acl", Anything).warns("rules are read at auth.acl only, in NanoMQ too", "rules outside of auth"),
    row("use_cert_as_username", Text).warns(
        "who a certificate is about is said by credentials of kind x509 in the registry",
        "user name from a certificate",
    ),
    row("gateway", Anything).warns(GATEWAYS, "gateways to ZeroMQ and SOME/IP"),
    row("dds", Anything).warns(GATEWAYS, "gateway to DDS"),
    row("forward_rules", Anything).warns(GATEWAYS, "gateway to DDS"),
    row("mqtt.connector", Anything).warns(GATEWAYS, "gateway to DDS"),
];
