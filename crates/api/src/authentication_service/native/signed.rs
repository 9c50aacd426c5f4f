use std::net::IpAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use vouchmq_identity::signature::{Claim, RequestParts, SigningKey, sign_response};

use crate::authentication_service::caller::Caller;
use crate::authentication_service::nonces::NotTaken;
use crate::authentication_service::service::Service;
use crate::http::{BATCH_BYTES_MAX, Code, EventStream, Peer, Problem, RequestId, original_path, read_body};

/// Who signed a request, and what its answer is signed with.
struct Signed {
    caller: Caller,
    answer: Option<(SigningKey, String)>,
}

const SIGNATURE: &str = "signature";
const SIGNATURE_INPUT: &str = "signature-input";
const CONTENT_DIGEST: &str = "content-digest";
/// An answer is never larger: 256 verdicts with their rules.
const ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Lets those ask that sign, and signs what they are answered.
pub(in crate::authentication_service) async fn signed(
    State(service): State<Arc<Service>>,
    Peer(peer): Peer,
    request_id: RequestId,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = match read_body(request, BATCH_BYTES_MAX).await {
        Ok(read) => read,
        Err(problem) => return problem.into_response(),
    };
    let Signed { caller, answer } = match service.prove(&parts, &body, peer.ip()) {
        Ok(signed) => signed,
        Err(problem) => return problem.into_response(),
    };
    parts.extensions.insert(caller);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let Some((key, signature)) = answer else { return response };
    if response.extensions().get::<EventStream>().is_some() {
        // It has no end whose digest could be signed.
        return response;
    }
    sign(&service, &key, &signature, response, &request_id).await
}

impl Service {
    fn prove(&self, parts: &Parts, body: &Bytes, peer: IpAddr) -> Result<Signed, Problem> {
        let headers = &parts.headers;
        let query = parts.uri.query();
        if query.is_some() && parts.method != Method::GET {
            return Err(Problem::new(Code::MalformedRequest, "send no query: nothing here has one"));
        }
        let is_signed = headers.contains_key(SIGNATURE) || headers.contains_key(SIGNATURE_INPUT);
        let client = parts.extensions.get::<vouchmq_tls::Peer>();
        if !is_signed {
            let certified = client
                .and_then(vouchmq_tls::Peer::fingerprint)
                .and_then(|certificate| self.callers.certified(certificate, peer));
            if let Some(caller) = certified.or_else(|| self.callers.local(peer)) {
                return Ok(Signed { caller, answer: None });
            }
        }
        let refused = |reason: &dyn std::fmt::Display| {
            let hint = "sign the request (RFC 9421, hmac-sha256) with the key of a caller that is configured";
            self.refuse(peer, Code::BadSignature, &reason.to_string(), hint)
        };
        let claim = Claim::parse(one(headers, SIGNATURE_INPUT), one(headers, SIGNATURE));
        let claim = claim.map_err(|fault| refused(&fault))?;
        let known = self.callers.signing(claim.key_id(), peer);
        let known = known.ok_or_else(|| refused(&"no caller of this name, or not from there"))?;
        let now = self.clock.now();
        let authority = authority_of(headers, client.is_some()).ok_or_else(|| refused(&"no Host"))?;
        let request = RequestParts {
            method: parts.method.as_str(),
            authority: &authority,
            path: original_path(parts),
            query,
            content_type: one(headers, header::CONTENT_TYPE.as_str()),
            content_digest: one(headers, CONTENT_DIGEST),
            body,
        };
        claim.verify(&known.key, &request, now).map_err(|fault| refused(&fault))?;
        match self.nonces.take(claim.key_id(), claim.nonce(), claim.created(), now.millis() / 1000) {
            Ok(()) => {}
            Err(NotTaken::Replayed) => return Err(refused(&"replayed")),
            Err(NotTaken::Full) => return Err(Problem::new(Code::Unavailable, "too many signed requests")),
        }
        let signature = one(headers, SIGNATURE).unwrap_or_default().to_owned();
        Ok(Signed { caller: known.caller.clone(), answer: Some((known.key.clone(), signature)) })
    }
}

/// A header field that is there once.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.to_str().ok()?;
    values.next().is_none().then_some(value)
}

/// `@authority`: in lower case, and without the port that its scheme has anyway.
fn authority_of(headers: &HeaderMap, is_secure: bool) -> Option<String> {
    let host = one(headers, header::HOST.as_str())?.to_ascii_lowercase();
    Some(host.strip_suffix(if is_secure { ":443" } else { ":80" }).map_or(host.clone(), ToOwned::to_owned))
}

async fn sign(
    service: &Service,
    key: &SigningKey,
    request_signature: &str,
    mut response: Response,
    request_id: &RequestId,
) -> Response {
    // A problem is written where it leaves; a signed one has to be final here.
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = problem.into_answer(Some(request_id));
    }
    let (mut parts, body) = response.into_parts();
    let Ok(body) = to_bytes(body, ANSWER_BYTES_MAX).await else {
        return Problem::internal(&"an answer that was complete broke off").into_response();
    };
    let fields = sign_response(key, parts.status.as_u16(), &body, request_signature, service.clock.now());
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            parts.headers.insert(HeaderName::from_static(name), value);
        }
    }
    Response::from_parts(parts, Body::from(body))
}
