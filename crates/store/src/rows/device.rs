use vouchmq_identity::model::{Attributes, Device, DeviceId, DeviceState, HardwareId, ProductId};
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

/// Devices that are not retired, after `after`, of all products or of one.
pub(crate) async fn portion(
    rows: &mut Connection,
    product: Option<ProductId>,
    after: Option<&DeviceId>,
    limit: u32,
) -> Result<Vec<Device>, StoreFault> {
    let mut values = values![cursor(after.map(DeviceId::as_str)), limit];
    let Some(product) = product else {
        let sql = select!("WHERE id > $1 AND state <> 'retired' ORDER BY id LIMIT $2");
        return rows.all(sql, values, parse).await;
    };
    values.extend(values![product]);
    let sql = select!("WHERE product_id = $3 AND id > $1 AND state <> 'retired' ORDER BY id LIMIT $2");
    rows.all(sql, values, parse).await
}

/// How many devices of a product are not retired, as of the last commit.
pub(crate) async fn count(rows: &mut Connection, product: ProductId) -> Result<i64, StoreFault> {
    let sql = "SELECT product_id, devices FROM product_devices WHERE product_id = $1";
    let parse = |row| {
        let fields = Fields::new("product_devices", "product_id", row);
        fields.number::<u64>("devices")?; // never below zero
        fields.number("devices")
    };
    Ok(rows.one(sql, values![product], parse).await?.unwrap_or(0))
}

/// Takes down that a product has so many devices more or less.
pub(crate) async fn add_to_count(
    rows: &mut Connection,
    product: ProductId,
    more: i64,
) -> Result<(), StoreFault> {
    let sql = "INSERT INTO product_devices (product_id, devices) VALUES ($1, $2)
        ON CONFLICT (product_id) DO UPDATE SET devices = product_devices.devices + excluded.devices";
    let mut values = values![product];
    values.push(Value::Integer(more));
    rows.execute(sql, values).await.map(drop)
}

/// Writes a device; returns what it was, if it was there.
pub(crate) async fn put(rows: &mut Connection, device: &Device) -> Result<Option<Counted>, StoreFault> {
    let old = rows.one(
        "SELECT id, product_id, state, tags FROM devices WHERE id = $1",
        values![device.id],
        parse_old,
    );
    let (old, has_tags_to_write) = match old.await? {
        Some((counted, tags)) => (Some(counted), Value::Text(tags) != device.tags.to_value()),
        None => (None, !device.tags.is_empty()),
    };
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
    if has_tags_to_write {
        write_tags(rows, id, tags).await?;
    }
    Ok(old)
}

/// What a device counts for: it is of this product, and in this state.
pub(crate) type Counted = (ProductId, DeviceState);

fn parse_old(row: Row) -> Result<(Counted, String), StoreFault> {
    let fields = Fields::new("devices", "id", row);
    let counted = (fields.parse("product_id")?, fields.parse("state")?);
    Ok((counted, fields.read("tags", |text| Ok(text.to_owned()))?))
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
