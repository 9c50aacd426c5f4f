//! Why a store does not open: who is at fault, and what to do.

use std::path::PathBuf;

/// Why a store does not open. The text is for whoever started the program.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file or its directory cannot be used.
    #[error(
        "cannot use the database {}: {why}; its directory must exist and belong to the user that runs this",
        .path.display()
    )]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: Box<str>,
    },
    /// Another program has it open.
    #[error("the database {} is in use: another vouchmq runs on it; stop that one first", .path.display())]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// It is damaged, or no database at all.
    #[error(
        "the database {} is damaged: {found}; restore it from a backup, and look after the disk",
        .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What was found first.
        found: Box<str>,
    },
    /// A database of another program.
    #[error("{} is the database of another program; name another file", .path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The URL of the server is not one.
    #[error("the database URL is not right: {why}; write postgres://user:password@host:5432/database")]
    Url {
        /// What is wrong with it.
        why: Box<str>,
    },
    /// The server does not answer, or does not let us in.
    #[error("cannot connect to the database {server}: {why}")]
    Connect {
        /// Host, port and name of the database.
        server: Box<str>,
        /// What it says.
        why: Box<str>,
    },
    /// A newer version of this program has changed the database.
    #[error(
        "the database has schema version {found} and this program knows {known}: run the newer version, or restore the backup that was made before it ran"
    )]
    NewerSchema {
        /// Of the database.
        found: u32,
        /// Of this program.
        known: u32,
    },
    /// The schema could not be brought up to date; it is as it was.
    #[error("cannot bring the database up to date: {why}")]
    Schema {
        /// What the database says.
        why: Box<str>,
    },
    /// The system gives no randomness for the identity of a new log.
    #[error("no randomness available")]
    NoEntropy,
}
