//! What can be said about a request by its head.

use std::net::IpAddr;

use axum::body::Body;
use axum::http::{HeaderMap, Request, Version, header};
use http_body_util::Limited;
use hyper::body::Incoming;

use super::body::BodyBytesMax;
use super::origin::Origin;
use super::policy::Now;
use super::{Code, Problem, action};

/// Whether a request is read any further: its client, version, framing and host.
///
/// # Errors
/// The answer.
pub(super) fn by_head(
    request: &Request<Incoming>,
    local: Option<IpAddr>,
    is_secure: bool,
    client: Origin,
    now: &Now,
) -> Result<(), Problem> {
    if !now.rules.takes(client) {
        return Err(Problem::new(Code::Forbidden, "this address may not ask here").closing());
    }
    if request.version() != Version::HTTP_11 {
        return Err(Problem::new(Code::HttpVersion, "send HTTP/1.1"));
    }
    body(request.headers(), now.limits.body_bytes_max)?;
    host(request, local, is_secure, now)
}

/// The request as routes see it, with a body that has its bound.
pub(super) fn bounded(request: Request<Incoming>, now: &Now) -> Request<Body> {
    let bytes_max = now.limits.body_bytes_max;
    let mut request = request.map(|incoming| Body::new(Limited::new(incoming, bytes_max)));
    request.extensions_mut().insert(BodyBytesMax(bytes_max));
    action::to_route(&mut request);
    request
}

/// A body that is as it is sent, framed in one way, and not too large: by what its head says, before any of it is
/// read.
fn body(headers: &HeaderMap, bytes_max: usize) -> Result<(), Problem> {
    let codings = headers.get_all(header::TRANSFER_ENCODING);
    if codings.iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked"))
        || codings.iter().count() > 1
    {
        let detail = "the only transfer coding that is understood is chunked";
        return Err(Problem::new(Code::MalformedRequest, detail).closing());
    }
    let is_coded = |value: &header::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(header::CONTENT_ENCODING).iter().any(is_coded) {
        let detail = "send the body as it is, without Content-Encoding";
        return Err(Problem::new(Code::UnsupportedMediaType, detail).closing());
    }
    let length =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > bytes_max as u64) {
        let detail = format!("the body may have at most {bytes_max} bytes");
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    Ok(())
}

/// A host that is this one. What makes a browser send a foreign name here does not get past a certificate, so below
/// TLS only names that were configured are looked at.
fn host(
    request: &Request<Incoming>,
    local: Option<IpAddr>,
    is_secure: bool,
    now: &Now,
) -> Result<(), Problem> {
    let hosts = request.headers().get_all(header::HOST);
    if hosts.iter().count() > 1 {
        let detail = "the request has more than one Host";
        return Err(Problem::new(Code::MalformedRequest, detail).closing());
    }
    let host = hosts.iter().next().and_then(|host| host.to_str().ok());
    let names = &now.rules.host_names;
    if is_secure && names.is_empty() {
        let missing = || Problem::new(Code::MalformedRequest, "the request has no Host");
        return host.map(drop).ok_or_else(missing);
    }
    names.check(host, local)?;
    // A whole URL as the target goes before Host (RFC 9112, 3.2.2).
    match request.uri().authority() {
        Some(authority) => names.check(Some(authority.as_str()), local),
        None => Ok(()),
    }
}
