use vouchmq_identity::KeyId;
use vouchmq_identity::model::{ClaimToken, ClaimTokenId};
use vouchmq_identity::store::{Page, PageRequest, StoreFault};

use super::{page_values, secret_verifier};
use crate::connection::Connection;
use crate::json;
use crate::row::{Fields, Row};
use crate::value::values;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, product_id, key_id, pepper_version, verifier, uses_max, uses, expires_at, networks,
             hardware_ids, revoked_at, created_by, created_at FROM claim_tokens ",
            $rest
        )
    };
}

pub(crate) async fn by_id(rows: &mut Connection, id: ClaimTokenId) -> Result<Option<ClaimToken>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn by_key(rows: &mut Connection, key: KeyId) -> Result<Option<ClaimToken>, StoreFault> {
    rows.one(select!("WHERE key_id = $1"), values![key], parse).await
}

pub(crate) async fn list(rows: &mut Connection, page: &PageRequest) -> Result<Page<ClaimToken>, StoreFault> {
    let sql = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    let read = (parse, |token: &ClaimToken| token.id.to_string().into());
    rows.page(sql, page_values(page), page.limit, read).await
}

pub(crate) async fn put(rows: &mut Connection, token: &ClaimToken) -> Result<(), StoreFault> {
    let sql = "INSERT INTO claim_tokens (id, product_id, key_id, pepper_version, verifier, uses_max, uses,
            expires_at, networks, hardware_ids, revoked_at, created_by, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        ON CONFLICT (id) DO UPDATE SET product_id = excluded.product_id, key_id = excluded.key_id,
            pepper_version = excluded.pepper_version, verifier = excluded.verifier,
            uses_max = excluded.uses_max, uses = excluded.uses, expires_at = excluded.expires_at,
            networks = excluded.networks, hardware_ids = excluded.hardware_ids,
            revoked_at = excluded.revoked_at, created_by = excluded.created_by,
            created_at = excluded.created_at";
    let ClaimToken { id, product, key_id, verifier, uses_max, uses, .. } = token;
    let ClaimToken { expires_at, networks, hardware_ids, revoked_at, created_by, created_at, .. } = token;
    let mut values = values![id, product, key_id, verifier.version, verifier.mac, uses_max, uses];
    values.extend(values![expires_at, networks, hardware_ids, revoked_at, created_by, created_at]);
    rows.execute(sql, values).await.map(drop)
}

fn parse(row: Row) -> Result<ClaimToken, StoreFault> {
    let fields = Fields::new("claim_tokens", "id", row);
    Ok(ClaimToken {
        id: fields.parse("id")?,
        product: fields.parse("product_id")?,
        key_id: fields.parse("key_id")?,
        verifier: secret_verifier(&fields)?,
        uses_max: fields.number_optional("uses_max")?,
        uses: fields.number("uses")?,
        expires_at: fields.instant_optional("expires_at")?,
        networks: fields.read("networks", json::texts)?,
        hardware_ids: fields.parse_optional("hardware_ids")?,
        revoked_at: fields.instant_optional("revoked_at")?,
        created_by: fields.parse("created_by")?,
        created_at: fields.instant("created_at")?,
    })
}
