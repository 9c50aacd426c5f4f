use std::time::Duration;

use super::field::{
    ALGORITHM, DIGEST, INPUT, Parameters, SIGNATURE, TAG_LEN, bytes, check_digest, digest_of, labelled,
    parameters, written,
};
use super::{AGE_SECS_MAX, AHEAD_SECS_MAX, SignatureFault, SigningKey};
use crate::UnixMillis;

/// What is signed of a request, as it stands in it.
#[derive(Clone, Copy, Debug)]
pub struct RequestParts<'a> {
    /// `POST`.
    pub method: &'a str,
    /// `Host`, in lower case, without the port if that is the scheme's own.
    pub authority: &'a str,
    /// The path without the query.
    pub path: &'a str,
    /// The query, without its `?`; a request that has one is signed with it.
    pub query: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Content-Digest`.
    pub content_digest: Option<&'a str>,
    /// The body.
    pub body: &'a [u8],
}

/// What a request says of its signature; nothing of it is proven before [`Claim::verify`].
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    key_id: &'a str,
    nonce: &'a str,
    created: u64,
    expires: u64,
    covers_query: bool,
    /// The value of `@signature-params`, as it was received.
    parameters: &'a str,
    tag: [u8; TAG_LEN],
}

const COMPONENTS: &str = r#"("@method" "@authority" "@path" "content-type" "content-digest")"#;
const WITH_QUERY: &str = r#"("@method" "@authority" "@path" "@query" "content-type" "content-digest")"#;
/// A shorter nonce is guessed by accident.
const NONCE_LEN_MIN: usize = 8;

impl<'a> Claim<'a> {
    /// Reads the header fields `Signature-Input` and `Signature`.
    ///
    /// # Errors
    /// [`SignatureFault`]: one is missing, is not written as it must be, or signs something else.
    pub fn parse(input: Option<&'a str>, signature: Option<&str>) -> Result<Self, SignatureFault> {
        let input = input.ok_or(SignatureFault::Missing(INPUT))?;
        let signature = signature.ok_or(SignatureFault::Missing(SIGNATURE))?;
        let (label, value) = labelled(input, INPUT)?;
        let (same_label, tag) = labelled(signature, SIGNATURE)?;
        if label != same_label {
            return Err(SignatureFault::Malformed(SIGNATURE));
        }
        let with_query = value.strip_prefix(WITH_QUERY);
        let rest = with_query.or_else(|| value.strip_prefix(COMPONENTS));
        let rest = rest.ok_or(SignatureFault::Components)?;
        let covers_query = with_query.is_some();
        let Parameters { created, expires, nonce, key_id, algorithm } = parameters(rest)?;
        if algorithm != Some(ALGORITHM) {
            return Err(SignatureFault::Algorithm);
        }
        let fault = SignatureFault::Malformed(INPUT);
        let (Some(created), Some(expires), Some(nonce), Some(key_id)) = (created, expires, nonce, key_id)
        else {
            return Err(fault);
        };
        if nonce.len() < NONCE_LEN_MIN || expires < created {
            return Err(fault);
        }
        Ok(Self {
            key_id,
            nonce,
            created,
            expires,
            covers_query,
            parameters: value,
            tag: bytes(tag, SIGNATURE)?,
        })
    }

    /// Whose key it is said to be.
    pub const fn key_id(&self) -> &'a str {
        self.key_id
    }

    /// What makes it unique: who verifies takes each but once from a key for as long as it is not stale.
    pub const fn nonce(&self) -> &'a str {
        self.nonce
    }

    /// When it is said to be made, in seconds since 1970.
    pub const fn created(&self) -> u64 {
        self.created
    }

    /// Proves the claim; in constant time.
    ///
    /// # Errors
    /// [`SignatureFault`].
    pub fn verify(
        &self,
        key: &SigningKey,
        request: &RequestParts<'_>,
        now: UnixMillis,
    ) -> Result<(), SignatureFault> {
        let digest = request.content_digest.ok_or(SignatureFault::Missing(DIGEST))?;
        let content_type = request.content_type.ok_or(SignatureFault::Missing("content-type"))?;
        check_digest(digest, request.body)?;
        if self.covers_query != request.query.is_some() {
            return Err(SignatureFault::Components);
        }
        let now = now.millis() / 1000;
        if self.created > now.saturating_add(AHEAD_SECS_MAX) {
            return Err(SignatureFault::FromFuture);
        }
        if now.saturating_sub(self.created) > AGE_SECS_MAX {
            return Err(SignatureFault::Stale);
        }
        if self.expires <= now {
            return Err(SignatureFault::Expired);
        }
        let base = base_of(request, content_type, digest, self.parameters);
        if key.id() == self.key_id && key.verify(&base, &self.tag) {
            Ok(())
        } else {
            Err(SignatureFault::Mismatch)
        }
    }
}

/// Signs a request: what to send as `Content-Digest`, `Signature-Input` and `Signature`.
///
/// `nonce` is 8 to 64 of the characters `A-Z a-z 0-9 . _ : -`, and never the same again. What is said of a
/// digest in `request` is not looked at.
pub fn sign_request(
    key: &SigningKey,
    request: &RequestParts<'_>,
    nonce: &str,
    now: UnixMillis,
    good_for: Duration,
) -> [(&'static str, String); 3] {
    let (created, id) = (now.millis() / 1000, key.id());
    let expires = created.saturating_add(good_for.as_secs());
    let digest = digest_of(request.body);
    let components = if request.query.is_some() { WITH_QUERY } else { COMPONENTS };
    let parameters = format!(
        "{components};created={created};expires={expires};nonce=\"{nonce}\";keyid=\"{id}\";alg=\"{ALGORITHM}\""
    );
    let base = base_of(request, request.content_type.unwrap_or_default(), &digest, &parameters);
    let signature = written(key.sign(&base).as_ref());
    [(DIGEST, digest), (INPUT, format!("s={parameters}")), (SIGNATURE, format!("s={signature}"))]
}

fn base_of(request: &RequestParts<'_>, content_type: &str, digest: &str, parameters: &str) -> String {
    let RequestParts { method, authority, path, .. } = request;
    // RFC 9421 §2.2.7: with its `?`.
    let query = request.query.map(|query| format!("\"@query\": ?{query}\n")).unwrap_or_default();
    format!(
        "\"@method\": {method}\n\"@authority\": {authority}\n\"@path\": {path}\n{query}\
         \"content-type\": {content_type}\n\"content-digest\": {digest}\n\"@signature-params\": {parameters}"
    )
}
