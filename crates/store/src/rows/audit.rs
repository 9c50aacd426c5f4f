use vouchmq_identity::store::{AuditEntry, AuditRecord, Page, PageRequest, StoreFault};

use crate::connection::Connection;
use crate::row::{Fields, Row};
use crate::text::Free;
use crate::value::values;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sequence, at, actor, address, request_id, action, target, reason, before, after, previous,
             hash FROM audit ",
            $rest
        )
    };
}

/// The page after an entry; what names no entry has none after it.
pub(crate) async fn list(rows: &mut Connection, page: &PageRequest) -> Result<Page<AuditEntry>, StoreFault> {
    let after = page.after.as_deref().map_or(0, |after| after.parse().unwrap_or(u64::MAX));
    let sql = select!("WHERE sequence > $1 ORDER BY sequence LIMIT $2");
    let read = (parse, |entry: &AuditEntry| entry.sequence.to_string().into());
    rows.page(sql, values![after, u64::from(page.limit) + 1], page.limit, read).await
}

pub(crate) async fn head(rows: &mut Connection) -> Result<Option<AuditEntry>, StoreFault> {
    rows.one(select!("ORDER BY sequence DESC LIMIT 1"), values![], parse).await
}

pub(crate) async fn append(rows: &mut Connection, entry: &AuditEntry) -> Result<(), StoreFault> {
    let sql = "INSERT INTO audit (sequence, at, actor, address, request_id, action, target, reason, before,
            after, previous, hash)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let AuditEntry { sequence, record, previous, hash } = entry;
    let AuditRecord { at, actor, address, request_id, action, target, reason, before, after } = record;
    let request_id = request_id.as_deref().map(Free);
    let mut values = values![sequence, at, Free(actor), address, request_id, Free(action), Free(target)];
    values.extend(values![Free(reason), before, after, previous, hash]);
    rows.execute(sql, values).await.map(drop)
}

fn parse(row: Row) -> Result<AuditEntry, StoreFault> {
    let fields = Fields::new("audit", "sequence", row);
    let record = AuditRecord {
        at: fields.instant("at")?,
        actor: fields.free("actor")?,
        address: fields.parse_optional("address")?,
        request_id: fields.free_optional("request_id")?,
        action: fields.free("action")?,
        target: fields.free("target")?,
        reason: fields.free("reason")?,
        before: fields.parse_optional("before")?,
        after: fields.parse_optional("after")?,
    };
    let (sequence, previous) = (fields.number("sequence")?, fields.parse("previous")?);
    Ok(AuditEntry { sequence, record, previous, hash: fields.parse("hash")? })
}
