use axum::Router;
use axum::routing::{get, post};
use vouchmq_api::http::{Code, Problem, RequestId, Service};

use crate::harness::{Server, bind};

fn server() -> Server {
    Server::start(
        Router::new()
            .route("/ok", get(async |id: RequestId| id.to_string()))
            .route("/only-post", post(async || "done"))
            .route("/fails", get(async || Problem::new(Code::Conflict, "no").with_error("/a", "x", "y")))
            .route("/text", get(async || (axum::http::StatusCode::BAD_REQUEST, "the framework's words")))
            .route("/panics", get(panics)),
    )
}

async fn panics() {
    panic!("s3cr3t-canary");
}

fn request(path: &str, more: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n")
}

#[test]
fn every_failure_is_a_problem_with_the_requests_id() {
    let server = server();
    for (path, status, code) in [
        ("/nothing", 404, "not_found"),
        ("/only-post", 405, "method_not_allowed"),
        ("/fails", 409, "conflict"),
        ("/text", 400, "malformed_request"),
        ("/panics", 500, "internal"),
    ] {
        let answer = server.ask(&request(path, "X-Request-Id: r-1\r\n"));
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{answer:?}");
        assert_eq!(answer.header("x-request-id"), Some("r-1"));
        assert!(!answer.body.contains("s3cr3t") && !answer.body.contains("framework"), "{answer:?}");
    }
    assert_eq!(server.ask(&request("/only-post", "")).header("allow"), Some("POST"));
    assert_eq!(server.ask(&request("/fails", "")).json()["errors"][0]["pointer"], "/a");
    assert_eq!(server.ask(&request("/ok", "")).status, 200, "a panic ends one request");
}

#[test]
fn a_request_is_called_as_its_client_calls_it_or_else_anew() {
    let server = server();
    let answer = server.ask(&request("/ok", "X-Request-Id: abc.DEF_1-2\r\n"));
    assert_eq!((answer.body.as_str(), answer.header("x-request-id")), ("abc.DEF_1-2", Some("abc.DEF_1-2")));
    let answer = server.ask(&request("/ok", "X-Request-Id: a b\r\n"));
    assert_eq!(answer.body.len(), 32);
    assert_eq!(answer.header("x-request-id"), Some(answer.body.as_str()));
}

/// On the same connection, too: nobody has to come again to hear of it.
#[test]
fn what_is_served_can_be_replaced_and_nobody_is_disconnected() {
    let says = |word: &'static str| Router::new().route("/word", get(async move || word));
    let service = Service::new(says("old"));
    let server = Server::start(service.clone());
    let mut connection = server.connect();
    let mut ask = || {
        connection.send(request("/word", "").as_bytes());
        connection.receive().body
    };
    assert_eq!(ask(), "old");
    service.replace(says("new"));
    assert_eq!(ask(), "new");
}

#[test]
fn every_answer_has_the_security_headers_and_none_opens_other_origins() {
    let server = server();
    for path in ["/ok", "/nothing", "/panics"] {
        let answer = server.ask(&request(path, "Origin: https://evil.example\r\n"));
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{path}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
}

#[test]
fn a_page_whose_name_points_here_is_told_that_it_is_wrong() {
    let server = server();
    let with_host = |host: &str| server.ask(&format!("GET /ok HTTP/1.1\r\n{host}\r\n"));
    for good in ["Host: 127.0.0.1:80\r\n", "Host: [::1]:8080\r\n", "Host: Broker.example\r\n"] {
        assert_eq!(with_host(good).status, 200, "{good}");
    }
    for bad in ["Host: evil.example\r\n", "Host: 10.0.0.1\r\n", "Host: \r\n"] {
        let answer = with_host(bad);
        assert_eq!((answer.status, answer.code().as_str()), (421, "misdirected_request"), "{bad}");
    }
    let with_url = |url: &str| server.ask(&format!("GET {url} HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    assert_eq!(with_url("http://localhost:80/ok").status, 200);
    for bad in ["http://evil.example/ok", "http://localhost@evil.example/ok"] {
        assert_eq!(with_url(bad).code(), "misdirected_request", "{bad}");
    }
    for bad in ["", "Host: localhost\r\nHost: evil.example\r\n"] {
        assert_eq!(with_host(bad).status, 400, "{bad:?}");
    }
}

#[test]
fn only_http_1_1_is_spoken() {
    let server = server();
    let answer = server.ask("GET /ok HTTP/1.0\r\nHost: localhost\r\n\r\n");
    assert_eq!((answer.status, answer.code().as_str()), (505, "http_version"));
    let mut connection = server.connect();
    connection.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    let said = connection.closed();
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 5"), "{said}");
}

#[test]
fn a_listener_without_tls_binds_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0", "10.0.0.1:0", "192.0.2.1:80"] {
        let error = bind(address.parse().unwrap()).unwrap_err().to_string();
        assert!(error.contains("loopback only") && error.contains("127.0.0.1"), "{error}");
    }
    let taken = server();
    let error = bind(taken.address).unwrap_err().to_string();
    assert_eq!(error, format!("the test listener cannot bind {}", taken.address));
}
