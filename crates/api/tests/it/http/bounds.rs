use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use hyper::body::Bytes;
use vouchmq_api::http::{HttpLimits, JsonBody, ListenerOptions, Policy, Rules};

use crate::harness::{Connection, Server, free};

fn quick(change: impl FnOnce(&mut HttpLimits)) -> Server {
    let mut limits = HttpLimits::default();
    change(&mut limits);
    let router = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/never", get(std::future::pending::<()>))
        .route("/json", post(async |JsonBody(body): JsonBody<BTreeMap<String, u8>>| body.len().to_string()));
    Server::with(router, limits)
}

const SOON: Duration = Duration::from_millis(150);

fn post_json(more: &str) -> String {
    format!("POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{more}")
}

#[test]
fn a_slow_head_is_closed_also_byte_by_byte() {
    let server = quick(|limits| limits.head_timeout = SOON);
    let mut silent = server.connect();
    let mut dripping = server.connect();
    let begin = now();
    for byte in b"GET /ok HTTP/1.1\r\nHost: localhost\r\nX: 1234567890" {
        dripping.try_send(&[*byte]);
        if begin.elapsed() > 2 * SOON {
            break;
        }
        // Slower than the bound as a whole, and never silent for long.
        std::thread::park_timeout(SOON / 10);
    }
    assert_eq!(dripping.closed(), "");
    silent.try_send(b"");
    assert_eq!(silent.closed(), "");
    let mut second = server.connect();
    second.send(b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\nGET /ok");
    assert_eq!(second.receive().status, 200);
}

#[test]
fn a_slow_body_is_told_and_closed() {
    let server = quick(|limits| limits.body_timeout = SOON);
    let mut connection = server.connect();
    connection.send(post_json("Content-Length: 10\r\n\r\n[1,").as_bytes());
    let answer = connection.receive();
    assert_eq!((answer.status, answer.code().as_str()), (408, "body_timeout"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(connection.closed(), "");
}

#[test]
fn a_connection_without_requests_is_closed() {
    let server = quick(|limits| limits.idle_timeout = SOON);
    let mut connection = server.connect();
    connection.send(b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(connection.receive().body, "ok");
    assert_eq!(connection.closed(), "");
}

#[test]
fn a_request_that_takes_too_long_is_answered_without_an_outcome() {
    let server = quick(|limits| limits.request_timeout = SOON);
    let answer = server.ask("GET /never HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!((answer.status, answer.code().as_str()), (503, "timed_out"));
    assert!(answer.header("retry-after").is_some());
}

#[test]
fn heads_are_bounded_in_bytes_and_fields() {
    let server = quick(|_| {});
    let head = |fields: String| format!("GET /ok HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    let many = |count| (0..count).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    assert_eq!(server.ask(&head(many(60))).status, 200);
    assert_eq!(server.ask(&head(many(64))).status, 431);
    assert_eq!(server.ask(&head(format!("X: {}\r\n", "x".repeat(15_000)))).status, 200);
    assert_eq!(server.ask(&head(format!("X: {}\r\n", "x".repeat(17_000)))).status, 431);
    assert_eq!(
        server.ask(&format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", "x".repeat(17_000))).status / 100,
        4
    );
}

#[test]
fn bodies_are_bounded_whether_they_say_their_length_or_not() {
    let server = quick(|_| {});
    let said = server.ask(&post_json("Content-Length: 65537\r\n\r\n["));
    assert_eq!((said.status, said.code().as_str()), (413, "body_too_large"));
    let mut connection = server.connect();
    connection.send(post_json("Transfer-Encoding: chunked\r\n\r\n").as_bytes());
    for _ in 0..70 {
        connection.try_send(format!("400\r\n{}\r\n", " ".repeat(1024)).as_bytes());
    }
    assert_eq!(connection.receive().status, 413);
    let (one, spaces) = (r#"{"a":1}"#, " ".repeat(65_536 - 7));
    assert_eq!(server.ask(&post_json(&format!("Content-Length: 65536\r\n\r\n{one}{spaces}"))).body, "1");
    let both = "Content-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n{\"a\":1}\r\n0\r\n\r\n";
    let both = post_json(both);
    assert!(matches!(server.ask(&both).status, 200 | 400), "one of the two, never both");
}

#[test]
fn a_body_of_another_kind_or_shape_is_refused() {
    let server = quick(|_| {});
    let text = "POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\n[1]";
    assert_eq!(server.ask(text).code(), "unsupported_media_type");
    assert_eq!(server.ask(&post_json("Content-Length: 2\r\n\r\n{1")).code(), "malformed_json");
    assert_eq!(server.ask(&post_json("Content-Length: 9\r\n\r\n{\"a\":256}")).code(), "invalid");
}

#[test]
fn who_asks_nothing_makes_room_for_who_comes_and_who_is_answered_does_not() {
    let (tell, told) = std::sync::mpsc::channel();
    let busy = move || {
        let tell = tell.clone();
        async move {
            tell.send(()).unwrap();
            std::future::pending::<()>().await;
        }
    };
    let router = Router::new().route("/ok", get(async || "ok")).route("/busy", get(busy));
    let server = Server::with(router, HttpLimits { connections_max: 2, ..HttpLimits::default() });
    let ask = |connection: &mut Connection| {
        connection.send(b"GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n");
        connection.receive().status
    };
    let (mut first, mut second) = (server.connect(), server.connect());
    assert_eq!([ask(&mut first), ask(&mut second)], [200, 200]);
    let mut third = server.connect();
    assert_eq!(ask(&mut third), 200);
    assert_eq!(first.closed(), "", "it had asked nothing for the longest time");
    for busy in [&mut second, &mut third] {
        busy.send(b"GET /busy HTTP/1.1\r\nHost: localhost\r\n\r\n");
        told.recv().unwrap();
    }
    assert_eq!(server.connect().closed(), "", "both are being answered: there is no place");
}

#[test]
fn requests_that_come_together_are_answered_in_their_order() {
    let server = quick(|_| {});
    let mut connection = server.connect();
    let body = |text: &str| post_json(&format!("Content-Length: {}\r\n\r\n{text}", text.len()));
    connection.send([body("{}"), body(r#"{"a":1}"#), body(r#"{"a":1,"b":2}"#)].concat().as_bytes());
    assert_eq!([0; 3].map(|_| connection.receive().body), ["0", "1", "2"]);
    connection.send(body(r#"{"a":1,"b":2,"c":3}"#).as_bytes());
    assert_eq!(connection.receive().body, "3");
}

#[expect(clippy::disallowed_methods, reason = "deadlines of tests")]
fn now() -> Instant {
    Instant::now()
}

/// Nothing of an answer that nobody takes is kept for long, nor does it grow by what is asked behind it.
#[test]
fn an_answer_that_nobody_reads_is_dropped_after_a_stall_and_none_is_begun_behind_it() {
    let begun = Arc::new(AtomicUsize::new(0));
    let count = begun.clone();
    let text = Bytes::from(vec![b'x'; 64 << 20]);
    let large = async move || {
        count.fetch_add(1, Ordering::SeqCst);
        text.clone()
    };
    let hour = Duration::from_hours(1);
    let limits = HttpLimits { stall_timeout: SOON, idle_timeout: hour, ..HttpLimits::default() };
    let policy = Policy::new(Rules { limits, ..Rules::default() });
    let options = ListenerOptions { policy: policy.clone(), ..ListenerOptions::new("test", free()) };
    let server = Server::listening(Router::new().route("/large", get(large)), options);
    let mut connection = server.connect();
    connection.send("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(16).as_bytes());
    let begin = now();
    while policy.turned().slow == 0 {
        assert!(begin.elapsed() < Duration::from_secs(20), "it is kept");
        std::thread::park_timeout(SOON / 10);
    }
    assert_eq!(begun.load(Ordering::SeqCst), 1);
    assert!(connection.closed().len() < 64 << 20, "it was cut off");
}
