use vouchmq_identity::model::{ApiKey, ApiKeyId};
use vouchmq_identity::store::{Page, PageRequest, StoreFault};

use super::{page_values, secret_verifier};
use crate::connection::Connection;
use crate::json;
use crate::row::{Fields, Row};
use crate::value::values;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, name, key_id, pepper_version, verifier, scopes, networks, expires_at, revoked_at,
             created_at FROM api_keys ",
            $rest
        )
    };
}

pub(crate) async fn by_id(rows: &mut Connection, id: ApiKeyId) -> Result<Option<ApiKey>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn list(rows: &mut Connection, page: &PageRequest) -> Result<Page<ApiKey>, StoreFault> {
    let sql = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    let read = (parse, |key: &ApiKey| key.id.to_string().into());
    rows.page(sql, page_values(page), page.limit, read).await
}

pub(crate) async fn put(rows: &mut Connection, key: &ApiKey) -> Result<(), StoreFault> {
    let sql =
        "INSERT INTO api_keys (id, name, key_id, pepper_version, verifier, scopes, networks, expires_at,
            revoked_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT (id) DO UPDATE SET name = excluded.name, key_id = excluded.key_id,
            pepper_version = excluded.pepper_version, verifier = excluded.verifier, scopes = excluded.scopes,
            networks = excluded.networks, expires_at = excluded.expires_at,
            revoked_at = excluded.revoked_at, created_at = excluded.created_at";
    let ApiKey { id, name, key_id, verifier, scopes, networks, .. } = key;
    let ApiKey { expires_at, revoked_at, created_at, .. } = key;
    let mut values = values![id, name, key_id, verifier.version, verifier.mac, scopes, networks];
    values.extend(values![expires_at, revoked_at, created_at]);
    rows.execute(sql, values).await.map(drop)
}

fn parse(row: Row) -> Result<ApiKey, StoreFault> {
    let fields = Fields::new("api_keys", "id", row);
    Ok(ApiKey {
        id: fields.parse("id")?,
        name: fields.parse("name")?,
        key_id: fields.parse("key_id")?,
        verifier: secret_verifier(&fields)?,
        scopes: fields.read("scopes", json::texts)?,
        networks: fields.read("networks", json::texts)?,
        expires_at: fields.instant_optional("expires_at")?,
        revoked_at: fields.instant_optional("revoked_at")?,
        created_at: fields.instant("created_at")?,
    })
}
