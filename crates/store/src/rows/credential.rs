use std::collections::BTreeMap;
use std::sync::Arc;

use vouchmq_identity::model::{
    CertificateProof, Credential, CredentialId, CredentialKind, DeviceId, ProductId, Proof, Validity,
};
use vouchmq_identity::scram::ScramVerifier;
use vouchmq_identity::store::{Found, StoreFault};
use vouchmq_identity::{CertificateFingerprint, KeyId, PepperVersion, UnixMillis};

use super::secret_verifier;
use crate::connection::Connection;
use crate::row::{Fields, Row};
use crate::text::{Free, cursor};
use crate::value::{Column, Value, values};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, device_id, kind, key_id, pepper_version, verifier, hash, state, not_before, not_after,
             created_at, first_used_at, last_used_at, revoked_at, fingerprint, subject, ends_at, authority
             FROM credentials ",
            $rest
        )
    };
}

pub(crate) async fn by_id(rows: &mut Connection, id: CredentialId) -> Result<Option<Credential>, StoreFault> {
    rows.one(select!("WHERE id = $1"), values![id], parse).await
}

pub(crate) async fn of_device(
    rows: &mut Connection,
    device: &DeviceId,
) -> Result<Vec<Credential>, StoreFault> {
    rows.all(select!("WHERE device_id = $1 ORDER BY id"), values![device], parse).await
}

pub(crate) async fn of_certificate(
    rows: &mut Connection,
    fingerprint: CertificateFingerprint,
) -> Result<Vec<Credential>, StoreFault> {
    rows.all(select!("WHERE fingerprint = $1 ORDER BY id"), values![fingerprint], parse).await
}

/// Credentials that are not revoked of the devices after `after` and up to `last`, of all products or of one, in
/// the order of the devices.
pub(crate) async fn between(
    rows: &mut Connection,
    product: Option<ProductId>,
    after: Option<&DeviceId>,
    last: &DeviceId,
) -> Result<Vec<Credential>, StoreFault> {
    let mut values = values![cursor(after.map(DeviceId::as_str)), last];
    let Some(product) = product else {
        let sql =
            select!("WHERE device_id > $1 AND device_id <= $2 AND state <> 'revoked' ORDER BY device_id, id");
        return rows.all(sql, values, parse).await;
    };
    values.extend(values![product]);
    let sql = select!(
        "WHERE device_id IN (SELECT id FROM devices
             WHERE product_id = $3 AND id > $1 AND id <= $2 AND state <> 'retired')
         AND state <> 'revoked' ORDER BY device_id, id"
    );
    rows.all(sql, values, parse).await
}

pub(crate) async fn expired(
    rows: &mut Connection,
    before: UnixMillis,
    limit: u32,
) -> Result<Found<Credential>, StoreFault> {
    let sql = select!("WHERE state <> 'revoked' AND not_after < $1 ORDER BY not_after, id LIMIT $2");
    rows.found(sql, before, limit, parse).await
}

pub(crate) async fn delete(rows: &mut Connection, id: CredentialId) -> Result<(), StoreFault> {
    rows.execute("DELETE FROM credentials WHERE id = $1", values![id]).await.map(drop)
}

pub(crate) async fn delete_revoked(
    rows: &mut Connection,
    before: UnixMillis,
    limit: u32,
) -> Result<u64, StoreFault> {
    let sql = "DELETE FROM credentials WHERE id IN (SELECT id FROM credentials
        WHERE state = 'revoked' AND revoked_at < $1 AND (fingerprint IS NULL OR ends_at < $1) ORDER BY revoked_at, id LIMIT $2)";
    rows.execute(sql, values![before, limit]).await
}

pub(crate) async fn pending(
    rows: &mut Connection,
    before: UnixMillis,
    limit: u32,
) -> Result<Found<Credential>, StoreFault> {
    let sql = select!("WHERE state = 'pending' AND created_at < $1 ORDER BY created_at, id LIMIT $2");
    rows.found(sql, before, limit, parse).await
}

