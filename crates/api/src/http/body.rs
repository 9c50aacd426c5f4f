use axum::extract::Request;
use axum::http::request::Parts;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes};
use tokio::time::{Instant, timeout_at};

use super::{Code, Problem};

/// Most bytes of an ordinary body.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a body that is a batch.
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// When the body of a request has to be complete: an extension of every request.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyDeadline(pub(super) Instant);

/// Bytes that any body of the listener may have: an extension of every request.
#[derive(Clone, Copy, Debug)]
pub(super) struct BodyBytesMax(pub(super) usize);

/// Reads the body of a request, at most `bytes_max`, before its deadline.
///
/// # Errors
/// 413 if it is larger, 408 if it is too slow, 400 if it breaks off.
pub async fn read_body(request: Request, bytes_max: usize) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let bytes_max = parts.extensions.get().map_or(bytes_max, |BodyBytesMax(all)| bytes_max.min(*all));
    let too_large =
        || Problem::new(Code::BodyTooLarge, format!("the body may have at most {bytes_max} bytes"));
    if body.size_hint().lower() > bytes_max as u64 {
        return Err(too_large());
    }
    let collecting = Limited::new(body, bytes_max).collect();
    let collected = match parts.extensions.get() {
        Some(BodyDeadline(deadline)) => {
            let slow = |_| Problem::new(Code::BodyTimeout, "send the whole body at once");
            timeout_at(*deadline, collecting).await.map_err(slow)?
        }
        None => collecting.await,
    };
    match collected {
        Ok(collected) => Ok((parts, collected.to_bytes())),
        Err(error) => Err(body_fault(&*error, bytes_max)),
    }
}

/// Why a body of at most `bytes_max` could not be read to its end.
pub(crate) fn body_fault(error: &(dyn std::error::Error + 'static), bytes_max: usize) -> Problem {
    if is_too_large(error) {
        return Problem::new(Code::BodyTooLarge, format!("the body may have at most {bytes_max} bytes"));
    }
    Problem::new(Code::MalformedRequest, "the body broke off or is not framed as it must be")
}

/// Whether a limit was hit: the one here, or that of the listener further out.
fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<LengthLimitError>())
}
