use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Extension;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use hyper::body::{Bytes, Frame};
use tokio::sync::mpsc;

use super::EventStream;

/// Where the parts of an answer go that is written as it is made.
pub(crate) type Pusher = mpsc::Sender<Result<Bytes, Broken>>;

/// An answer that cannot be completed: its connection is closed without an end, so that its client knows.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer cannot be completed")]
pub(crate) struct Broken;

/// The other end of a [`Pusher`].
struct Pushed(mpsc::Receiver<Result<Bytes, Broken>>);

/// An answer of this media type that goes on until its pusher is dropped, and holds at most `capacity` parts
/// that its client has not taken.
pub(crate) fn pushed(media_type: &'static str, capacity: usize) -> (Pusher, Response) {
    let (pusher, parts) = mpsc::channel(capacity);
    let head = [(axum::http::header::CONTENT_TYPE, media_type)];
    (pusher, (Extension(EventStream), head, Body::new(Pushed(parts))).into_response())
}

impl hyper::body::Body for Pushed {
    type Data = Bytes;
    type Error = Broken;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
        self.0.poll_recv(cx).map(|part| part.map(|part| part.map(Frame::data)))
    }
}
