//! How far a change log was once, kept beside the database: one that is shorter was restored from a backup,
//! and would let in who was revoked since.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
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
    /// It has a past, and the file that tells of it is gone.
    #[error(
        "{} is missing, and the change log of the database goes to {head}: whether it was restored from a backup cannot \
         be told. Put it back, or start with --accept-rollback and revoke anew what was revoked", .path.display()
    )]
    Unmarked {
        /// The file.
        path: PathBuf,
        /// How far the log goes.
        head: u64,
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
    /// Reads the file, if it is there.
    ///
    /// # Errors
    /// [`HighWaterFault::File`], or that it is no mark.
    pub fn at(path: &Path) -> Result<Self, HighWaterFault> {
        let written = match fs::read_to_string(path) {
            Ok(text) => {
                let parts = text.trim().split_once(' ');
                let mark = parts.and_then(|(log, head)| Some((log.parse().ok()?, head.parse().ok()?)));
                let source = || io::Error::new(io::ErrorKind::InvalidData, "it is not what was written");
                let path = path.to_owned();
                Some(mark.ok_or_else(|| HighWaterFault::File { path, source: source() })?)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(HighWaterFault::File { path: path.to_owned(), source }),
        };
        Ok(Self { path: path.to_owned(), written })
    }

    /// Whether a database is at least what it was. `is_ours` says that nobody else writes to it: then it has no
    /// past without a mark.
    ///
    /// # Errors
    /// [`HighWaterFault`] says what became of it.
    pub fn check(&self, log: LogId, head: u64, is_ours: bool) -> Result<(), HighWaterFault> {
        match self.written {
            Some((known, _)) if known != log => Err(HighWaterFault::Exchanged { found: log, known }),
            Some((_, was)) if head < was => Err(HighWaterFault::RolledBack { head, was }),
            None if is_ours && head > 0 => Err(HighWaterFault::Unmarked { path: self.path.clone(), head }),
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
        write(&draft, &format!("{log} {head}\n")).map_err(failed)?;
        fs::rename(&draft, &self.path).map_err(failed)?;
        self.written = Some((log, head));
        Ok(())
    }
}

/// On disk before it takes the place of the one before: half a mark would be none.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let _ = fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()
}
