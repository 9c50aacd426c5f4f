#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking, too")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A process that keeps everybody else from writing; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Lock(Child);

/// Others may read, as SQLite has it with a write-ahead log, and not write.
const HOLD: &str = "
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
database.execute('BEGIN IMMEDIATE')
print('held', flush=True)
sys.stdin.read()
";

impl Lock {
    /// Holds the database until this is dropped.
    pub(crate) fn hold(database: &Path) -> Self {
        let mut command = Command::new("python3");
        command.args(["-c", HOLD]).arg(database).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "held\n");
        Self(process)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Nobody can read how far the change log goes, until this is dropped.
#[derive(Debug)]
pub(super) struct Unreadable<'a>(&'a Path);

const RENAME: &str = "
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
database.execute(f'ALTER TABLE {sys.argv[2]} RENAME TO {sys.argv[3]}')
";

impl<'a> Unreadable<'a> {
    /// Takes the table of it away.
    pub(super) fn make(database: &'a Path) -> Self {
        assert!(rename(database, "log_head", "log_head_away"));
        Self(database)
    }
}

fn rename(database: &Path, from: &str, to: &str) -> bool {
    let mut command = Command::new("python3");
    command.args(["-c", RENAME]).arg(database).args([from, to]).status().unwrap().success()
}

impl Drop for Unreadable<'_> {
    fn drop(&mut self) {
        let is_back = rename(self.0, "log_head_away", "log_head");
        assert!(is_back || std::thread::panicking());
    }
}
