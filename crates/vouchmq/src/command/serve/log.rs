//! Logs: a bounded line for each event, never waited for.

mod arguments;
mod field;
mod file;
mod layer;
mod places;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{Registry, reload};
use vouchmq_config::{LogFormat, LogLevel, LogOptions};

pub(super) use arguments::Arguments;
use layer::Lines;
use places::{Opened, Places};

/// Logs that are being written, and can be changed.
pub(super) struct Logs {
    level: reload::Handle<LevelFilter, Registry>,
    is_json: Arc<AtomicBool>,
    places: Places,
    /// What is not written yet is written when it is dropped.
    _guard: WorkerGuard,
}

/// Places that are open, and not written to yet.
pub(super) struct Prepared {
    options: LogOptions,
    opened: Opened,
}

/// Opens what the options name; nothing changes yet.
pub(super) fn prepare(options: &LogOptions) -> io::Result<Prepared> {
    Ok(Prepared { options: options.clone(), opened: Opened::open(options)? })
}

impl Prepared {
    /// Begins to log.
    pub(super) fn start(self) -> Logs {
        let Self { options, opened } = self;
        let places = Places::new(opened);
        let (writer, guard): (NonBlocking, WorkerGuard) = NonBlockingBuilder::default()
            .lossy(true)
            .buffered_lines_limit(8192)
            .thread_name("log")
            .finish(places.clone());
        let (filter, level) = reload::Layer::new(filter_of(options.level));
        let is_json = Arc::new(AtomicBool::new(options.format == LogFormat::Json));
        let lines = Lines::new(is_json.clone(), writer);
        let subscriber = tracing_subscriber::registry().with(filter).with(lines);
        // Nobody else sets one: this is the only call in the process.
        let _ = tracing::subscriber::set_global_default(subscriber);
        Logs { level, is_json, places, _guard: guard }
    }
}

impl Logs {
    /// Goes on so.
    pub(super) fn change(&self, prepared: Prepared) {
        let Prepared { options, opened } = prepared;
        self.places.replace(opened);
        self.is_json.store(options.format == LogFormat::Json, Ordering::Relaxed);
        // It fails only when the process has no subscriber any more.
        let _ = self.level.reload(filter_of(options.level));
    }
}

const fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
