use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::routing::get;
use axum::{Extension, Router};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Frame};
use tokio::sync::Notify;
use vouchmq_api::http::{Draining, EventStream, HttpLimits};

use crate::harness::Server;

const REQUEST: &[u8] = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// A server whose requests say that they have come, and wait to be let go.
fn server(drain_timeout: Duration) -> (Server, Arc<Notify>, std::sync::mpsc::Receiver<()>) {
    let go = Arc::new(Notify::new());
    let (tell, told) = std::sync::mpsc::channel();
    let waits = go.clone();
    let handler = move || {
        let (waits, tell) = (waits.clone(), tell.clone());
        async move {
            tell.send(()).unwrap();
            waits.notified().await;
            "done"
        }
    };
    let limits = HttpLimits { drain_timeout, ..HttpLimits::default() };
    (Server::with(Router::new().route("/wait", get(handler)), limits), go, told)
}

#[test]
fn a_request_that_has_begun_ends_and_nobody_else_is_let_in() {
    let (mut server, go, came) = server(Duration::from_secs(20));
    let (mut busy, idle) = (server.connect(), server.connect());
    busy.send(REQUEST);
    came.recv().unwrap();
    server.begin_drain();
    assert_eq!(idle.closed(), "", "who does nothing is closed at once");
    go.notify_one();
    let answer = busy.receive();
    assert_eq!(answer.body, "done");
    assert_eq!(busy.closed(), "");
    server.join();
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[test]
fn a_request_that_does_not_end_is_cut_off() {
    let (mut server, _go, came) = server(Duration::from_millis(100));
    let mut stuck = server.connect();
    stuck.send(REQUEST);
    came.recv().unwrap();
    server.join();
    assert_eq!(stuck.closed(), "");
}

/// An event stream may go on for as long as it likes, and ends by itself when the listener drains.
#[test]
fn an_event_stream_outlives_every_deadline_and_ends_with_the_drain() {
    let (tell, told) = std::sync::mpsc::channel();
    let stream = move |mut draining: Draining| {
        let tell = tell.clone();
        async move {
            tell.send(()).unwrap();
            let end = Box::pin(async move {
                draining.begun().await;
                None
            });
            // Its length is not known, and nothing comes until its end.
            let events = Body::new(Empty::new().with_trailers(end).map_frame(|frame: Frame<Bytes>| frame));
            (Extension(EventStream), events)
        }
    };
    let soon = Duration::from_millis(50);
    let limits =
        HttpLimits { request_timeout: soon, idle_timeout: soon, head_timeout: soon, ..HttpLimits::default() };
    let mut server = Server::with(Router::new().route("/events", get(stream)), limits);
    let mut connection = server.connect();
    connection.send(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    told.recv().unwrap();
    assert_eq!(connection.receive().status, 200);
    // Every second the connection is looked at: it has to be there after that.
    let mut idle = server.connect();
    idle.try_send(b"GET");
    assert_eq!(idle.closed(), "");
    server.join();
    assert!(connection.closed().ends_with("0\r\n\r\n"), "it ended as it should");
}
