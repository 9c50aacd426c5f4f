use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vouchmq_mqtt::engine::Stats;

use super::Control;
use super::peaks::PeakStats;
use crate::admission::{HandshakeCounters, InquiryCounters, VerdictStats};
use crate::shard::ShardView;

/// What a broker counted since its start, all shards together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BrokerStats {
    /// The sum over all engines.
    pub engines: Stats,
    /// Open connections.
    pub connections: u64,
    /// Connections that were accepted.
    pub accepted: u64,
    /// Connections refused because there were too many in all.
    pub refused_total: u64,
    /// Connections refused because there were too many of their address.
    pub refused_address: u64,
    /// Connections refused because they came too fast from their address.
    pub refused_rate: u64,
    /// Connections refused because memory was short.
    pub refused_memory: u64,
    /// Connections closed because strangers, all together or those of one address, had sent too much.
    pub refused_strangers: u64,
    /// Newcomers refused because everybody waited too long for this machine, and they would have needed much of it.
    pub refused_overload: u64,
    /// Clients refused because there were too many at once, and told so only after a while.
    pub tarpitted: u64,
    /// Times that accepting paused because everybody waited too long for this machine.
    pub accept_delays: u64,
    /// Verifications that wait for a thread now.
    pub verify_queue: u64,
    /// How long everybody waits for such a thread: the minimum of the last interval.
    pub verify_queue_delay: Duration,
    /// How long everybody waits for its shard: the same, of the shard where it is longest.
    pub shard_queue_delay: Duration,
    /// What was decided about clients.
    pub verdicts: VerdictStats,
    /// Bytes of strangers that wait for the rest of a CONNECT or for a verdict.
    pub stranger_bytes: u64,
    /// Times that no connection could be accepted for want of descriptors.
    pub accept_pauses: u64,
    /// Logins delayed: too many failures or takeovers before, or connections that come too fast.
    pub delayed_logins: u64,
    /// Logins that are delayed now.
    pub delayed_waiting: u64,
    /// Logins refused because of too many failures or takeovers before.
    pub blocked_logins: u64,
    /// Of these: those who would have taken the place of a client whose id was taken over too often.
    pub blocked_takeovers: u64,
    /// Devices that have a connection.
    pub devices: u64,
    /// Connections ended because the authenticator, asked again, said so.
    pub ended_by_reconsideration: u64,
    /// Clients refused because what their verdict rested on had changed when it came.
    pub refused_at_second_look: u64,
    /// Verifications that wait for something other than the processor now.
    pub elsewhere_in_flight: u64,
    /// What others were asked about what clients want to do.
    pub inquiries: InquiryStats,
    /// Log lines that were only counted.
    pub log_lines_suppressed: u64,
    /// Connections of listeners that speak more than MQTT.
    pub handshakes: HandshakeStats,
    /// Retained messages.
    pub retained: u64,
    /// Bytes of retained messages.
    pub retained_bytes: u64,
    /// Topic filters that somebody has subscribed to.
    pub filters: u64,
    /// Live traces.
    pub traces: u64,
    /// The most that there were at once, as far as was looked: once a second.
    pub peaks: PeakStats,
}

/// What others said about publications, wills and subscriptions, one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InquiryStats {
    /// Questions.
    pub asked: u64,
    /// It may.
    pub allowed: u64,
    /// It may not.
    pub denied: u64,
    /// Nobody could say, or too many were asked about at once.
    pub unavailable: u64,
    /// Not answered yet.
    pub in_flight: u64,
}

/// What became of connections before their CONNECT, where a listener speaks TLS, WebSocket or the PROXY protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HandshakeStats {
    /// Everything was agreed on.
    pub completed: u64,
    /// Of these: who came back by a ticket of TLS.
    pub resumed: u64,
    /// The client left.
    pub abandoned: u64,
    /// It took too long.
    pub timed_out: u64,
    /// Too many did the same, all together or from their address.
    pub crowded: u64,
    /// It had said nothing for a while, and its place was needed for another.
    pub evicted: u64,
    /// A proxy did not say for whom it connects.
    pub failed_proxy: u64,
    /// There was no common TLS, or none at all.
    pub failed_tls: u64,
    /// A certificate was missing or refused, then or later.
    pub failed_certificate: u64,
    /// A request was not for this WebSocket.
    pub failed_websocket: u64,
}

