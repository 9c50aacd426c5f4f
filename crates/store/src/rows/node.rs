use std::fmt::Write;
use std::time::Duration;

use vouchmq_identity::model::NodeId;
use vouchmq_identity::store::{Node, SeenNode, StoreFault};

use crate::connection::Connection;
use crate::json::Why;
use crate::row::{Fields, Row};
use crate::value::values;

/// A statement with the time of the database, in milliseconds: the clocks of the nodes may differ.
macro_rules! by_clock {
    ($rows:expr, $before:literal, $after:literal) => {
        if $rows.is_postgres() {
            concat!($before, "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)", $after)
        } else {
            concat!($before, "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)", $after)
        }
    };
}

pub(crate) async fn put(rows: &mut Connection, node: &Node) -> Result<(), StoreFault> {
    let sql = by_clock!(
        rows,
        "INSERT INTO nodes (id, log_id, sequence, closed, seen_at) VALUES ($1, $2, $3, $4, ",
        ") ON CONFLICT (id) DO UPDATE SET log_id = excluded.log_id, sequence = excluded.sequence,
            closed = excluded.closed, seen_at = excluded.seen_at"
    );
    let Node { id, log, sequence, closed } = node;
    rows.execute(sql, values![id, log, sequence, closed_text(closed).as_str()]).await.map(drop)
}

pub(crate) async fn all(rows: &mut Connection) -> Result<Vec<SeenNode>, StoreFault> {
    let sql = by_clock!(
        rows,
        "SELECT id, log_id, sequence, closed, ",
        " - seen_at AS silent FROM nodes ORDER BY id"
    );
    rows.all(sql, values![], parse).await
}

pub(crate) async fn delete(rows: &mut Connection, id: NodeId) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM nodes WHERE id = $1", values![id]).await.map(drop)
}

pub(crate) async fn forget(rows: &mut Connection, silent: Duration) -> Result<(), StoreFault> {
    let sql = by_clock!(rows, "DELETE FROM nodes WHERE ", " - seen_at > $1");
    let millis = u64::try_from(silent.as_millis()).unwrap_or(u64::MAX);
    rows.execute(sql, values![millis]).await.map(drop)
}

fn parse(row: Row) -> Result<SeenNode, StoreFault> {
    let fields = Fields::new("nodes", "id", row);
    // Who was seen later than now was seen now: the clock was set back.
    let silent: i64 = fields.number("silent")?;
    let node = Node {
        id: fields.parse("id")?,
        log: fields.parse("log_id")?,
        sequence: fields.number("sequence")?,
        closed: fields.read("closed", read_closed)?,
    };
    Ok(SeenNode { node, silent: Duration::from_millis(u64::try_from(silent).unwrap_or(0)) })
}

/// `41:1 42:17`
fn closed_text(closed: &[(u64, u64)]) -> String {
    let mut text = String::new();
    for (sequence, count) in closed {
        let space = if text.is_empty() { "" } else { " " };
        let _ = write!(text, "{space}{sequence}:{count}");
    }
    text
}

fn read_closed(text: &str) -> Result<Vec<(u64, u64)>, Why> {
    let read = |pair: &str| {
        let (sequence, count) = pair.split_once(':')?;
        Some((sequence.parse().ok()?, count.parse().ok()?))
    };
    let pairs = text.split(' ').filter(|pair| !pair.is_empty());
    pairs.map(|pair| read(pair).ok_or_else(|| "not made of numbers".into())).collect()
}
