use super::field::{
    ALGORITHM, DIGEST, INPUT, Parameters, SIGNATURE, bytes, check_digest, digest_of, labelled, parameters,
    written,
};
use super::{AGE_SECS_MAX, AHEAD_SECS_MAX, SignatureFault, SigningKey};
use crate::UnixMillis;

/// An answer as it was received.
#[derive(Clone, Copy, Debug)]
pub struct SignedAnswer<'a> {
    /// The status.
    pub status: u16,
    /// `Content-Digest`.
    pub content_digest: Option<&'a str>,
    /// `Signature-Input`.
    pub signature_input: Option<&'a str>,
    /// `Signature`.
    pub signature: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

const COMPONENTS: &str = r#"("@status" "content-digest" "signature";req)"#;

/// Signs an answer: what to send as `Content-Digest`, `Signature-Input` and `Signature`.
///
/// `request_signature` is the whole field `Signature` of the request.
pub fn sign_response(
    key: &SigningKey,
    status: u16,
    body: &[u8],
    request_signature: &str,
    now: UnixMillis,
) -> [(&'static str, String); 3] {
    let (digest, id, created) = (digest_of(body), key.id(), now.millis() / 1000);
    let parameters = format!("{COMPONENTS};created={created};keyid=\"{id}\";alg=\"{ALGORITHM}\"");
    let base = base_of(status, &digest, request_signature, &parameters);
    let signature = written(key.sign(&base).as_ref());
    [(DIGEST, digest), (INPUT, format!("s={parameters}")), (SIGNATURE, format!("s={signature}"))]
}

/// Verifies the answer to the request that was sent with this field `Signature`.
///
/// # Errors
/// [`SignatureFault`]: what is answered must not be believed.
pub fn verify_response(
    key: &SigningKey,
    answer: &SignedAnswer<'_>,
    request_signature: &str,
    now: UnixMillis,
) -> Result<(), SignatureFault> {
    let input = answer.signature_input.ok_or(SignatureFault::Missing(INPUT))?;
    let signature = answer.signature.ok_or(SignatureFault::Missing(SIGNATURE))?;
    let digest = answer.content_digest.ok_or(SignatureFault::Missing(DIGEST))?;
    let ((label, value), (same_label, tag)) = (labelled(input, INPUT)?, labelled(signature, SIGNATURE)?);
    if label != same_label {
        return Err(SignatureFault::Malformed(SIGNATURE));
    }
    let rest = value.strip_prefix(COMPONENTS).ok_or(SignatureFault::Components)?;
    let Parameters { created, expires: None, nonce: None, key_id, algorithm } = parameters(rest)? else {
        return Err(SignatureFault::Malformed(INPUT));
    };
    if algorithm != Some(ALGORITHM) {
        return Err(SignatureFault::Algorithm);
    }
    check_digest(digest, answer.body)?;
    let (created, now) = (created.ok_or(SignatureFault::Malformed(INPUT))?, now.millis() / 1000);
    if created > now.saturating_add(AHEAD_SECS_MAX) {
        return Err(SignatureFault::FromFuture);
    }
    if now.saturating_sub(created) > AGE_SECS_MAX {
        return Err(SignatureFault::Stale);
    }
    let base = base_of(answer.status, digest, request_signature, value);
    if key_id == Some(key.id()) && key.verify(&base, &bytes(tag, SIGNATURE)?) {
        Ok(())
    } else {
        Err(SignatureFault::Mismatch)
    }
}

fn base_of(status: u16, digest: &str, request_signature: &str, parameters: &str) -> String {
    format!(
        "\"@status\": {status}\n\"content-digest\": {digest}\n\"signature\";req: {request_signature}\n\
         \"@signature-params\": {parameters}"
    )
}
