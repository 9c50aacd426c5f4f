use std::fmt::Write;
use std::sync::{Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The log of this process, line by line.
static LINES: OnceLock<&'static Mutex<Vec<String>>> = OnceLock::new();

/// Begins to keep the log.
pub(crate) fn keep_log() {
    LINES.get_or_init(|| {
        let lines = Box::leak(Box::new(Mutex::new(Vec::new())));
        tracing::subscriber::set_global_default(Keeper(lines)).expect("the only subscriber");
        lines
    });
}

/// Lines so far that contain `text`.
pub(crate) fn log_lines(text: &str) -> Vec<String> {
    let lines = LINES.get().expect("the log is kept").lock().expect("no panic");
    lines.iter().filter(|line| line.contains(text)).cloned().collect()
}

struct Keeper(&'static Mutex<Vec<String>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Keeper {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("vouchmq")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().expect("no panic").push(line.0);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}
