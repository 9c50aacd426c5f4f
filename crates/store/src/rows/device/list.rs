//! Devices that fit a filter. Which statement is asked depends on what narrows the search most; what else the
//! filter says is looked at row by row.

use vouchmq_identity::model::{Device, DeviceId};
use vouchmq_identity::store::{DeviceFilter, Page, PageRequest, StoreFault};

use super::{parse, select};
use crate::connection::Connection;
use crate::rows::page_values;
use crate::text::{Free, cursor};
use crate::value::{Value, values};

/// All devices. Text is in what is another text without it: both engines can say that, and compare bytes.
const ALL: &str = select!(
    "WHERE id > $1 AND ($3 IS NULL OR product_id = $3) AND ($4 IS NULL OR state = $4)
     AND ($5 IS NULL OR replace(id, $5, '') <> id OR replace(hardware_id, $5, '') <> hardware_id)
     ORDER BY id LIMIT $2"
);

/// The devices of a product.
const OF_PRODUCT: &str = select!(
    "WHERE product_id = $3 AND id > $1 AND ($4 IS NULL OR state = $4)
     AND ($5 IS NULL OR replace(id, $5, '') <> id OR replace(hardware_id, $5, '') <> hardware_id)
     ORDER BY id LIMIT $2"
);

/// The devices with a tag.
const TAGGED: &str = select!(
    "JOIN (SELECT device_id FROM device_tags WHERE name = $6 AND value = $7 AND device_id > $1) AS tagged
         ON tagged.device_id = id
     WHERE ($3 IS NULL OR product_id = $3) AND ($4 IS NULL OR state = $4)
     AND ($5 IS NULL OR replace(id, $5, '') <> id OR replace(hardware_id, $5, '') <> hardware_id)
     ORDER BY tagged.device_id LIMIT $2"
);

/// Some devices, named.
const NAMED: &str = select!(
    "WHERE id IN ($8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)
     AND id > $1 AND ($3 IS NULL OR product_id = $3) AND ($4 IS NULL OR state = $4)
     AND ($5 IS NULL OR replace(id, $5, '') <> id OR replace(hardware_id, $5, '') <> hardware_id)
     AND ($6 IS NULL OR EXISTS (SELECT 1 FROM device_tags
         WHERE device_id = devices.id AND name = $6 AND value = $7))
     ORDER BY id LIMIT $2"
);

/// Ids in one [`NAMED`].
const NAMED_LEN: usize = 16;

pub(crate) async fn list(
    rows: &mut Connection,
    filter: &DeviceFilter,
    page: &PageRequest,
) -> Result<Page<Device>, StoreFault> {
    let DeviceFilter { product, state, tag, text, ids } = filter;
    let text = text.as_deref().filter(|text| !text.is_empty());
    if text.is_some_and(|text| text.contains('\0')) {
        return Ok(Page { items: Vec::new(), next: None }); // no id has one
    }
    let mut values = page_values(page);
    values.extend(values![product, state, text]);
    let tag_values = |(name, value): &(Box<str>, Box<str>)| values![Free(name), Free(value)];
    if let Some(ids) = ids {
        values.extend(tag.as_ref().map_or_else(|| values![None::<&str>, None::<&str>], tag_values));
        return named(rows, ids, &values, page).await;
    }
    let sql = if let Some(tag) = tag {
        values.extend(tag_values(tag));
        TAGGED
    } else if product.is_some() {
        OF_PRODUCT
    } else {
        ALL
    };
    rows.page(sql, values, page.limit, (parse, key_of)).await
}

/// Those of `ids` that fit: by a few statements, each of which looks at a few rows.
async fn named(
    rows: &mut Connection,
    ids: &[DeviceId],
    values: &[Value],
    page: &PageRequest,
) -> Result<Page<Device>, StoreFault> {
    let after = cursor(page.after.as_deref());
    let mut ids: Vec<&DeviceId> = ids.iter().filter(|id| id.as_str() > after).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for chunk in ids.chunks(NAMED_LEN) {
        let mut values = values.to_vec();
        // a short chunk names its first id again: there is one statement for all lengths
        let again = chunk.iter().cycle().take(NAMED_LEN);
        values.extend(again.map(|id| Value::Text(id.to_string())));
        found.extend(rows.all(NAMED, values, parse).await?);
        if found.len() > page.limit as usize {
            break;
        }
    }
    Ok(Page::of(found, page.limit, key_of))
}

fn key_of(device: &Device) -> Box<str> {
    device.id.as_str().into()
}
