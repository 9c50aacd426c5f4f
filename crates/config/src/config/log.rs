//! Where logs go.

use std::path::PathBuf;

/// Where logs go, and what of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// Where to, at least one.
    pub to: Vec<LogTarget>,
    /// What is less important is left out.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
    /// The file, if it is written.
    pub file: PathBuf,
    /// When the next file is begun.
    pub rotation: Rotation,
}

/// A place that logs go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard error.
    Console,
    /// A file, and older ones beside it.
    File,
}

/// How important an event is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Nothing is logged.
    Off,
    /// What failed.
    Error,
    /// What should be looked at.
    Warn,
    /// What happens.
    #[default]
    Info,
    /// What happens inside.
    Debug,
    /// All of it.
    Trace,
}

/// How a line is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// When a log file has become old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// Bytes of a file; then the next is begun.
    pub bytes_max: u64,
    /// Files that are kept, the one that is written included.
    pub files_max: u32,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            to: vec![LogTarget::Console],
            level: LogLevel::default(),
            format: LogFormat::default(),
            file: PathBuf::from("vouchmq-data/vouchmq.log"),
            rotation: Rotation { bytes_max: 10 << 20, files_max: 5 },
        }
    }
}
