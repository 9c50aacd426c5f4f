//! Logs: to standard error, a bounded line for each event, never waited for.

mod field;
mod layer;

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::layer::SubscriberExt;

use layer::Lines;

#[derive(Debug, Args)]
#[group(skip)]
pub(super) struct Arguments {
    /// Log what is at least so important
    #[arg(long, value_name = "LEVEL", env = "VOUCHMQ_LOG", value_enum, default_value = "info")]
    log_level: Level,
    /// Log in this form
    #[arg(long, value_name = "FORM", env = "VOUCHMQ_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: Form,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Level {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// One line for people: time, level, message, fields
    Text,
    /// One JSON object a line
    Json,
}

/// Starts to log; what is not written yet is written when the guard is dropped.
pub(super) fn start(arguments: &Arguments) -> WorkerGuard {
    let (writer, guard): (NonBlocking, WorkerGuard) = NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(8192)
        .thread_name("log")
        .finish(std::io::stderr());
    let level = match arguments.log_level {
        Level::Off => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    };
    let lines = Lines::new(arguments.log_format, writer);
    let subscriber = tracing_subscriber::registry().with(level).with(lines);
    // Nobody else sets one: this is the only call in the process.
    let _ = tracing::subscriber::set_global_default(subscriber);
    guard
}
