use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use secrecy::SecretString;
use vouchmq_client::dto::applied::WithApplied;
use vouchmq_client::dto::credential::{IssuedCredential, NewCredential as Wanted};
use vouchmq_identity::ClientCertificate;
use vouchmq_identity::model::{CertificateProof, CredentialKind, DeviceId, Validity};
use vouchmq_identity::registry::{AddCredential, NewProof};

use super::issued;
use crate::http::{JsonBody, Problem};
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::IdOf;
use crate::management::refusal::invalid;
use crate::management::text::{read, read_some_time};
use crate::management::{Here, Management};

/// Gives a device one more credential.
#[utoipa::path(post, path = "/v1/devices/{id}/credentials", operation_id = "add_credential",
    tag = "credentials", params(("id" = String, Path), Waiting), request_body = Wanted,
    responses((status = 201, body = WithApplied<IssuedCredential>)))]
pub(in crate::management) async fn add(
    State(here): Here,
    caller: Caller,
    IdOf(device): IdOf<DeviceId>,
    patience: Patience,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let validity = Validity {
        not_before: read_some_time("/not_before", wanted.not_before.as_deref())?,
        not_after: read_some_time("/not_after", wanted.not_after.as_deref())?,
    };
    if validity.not_before.zip(validity.not_after).is_some_and(|(from, until)| until <= from) {
        return Err(invalid("/not_after", "the end has to be after the beginning"));
    }
    let proof = here.proof_of(wanted).await?;
    let added = here.registry.execute(caller.actor, AddCredential { device, proof, validity }).await?;
    let applied = here.settled(added.sequence, patience).await;
    issued(added.outcome, applied)
}

impl Management {
    /// What the new credential is made of; passwords are hashed here.
    async fn proof_of(&self, wanted: Wanted) -> Result<NewProof, Problem> {
        let password = wanted.password.map(SecretString::from);
        let registry = &self.registry;
        if let Some(text) = &wanted.certificate {
            return match (read("/kind", &wanted.kind)?, password, wanted.password_hash) {
                (CredentialKind::X509, None, None) => {
                    Ok(NewProof::Certificate(Arc::new(read_certificate(text)?)))
                }
                _ => Err(invalid("/certificate", "a certificate is of kind x509, and has no password")),
            };
        }
        match (read("/kind", &wanted.kind)?, password, wanted.password_hash) {
            (CredentialKind::Secret, None, None) => Ok(NewProof::Secret),
            (CredentialKind::Secret, ..) => Err(invalid("/kind", "a secret is generated: send no password")),
            (CredentialKind::Password, Some(password), None) => {
                Ok(NewProof::Password(self.hashing.argon2id(registry, password).await?))
            }
            (CredentialKind::Password, None, Some(hash)) => {
                Ok(NewProof::Password(read("/password_hash", &hash)?))
            }
            (CredentialKind::Password, ..) => {
                Err(invalid("/password", "send either password or password_hash"))
            }
            (CredentialKind::Scram, Some(password), None) => {
                Ok(NewProof::Scram(Arc::new(self.hashing.scram(registry, password).await?)))
            }
            (CredentialKind::Scram, ..) => Err(invalid("/password", "send password, and nothing else")),
            (CredentialKind::X509, ..) => Err(invalid("/certificate", "send certificate, and nothing else")),
        }
    }
}

/// A client certificate in PEM, or its fingerprint.
fn read_certificate(text: &str) -> Result<CertificateProof, Problem> {
    if let Ok(fingerprint) = text.trim().parse() {
        return Ok(CertificateProof::of_fingerprint(fingerprint));
    }
    let certificate = ClientCertificate::from_pem(text);
    let certificate = certificate.map_err(|fault| invalid("/certificate", fault.to_string()))?;
    if certificate.is_authority() {
        return Err(invalid("/certificate", "this is the certificate of an authority, not of a device"));
    }
    Ok(CertificateProof::of(&certificate, None))
}
