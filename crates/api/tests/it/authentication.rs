mod callers;
mod canary;
mod document;
mod emqx;
mod nanomq;
mod native;
mod pool;
mod reconsider;
mod signed;

use crate::harness::{Answer, Server};

fn post(path: &str, kind: &str, more: &str, body: &str) -> String {
    let len = body.len();
    format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n{more}Content-Type: {kind}\r\nContent-Length: {len}\r\n\r\n{body}"
    )
}

fn post_form(server: &Server, path: &str, body: &str) -> Answer {
    server.ask(&post(path, "application/x-www-form-urlencoded", "", body))
}

fn post_json(server: &Server, path: &str, body: &str) -> Answer {
    server.ask(&post(path, "application/json", "", body))
}

/// Every byte that is not unreserved, as NanoMQ writes it.
fn encoded(bytes: &[u8]) -> String {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    let write = |byte: &u8| if usual(*byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(write).collect()
}
