//! Signs requests, and checks what they are answered (RFC 9421).

use std::sync::Arc;
use std::time::Duration;

use base64ct::{Base64UrlUnpadded, Encoding};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use hyper::http::response;
use vouchmq_identity::Clock;
use vouchmq_identity::signature::{
    RequestParts, SignatureFault, SignedAnswer, sign_request, verify_response,
};

use super::{Question, Signing};

/// Signs.
pub(super) struct Signer {
    signing: Signing,
    clock: Arc<dyn Clock>,
}

/// For so long a request is good: no server takes it twice in that time.
const GOOD_FOR: Duration = Duration::from_secs(30);
const NONCE_LEN: usize = 16;
const DIGEST: &str = "content-digest";
const INPUT: &str = "signature-input";
const SIGNATURE: &str = "signature";

impl Signer {
    pub(super) fn new(signing: Signing, clock: Arc<dyn Clock>) -> Self {
        Self { signing, clock }
    }

    /// Signs a question to `authority` with a nonce of its own; what is its `Signature`.
    ///
    /// # Errors
    /// What is wrong: there is no randomness, or the content type is no text.
    pub(super) fn sign(
        &self,
        authority: &str,
        question: &Question,
        target: &hyper::http::uri::PathAndQuery,
        headers: &mut HeaderMap,
    ) -> Result<String, Box<str>> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| "no randomness available")?;
        // It is signed, so it has to be there.
        let content_type =
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/octet-stream"));
        let content_type = content_type.to_str().map_err(|_| "its content type is no text")?;
        let parts = RequestParts {
            method: question.method.as_str(),
            authority,
            path: target.path(),
            query: target.query(),
            content_type: Some(content_type),
            content_digest: None,
            body: &question.body,
        };
        let nonce = Base64UrlUnpadded::encode_string(&nonce);
        let fields = sign_request(&self.signing.key, &parts, &nonce, self.clock.now(), GOOD_FOR);
        let mut signature = String::new();
        for (name, value) in fields {
            let field = HeaderValue::from_str(&value).map_err(|_| "its signature cannot be written")?;
            headers.insert(HeaderName::from_static(name), field);
            if name == SIGNATURE {
                signature = value;
            }
        }
        Ok(signature)
    }

    /// Whether an answer may be believed.
    ///
    /// # Errors
    /// [`SignatureFault`]: it must not.
    pub(super) fn check(
        &self,
        head: &response::Parts,
        body: &[u8],
        request_signature: &str,
    ) -> Result<(), SignatureFault> {
        if !self.signing.checks_answers {
            return Ok(());
        }
        let answer = SignedAnswer {
            status: head.status.as_u16(),
            content_digest: one(&head.headers, DIGEST),
            signature_input: one(&head.headers, INPUT),
            signature: one(&head.headers, SIGNATURE),
            body,
        };
        verify_response(&self.signing.key, &answer, request_signature, self.clock.now())
    }
}

/// A header field that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}
