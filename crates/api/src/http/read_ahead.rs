use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::time::{Instant, timeout_at};

use super::body::body_fault;
use super::{BODY_BYTES_MAX, Code, Problem};

/// A body whose beginning was read.
struct Begun {
    first: Bytes,
    rest: Body,
}

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
    Ok(Request::from_parts(parts, Body::new(Begun { first: first.into(), rest })))
}

impl HttpBody for Begun {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.first.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(std::mem::take(&mut self.first)))));
        }
        Pin::new(&mut self.rest).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (first, rest) = (self.first.len() as u64, self.rest.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(first));
        if let Some(upper) = rest.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint
    }
}
