//! One connection to either engine: statements and rows, and nothing of SQL's dialects above it.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnection, PgRow, PgValueRef};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteConnection, SqliteRow, SqliteValueRef};
use sqlx::{
    AssertSqlSafe, Column as _, Connection as _, Database, Decode, Encode, Postgres, Row as _, Sqlite,
    TypeInfo, ValueRef,
};
use vouchmq_identity::UnixMillis;
use vouchmq_identity::store::{Found, Page, StoreFault};

use crate::row::{Cell, Row};
use crate::value::{Type, Value, values};

/// A connection that one task uses at a time.
pub(crate) struct Connection {
    engine: Engine,
    /// The first statement that failed since [`Connection::forget_fault`].
    fault: Option<StoreFault>,
}

/// To whom.
pub(crate) enum Engine {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    /// It broke, or was given away: every statement fails.
    Gone,
}

/// How long one statement may take on a server, which may have gone without a word. Local files have no such
/// bound: what they do cannot be taken back half-way.
const STATEMENT_DEADLINE: Duration = Duration::from_secs(15);

/// Rows that are not what was written and are passed over on the way to those that are.
const PASSED_MAX: u32 = 500;

const GONE: &str = "the connection to the database is lost";

// === impl Connection ===

impl Connection {
    pub(crate) const fn new(engine: Engine) -> Self {
        Self { engine, fault: None }
    }

    /// Whether it will never work again.
    pub(crate) const fn is_gone(&self) -> bool {
        matches!(self.engine, Engine::Gone)
    }