pub(crate) async fn put(rows: &mut Connection, credential: &Credential) -> Result<(), StoreFault> {
    let sql = "INSERT INTO credentials (id, device_id, kind, key_id, pepper_version, verifier, hash, state,
            not_before, not_after, created_at, first_used_at, last_used_at, revoked_at, fingerprint, subject,
            ends_at, authority)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)
        ON CONFLICT (id) DO UPDATE SET device_id = excluded.device_id, kind = excluded.kind,
            key_id = excluded.key_id, pepper_version = excluded.pepper_version, verifier = excluded.verifier,
            hash = excluded.hash, state = excluded.state, not_before = excluded.not_before,
            not_after = excluded.not_after, created_at = excluded.created_at,
            first_used_at = excluded.first_used_at, last_used_at = excluded.last_used_at,
            revoked_at = excluded.revoked_at, fingerprint = excluded.fingerprint, subject = excluded.subject,
            ends_at = excluded.ends_at, authority = excluded.authority";
    let Credential { id, device, proof, state, validity, created_at, .. } = credential;
    let Credential { first_used_at, last_used_at, revoked_at, .. } = credential;
    let mut values = values![id, device, proof.kind()];
    values.extend(proof_values(proof));
    values.extend(values![state, validity.not_before, validity.not_after, created_at]);
    values.extend(values![first_used_at, last_used_at, revoked_at]);
    let certificate = proof.certificate();
    let subject = certificate.and_then(|known| known.subject.as_deref()).map(Free);
    values.extend(values![certificate.map(|known| known.fingerprint), subject]);
    let (ends_at, authority) = certificate.map(|known| (known.ends_at, known.authority)).unzip();
    values.extend(values![ends_at.flatten(), authority.flatten()]);
    rows.execute(sql, values).await.map(drop)
}

/// The columns `key_id`, `pepper_version`, `verifier` and `hash`.
fn proof_values(proof: &Proof) -> Vec<Value> {
    let (no_key, no_version, no_mac) = (None::<KeyId>, None::<PepperVersion>, None::<[u8; 32]>);
    match proof {
        Proof::Secret(key, verifier) => values![key, verifier.version, verifier.mac, None::<&str>],
        Proof::Password(hash) => values![no_key, no_version, no_mac, hash.to_string().as_str()],
        Proof::Scram(verifier) => values![no_key, no_version, no_mac, verifier.to_text().as_str()],
        Proof::Certificate(_) => values![no_key, no_version, no_mac, None::<&str>],
    }
}

/// Sixteen credentials by one statement.
const TOUCH: &str = "UPDATE credentials SET last_used_at = used.column2
    FROM (VALUES ($1, $2), ($3, $4), ($5, $6), ($7, $8), ($9, $10), ($11, $12), ($13, $14), ($15, $16),
        ($17, $18), ($19, $20), ($21, $22), ($23, $24), ($25, $26), ($27, $28), ($29, $30), ($31, $32)) AS used
    WHERE id = used.column1 AND (last_used_at IS NULL OR last_used_at < used.column2)";
const TOUCH_LEN: usize = 16;

/// Never back in time: what was used twice was last used at the later of both.
pub(crate) async fn touch(
    rows: &mut Connection,
    used: &[(CredentialId, UnixMillis)],
) -> Result<(), StoreFault> {
    let mut latest = BTreeMap::new();
    for (id, at) in used {
        latest.entry(*id).and_modify(|latest: &mut UnixMillis| *latest = (*latest).max(*at)).or_insert(*at);
    }
    let latest: Vec<(CredentialId, UnixMillis)> = latest.into_iter().collect();
    for chunk in latest.chunks(TOUCH_LEN) {
        let again = chunk.iter().cycle().take(TOUCH_LEN);
        let values = again.flat_map(|(id, at)| [id.to_value(), at.to_value()]).collect();
        rows.execute(TOUCH, values).await?;
    }
    Ok(())
}

fn parse(row: Row) -> Result<Credential, StoreFault> {
    let fields = Fields::new("credentials", "id", row);
    let proof = match fields.parse("kind")? {
        CredentialKind::Secret => Proof::Secret(fields.parse("key_id")?, secret_verifier(&fields)?),
        CredentialKind::Password => Proof::Password(fields.parse("hash")?),
        CredentialKind::Scram => Proof::Scram(Arc::new(fields.parse::<ScramVerifier>("hash")?)),
        CredentialKind::X509 => Proof::Certificate(Arc::new(CertificateProof {
            fingerprint: fields.parse("fingerprint")?,
            subject: fields.free_optional("subject")?,
            ends_at: fields.instant_optional("ends_at")?,
            authority: fields.parse_optional("authority")?,
        })),
    };
    let (not_before, not_after) =
        (fields.instant_optional("not_before")?, fields.instant_optional("not_after")?);
    Ok(Credential {
        id: fields.parse("id")?,
        device: fields.parse("device_id")?,
        proof,
        state: fields.parse("state")?,
        validity: Validity { not_before, not_after },
        created_at: fields.instant("created_at")?,
        first_used_at: fields.instant_optional("first_used_at")?,
        last_used_at: fields.instant_optional("last_used_at")?,
        revoked_at: fields.instant_optional("revoked_at")?,
    })
}
