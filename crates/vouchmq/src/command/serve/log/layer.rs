//! From an event to a line; an event that repeats itself is counted instead of written.

use std::collections::HashMap;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use tracing::callsite::Identifier;
use tracing::{Event, Subscriber};
use tracing_appender::non_blocking::NonBlocking;
use tracing_subscriber::layer::{Context, Layer};

use super::field::Fields;
use crate::clock::Utc;

/// Lines of one event in a second; more are counted and told with its next line.
const REPEATS_MAX: u32 = 50;

/// Writes each event as one line.
pub(super) struct Lines {
    is_json: Arc<AtomicBool>,
    writer: NonBlocking,
    repeats: Mutex<HashMap<Identifier, Repeats>>,
}

/// How often an event was logged in a second.
#[derive(Default)]
struct Repeats {
    second: u64,
    count: u32,
    left_out: u64,
}

impl Lines {
    pub(super) fn new(is_json: Arc<AtomicBool>, writer: NonBlocking) -> Self {
        Self { is_json, writer, repeats: Mutex::new(HashMap::new()) }
    }

    /// Whether the event may be written now, and how many were not before it.
    fn admit(&self, event: &Event<'_>, second: u64) -> Option<u64> {
        let mut repeats = self.repeats.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        repeats.entry(event.metadata().callsite()).or_default().admit(second)
    }
}

impl Repeats {
    fn admit(&mut self, second: u64) -> Option<u64> {
        if self.second != second {
            (self.second, self.count) = (second, 0);
        }
        self.count += 1;
        if self.count > REPEATS_MAX {
            self.left_out += 1;
            return None;
        }
        Some(std::mem::take(&mut self.left_out))
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let now = Utc::now();
        let Some(left_out) = self.admit(event, now.unix_secs) else { return };
        let mut fields = Fields::default();
        event.record(&mut fields);
        if left_out > 0 {
            fields.number("left_out", left_out);
        }
        let level = *event.metadata().level();
        let line = if self.is_json.load(Ordering::Relaxed) {
            fields.json(&now.rfc_3339(), level, event.metadata().target())
        } else {
            fields.text(&now.rfc_3339(), level)
        };
        // One call, one line: the writer does not mix the lines of two threads.
        let _ = self.writer.clone().write_all(line.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_summarised() {
        let mut repeats = Repeats::default();
        let admitted = (0..1000).filter(|_| repeats.admit(7).is_some()).count();
        assert_eq!(admitted, 50);
        assert_eq!(repeats.admit(8), Some(950));
        assert_eq!(repeats.admit(8), Some(0));
    }
}
