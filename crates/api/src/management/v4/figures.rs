use std::fs;
use std::sync::{Mutex, PoisonError};

use vouchmq_broker::Control;

/// What NanoMQ counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Figures {
    /// Clients that are connected.
    pub(super) connections: u64,
    /// Clients with a session, connected or not.
    pub(super) sessions: u64,
    /// Topic filters that somebody has subscribed to.
    pub(super) topics: u64,
    /// Clients with a subscription.
    pub(super) subscribers: u64,
    /// PUBLISH packets of clients.
    pub(super) received: u64,
    /// PUBLISH packets to clients.
    pub(super) sent: u64,
    /// Messages that did not get to a receiver.
    pub(super) dropped: u64,
    /// Bytes that are resident.
    pub(super) memory: u64,
    /// What the process took of all processors since it was looked at before, in percent.
    pub(super) cpu: f64,
}

/// The highest figures that were ever seen here, and what processors had done when that was.
#[derive(Debug, Default)]
pub(in crate::management) struct Peaks(Mutex<(Figures, Ticks)>);

/// Processor time since the start, in ticks.
#[derive(Clone, Copy, Debug, Default)]
struct Ticks {
    process: u64,
    machine: u64,
}

impl Peaks {
    /// What the process takes now: bytes, and percent of the machine since the last look.
    pub(super) fn usage(&self) -> (u64, f64) {
        let now = Ticks::now().unwrap_or_default();
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut seen.1, now);
        let process = now.process.saturating_sub(before.process);
        let machine = now.machine.saturating_sub(before.machine);
        (resident().unwrap_or_default(), percent(process, machine))
    }

    /// These figures, and the highest so far.
    pub(super) fn rise(&self, now: Figures) -> Figures {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let peak = &mut seen.0;
        *peak = Figures {
            connections: peak.connections.max(now.connections),
            sessions: peak.sessions.max(now.sessions),
            topics: peak.topics.max(now.topics),
            subscribers: peak.subscribers.max(now.subscribers),
            received: now.received,
            sent: now.sent,
            dropped: now.dropped,
            memory: peak.memory.max(now.memory),
            cpu: peak.cpu.max(now.cpu),
        };
        *peak
    }
}

impl Figures {
    /// What is counted now.
    pub(super) async fn of(broker: Option<&Control>, peaks: &Peaks) -> Self {
        let (memory, cpu) = peaks.usage();
        let Some(broker) = broker else { return Self { memory, cpu, ..Self::default() } };
        let engines = broker.stats().await.engines;
        Self {
            connections: engines.clients,
            sessions: engines.sessions,
            topics: engines.subscriptions,
            subscribers: engines.sessions,
            received: engines.publishes_received,
            sent: engines.publishes_sent,
            dropped: engines.dropped_lagging
                + engines.dropped_queue_full
                + engines.dropped_expired
                + engines.dropped_too_large
                + engines.dropped_memory,
            memory,
            cpu,
        }
    }
}

impl Ticks {
    fn now() -> Option<Self> {
        let process = process_ticks(&fs::read_to_string("/proc/self/stat").ok()?)?;
        let machine = machine_ticks(&fs::read_to_string("/proc/stat").ok()?)?;
        Some(Self { process, machine })
    }
}

/// User and system time of a line of `/proc/…/stat`; the name of the program, in brackets, may hold anything.
fn process_ticks(stat: &str) -> Option<u64> {
    let (_, behind_name) = stat.rsplit_once(')')?;
    let mut fields = behind_name.split_ascii_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some(user + system)
}

/// All time of all processors, idle or not.
fn machine_ticks(stat: &str) -> Option<u64> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    // What guests take is counted as user time before.
    Some(line.split_ascii_whitespace().take(8).filter_map(|field| field.parse::<u64>().ok()).sum())
}

fn percent(part: u64, whole: u64) -> f64 {
    let narrow = |number: u64| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    if whole == 0 { 0.0 } else { (100.0 * narrow(part) / narrow(whole)).min(100.0) }
}

fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_read_whatever_the_program_is_called() {
        let line = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 150 0 0 20 0 1 0 5 1000 50";
        assert_eq!(process_ticks(line), Some(400));
        assert_eq!(machine_ticks("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 1\n"), Some(36));
        assert_eq!((process_ticks(""), machine_ticks("")), (None, None));
    }

    #[test]
    fn peaks_stay_and_counters_go_on() {
        let peaks = Peaks::default();
        let high = Figures { connections: 9, received: 1, cpu: 50.0, ..Figures::default() };
        let low = Figures { connections: 2, received: 5, cpu: 1.0, ..Figures::default() };
        assert_eq!(peaks.rise(high), high);
        assert_eq!(peaks.rise(low), Figures { connections: 9, received: 5, cpu: 50.0, ..Figures::default() });
        assert!(peaks.usage().0 > 0, "this process takes some memory");
    }

    #[test]
    fn a_share_is_never_more_than_all() {
        assert_eq!([percent(0, 0), percent(1, 4), percent(9, 3)], [0.0, 25.0, 100.0]);
    }
}
