use std::task::Poll;

use axum::Extension;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use futures_util::stream::poll_fn;
use http_body_util::BodyExt;
use hyper::body::Bytes;
use tokio::sync::mpsc;

use super::{Authorized, EventStream, Problem};

/// Marks an answer (as an extension) that is written as it is made, and ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct LongAnswer;

/// Where the parts of an answer go that is written as it is made.
pub(crate) type Pusher = mpsc::Sender<Result<Bytes, Broken>>;

/// An answer that cannot be completed: its connection is closed without an end, so that its client knows.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the answer cannot be completed")]
pub(crate) struct Broken;

/// What goes on for as long as its client stays; all else has an end.
const ENDLESS: &str = "text/event-stream";

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
    match media_type {
        ENDLESS => (Extension(EventStream), head, body).into_response(),
        _ => (Extension(LongAnswer), head, body).into_response(),
    }
}

/// An answer that holds a place while it goes on, if it does.
///
/// # Errors
/// There is no place.
pub(super) fn held<P: Send + 'static>(
    response: Response,
    place: impl FnOnce() -> Result<P, Problem>,
) -> Result<Response, Problem> {
    let marks = response.extensions();
    if marks.get::<EventStream>().is_none() && marks.get::<LongAnswer>().is_none() {
        return Ok(response);
    }
    let place = place()?;
    Ok(response.map(|body| {
        Body::new(body.map_frame(move |frame| {
            let _ = &place;
            frame
        }))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_events_have_no_end() {
        for (media_type, is_endless) in
            [("text/event-stream", true), ("application/json", false), ("application/x-ndjson", false)]
        {
            let (_pusher, response) = pushed(media_type, 1);
            let marks = response.extensions();
            let (endless, long) = (marks.get::<EventStream>().is_some(), marks.get::<LongAnswer>().is_some());
            assert_eq!((endless, long), (is_endless, !is_endless), "{media_type}");
        }
    }
}
