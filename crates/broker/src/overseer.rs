//! What happens beside the shards, once a second: memory is watched, retained messages that expired are
//! removed, `$SYS` is published.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use vouchmq_mqtt::engine::Input;
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::topic::{Progress, TopicCursor};
use vouchmq_mqtt::{Message as MqttMessage, Properties, Publication, PublisherId, QoS};

use crate::clock::Monotonic;
use crate::control::{BrokerStats, Control};
use crate::memory::{self, Usage};
use crate::shard::mailbox::Message;

const TURN: Duration = Duration::from_secs(1);
/// Places of the tree of retained messages that are looked at in one turn; the shards wait meanwhile.
const PURGE_STEPS: usize = 10_000;

/// Watches over a broker until the other end of `stop` is gone.
pub(crate) struct Overseer {
    pub(crate) control: Control,
    pub(crate) clock: Monotonic,
    pub(crate) heap_bytes_in_use: fn() -> Option<u64>,
}

impl Overseer {
    pub(crate) fn run(self, stop: &Receiver<()>) {
        let (mut is_short, mut turn) = (false, 0u64);
        let mut cursor = TopicCursor::default();
        while stop.recv_timeout(TURN) == Err(RecvTimeoutError::Timeout) {
            turn += 1;
            let settings = *self.control.settings.lock();
            if let (Some(max), Some(usage)) = (settings.memory_max(), self.usage())
                && is_short != memory::is_short(is_short, usage, max)
            {
                is_short = !is_short;
                self.tell_memory(is_short, usage, max);
            }
            let retained = &self.control.retained;
            if retained.purge(self.clock.now(), &mut cursor, PURGE_STEPS) == Progress::Done {
                cursor = TopicCursor::default();
            }
            let Some(stats) = self.stats() else { continue };
            let interval = u64::from(settings.sys_interval_secs);
            if interval > 0 && turn % interval == 0 {
                self.publish_sys(&stats);
            }
        }
    }

    fn usage(&self) -> Option<Usage> {
        Some(Usage { resident: memory::resident()?, heap: (self.heap_bytes_in_use)() })
    }

    /// Memory is short, or is not any more.
    fn tell_memory(&self, is_short: bool, usage: Usage, max: u64) {
        let Usage { resident, heap } = usage;
        if is_short {
            tracing::error!(
                resident,
                heap,
                max,
                "memory is short: new clients are refused and QoS 0 is dropped"
            );
        } else {
            tracing::warn!(resident, heap, max, "memory is enough again");
        }
        for mailbox in self.control.mailboxes.iter() {
            mailbox.send(Message::Input(Input::MemoryPressure(is_short)));
        }
        // Whoever sees newcomers refused finds that every shard has been told.
        self.control.admission.set_memory_short(is_short);
    }

    /// Looks at every shard, which takes down the high-water marks; `None` when one does not answer: memory is watched
    /// all the same.
    fn stats(&self) -> Option<BrokerStats> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
        runtime.block_on(async { tokio::time::timeout(TURN, self.control.stats()).await.ok() })
    }

    fn publish_sys(&self, stats: &BrokerStats) {
        for (topic, value) in self.sys_values(stats) {
            if let Err(fault) = self.control.publish(sys_message(topic, &value)) {
                tracing::error!(topic, %fault, "a figure of the broker is not published: this is a bug");
            }
        }
    }

    fn sys_values(&self, stats: &BrokerStats) -> Vec<(&'static str, String)> {
        let (engines, verdicts) = (&stats.engines, &stats.verdicts);
        let uptime = self.clock.now().since(Timestamp::ZERO).as_secs();
        vec![
            ("$SYS/broker/version", format!("vouchmq {}", env!("CARGO_PKG_VERSION"))),
            ("$SYS/broker/uptime", format!("{uptime} seconds")),
            ("$SYS/broker/clients/connected", engines.clients.to_string()),
            (
                "$SYS/broker/clients/disconnected",
                engines.sessions.saturating_sub(engines.clients).to_string(),
            ),
            ("$SYS/broker/clients/total", engines.sessions.to_string()),
            ("$SYS/broker/clients/expired", engines.sessions_expired.to_string()),
            ("$SYS/broker/connections/refused", refused(stats).to_string()),
            ("$SYS/broker/connections/accept delays", stats.accept_delays.to_string()),
            ("$SYS/broker/devices/connected", stats.devices.to_string()),
            ("$SYS/broker/logins/delayed", stats.delayed_logins.to_string()),
            ("$SYS/broker/logins/blocked", stats.blocked_logins.to_string()),
            ("$SYS/broker/logins/blocked takeovers", stats.blocked_takeovers.to_string()),
            ("$SYS/broker/logins/waiting", (stats.delayed_waiting + stats.elsewhere_in_flight).to_string()),
            ("$SYS/broker/logins/queued", stats.verify_queue.to_string()),
            ("$SYS/broker/logins/queue delay", format!("{} milliseconds", queue_delay(stats).as_millis())),
            ("$SYS/broker/logins/overload", stats.refused_overload.to_string()),
            ("$SYS/broker/logins/tarpitted", stats.tarpitted.to_string()),
            ("$SYS/broker/logins/allowed", verdicts.allowed.to_string()),
            ("$SYS/broker/logins/denied", verdicts.denied.to_string()),
            ("$SYS/broker/logins/unavailable", verdicts.unavailable.to_string()),
            ("$SYS/broker/logins/busy", verdicts.busy.to_string()),
            ("$SYS/broker/revocations/ended", stats.ended_by_reconsideration.to_string()),
            ("$SYS/broker/revocations/refused", stats.refused_at_second_look.to_string()),
            ("$SYS/broker/subscriptions/count", engines.subscriptions.to_string()),
            ("$SYS/broker/retained messages/count", stats.retained.to_string()),
            ("$SYS/broker/publish/messages/received", engines.publishes_received.to_string()),
            ("$SYS/broker/publish/messages/sent", engines.publishes_sent.to_string()),
            ("$SYS/broker/publish/messages/dropped", dropped(stats).to_string()),
            ("$SYS/broker/bytes/received", engines.bytes_received.to_string()),
            ("$SYS/broker/bytes/sent", engines.bytes_sent.to_string()),
        ]
    }
}

/// How long everybody waits, where it is longest.
fn queue_delay(stats: &BrokerStats) -> Duration {
    stats.verify_queue_delay.max(stats.shard_queue_delay)
}

fn refused(stats: &BrokerStats) -> u64 {
    stats.engines.connects_refused
        + stats.refused_total
        + stats.refused_address
        + stats.refused_rate
        + stats.refused_memory
        + stats.refused_strangers
}

fn dropped(stats: &BrokerStats) -> u64 {
    let engines = &stats.engines;
    engines.dropped_lagging
        + engines.dropped_queue_full
        + engines.dropped_expired
        + engines.dropped_too_large
        + engines.dropped_memory
}

fn sys_message(topic: &str, value: &str) -> Arc<MqttMessage> {
    MqttMessage::new(&Publication {
        topic,
        properties: Properties::EMPTY,
        payload: value.as_bytes(),
        qos: QoS::AtMostOnce,
        retain: true,
        publisher: PublisherId::BROKER,
        expires_at: Timestamp::NEVER,
    })
}
