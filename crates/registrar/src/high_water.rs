//! How far a change log was once, kept beside the database: one that is shorter was restored from a backup,
//! and would let in who was revoked since.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use vouchmq_identity::store::LogId;

/// A file that says which log a database had, and how far it went.
#[derive(Debug)]
pub struct HighWater {
    path: PathBuf,
    written: Option<(LogId, u64)>,
}

/// Why a database is not what it was.
#[derive(Debug, thiserror::Error)]
pub enum HighWaterFault {
    /// It was restored from a backup.
    #[error(
        "the database is older than it was: its change log ends at {head}, and was at {was}; what was revoked since \
         then is good again. Restore a newer one, or start with --accept-rollback and revoke it anew"
    )]
    RolledBack {
        /// How far it goes.
        head: u64,
        /// How far it went.
        was: u64,
    },
    /// It is another one.
    #[error(
        "the database is another one than before (log {found}, not {known}); if that is meant, start with \
         --accept-rollback"
    )]
    Exchanged {
        /// Which log it has.
        found: LogId,
        /// Which one it had.
        known: LogId,
    },
    /// The file cannot be used.
    #[error("cannot use {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl HighWater {
    /// Reads the file, if it is there. What is no mark is taken for none: it cannot have been written here.
    ///
    /// # Errors
    /// [`HighWaterFault::File`].
    pub fn at(path: &Path) -> Result<Self, HighWaterFault> {
        let written = match fs::read_to_string(path) {
            Ok(text) => {
                let parts = text.trim().split_once(' ');
                parts.and_then(|(log, head)| Some((log.parse().ok()?, head.parse().ok()?)))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(HighWaterFault::File { path: path.to_owned(), source }),
        };
        Ok(Self { path: path.to_owned(), written })
    }

    /// Whether a database is at least what it was.
    ///
    /// # Errors
    /// [`HighWaterFault`] says what became of it.
    pub fn check(&self, log: LogId, head: u64) -> Result<(), HighWaterFault> {
        match self.written {
            Some((known, _)) if known != log => Err(HighWaterFault::Exchanged { found: log, known }),
            Some((_, was)) if head < was => Err(HighWaterFault::RolledBack { head, was }),
            Some(_) | None => Ok(()),
        }
    }

    /// Takes down how far the log goes.
    ///
    /// # Errors
    /// [`HighWaterFault::File`].
    pub fn rise(&mut self, log: LogId, head: u64) -> Result<(), HighWaterFault> {
        if self.written == Some((log, head)) {
            return Ok(());
        }
        let failed = |source| HighWaterFault::File { path: self.path.clone(), source };
        let draft = self.path.with_extension("new");
        fs::write(&draft, format!("{log} {head}\n")).map_err(failed)?;
        fs::rename(&draft, &self.path).map_err(failed)?;
        self.written = Some((log, head));
        Ok(())
    }
}
