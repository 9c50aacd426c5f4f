//! What is sent to a server to hurt it, byte for byte.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::{get, post};
use vouchmq_api::http::{HttpLimits, JsonBody};

use crate::harness::Server;

/// A server, and how often somebody has got a request in behind another.
fn server() -> (Server, Arc<AtomicUsize>) {
    let smuggled = Arc::new(AtomicUsize::new(0));
    let count = smuggled.clone();
    let router = Router::new()
        .route("/ok", get(async || "ok"))
        .route("/json", post(async |JsonBody(body): JsonBody<BTreeMap<String, u8>>| body.len().to_string()))
        .route("/smuggled", get(async move || count.fetch_add(1, Ordering::SeqCst).to_string()));
    (Server::with(router, HttpLimits::default()), smuggled)
}

const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn post_json(more: &str) -> String {
    format!("POST /json HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{more}")
}

/// What came back until the connection was closed.
fn all_of(server: &Server, sent: &str) -> String {
    let mut connection = server.connect();
    connection.try_send(sent.as_bytes());
    connection.closed()
}

#[test]
fn a_request_that_two_readers_could_frame_differently_is_refused_and_nothing_behind_it_is_read() {
    let (server, smuggled) = server();
    let chunked = "2\r\n{}\r\n0\r\n\r\n";
    for head in [
        post_json(&format!("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{{}} {SMUGGLED}")),
        post_json(&format!("Content-Length: +2\r\n\r\n{{}}{SMUGGLED}")),
        post_json(&format!("Content-Length: 2, 2\r\n\r\n{{}}{SMUGGLED}")),
        post_json(&format!("Content-Length: 0x2\r\n\r\n{{}}{SMUGGLED}")),
        post_json(&format!("Content-Length: 2 2\r\n\r\n{{}}{SMUGGLED}")),
        post_json(&format!("Content-Length : 2\r\n\r\n{{}}{SMUGGLED}")),
        post_json(&format!("Transfer-Encoding: xchunked\r\n\r\n{chunked}{SMUGGLED}")),
        post_json(&format!("Transfer-Encoding: chunked, identity\r\n\r\n{chunked}{SMUGGLED}")),
        post_json(&format!("Transfer-Encoding: identity, chunked\r\n\r\n{chunked}{SMUGGLED}")),
        post_json(&format!("Transfer-Encoding: gzip, chunked\r\n\r\n{chunked}{SMUGGLED}")),
        post_json(&format!(
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}{SMUGGLED}"
        )),
        post_json(&format!("Transfer-Encoding : chunked\r\n\r\n{chunked}{SMUGGLED}")),
        post_json(&format!("X: a\r\n Transfer-Encoding: chunked\r\n\r\n{chunked}{SMUGGLED}")),
        post_json(&format!("X: a\rTransfer-Encoding: chunked\r\n\r\n{chunked}{SMUGGLED}")),
        post_json(&format!("X: a\0b\r\nContent-Length: 2\r\n\r\n{{}}{SMUGGLED}")),
        post_json(&format!("no colon\r\nContent-Length: 2\r\n\r\n{{}}{SMUGGLED}")),
        format!(
            "POST /json HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n{chunked}{SMUGGLED}"
        ),
        format!("GET /ok HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n{SMUGGLED}"),
        format!("GET  /ok HTTP/1.1\r\nHost: localhost\r\n\r\n{SMUGGLED}"),
        format!("GET /ok HTTP/1.1 \r\nHost: localhost\r\n\r\n{SMUGGLED}"),
        format!("GET /ok\r\nHost: localhost\r\n\r\n{SMUGGLED}"),
    ] {
        let said = all_of(&server, &head);
        assert!(said.starts_with("HTTP/1.1 4"), "{head}\n{said}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{head}\n{said}");
        for field in ["x-content-type-options: nosniff", "x-request-id: ", "application/problem+json"] {
            assert!(said.contains(field), "{head}\n{said}");
        }
    }
    assert_eq!(smuggled.load(Ordering::SeqCst), 0);
}

#[test]
fn a_chunked_request_is_the_last_of_its_connection_whatever_its_length_says() {
    let (server, smuggled) = server();
    let good = "7\r\n{\"a\":1}\r\n0\r\n\r\n";
    for head in [
        "Transfer-Encoding: chunked\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n",
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n",
        "Content-Length: 400\r\nTransfer-Encoding: ChunKed\r\n\r\n",
    ] {
        let said = all_of(&server, &post_json(&format!("{head}{good}{SMUGGLED}")));
        assert!(said.starts_with("HTTP/1.1 200") && said.ends_with("\r\n\r\n1"), "{head}\n{said}");
    }
    assert_eq!(smuggled.load(Ordering::SeqCst), 0);
}

#[test]
fn a_chunk_whose_size_is_no_number_ends_the_connection() {
    let (server, smuggled) = server();
    for body in [
        "0x7\r\n{\"a\":1}\r\n0\r\n\r\n",
        "-7\r\n{\"a\":1}\r\n0\r\n\r\n",
        "+7\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7_\r\n{\"a\":1}\r\n0\r\n\r\n",
        "\r\n{\"a\":1}\r\n0\r\n\r\n",
        "ffffffffffffffffff\r\n{\"a\":1}\r\n0\r\n\r\n",
        "10000000000000007\r\n{\"a\":1}\r\n0\r\n\r\n",
        "7\n{\"a\":1}\r\n0\r\n\r\n",
        "7;x\ny\r\n{\"a\":1}\r\n0\r\n\r\n",
        "6\r\n{\"a\":1}\r\n0\r\n\r\n",
    ] {
        let said =
            all_of(&server, &post_json(&format!("Transfer-Encoding: chunked\r\n\r\n{body}{SMUGGLED}")));
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{body}\n{said}");
    }
    let endless = format!("1;{}", "x".repeat(100_000));
    let said = all_of(&server, &post_json(&format!("Transfer-Encoding: chunked\r\n\r\n{endless}")));
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
    assert_eq!(smuggled.load(Ordering::SeqCst), 0);
}

