use vouchmq_identity::CertificateFingerprint;
use vouchmq_identity::model::{AuthorityCertificate, CertificateAuthority, CertificateAuthorityId};
use vouchmq_identity::store::{Page, PageRequest, StoreFault};

use super::page_values;
use crate::connection::Connection;
use crate::row::{Fields, Row};
use crate::value::values;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, product_id, fingerprint, certificate, template, state, version, created_at, updated_at
             FROM certificate_authorities ",
            $rest
        )
    };
}

pub(crate) async fn by_id(
    rows: &mut Connection,
    id: CertificateAuthorityId,
) -> Result<Option<CertificateAuthority>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn by_fingerprint(
    rows: &mut Connection,
    fingerprint: CertificateFingerprint,
) -> Result<Option<CertificateAuthority>, StoreFault> {
    rows.one(select!("WHERE fingerprint = $1"), values![fingerprint], parse).await
}

pub(crate) async fn list(
    rows: &mut Connection,
    page: &PageRequest,
) -> Result<Page<CertificateAuthority>, StoreFault> {
    let sql = select!("WHERE id > $1 ORDER BY id LIMIT $2");
    let read = (parse, |authority: &CertificateAuthority| authority.id.to_string().into());
    rows.page(sql, page_values(page), page.limit, read).await
}

pub(crate) async fn put(rows: &mut Connection, authority: &CertificateAuthority) -> Result<(), StoreFault> {
    let sql =
        "INSERT INTO certificate_authorities (id, product_id, fingerprint, certificate, template, state,
            version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        ON CONFLICT (id) DO UPDATE SET product_id = excluded.product_id, fingerprint = excluded.fingerprint,
            certificate = excluded.certificate, template = excluded.template, state = excluded.state,
            version = excluded.version, created_at = excluded.created_at, updated_at = excluded.updated_at";
    let CertificateAuthority { id, product, certificate, template, state, .. } = authority;
    let CertificateAuthority { version, created_at, updated_at, .. } = authority;
    let fingerprint = certificate.fingerprint();
    let mut values = values![id, product, fingerprint, certificate, template, state];
    values.extend(values![version, created_at, updated_at]);
    rows.execute(sql, values).await.map(drop)
}

pub(crate) async fn delete(rows: &mut Connection, id: CertificateAuthorityId) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM certificate_authorities WHERE id = $1", values![id]).await.map(drop)
}

fn parse(row: Row) -> Result<CertificateAuthority, StoreFault> {
    let fields = Fields::new("certificate_authorities", "id", row);
    let certificate: AuthorityCertificate = fields.parse("certificate")?;
    if fields.parse::<CertificateFingerprint>("fingerprint")? != certificate.fingerprint() {
        return Err(fields.corrupt("fingerprint", "not that of the certificate"));
    }
    Ok(CertificateAuthority {
        id: fields.parse("id")?,
        product: fields.parse("product_id")?,
        certificate,
        template: fields.parse("template")?,
        state: fields.parse("state")?,
        version: fields.number("version")?,
        created_at: fields.instant("created_at")?,
        updated_at: fields.instant("updated_at")?,
    })
}
