use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use tokio::sync::Notify;
use vouchmq_api::http::HttpLimits;

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
