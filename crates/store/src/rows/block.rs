use vouchmq_identity::model::{BlockEntry, BlockId};
use vouchmq_identity::store::{Found, Page, PageRequest, StoreFault};
use vouchmq_identity::{Block, BlockKind, BlockTarget, UnixMillis};

use super::page_values;
use crate::connection::Connection;
use crate::row::{Fields, Row};
use crate::text::Free;
use crate::value::values;

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT id, kind, value, reason, until, created_by, version, created_at FROM blocks ", $rest)
    };
}

pub(crate) async fn by_id(rows: &mut Connection, id: BlockId) -> Result<Option<BlockEntry>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn of(
    rows: &mut Connection,
    kind: &str,
    value: &str,
) -> Result<Option<BlockEntry>, StoreFault> {
    rows.one(select!("WHERE kind = $1 AND value = $2"), values![Free(kind), Free(value)], parse).await
}

pub(crate) async fn list(rows: &mut Connection, page: &PageRequest) -> Result<Page<BlockEntry>, StoreFault> {
    let sql = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    let read = (parse, |block: &BlockEntry| block.id.to_string().into());
    rows.page(sql, page_values(page), page.limit, read).await
}

pub(crate) async fn expired(
    rows: &mut Connection,
    before: UnixMillis,
    limit: u32,
) -> Result<Found<BlockEntry>, StoreFault> {
    let sql = select!("WHERE until < $1 ORDER BY until, id LIMIT $2");
    rows.found(sql, before, limit, parse).await
}

pub(crate) async fn put(rows: &mut Connection, entry: &BlockEntry) -> Result<(), StoreFault> {
    let sql = "INSERT INTO blocks (id, kind, value, reason, until, created_by, version, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, value = excluded.value,
            reason = excluded.reason, until = excluded.until, created_by = excluded.created_by,
            version = excluded.version, created_at = excluded.created_at";
    let BlockEntry { id, block: Block { target, reason, until }, created_by, version, created_at } = entry;
    let value = target.to_string();
    let values =
        values![id, target.kind(), Free(&value), Free(reason), until, created_by, version, created_at];
    rows.execute(sql, values).await.map(drop)
}

pub(crate) async fn delete(rows: &mut Connection, id: BlockId) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM blocks WHERE id = $1", values![id]).await.map(drop)
}

fn parse(row: Row) -> Result<BlockEntry, StoreFault> {
    let fields = Fields::new("blocks", "id", row);
    let kind: BlockKind = fields.parse("kind")?;
    let target = BlockTarget::of(kind, &fields.free("value")?);
    let target = target.map_err(|fault| fields.corrupt("value", fault.to_string()))?;
    let block = Block { target, reason: fields.free("reason")?, until: fields.instant_optional("until")? };
    Ok(BlockEntry {
        id: fields.parse("id")?,
        block,
        created_by: fields.parse("created_by")?,
        version: fields.number("version")?,
        created_at: fields.instant("created_at")?,
    })
}
