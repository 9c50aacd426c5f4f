use std::task::Poll;

use axum::Extension;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream::poll_fn;
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::{Authorized, EventStream};

/// Where the parts of an answer go that is written as it is made.
pub(crate) type Pusher = mpsc::Sender<Result<Bytes, Broken>>;

/// An answer that cannot be completed: its connection is closed without an end, so that its client knows.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer cannot be completed")]
pub(crate) struct Broken;

/// An answer of this media type that goes on until its pusher is dropped, and holds at most `capacity` parts
/// that its client has not taken.
///
/// Whoever may see it only as long as they are let in gets it by [`pushed_to`].
pub(crate) fn pushed(media_type: &'static str, capacity: usize) -> (Pusher, Response) {
    let (pusher, mut parts) = mpsc::channel(capacity);
    (pusher, streaming(media_type, Body::from_stream(poll_fn(move |cx| parts.poll_recv(cx)))))
}

/// The same for an operator: broken off as soon as the gatekeeper lets them in no more, whatever waits.
pub(crate) fn pushed_to(
    reader: &Authorized,
    media_type: &'static str,
    capacity: usize,
) -> (Pusher, Response) {
    let (pusher, mut parts) = mpsc::channel(capacity);
    let mut good = Some(Box::pin(reader.while_good()));
    let parts = poll_fn(move |cx| match good.as_mut().map(|good| good.as_mut().poll(cx)) {
        Some(Poll::Pending) => parts.poll_recv(cx),
        Some(Poll::Ready(())) => {
            good = None;
            parts.close();
            Poll::Ready(Some(Err(Broken)))
        }
        None => Poll::Ready(None),
    });
    (pusher, streaming(media_type, Body::from_stream(parts)))
}

fn streaming(media_type: &'static str, body: Body) -> Response {
    let head = [(axum::http::header::CONTENT_TYPE, media_type)];
    (Extension(EventStream), head, body).into_response()
}
