use vouchmq_identity::model::{CredentialId, HardwareId, ProductId, Registration, RegistrationId, Voucher};
use vouchmq_identity::store::{Found, Page, PageRequest, RegistrationFilter, StoreFault};
use vouchmq_identity::{CertificateFingerprint, UnixMillis};

use super::page_values;
use crate::connection::Connection;
use crate::row::{Fields, Row};
use crate::value::{Column, Value, values};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, product_id, hardware_id, claim_id, device_id, credential_id, state, peer, rival_count,
             decided_by, version, created_at, updated_at, certificate FROM registrations ",
            $rest
        )
    };
}

pub(crate) async fn by_id(
    rows: &mut Connection,
    id: RegistrationId,
) -> Result<Option<Registration>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn open(
    rows: &mut Connection,
    product: ProductId,
    hardware_id: &HardwareId,
) -> Result<Option<Registration>, StoreFault> {
    let sql = select!(
        "WHERE product_id = $1 AND hardware_id = $2 AND state IN ('quarantined', 'approved', 'issued')"
    );
    rows.one(sql, values![product, hardware_id], parse).await
}

pub(crate) async fn rejected(
    rows: &mut Connection,
    product: ProductId,
    hardware_id: &HardwareId,
) -> Result<Option<Registration>, StoreFault> {
    let sql =
        select!("WHERE product_id = $1 AND hardware_id = $2 AND state = 'rejected' ORDER BY id DESC LIMIT 1");
    rows.one(sql, values![product, hardware_id], parse).await
}

pub(crate) async fn waiting_count(
    rows: &mut Connection,
    product: ProductId,
    source: Option<Voucher>,
) -> Result<u64, StoreFault> {
    let sql = match source {
        None => {
            "SELECT $1 AS product_id, count(*) AS waiting FROM registrations
             WHERE product_id = $1 AND state IN ('quarantined', 'approved')"
        }
        Some(_) => {
            "SELECT $1 AS product_id, count(*) AS waiting FROM registrations
             WHERE product_id = $1 AND claim_id = $2 AND state IN ('quarantined', 'approved')"
        }
    };
    let mut values = values![product];
    values.extend(source.map(|source| source_and_certificate(source).0));
    let parse = |row| Fields::new("registrations", "product_id", row).number("waiting");
    Ok(rows.one(sql, values, parse).await?.unwrap_or(0))
}

pub(crate) async fn waiting(
    rows: &mut Connection,
    before: UnixMillis,
    limit: u32,
) -> Result<Found<Registration>, StoreFault> {
    let sql = select!(
        "WHERE state IN ('quarantined', 'approved') AND updated_at < $1 ORDER BY updated_at, id LIMIT $2"
    );
    rows.found(sql, before, limit, parse).await
}

pub(crate) async fn delete(rows: &mut Connection, id: RegistrationId) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM registrations WHERE id = $1", values![id]).await.map(drop)
}

pub(crate) async fn delete_past(
    rows: &mut Connection,
    before: UnixMillis,
    limit: u32,
) -> Result<u64, StoreFault> {
    let sql = "DELETE FROM registrations WHERE id IN (SELECT id FROM registrations
        WHERE state IN ('confirmed', 'expired') AND updated_at < $1 ORDER BY updated_at, id LIMIT $2)";
    rows.execute(sql, values![before, limit]).await
}

pub(crate) async fn of_credential(
    rows: &mut Connection,
    credential: CredentialId,
) -> Result<Option<Registration>, StoreFault> {
    rows.one(select!("WHERE credential_id = $1 ORDER BY id"), values![credential], parse).await
}

pub(crate) async fn list(
    rows: &mut Connection,
    filter: RegistrationFilter,
    page: &PageRequest,
) -> Result<Page<Registration>, StoreFault> {
    let RegistrationFilter { product, state } = filter;
    let mut values = page_values(page);
    let sql = match (product, state) {
        (None, None) => select!("WHERE id > $1 ORDER BY id LIMIT $2"),
        (Some(product), None) => {
            values.extend(values![product]);
            select!("WHERE id > $1 AND product_id = $3 ORDER BY id LIMIT $2")
        }
        (None, Some(state)) => {
            values.extend(values![state]);
            select!("WHERE id > $1 AND state = $3 ORDER BY id LIMIT $2")
        }
        (Some(product), Some(state)) => {
            values.extend(values![product, state]);
            select!("WHERE id > $1 AND product_id = $3 AND state = $4 ORDER BY id LIMIT $2")
        }
    };
    let read = (parse, |registration: &Registration| registration.id.to_string().into());
    rows.page(sql, values, page.limit, read).await
}

pub(crate) async fn put(rows: &mut Connection, registration: &Registration) -> Result<(), StoreFault> {
    let sql = "INSERT INTO registrations (id, product_id, hardware_id, claim_id, device_id, credential_id,
            state, peer, rival_count, decided_by, version, created_at, updated_at, certificate)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        ON CONFLICT (id) DO UPDATE SET product_id = excluded.product_id, hardware_id = excluded.hardware_id,
            claim_id = excluded.claim_id, device_id = excluded.device_id,
            credential_id = excluded.credential_id, state = excluded.state, peer = excluded.peer,
            rival_count = excluded.rival_count, decided_by = excluded.decided_by, version = excluded.version,
            created_at = excluded.created_at, updated_at = excluded.updated_at,
            certificate = excluded.certificate";
    let Registration { id, product, hardware_id, voucher, device, credential, .. } = registration;
    let Registration { state, peer, rival_count, decided_by, .. } = registration;
    let Registration { version, created_at, updated_at, .. } = registration;
    let (source, certificate) = source_and_certificate(*voucher);
    let mut values = values![id, product, hardware_id];
    values.push(source);
    values.extend(values![device, credential]);
    values.extend(values![state, peer, rival_count, decided_by, version, created_at, updated_at]);
    values.push(certificate);
    rows.execute(sql, values).await.map(drop)
}

/// The columns `claim_id` and `certificate`.
fn source_and_certificate(voucher: Voucher) -> (Value, Value) {
    match voucher {
        Voucher::Claim(token) => (token.to_value(), None::<CertificateFingerprint>.to_value()),
        Voucher::Certificate(authority, certificate) => (authority.to_value(), certificate.to_value()),
    }
}

fn parse(row: Row) -> Result<Registration, StoreFault> {
    let fields = Fields::new("registrations", "id", row);
    Ok(Registration {
        id: fields.parse("id")?,
        product: fields.parse("product_id")?,
        hardware_id: fields.parse("hardware_id")?,
        voucher: match fields.parse_optional("certificate")? {
            None => Voucher::Claim(fields.parse("claim_id")?),
            Some(certificate) => Voucher::Certificate(fields.parse("claim_id")?, certificate),
        },
        device: fields.parse_optional("device_id")?,
        credential: fields.parse_optional("credential_id")?,
        state: fields.parse("state")?,
        peer: fields.parse_optional("peer")?,
        rival_count: fields.number("rival_count")?,
        decided_by: fields.parse_optional("decided_by")?,
        version: fields.number("version")?,
        created_at: fields.instant("created_at")?,
        updated_at: fields.instant("updated_at")?,
    })
}
