use vouchmq_identity::store::{KeyUses, StoreFault};
use vouchmq_identity::{CheckValue, PepperVersion};

use crate::connection::Connection;
use crate::row::{Fields, Row};
use crate::value::values;

pub(crate) async fn all(rows: &mut Connection) -> Result<Vec<(PepperVersion, CheckValue)>, StoreFault> {
    rows.all("SELECT version, check_value FROM peppers ORDER BY version", values![], parse).await
}

pub(crate) async fn uses(rows: &mut Connection, version: PepperVersion) -> Result<KeyUses, StoreFault> {
    let sql = "SELECT $1 AS version,
        (SELECT count(*) FROM credentials WHERE pepper_version = $1 AND state <> 'revoked') AS credentials,
        (SELECT count(*) FROM claim_tokens WHERE pepper_version = $1 AND revoked_at IS NULL) AS claim_tokens,
        (SELECT count(*) FROM api_keys WHERE pepper_version = $1 AND revoked_at IS NULL) AS api_keys";
    let parse = |row| {
        let fields = Fields::new("peppers", "version", row);
        Ok(KeyUses {
            credential_count: fields.number("credentials")?,
            claim_token_count: fields.number("claim_tokens")?,
            api_key_count: fields.number("api_keys")?,
        })
    };
    Ok(rows.one(sql, values![version], parse).await?.unwrap_or_default())
}

pub(crate) async fn delete(rows: &mut Connection, version: PepperVersion) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM peppers WHERE version = $1", values![version]).await.map(drop)
}

pub(crate) async fn put(
    rows: &mut Connection,
    version: PepperVersion,
    check: CheckValue,
) -> Result<(), StoreFault> {
    let sql = "INSERT INTO peppers (version, check_value) VALUES ($1, $2)
        ON CONFLICT (version) DO UPDATE SET check_value = excluded.check_value";
    rows.execute(sql, values![version, check]).await.map(drop)
}

fn parse(row: Row) -> Result<(PepperVersion, CheckValue), StoreFault> {
    let fields = Fields::new("peppers", "version", row);
    Ok((fields.pepper_version("version")?, fields.parse("check_value")?))
}