/// RFC 9112, 2.2 lets a lone LF end a line: it does here as it does in nginx, in every line, so that there are no two
/// ways to read it.
#[test]
fn a_lone_line_feed_ends_a_line_and_hides_none() {
    let (server, smuggled) = server();
    let mut connection = server.connect();
    connection.send(
        b"POST /json HTTP/1.1\nHost: localhost\nContent-Type: application/json\nContent-Length: 2\n\n{}",
    );
    assert_eq!(connection.receive().body, "0");
    let hidden = post_json(&format!("X: a\nContent-Length: 2\r\n\r\n{{}}{SMUGGLED}"));
    let mut connection = server.connect();
    connection.send(hidden.as_bytes());
    assert_eq!([connection.receive().body, connection.receive().body], ["0", "0"]);
    assert_eq!(smuggled.load(Ordering::SeqCst), 1, "it was a second request, by its length");
}

#[test]
fn a_body_of_100_mb_is_refused_by_its_length_and_not_read() {
    let (server, _) = server();
    let mut connection = server.connect();
    connection.send(post_json("Content-Length: 104857600\r\n\r\n{").as_bytes());
    let answer = connection.receive();
    assert_eq!((answer.status, answer.code().as_str()), (413, "body_too_large"));
    assert_eq!(answer.header("connection"), Some("close"));
    let mut connection = server.connect();
    connection.send(post_json("Expect: 100-continue\r\nContent-Length: 104857600\r\n\r\n").as_bytes());
    assert_eq!(connection.receive().status, 413, "and nobody is told to go on");
    let mut flood = server.connect();
    flood.send(post_json("Transfer-Encoding: chunked\r\n\r\n").as_bytes());
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
    let mut sent = 0;
    // Its client goes on all the same, until it cannot.
    while sent < 100 << 20 && flood.is_taken(chunk.as_bytes()) {
        sent += chunk.len();
    }
    assert!(sent < 50 << 20, "{sent} bytes were taken");
}

#[test]
fn a_body_that_is_compressed_is_not_unpacked() {
    let (server, _) = server();
    for coding in ["gzip", "deflate", "br", "gzip, gzip", "identity, gzip", "x"] {
        let head = post_json(&format!("Content-Encoding: {coding}\r\nContent-Length: 2\r\n\r\n{{}}"));
        let answer = server.ask(&head);
        assert_eq!((answer.status, answer.code().as_str()), (415, "unsupported_media_type"), "{coding}");
    }
    assert_eq!(server.ask(&post_json("Content-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}")).body, "0");
}

#[test]
fn heads_without_end_are_refused_in_every_shape() {
    let (server, _) = server();
    let many = (0..100_000).map(|n| format!("X-{n}: 1\r\n")).collect::<String>();
    for head in [
        format!("GET /ok HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"),
        format!("GET /ok HTTP/1.1\r\nHost: localhost\r\n{}", "x".repeat(10 << 20)),
        format!("GET /{} HTTP/1.1\r\n", "x".repeat(10 << 20)),
        "x".repeat(10 << 20),
        "\r\n".repeat(5 << 20),
    ] {
        let said = all_of(&server, &head);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{}", &said[..said.len().min(200)]);
    }
    assert_eq!(server.ask("GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n").status, 200);
}

#[test]
fn other_protocols_and_methods_are_told_no() {
    let (server, _) = server();
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    assert_eq!(all_of(&server, preface), "", "who speaks HTTP/2 could not read an answer");
    for (sent, statuses) in [
        ("GET /ok HTTP/1.0\r\nHost: localhost\r\n\r\n", &["505"][..]),
        ("GET /ok HTTP/2.0\r\nHost: localhost\r\n\r\n", &["4", "505"]),
        ("GET /ok HTTP/9.9\r\nHost: localhost\r\n\r\n", &["4"]),
        ("\x16\x03\x01\x02\x00\x01\x00\x01\x7c\x03\x03", &["4"]),
        ("\x10\x10\x00\x04MQTT\x04\x02\x00\x3c\x00\x04test", &["4"]),
        ("CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &["4"]),
        ("TRACE /ok HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &["405"]),
        (
            "OPTIONS /ok HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\nAccess-Control-Request-Method: GET\r\nConnection: close\r\n\r\n",
            &["405"],
        ),
        ("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &["4"]),
    ] {
        let mut connection = server.connect();
        connection.try_send(sent.as_bytes());
        let said = connection.closed();
        let is_told =
            statuses.iter().any(|status| said.get(9..).is_some_and(|said| said.starts_with(status)));
        assert!(is_told, "{sent:?}: {said}");
        assert!(said.contains("x-content-type-options: nosniff"), "{sent:?}: {said}");
        assert!(!said.to_ascii_lowercase().contains("access-control-"), "{sent:?}: {said}");
    }
}

#[test]
fn a_flood_of_requests_on_one_connection_is_answered_in_order_and_keeps_nobody_else_waiting() {
    let (server, _) = server();
    let mut flood = server.connect();
    let (one, count) = ("GET /ok HTTP/1.1\r\nHost: localhost\r\n\r\n", 2_000);
    flood.send(one.repeat(count).as_bytes());
    assert_eq!(server.ask(one).body, "ok");
    assert!((0..count).all(|_| flood.receive().body == "ok"));
}
