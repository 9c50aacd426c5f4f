use vouchmq_identity::model::{Product, ProductId, ProductState, Slug};
use vouchmq_identity::store::{Page, PageRequest, StoreFault};

use super::page_values;
use crate::connection::Connection;
use crate::json;
use crate::row::{Fields, Row};
use crate::value::values;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, slug, name, strategy, binding, kinds, acl, devices_max, state, version, created_at,
             updated_at FROM products ",
            $rest
        )
    };
}

pub(crate) async fn by_id(rows: &mut Connection, id: ProductId) -> Result<Option<Product>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn by_key(rows: &mut Connection, key: &Slug) -> Result<Option<Product>, StoreFault> {
    rows.one(select!("WHERE slug = $1"), values![key], parse).await
}

/// There are few products: it takes no index.
pub(crate) async fn in_state(
    rows: &mut Connection,
    state: ProductState,
) -> Result<Option<Product>, StoreFault> {
    rows.one(select!("WHERE state = $1 ORDER BY id LIMIT 1"), values![state], parse).await
}

pub(crate) async fn list(rows: &mut Connection, page: &PageRequest) -> Result<Page<Product>, StoreFault> {
    let sql = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    let read = (parse, |product: &Product| product.id.to_string().into());
    rows.page(sql, page_values(page), page.limit, read).await
}

pub(crate) async fn put(rows: &mut Connection, product: &Product) -> Result<(), StoreFault> {
    let sql =
        "INSERT INTO products (id, slug, name, strategy, binding, kinds, acl, devices_max, state, version,
            created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (id) DO UPDATE SET slug = excluded.slug, name = excluded.name,
            strategy = excluded.strategy, binding = excluded.binding, kinds = excluded.kinds,
            acl = excluded.acl, devices_max = excluded.devices_max, state = excluded.state,
            version = excluded.version, created_at = excluded.created_at, updated_at = excluded.updated_at";
    let Product {
        id,
        key,
        name,
        strategy,
        binding,
        kinds,
        acl,
        devices_max,
        state,
        version,
        created_at,
        updated_at,
    } = product;
    let values = values![
        id,
        key,
        name,
        strategy,
        binding,
        kinds,
        acl,
        devices_max,
        state,
        version,
        created_at,
        updated_at
    ];
    rows.execute(sql, values).await.map(drop)
}

pub(crate) async fn delete(rows: &mut Connection, id: ProductId) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM products WHERE id = $1", values![id]).await.map(drop)
}

fn parse(row: Row) -> Result<Product, StoreFault> {
    let fields = Fields::new("products", "id", row);
    Ok(Product {
        id: fields.parse("id")?,
        key: fields.parse("slug")?,
        name: fields.parse("name")?,
        strategy: fields.parse("strategy")?,
        binding: fields.parse("binding")?,
        kinds: fields.read("kinds", json::texts)?,
        acl: fields.read("acl", json::acl)?,
        devices_max: fields.number_optional("devices_max")?,
        state: fields.parse("state")?,
        version: fields.number("version")?,
        created_at: fields.instant("created_at")?,
        updated_at: fields.instant("updated_at")?,
    })
}
