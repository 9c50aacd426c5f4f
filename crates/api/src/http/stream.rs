use axum::Extension;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream::poll_fn;
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::EventStream;

/// Where the parts of an answer go that is written as it is made.
pub(crate) type Pusher = mpsc::Sender<Result<Bytes, Broken>>;

/// An answer that cannot be completed: its connection is closed without an end, so that its client knows.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer cannot be completed")]
pub(crate) struct Broken;

/// An answer of this media type that goes on until its pusher is dropped, and holds at most `capacity` parts
/// that its client has not taken.
pub(crate) fn pushed(media_type: &'static str, capacity: usize) -> (Pusher, Response) {
    let (pusher, mut parts) = mpsc::channel(capacity);
    let head = [(axum::http::header::CONTENT_TYPE, media_type)];
    let body = Body::from_stream(poll_fn(move |cx| parts.poll_recv(cx)));
    (pusher, (Extension(EventStream), head, body).into_response())
}
