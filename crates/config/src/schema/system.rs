//! The process: folders, threads, and what other brokers have in the same places.

use super::Kind::{Count, Decimal, File, Secret, Switch, Text, Time};
use super::row::{Row, own, row};

const THREADS: &str = "system.shards says how many threads serve clients";
const NO_IPC: &str = "commands reach a running broker by its API";
const UNUSED: &str = "NanoMQ reads it, and does not use it either";

pub(super) const ROWS: &[Row] = &[
    own("system.data", File)
        .default("vouchmq-data")
        .acts("data directory, created for its owner only; one broker at a time"),
    own("system.shards", Count)
        .default("auto")
        .within(0..=64)
        .word("auto", 0)
        .acts("threads that serve clients; auto: one for each core"),
    row("system.daemon", Switch)
        .default("false")
        .warns("a service manager keeps it in the background", "run in the background"),
    row("system.num_taskq_thread", Count).warns(THREADS, "threads for tasks"),
    row("system.max_taskq_thread", Count).warns(THREADS, "most threads for tasks"),
    row("system.parallel", Count).warns(THREADS, "tasks at a time"),
    row("system.enable_ipc_internal", Switch)
        .default("true")
        .warns(NO_IPC, "commands by interprocess communication"),
    row("system.hook_ipc_url", Text).warns(NO_IPC, "where hooks are told of events"),
    row("system.cmd_ipc_url", Text).warns(NO_IPC, "where commands are taken"),
];

pub(super) const MQTT: &[Row] = &[
    row("mqtt.property_size", Count)
        .default("32")
        .warns(UNUSED, "properties of a packet; here mqtt.max_user_properties bounds them"),
    row("mqtt.retry_interval", Time).default("10s").warns(
        "nothing is sent again while a connection lives (MQTT 5 §4.4), and timers are exact",
        "time between two attempts to send",
    ),
    row("mqtt.keepalive_multiplier", Decimal).default("1.5").warns(
        "it is 1.5, as MQTT says (MQTT 5 §3.1.2.10)",
        "a client is closed after so many times its keep-alive",
    ),
    row("mqtt.max_inflight_window", Count).warns(
        "NanoMQ reads it, and does not use it either; mqtt.receive_maximum bounds messages in flight",
        "messages in flight",
    ),
    row("mqtt.max_awaiting_rel", Time)
        .warns(UNUSED, "QoS 2 messages that wait for PUBREL; here mqtt.receive_maximum bounds them"),
    row("mqtt.await_rel_timeout", Time).warns(UNUSED, "how long PUBREL is waited for"),
    row("mqtt.batch_resend", Switch)
        .default("false")
        .warns("nothing is sent again while a connection lives (MQTT 5 §4.4)", "send all that waits again"),
];

pub(super) const REGISTRY: &[Row] = &[
    own("registry.database", Secret).acts("where devices are kept: a file, or postgres://USER:PASSWORD@HOST/NAME; without it vouchmq.db in the data directory"),
];
