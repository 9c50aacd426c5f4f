use axum::response::Response;
use vouchmq_client::dto::applied::{Applied, WithApplied};
use vouchmq_client::dto::credential::{Credential as Body, IssuedCredential};
use vouchmq_identity::model::{Credential, Proof};
use vouchmq_identity::registry::Added;

use crate::http::Problem;
use crate::management::answer::{created, created_with_secret, version_of};
use crate::management::text::time_of;

pub(crate) fn body_of(credential: &Credential) -> Body {
    let (window, certificate) = (credential.window(), credential.proof.certificate());
    Body {
        id: credential.id.to_string(),
        device_id: credential.device.to_string(),
        kind: credential.proof.kind().to_string(),
        state: credential.state.to_string(),
        not_before: window.not_before.map(time_of),
        not_after: window.not_after.map(time_of),
        created_at: time_of(credential.created_at),
        first_used_at: credential.first_used_at.map(time_of),
        last_used_at: credential.last_used_at.map(time_of),
        revoked_at: credential.revoked_at.map(time_of),
        key_id: match &credential.proof {
            Proof::Secret(key_id, _) => Some(key_id.to_string()),
            Proof::Password(_) | Proof::Scram(_) | Proof::Certificate(_) => None,
        },
        fingerprint: certificate.map(|known| known.fingerprint.to_string()),
        subject: certificate.and_then(|known| known.subject.as_ref()).map(ToString::to_string),
        authority: certificate.and_then(|known| known.authority).map(|known| known.to_string()),
    }
}

/// 201: a credential was made, and its secret is shown if one was generated; and how far that has come, for who
/// asked.
pub(crate) fn issued(added: Added, applied: Option<Applied>) -> Result<Response, Problem> {
    let credential = body_of(&added.credential);
    let (location, version) = (format!("/v1/credentials/{}", credential.id), version_of(&credential)?);
    let secret = added.secret.map(|secret| secret.expose().to_owned());
    let has_secret = secret.is_some();
    let body = WithApplied { answer: IssuedCredential { credential, secret }, applied };
    Ok(if has_secret {
        created_with_secret(&location, version, body)
    } else {
        created(&location, version, body)
    })
}
