//! The data directory, which one broker at a time owns.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// A data directory that is ours for as long as this value lives.
#[derive(Debug)]
pub(super) struct DataDirectory {
    path: PathBuf,
    /// Locked; the system unlocks it when the process ends, however it ends.
    _lock: File,
}

impl DataDirectory {
    /// Creates the directory if it is missing (for its owner only), and locks it.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let unusable = |what: &str, error: &dyn std::fmt::Display| {
            let path = path.display();
            Failure::unusable(format_args!(
                "{what} the data directory {path}: {error}; choose one with --data"
            ))
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(|error| unusable("cannot create", &error))?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(|error| unusable("cannot write to", &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(path, lock)),
            Err(TryLockError::Error(error)) => return Err(unusable("cannot lock", &error)),
        }
        write_process_id(&mut lock).map_err(|error| unusable("cannot write to", &error))?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

fn write_process_id(lock: &mut File) -> std::io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn taken(path: &Path, lock: File) -> Failure {
    let mut text = String::new();
    let read = lock.take(20).read_to_string(&mut text).ok();
    let owner = read.and_then(|_| text.trim().parse::<u32>().ok());
    let owner = owner.map_or_else(String::new, |id| format!(" (process {id})"));
    let path = path.display();
    Failure::unusable(format_args!(
        "the data directory {path} is used by another vouchmq{owner}; end it, or choose another with --data"
    ))
}
