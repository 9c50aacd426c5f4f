use vouchmq_identity::model::{Attributes, Device, DeviceId, HardwareId, ProductId};
use vouchmq_identity::store::StoreFault;

use crate::connection::Connection;
use crate::json;
use crate::row::{Fields, Row};
use crate::text::{Free, cursor};
use crate::value::{Column, Value, values};

mod list;

pub(crate) use list::list;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, product_id, hardware_id, state, tags, attributes, expires_at, origin, version,
             created_at, updated_at FROM devices ",
            $rest
        )
    };
}
use select;

pub(crate) async fn by_id(rows: &mut Connection, id: &DeviceId) -> Result<Option<Device>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn by_hardware_id(
    rows: &mut Connection,
    product: ProductId,
    hardware_id: &HardwareId,
) -> Result<Option<Device>, StoreFault> {
    let sql = select!("WHERE product_id = $1 AND hardware_id = $2");
    rows.one(sql, values![product, hardware_id], parse).await
}

/// Devices that are not retired, after `after`.
pub(crate) async fn portion(
    rows: &mut Connection,
    after: Option<&DeviceId>,
    limit: u32,
) -> Result<Vec<Device>, StoreFault> {
    let sql = select!("WHERE id > $1 AND state <> 'retired' ORDER BY id LIMIT $2");
    rows.all(sql, values![cursor(after.map(DeviceId::as_str)), limit], parse).await
}

pub(crate) async fn count(rows: &mut Connection, product: ProductId) -> Result<u64, StoreFault> {
    let sql = "SELECT COUNT(*) AS devices FROM devices WHERE product_id = $1 AND state <> 'retired'";
    let parse = |row| Fields::new("devices", "id", row).number("devices");
    Ok(rows.one(sql, values![product], parse).await?.unwrap_or(0))
}

pub(crate) async fn put(rows: &mut Connection, device: &Device) -> Result<(), StoreFault> {
    let has_tags_to_write = has_other_tags(rows, device).await?;
    let sql = "INSERT INTO devices (id, product_id, hardware_id, state, tags, attributes, expires_at, origin,
            version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
        ON CONFLICT (id) DO UPDATE SET product_id = excluded.product_id, hardware_id = excluded.hardware_id,
            state = excluded.state, tags = excluded.tags, attributes = excluded.attributes,
            expires_at = excluded.expires_at, origin = excluded.origin, version = excluded.version,
            created_at = excluded.created_at, updated_at = excluded.updated_at";
    let Device { id, product, hardware_id, state, tags, attributes, expires_at, origin, .. } = device;
    let Device { version, created_at, updated_at, .. } = device;
    let values = values![
        id,
        product,
        hardware_id,
        state,
        tags,
        attributes,
        expires_at,
        origin,
        version,
        created_at,
        updated_at
    ];
    rows.execute(sql, values).await?;
    if has_tags_to_write { write_tags(rows, id, tags).await } else { Ok(()) }
}

/// Whether the device is there with other tags than these, or is new and has some.
async fn has_other_tags(rows: &mut Connection, device: &Device) -> Result<bool, StoreFault> {
    let parse = |row| Fields::new("devices", "id", row).read("tags", |text| Ok(text.to_owned()));
    let old = rows.one("SELECT id, tags FROM devices WHERE id = $1", values![device.id], parse).await?;
    Ok(match old {
        Some(old) => Value::Text(old) != device.tags.to_value(),
        None => !device.tags.is_empty(),
    })
}

async fn write_tags(rows: &mut Connection, id: &DeviceId, tags: &Attributes) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM device_tags WHERE device_id = $1", values![id]).await?;
    let sql = "INSERT INTO device_tags (device_id, name, value) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    for (name, value) in tags {
        rows.execute(sql, values![id, Free(name), Free(value)]).await?;
    }
    Ok(())
}

fn parse(row: Row) -> Result<Device, StoreFault> {
    let fields = Fields::new("devices", "id", row);
    Ok(Device {
        id: fields.parse("id")?,
        product: fields.parse("product_id")?,
        hardware_id: fields.parse_optional("hardware_id")?,
        state: fields.parse("state")?,
        tags: fields.read("tags", json::attributes)?,
        attributes: fields.read("attributes", json::attributes)?,
        expires_at: fields.instant_optional("expires_at")?,
        origin: fields.parse("origin")?,
        version: fields.number("version")?,
        created_at: fields.instant("created_at")?,
        updated_at: fields.instant("updated_at")?,
    })
}
