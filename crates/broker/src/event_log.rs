use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use vouchmq_mqtt::time::Timestamp;

/// Lines of one kind that are written in a second; the rest is counted and summarised.
const LINES_MAX: u32 = 20;
const WINDOW: Duration = Duration::from_secs(1);

/// Something that clients can make happen often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    Connected,
    Closed,
    Refused,
    Violation,
    Handshake,
}

/// Keeps clients from flooding the log: of each kind of event a few lines a second, then their number.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    windows: [Window; 5],
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    since: Timestamp,
    written_count: u32,
    suppressed_count: u64,
}

impl EventLog {
    /// Whether a line for this event is to be written. Writes the summary of what was left out before.
    pub(crate) fn admits(&mut self, now: Timestamp, event: Event, suppressed: &AtomicU64) -> bool {
        let window = match event {
            Event::Connected => &mut self.windows[0],
            Event::Closed => &mut self.windows[1],
            Event::Refused => &mut self.windows[2],
            Event::Violation => &mut self.windows[3],
            Event::Handshake => &mut self.windows[4],
        };
        if now.since(window.since) >= WINDOW {
            if window.suppressed_count > 0 {
                tracing::warn!(
                    ?event,
                    count = window.suppressed_count,
                    "more of the same, not logged one by one"
                );
            }
            *window = Window { since: now, ..Window::default() };
        }
        if window.written_count < LINES_MAX {
            window.written_count += 1;
            return true;
        }
        window.suppressed_count += 1;
        suppressed.fetch_add(1, Ordering::Relaxed);
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_is_counted_and_hides_no_other_kind() {
        let (mut log, suppressed) = (EventLog::default(), AtomicU64::new(0));
        let written = (0..1000).filter(|_| log.admits(Timestamp::ZERO, Event::Refused, &suppressed)).count();
        assert_eq!(written, 20);
        assert_eq!(suppressed.load(Ordering::Relaxed), 980);
        assert!(log.admits(Timestamp::ZERO, Event::Violation, &suppressed));
        assert!(log.admits(Timestamp::from_micros(1_000_000), Event::Refused, &suppressed));
    }
}
