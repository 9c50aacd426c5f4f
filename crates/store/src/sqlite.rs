//! SQLite: one file, which belongs to one program at a time.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection as _, Row as _};
use tokio::time::{Instant, sleep};

use crate::connection::{Connection, Engine, told};
use crate::fault::OpenError;

/// A file, and how to open it.
pub(crate) struct Database {
    path: PathBuf,
    options: SqliteConnectOptions,
}

/// Keeps other programs away for as long as it is there.
pub(crate) struct Lock {
    _file: File,
}

/// What SQLite keeps in the header of a file to tell whose it is: `VMQ1`.
const APPLICATION_ID: i32 = 0x564D_5131;
/// Nobody but the user that runs the broker.
const MODE: u32 = 0o600;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long to wait for a store that was just dropped.
const LOCK_WAIT: Duration = Duration::from_secs(3);
const LOCK_POLL: Duration = Duration::from_millis(20);
/// Prepared statements that a connection keeps: all that there are.
const STATEMENTS: usize = 256;
/// Rows that SQLite's thread reads ahead of who asked, so that the two do not wait for each other at each.
const ROWS_AHEAD: usize = 1024;

// === impl Database ===

impl Database {
    pub(crate) fn new(path: &Path) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .statement_cache_capacity(STATEMENTS)
            .row_buffer_size(ROWS_AHEAD)
            // what is deleted is overwritten
            .pragma("secure_delete", "ON")
            .pragma("temp_store", "MEMORY")
            // the file may have been tampered with
            .pragma("trusted_schema", "OFF")
            .pragma("cell_size_check", "ON")
            .pragma("cache_size", "-8192")
            .pragma("journal_size_limit", "67108864")
            .disable_statement_logging();
        Self { path: path.to_owned(), options }
    }

    pub(crate) async fn writer(&self) -> Result<Connection, sqlx::Error> {
        SqliteConnection::connect_with(&self.options).await.map(Engine::Sqlite).map(Connection::new)
    }

    pub(crate) async fn reader(&self) -> Result<Connection, sqlx::Error> {
        let options = self.options.clone().pragma("query_only", "ON");
        SqliteConnection::connect_with(&options).await.map(Engine::Sqlite).map(Connection::new)
    }

    /// Takes the file for this program, makes it if it is missing, and looks it through.
    ///
    /// # Errors
    /// [`OpenError`]: it is not fit for use, and was not changed.
    pub(crate) async fn prepare(&self) -> Result<Lock, OpenError> {
        let lock = self.lock().await?;
        self.make_private().map_err(|error| self.file_error(&error))?;
        let mut connection =
            SqliteConnection::connect_with(&self.options).await.map_err(|error| self.blame(&error))?;
        let looked_at = self.look_through(&mut connection).await;
        // closed either way, so that no journal is left behind
        let closed = connection.close().await;
        looked_at?;
        closed.map_err(|error| self.blame(&error))?;
        Ok(lock)
    }

    /// A file beside the database, since SQLite's own locks would be lost with the first descriptor that is
    /// closed.
    async fn lock(&self) -> Result<Lock, OpenError> {
        let path = self.beside(".lock");
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).mode(MODE).open(path);
        let file = file.map_err(|error| self.file_error(&error))?;
        let deadline = Instant::now() + LOCK_WAIT;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Lock { _file: file }),
                Err(TryLockError::WouldBlock) if Instant::now() < deadline => sleep(LOCK_POLL).await,
                Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: self.path.clone() }),
                Err(TryLockError::Error(error)) => return Err(self.file_error(&error)),
            }
        }
    }

    /// Makes the file, and lets nobody else read it or what belongs to it. SQLite gives its other files the
    /// mode of the first one.
    fn make_private(&self) -> io::Result<()> {
        OpenOptions::new().write(true).create(true).truncate(false).mode(MODE).open(&self.path)?;
        for path in [self.path.clone(), self.beside("-wal"), self.beside("-shm")] {
            match fs::metadata(&path) {
                Ok(found) if found.permissions().mode() & 0o077 != 0 => {
                    tracing::warn!(path = %path.display(), "others could read the database; now they cannot");
                    fs::set_permissions(&path, fs::Permissions::from_mode(MODE))?;
                }
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn look_through(&self, connection: &mut SqliteConnection) -> Result<(), OpenError> {
        let owner: i32 = self.ask(connection, "PRAGMA application_id").await?;
        let tables: i64 = self.ask(connection, "SELECT COUNT(*) FROM sqlite_schema").await?;
        if owner == 0 && tables == 0 {
            let mark = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
            let marked = sqlx::raw_sql(mark).execute(&mut *connection).await;
            marked.map_err(|error| self.blame(&error))?;
        } else if owner != APPLICATION_ID {
            return Err(OpenError::Foreign { path: self.path.clone() });
        }
        let found: String = self.ask(connection, "PRAGMA quick_check(1)").await?;
        if found == "ok" { Ok(()) } else { Err(self.damaged(&found)) }
    }

    async fn ask<T>(&self, connection: &mut SqliteConnection, sql: &'static str) -> Result<T, OpenError>
    where
        T: for<'r> sqlx::Decode<'r, sqlx::Sqlite> + sqlx::Type<sqlx::Sqlite>,
    {
        let row = sqlx::query(sql).fetch_one(connection).await.map_err(|error| self.blame(&error))?;
        row.try_get(0).map_err(|error| self.blame(&error))
    }

    /// Whom to blame, by the primary result code.
    fn blame(&self, error: &sqlx::Error) -> OpenError {
        let code = error.as_database_error().and_then(|error| error.code()?.parse::<u32>().ok());
        match code.map(|code| code & 0xFF) {
            Some(SQLITE_CORRUPT | SQLITE_NOTADB) => self.damaged(&told(error)),
            Some(SQLITE_BUSY) => OpenError::InUse { path: self.path.clone() },
            _ => OpenError::File { path: self.path.clone(), why: told(error).into() },
        }
    }

    fn damaged(&self, found: &str) -> OpenError {
        OpenError::Damaged { path: self.path.clone(), found: found.replace('\n', " ").into() }
    }

    fn file_error(&self, error: &io::Error) -> OpenError {
        OpenError::File { path: self.path.clone(), why: error.to_string().into() }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = OsString::from(&self.path);
        name.push(ending);
        name.into()
    }
}

const SQLITE_BUSY: u32 = 5;
const SQLITE_CORRUPT: u32 = 11;
const SQLITE_NOTADB: u32 = 26;