    /// Whether it is to PostgreSQL, for the few statements that begin and end transactions.
    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self.engine, Engine::Postgres(_))
    }

    /// Leaves a connection behind that is gone.
    pub(crate) const fn take(&mut self) -> Self {
        std::mem::replace(self, Self::new(Engine::Gone))
    }

    /// The first fault since [`Self::forget_fault`]: a transaction in which a statement failed is not to be
    /// committed, whatever its job makes of it.
    pub(crate) const fn fault(&self) -> Option<&StoreFault> {
        self.fault.as_ref()
    }

    pub(crate) fn forget_fault(&mut self) {
        self.fault = None;
    }

    /// Runs a statement; returns how many rows it changed.
    pub(crate) async fn execute(&mut self, sql: &'static str, values: Vec<Value>) -> Result<u64, StoreFault> {
        let done = match &mut self.engine {
            Engine::Sqlite(connection) => {
                query::<Sqlite>(sql, values).execute(connection).await.map(|done| done.rows_affected())
            }
            Engine::Postgres(connection) => {
                let done = query::<Postgres>(sql, values).execute(connection);
                in_time(done).await.map(|done| done.rows_affected())
            }
            Engine::Gone => return Err(self.gone()),
        };
        done.map_err(|error| self.fail(&error))
    }

    /// Runs a statement; returns its rows.
    pub(crate) async fn query(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
    ) -> Result<Vec<Row>, StoreFault> {
        let rows = match &mut self.engine {
            Engine::Sqlite(connection) => {
                query::<Sqlite>(sql, values).fetch_all(connection).await.map(|rows| sqlite_rows(&rows))
            }
            Engine::Postgres(connection) => {
                let rows = query::<Postgres>(sql, values).fetch_all(connection);
                in_time(rows).await.map(|rows| postgres_rows(&rows))
            }
            Engine::Gone => return Err(self.gone()),
        };
        rows.map_err(|error| self.fail(&error))
    }

    /// The first row of a statement.
    pub(crate) async fn one<T>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
        parse: impl Fn(Row) -> Result<T, StoreFault>,
    ) -> Result<Option<T>, StoreFault> {
        self.query(sql, values).await?.into_iter().next().map(parse).transpose()
    }

    /// All rows of a statement.
    pub(crate) async fn all<T>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
        parse: impl Fn(Row) -> Result<T, StoreFault>,
    ) -> Result<Vec<T>, StoreFault> {
        self.query(sql, values).await?.into_iter().map(parse).collect()
    }

    /// What was over before `before`, `$1`: at most `limit` rows that are sound of a statement that is asked for
    /// `$2`.
    pub(crate) async fn found<T>(
        &mut self,
        sql: &'static str,
        before: UnixMillis,
        limit: u32,
        parse: impl Fn(Row) -> Result<T, StoreFault>,
    ) -> Result<Found<T>, StoreFault> {
        let rows = self.query(sql, values![before, limit.saturating_add(PASSED_MAX)]).await?;
        Found::of(rows.into_iter().map(parse), limit)
    }

    /// A page: the rows of a statement that was asked for one more than `limit`.
    pub(crate) async fn page<T>(
        &mut self,
        sql: &'static str,
        values: Vec<Value>,
        limit: u32,
        (parse, key_of): (impl Fn(Row) -> Result<T, StoreFault>, impl Fn(&T) -> Box<str>),
    ) -> Result<Page<T>, StoreFault> {
        Ok(Page::of(self.all(sql, values, parse).await?, limit, key_of))
    }

    /// Runs statements without values, as they are written: what begins and ends transactions, and settings.
    pub(crate) async fn script(&mut self, sql: &'static str) -> Result<(), StoreFault> {
        self.owned_script(AssertSqlSafe(sql)).await
    }

    /// The same, of a text that was put together of ours.
    pub(crate) async fn owned_script(&mut self, sql: impl sqlx::SqlSafeStr + Send) -> Result<(), StoreFault> {
        let sql = sqlx::raw_sql(sql);
        let done = match &mut self.engine {
            Engine::Sqlite(connection) => sql.execute(connection).await.map(drop),
            Engine::Postgres(connection) => in_time(sql.execute(connection)).await.map(drop),
            Engine::Gone => return Err(self.gone()),
        };
        done.map_err(|error| self.fail(&error))
    }

    /// Ends it in an orderly way; what goes wrong makes no difference any more.
    pub(crate) async fn close(mut self) {
        let _ = match std::mem::replace(&mut self.engine, Engine::Gone) {
            Engine::Sqlite(connection) => connection.close().await,
            Engine::Postgres(connection) => in_time(connection.close()).await,
            Engine::Gone => Ok(()),
        };
    }

    /// Begins to look at rows, as they are now and stay until `ROLLBACK`.
    pub(crate) async fn begin_read(&mut self) -> Result<(), StoreFault> {
        self.forget_fault();
        if self.is_postgres() {
            self.script("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
        } else {
            self.script("BEGIN").await
        }
    }

    /// Begins to change rows, with the savepoint `job`; returns the row of `log_head`. Nobody
    /// else changes anything until `COMMIT` or `ROLLBACK`: on PostgreSQL whoever writes first takes that row.
    pub(crate) async fn begin_write(&mut self) -> Result<Vec<Row>, StoreFault> {
        self.forget_fault();
        let rows = match &mut self.engine {
            Engine::Sqlite(connection) => {
                let sql = "BEGIN IMMEDIATE; SELECT one, head FROM log_head; SAVEPOINT job";
                sqlx::raw_sql(sql).fetch_all(connection).await.map(|rows| sqlite_rows(&rows))
            }
            Engine::Postgres(connection) => {
                let sql = "BEGIN ISOLATION LEVEL READ COMMITTED; SELECT one, head FROM log_head FOR UPDATE;
                    SAVEPOINT job";
                in_time(sqlx::raw_sql(sql).fetch_all(connection)).await.map(|rows| postgres_rows(&rows))
            }
            Engine::Gone => return Err(self.gone()),
        };
        rows.map_err(|error| self.fail(&error))
    }

    fn gone(&self) -> StoreFault {
        self.fault.clone().unwrap_or_else(|| unavailable(GONE))
    }

    fn fail(&mut self, error: &sqlx::Error) -> StoreFault {
        // What a server or a library answers leaves the connection usable, all else does not.
        if !matches!(error, sqlx::Error::Database(_)) || is_fatal(error) {
            self.engine = Engine::Gone;
        }
        let fault = unavailable(&told(error));
        self.fault.get_or_insert_with(|| fault.clone()).clone()
    }
}

/// A fault with this text.
pub(crate) fn unavailable(why: &str) -> StoreFault {
    StoreFault::Unavailable(why.into())
}

/// What an error says, in one line, without the values of the statement.
pub(crate) fn told(error: &sqlx::Error) -> String {
    let database = error.as_database_error().map(|error| error.message().to_owned());
    let text = database.unwrap_or_else(|| error.to_string());
    text.replace(['\n', '\r'], " ")
}

