use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde::Serialize;
use vouchmq_identity::store::Digest;

use crate::http::{Code, ContainsSecret, IfMatch, Problem, etag};

/// 200, with the version of a resource.
pub(super) fn versioned<T: Serialize>(version: u64, body: T) -> Response {
    ([(header::ETAG, etag(version))], Json(body)).into_response()
}

/// 201 at `location`, with the version of the new resource.
pub(super) fn created<T: Serialize>(location: &str, version: u64, body: T) -> Response {
    (StatusCode::CREATED, head(location, version), Json(body)).into_response()
}

/// 201 as [`created`], with a secret in it: shown once, and never kept.
pub(crate) fn created_with_secret<T: Serialize>(location: &str, version: u64, body: T) -> Response {
    let marked = Extension(ContainsSecret { location: location.into() });
    (StatusCode::CREATED, marked, head(location, version), Json(body)).into_response()
}

/// What stands for the version of a resource that has none: it changes with the resource.
pub(super) fn version_of<T: Serialize>(body: &T) -> Result<u64, Problem> {
    let text = serde_json::to_string(body).map_err(|error| Problem::internal(&error))?;
    let digest = Digest::of(&[&text]).to_string();
    let head = digest.get(..15).unwrap_or_default();
    u64::from_str_radix(head, 16).map_err(|error| Problem::internal(&error))
}

/// Checks [`version_of`] a resource.
pub(super) fn check_version<T: Serialize>(if_match: IfMatch, body: &T) -> Result<(), Problem> {
    let Some(wanted) = if_match.version() else { return Ok(()) };
    let found = version_of(body)?;
    if wanted == found {
        return Ok(());
    }
    let detail = "the resource is not what If-Match says: read it again";
    Err(Problem::new(Code::VersionMismatch, detail).with_header(header::ETAG, etag(found)))
}

/// There is no such thing.
pub(super) fn missing(what: &str) -> Problem {
    Problem::new(Code::NotFound, format!("there is no such {what}"))
}

fn head(location: &str, version: u64) -> [(HeaderName, HeaderValue); 2] {
    // Ids are of characters that stand in a URL as they are.
    let location = HeaderValue::from_str(location).unwrap_or(HeaderValue::from_static("/"));
    [(header::LOCATION, location), (header::ETAG, etag(version))]
}