impl Control {
    /// What was counted so far.
    pub async fn stats(&self) -> BrokerStats {
        let gauges = |view: &ShardView<'_>| {
            [view.device_count() as u64, view.delayed_count as u64, view.engine.filter_count() as u64]
        };
        let shards = self.ask_all(move |view| (*view.engine.stats(), gauges(view), view.queue_delay)).await;
        let counters = &self.admission.counters;
        let (verify_queue, verify_queue_delay) = self.queue.depth();
        let engines = shards.iter().fold(Stats::default(), |sum, (each, ..)| sum.plus(each));
        let connections = self.admission.open_count() as u64;
        // Each shard knows what all of them want.
        let filters = shards.iter().map(|(_, [.., count], _)| *count).max().unwrap_or_default();
        BrokerStats {
            engines,
            connections,
            accepted: read(&counters.accepted),
            refused_total: read(&counters.refused_total),
            refused_address: read(&counters.refused_address),
            refused_rate: read(&counters.refused_rate),
            refused_memory: read(&counters.refused_memory),
            refused_strangers: read(&counters.refused_strangers),
            refused_overload: read(&counters.refused_overload),
            tarpitted: read(&counters.tarpitted),
            accept_delays: read(&counters.accept_delays),
            verify_queue: verify_queue as u64,
            verify_queue_delay,
            shard_queue_delay: shards.iter().map(|(.., delay)| *delay).max().unwrap_or_default(),
            verdicts: counters.verdicts.stats(),
            stranger_bytes: self.admission.stranger_byte_count(),
            accept_pauses: read(&counters.accept_pauses),
            delayed_logins: read(&counters.delayed_logins),
            delayed_waiting: shards.iter().map(|(_, [_, count, _], _)| count).sum(),
            blocked_logins: read(&counters.blocked_logins),
            blocked_takeovers: read(&counters.blocked_takeovers),
            devices: shards.iter().map(|(_, [count, ..], _)| count).sum(),
            ended_by_reconsideration: read(&counters.ended_by_reconsideration),
            refused_at_second_look: read(&counters.refused_at_second_look),
            elsewhere_in_flight: self.elsewhere.count() as u64,
            inquiries: InquiryStats::of(&counters.inquiries, self.inquiries.count()),
            log_lines_suppressed: read(&counters.log_lines_suppressed),
            handshakes: HandshakeStats::of(&counters.handshakes),
            retained: self.retained.len() as u64,
            retained_bytes: self.retained.byte_count() as u64,
            filters,
            traces: self.traces.count() as u64,
            peaks: self.peaks.note(&PeakStats {
                connections,
                sessions: engines.sessions,
                subscriptions: engines.subscriptions,
                filters,
            }),
        }
    }
}

fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

impl InquiryStats {
    fn of(counters: &InquiryCounters, in_flight: usize) -> Self {
        Self {
            asked: read(&counters.asked),
            allowed: read(&counters.allowed),
            denied: read(&counters.denied),
            unavailable: read(&counters.unavailable),
            in_flight: in_flight as u64,
        }
    }
}

impl HandshakeStats {
    fn of(counters: &HandshakeCounters) -> Self {
        Self {
            completed: read(&counters.completed),
            resumed: read(&counters.resumed),
            abandoned: read(&counters.abandoned),
            timed_out: read(&counters.timed_out),
            crowded: read(&counters.crowded),
            evicted: read(&counters.evicted),
            failed_proxy: read(&counters.failed_proxy),
            failed_tls: read(&counters.failed_tls),
            failed_certificate: read(&counters.failed_certificate),
            failed_websocket: read(&counters.failed_websocket),
        }
    }

    /// All that were not served.
    pub const fn failed(&self) -> u64 {
        self.abandoned
            + self.timed_out
            + self.crowded
            + self.evicted
            + self.failed_proxy
            + self.failed_tls
            + self.failed_certificate
            + self.failed_websocket
    }
}