/// The server is going down or has thrown us out: SQLSTATE class 57P.
fn is_fatal(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
    code.is_some_and(|code| code.starts_with("57P") || code == "25P03")
}

async fn in_time<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(STATEMENT_DEADLINE, work).await.unwrap_or_else(|_| {
        let seconds = STATEMENT_DEADLINE.as_secs();
        Err(sqlx::Error::Protocol(format!("no answer within {seconds} s")))
    })
}

fn query<DB: Database>(
    sql: &'static str,
    values: Vec<Value>,
) -> Query<'static, DB, <DB as Database>::Arguments>
where
    <DB as Database>::Arguments: sqlx::IntoArguments<DB>,
    for<'t> String: Encode<'t, DB> + sqlx::Type<DB>,
    for<'t> i64: Encode<'t, DB> + sqlx::Type<DB>,
    for<'t> Vec<u8>: Encode<'t, DB> + sqlx::Type<DB>,
    for<'t> Option<String>: Encode<'t, DB> + sqlx::Type<DB>,
    for<'t> Option<i64>: Encode<'t, DB> + sqlx::Type<DB>,
    for<'t> Option<Vec<u8>>: Encode<'t, DB> + sqlx::Type<DB>,
{
    values.into_iter().fold(sqlx::query(sql), |query, value| match value {
        Value::Text(text) => query.bind(text),
        Value::Integer(number) => query.bind(number),
        Value::Bytes(bytes) => query.bind(bytes),
        Value::Null(Type::Text) => query.bind(None::<String>),
        Value::Null(Type::Integer) => query.bind(None::<i64>),
        Value::Null(Type::Bytes) => query.bind(None::<Vec<u8>>),
    })
}

fn sqlite_rows(rows: &[SqliteRow]) -> Vec<Row> {
    let Some(first) = rows.first() else { return Vec::new() };
    let names: Arc<[Box<str>]> = first.columns().iter().map(|column| column.name().into()).collect();
    let cell = |row: &SqliteRow, at: usize| row.try_get_raw(at).map_or(Cell::Foreign, sqlite_cell);
    let row = |row: &SqliteRow| Row {
        names: Arc::clone(&names),
        cells: (0..names.len()).map(|at| cell(row, at)).collect(),
    };
    rows.iter().map(row).collect()
}

fn sqlite_cell(value: SqliteValueRef<'_>) -> Cell {
    if value.is_null() {
        return Cell::Null;
    }
    // The type of the value: SQLite's columns hold what was put there.
    match value.type_info().name() {
        "TEXT" => <String as Decode<Sqlite>>::decode(value).map_or(Cell::Foreign, Cell::Text),
        "INTEGER" => <i64 as Decode<Sqlite>>::decode(value).map_or(Cell::Foreign, Cell::Integer),
        "BLOB" => <Vec<u8> as Decode<Sqlite>>::decode(value).map_or(Cell::Foreign, Cell::Bytes),
        _ => Cell::Foreign,
    }
}

fn postgres_rows(rows: &[PgRow]) -> Vec<Row> {
    let Some(first) = rows.first() else { return Vec::new() };
    let names: Arc<[Box<str>]> = first.columns().iter().map(|column| column.name().into()).collect();
    let cell = |row: &PgRow, at: usize| row.try_get_raw(at).map_or(Cell::Foreign, postgres_cell);
    let row = |row: &PgRow| Row {
        names: Arc::clone(&names),
        cells: (0..names.len()).map(|at| cell(row, at)).collect(),
    };
    rows.iter().map(row).collect()
}

fn postgres_cell(value: PgValueRef<'_>) -> Cell {
    if value.is_null() {
        return Cell::Null;
    }
    match value.type_info().name() {
        "TEXT" => <String as Decode<Postgres>>::decode(value).map_or(Cell::Foreign, Cell::Text),
        "INT8" => <i64 as Decode<Postgres>>::decode(value).map_or(Cell::Foreign, Cell::Integer),
        "BYTEA" => <Vec<u8> as Decode<Postgres>>::decode(value).map_or(Cell::Foreign, Cell::Bytes),
        _ => Cell::Foreign,
    }
}
