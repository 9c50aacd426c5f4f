use vouchmq_identity::store::{LogEntry, LogId, NewEntry, StoreFault};
use vouchmq_identity::{BlockTarget, UnixMillis};

use crate::connection::{Connection, unavailable};
use crate::row::{Fields, Row};
use crate::text::Free;
use crate::value::values;

pub(crate) async fn head(rows: &mut Connection) -> Result<(LogId, u64), StoreFault> {
    let parse = |row| {
        let fields = Fields::new("log_head", "one", row);
        Ok((fields.parse("log_id")?, fields.number("head")?))
    };
    let head = rows.one("SELECT one, log_id, head FROM log_head", values![], parse).await?;
    head.ok_or_else(no_head)
}

/// The last number, of the row that a transaction begins with.
pub(crate) fn number(rows: Vec<Row>) -> Result<u64, StoreFault> {
    let row = rows.into_iter().next().ok_or_else(no_head)?;
    Fields::new("log_head", "one", row).number("head")
}

pub(crate) async fn after(
    rows: &mut Connection,
    after: u64,
    limit: u32,
) -> Result<Vec<LogEntry>, StoreFault> {
    let sql = "SELECT sequence, at, kind, product_id, device_id, credential_id, block_kind, block_value, kick
        FROM change_log WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    rows.all(sql, values![after, limit], parse).await
}

/// Appends the entry with this number.
pub(crate) async fn append(
    rows: &mut Connection,
    sequence: u64,
    at: UnixMillis,
    entry: &NewEntry,
) -> Result<(), StoreFault> {
    let sql = "INSERT INTO change_log (sequence, at, kind, product_id, device_id, credential_id, block_kind,
            block_value, kick)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    let NewEntry { kind, product, device, credential, block, kick } = entry;
    let (block_kind, block_value) =
        (block.as_ref().map(BlockTarget::kind), block.as_ref().map(BlockTarget::to_string));
    let mut values = values![sequence, at, kind, product, device, credential];
    values.extend(values![block_kind, block_value.as_deref().map(Free), kick]);
    rows.execute(sql, values).await.map(drop)
}

pub(crate) async fn delete(rows: &mut Connection, up_to: u64) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM change_log WHERE sequence <= $1", values![up_to]).await.map(drop)
}

/// Takes the last number down.
pub(crate) async fn put_head(rows: &mut Connection, head: u64) -> Result<(), StoreFault> {
    rows.execute("UPDATE log_head SET head = $1", values![head]).await.map(drop)
}

pub(crate) async fn put_id(rows: &mut Connection, id: LogId) -> Result<(), StoreFault> {
    let sql = "INSERT INTO log_head (one, log_id, head) VALUES (1, $1, 0)
        ON CONFLICT (one) DO UPDATE SET log_id = excluded.log_id";
    rows.execute(sql, values![id]).await.map(drop)
}

/// Gives a new database its log; one that has a log keeps it.
pub(crate) async fn begin(rows: &mut Connection, id: LogId) -> Result<(), StoreFault> {
    let sql = "INSERT INTO log_head (one, log_id, head) VALUES (1, $1, 0) ON CONFLICT (one) DO NOTHING";
    rows.execute(sql, values![id]).await.map(drop)
}

fn no_head() -> StoreFault {
    unavailable("table log_head is empty: the database is not whole")
}

fn parse(row: Row) -> Result<LogEntry, StoreFault> {
    let fields = Fields::new("change_log", "sequence", row);
    let block = match (fields.parse_optional("block_kind")?, fields.free_optional("block_value")?) {
        (Some(kind), Some(value)) => {
            let target = BlockTarget::of(kind, &value);
            Some(target.map_err(|fault| fields.corrupt("block_value", fault.to_string()))?)
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(fields.corrupt("block_value", "half of a block".to_owned()));
        }
    };
    let change = NewEntry {
        kind: fields.parse("kind")?,
        product: fields.parse_optional("product_id")?,
        device: fields.parse_optional("device_id")?,
        credential: fields.parse_optional("credential_id")?,
        block,
        kick: fields.parse("kick")?,
    };
    Ok(LogEntry { sequence: fields.number("sequence")?, at: fields.instant("at")?, change })
}
