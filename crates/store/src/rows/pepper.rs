use vouchmq_identity::store::StoreFault;
use vouchmq_identity::{CheckValue, PepperVersion};

use crate::connection::Connection;
use crate::row::{Fields, Row};
use crate::value::values;

pub(crate) async fn all(rows: &mut Connection) -> Result<Vec<(PepperVersion, CheckValue)>, StoreFault> {
    rows.all("SELECT version, check_value FROM peppers ORDER BY version", values![], parse).await
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
