//! Where lines go: standard error, a file, or both.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use vouchmq_config::{LogOptions, LogTarget};

use super::file::RotatedFile;

/// The places; written to by the one thread that writes logs, replaced by a reload.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Mutex<Opened>>);

/// Places that are open. A file is opened again by each reload, so that one that was moved away is let go.
#[derive(Debug)]
pub(super) struct Opened {
    has_console: bool,
    file: Option<RotatedFile>,
    /// The file could not be written, which was said.
    is_failing: bool,
}

impl Opened {
    /// Opens what the options name.
    pub(super) fn open(options: &LogOptions) -> io::Result<Self> {
        let has = |target| options.to.contains(&target);
        let file = has(LogTarget::File).then(|| RotatedFile::open(&options.file, options.rotation));
        Ok(Self { has_console: has(LogTarget::Console), file: file.transpose()?, is_failing: false })
    }
}

impl Places {
    pub(super) fn new(opened: Opened) -> Self {
        Self(Arc::new(Mutex::new(opened)))
    }

    /// Goes on with other places.
    pub(super) fn replace(&self, opened: Opened) {
        *self.lock() = opened;
    }

    fn lock(&self) -> MutexGuard<'_, Opened> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Places {
    /// Never fails: a log that cannot be written must not end what is logged.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut opened = self.lock();
        let written = opened.file.as_mut().map(|file| file.write_all(line));
        let failed = written.and_then(Result::err);
        if let Some(error) = &failed
            && !opened.is_failing
        {
            let _ =
                writeln!(io::stderr(), "the log file cannot be written: {error}; lines go here meanwhile");
        }
        opened.is_failing = failed.is_some();
        if opened.has_console || opened.is_failing {
            let _ = io::stderr().write_all(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if let Some(file) = self.lock().file.as_mut() {
            let _ = file.flush();
        }
        io::stderr().flush()
    }
}
