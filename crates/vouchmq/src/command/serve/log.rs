//! Logs: a bounded line for each event, never waited for.

mod arguments;
mod field;
mod file;
mod layer;
mod levels;
mod owned;
mod places;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use vouchmq_api::management::Levels as Asked;
use vouchmq_config::{LogFormat, LogOptions};

pub(super) use arguments::Arguments;
use layer::Lines;
use levels::{Levels, filter_of};
pub(super) use owned::is_below;
use places::{Opened, Places};

/// Logs that are being written, and can be changed.
pub(super) struct Logs {
    levels: Arc<Levels>,
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
        let (filter, handle) = reload::Layer::new(filter_of(&Asked::default(), options.level));
        let is_json = Arc::new(AtomicBool::new(options.format == LogFormat::Json));
        let lines = Lines::new(is_json.clone(), writer);
        let subscriber = tracing_subscriber::registry().with(filter).with(lines);
        // Nobody else sets one: this is the only call in the process.
        let _ = tracing::subscriber::set_global_default(subscriber);
        let levels = Levels::new(handle, &options);
        Logs { levels, is_json, places, _guard: guard }
    }
}

impl Logs {
    /// Goes on so.
    pub(super) fn change(&self, prepared: Prepared) {
        let Prepared { options, opened } = prepared;
        self.places.replace(opened);
        self.is_json.store(options.format == LogFormat::Json, Ordering::Relaxed);
        self.levels.configure(&options);
    }

    /// What is logged, for who changes it.
    pub(super) fn levels(&self) -> Arc<Levels> {
        self.levels.clone()
    }
}
