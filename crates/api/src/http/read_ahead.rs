use axum::body::Body;
use axum::extract::Request;
use futures_util::stream::{StreamExt, once};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Bytes};
use tokio::time::{Instant, timeout_at};

use super::body::body_fault;
use super::{BODY_BYTES_MAX, Code, Problem};

/// Reads as much of a body as an ordinary one has, so that nothing waits for its client any more; of one that says that
/// it is longer, nothing.
///
/// # Errors
/// 408 if it does not come before `deadline`, 400 if it breaks off, 413 if it is larger than any may be.
pub(super) async fn read_ahead(request: Request, deadline: Instant) -> Result<Request, Problem> {
    let (parts, mut rest) = request.into_parts();
    let is_long = rest.size_hint().lower() > BODY_BYTES_MAX as u64;
    if parts.method.is_safe() || is_long || rest.is_end_stream() {
        return Ok(Request::from_parts(parts, rest));
    }
    let mut first = Vec::new();
    while first.len() < BODY_BYTES_MAX {
        let slow = |_| Problem::new(Code::BodyTimeout, "send the whole body at once");
        match timeout_at(deadline, rest.frame()).await.map_err(slow)? {
            // Nobody reads trailers.
            Some(Ok(frame)) => first.extend_from_slice(&frame.into_data().unwrap_or_default()),
            Some(Err(error)) => return Err(body_fault(&error, BODY_BYTES_MAX)),
            None => return Ok(Request::from_parts(parts, Body::from(first))),
        }
    }
    let first = once(async move { Ok::<_, axum::Error>(Bytes::from(first)) });
    Ok(Request::from_parts(parts, Body::from_stream(first.chain(rest.into_data_stream()))))
}
