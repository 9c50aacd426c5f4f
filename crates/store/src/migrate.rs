//! The schema: numbered steps, each in a transaction, and a row that says how far they went.

use sqlx::AssertSqlSafe;
use vouchmq_identity::store::StoreFault;

use crate::connection::Connection;
use crate::row::Fields;
use crate::value::values;

/// The steps; the last one's number is the version of the schema.
const STEPS: [&str; 4] = [
    include_str!("../migrations/0001_registry.sql"),
    include_str!("../migrations/0002_housekeeping.sql"),
    include_str!("../migrations/0003_nodes.sql"),
    include_str!("../migrations/0004_certificates.sql"),
];

/// The version of the schema that this program knows.
pub(crate) const VERSION: u32 = STEPS.len() as u32;

/// Why a schema could not be brought up to date.
#[derive(Debug)]
pub(crate) enum MigrationFault {
    /// A newer program has been here.
    Newer {
        /// What it left.
        found: u32,
    },
    /// It could not be done.
    Store(StoreFault),
}

impl From<StoreFault> for MigrationFault {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

/// Brings the schema up to date, one step after the other.
///
/// # Errors
/// [`MigrationFault`]: what is newer than this program is left as it is, and a step that fails leaves nothing.
pub(crate) async fn migrate(connection: &mut Connection) -> Result<(), MigrationFault> {
    loop {
        begin(connection).await?;
        let step = step(connection).await;
        let end = if matches!(step, Ok(true)) { "COMMIT" } else { "ROLLBACK" };
        let ended = connection.script(end).await;
        if !step? {
            return Ok(());
        }
        ended?;
    }
}

/// Two instances that start at once take turns.
async fn begin(connection: &mut Connection) -> Result<(), StoreFault> {
    if connection.is_postgres() {
        // any number, as long as it is always the same: "vouchmq" in ASCII
        connection.script("BEGIN; SELECT pg_advisory_xact_lock(33337151446478193)").await
    } else {
        connection.script("BEGIN IMMEDIATE").await
    }
}

/// Does the next step; false if there is none.
async fn step(connection: &mut Connection) -> Result<bool, MigrationFault> {
    connection
        .script("CREATE TABLE IF NOT EXISTS schema_version (one BIGINT PRIMARY KEY, version BIGINT NOT NULL)")
        .await?;
    let parse = |row| Fields::new("schema_version", "one", row).number::<u32>("version");
    let found = connection.one("SELECT one, version FROM schema_version", values![], parse).await?;
    let done = found.unwrap_or(0);
    if done > VERSION {
        return Err(MigrationFault::Newer { found: done });
    }
    let Some(sql) = STEPS.get(done as usize) else { return Ok(false) };
    let sql = dialect(sql, connection.is_postgres());
    connection.owned_script(AssertSqlSafe(sql)).await?;
    let version = "INSERT INTO schema_version (one, version) VALUES (1, $1)
        ON CONFLICT (one) DO UPDATE SET version = excluded.version";
    connection.execute(version, values![done + 1]).await?;
    Ok(true)
}

/// A step as an engine reads it: the two words that differ, where they stand as words of their own.
fn dialect(sql: &str, is_postgres: bool) -> String {
    if !is_postgres {
        return sql.to_owned();
    }
    let is_part = |character: char| character.is_alphanumeric() || character == '_';
    let code = |line: &str| {
        let words = line.split_inclusive(|character| !is_part(character)).map(|word| {
            let (word, end) = word.split_at(word.trim_end_matches(|character| !is_part(character)).len());
            let word = match word {
                "TEXT" => "TEXT COLLATE \"C\"",
                "BLOB" => "BYTEA",
                same => same,
            };
            format!("{word}{end}")
        });
        words.collect::<String>()
    };
    sql.split_inclusive('\n').filter(|line| !line.starts_with("--")).map(code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgresql_sorts_text_by_bytes_and_calls_bytes_otherwise() {
        let sql = "-- TEXT\nCREATE TABLE a (\n    TEXTS TEXT NOT NULL,\n    b BLOB,\n    c TEXT\n);\n";
        let expected = "CREATE TABLE a (\n    TEXTS TEXT COLLATE \"C\" NOT NULL,\n    b BYTEA,\n    c TEXT COLLATE \"C\"\n);\n";
        assert_eq!(dialect(sql, true), expected);
        assert_eq!(dialect(sql, false), sql);
    }
}
