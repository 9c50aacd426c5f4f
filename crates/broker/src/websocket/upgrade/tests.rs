use super::*;
use crate::websocket::{InvalidResponse, UpgradeRequest};

const REQUEST: &str = "GET /mqtt HTTP/1.1\r\nHost: example.com:8083\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n";

fn options(origins: Option<&[&str]>) -> WebSocketOptions {
    let origins = origins.map(|origins| origins.iter().map(|origin| (*origin).into()).collect());
    WebSocketOptions { path: "/mqtt".into(), origins }
}

fn answer(request: &str) -> Result<Option<Upgrade>, Refusal> {
    Upgrade::of_request(request.as_bytes(), &options(None))
}

fn with(from: &str, to: &str) -> Result<Option<Upgrade>, Refusal> {
    assert!(REQUEST.contains(from));
    answer(&REQUEST.replace(from, to))
}

/// MQTT5-6.0.0-4 MQTT3-6.0.0-4
#[test]
fn a_request_for_mqtt_is_granted_and_its_subprotocol_named() {
    let granted = answer(&format!("{REQUEST}frames")).unwrap().unwrap();
    assert_eq!(granted.head_len, REQUEST.len());
    assert!(granted.response.starts_with("HTTP/1.1 101 "), "{}", granted.response);
    assert!(granted.response.contains("\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    assert!(granted.response.ends_with("\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n"), "{}", granted.response);
    let old = with("Protocol: mqtt\r", "Protocol: chat, mqttv3.1\r").unwrap().unwrap();
    assert!(old.response.contains("\r\nSec-WebSocket-Protocol: mqttv3.1\r\n"));
}

#[test]
fn a_request_is_awaited_to_its_end_and_no_further_than_its_bound() {
    for end in 0..REQUEST.len() {
        assert_eq!(answer(&REQUEST[..end]), Ok(None), "{end}");
    }
    let long = REQUEST.replace("Host", &format!("X: {}\r\nHost", "x".repeat(HEAD_BYTES_MAX)));
    assert_eq!(answer(&long), Err(Refusal::TooLarge));
    let many = REQUEST.replace("Host", &format!("{}Host", "X: x\r\n".repeat(HEADERS_MAX)));
    assert_eq!(answer(&many), Err(Refusal::TooLarge));
}

#[test]
fn what_opens_no_websocket_is_answered_with_its_status() {
    let bad = |answer: Result<_, Refusal>| matches!(answer, Err(Refusal::BadRequest(_)));
    assert!(bad(answer("\x10\x0c\0\x04MQTT\r\n\r\n")));
    for (from, to) in [
        ("GET", "POST"),
        ("HTTP/1.1", "HTTP/1.0"),
        ("Host: example.com:8083\r\n", ""),
        ("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="),
        ("dGhlIHNhbXBsZSBub25jZQ==", "???"),
        ("Sec-WebSocket-Key", "Sec-WebSocket-Kay"),
        ("Protocol: mqtt\r", "Protocol: mqttx\r"),
        ("Sec-WebSocket-Protocol: mqtt\r\n", ""),
    ] {
        assert!(bad(with(from, to)), "{to}");
    }
    assert_eq!(with("/mqtt", "/mqtt/"), Err(Refusal::NotFound));
    assert!(with("/mqtt", "/mqtt?token=1").unwrap().is_some());
    for (from, to) in
        [("Version: 13", "Version: 8"), ("Upgrade: websocket\r\n", ""), (": Upgrade", ": close")]
    {
        assert_eq!(with(from, to), Err(Refusal::UpgradeRequired), "{to}");
    }
}

#[test]
fn pages_connect_only_from_origins_that_are_allowed() {
    let options = options(Some(&["https://example.com"]));
    let answer = |origin: &str| {
        let request = REQUEST.replace("Host", &format!("{origin}Host"));
        Upgrade::of_request(request.as_bytes(), &options).map(|answer| answer.is_some())
    };
    assert_eq!(answer("Origin: HTTPS://example.com\r\n"), Ok(true));
    assert_eq!(answer(""), Ok(true), "no page");
    for origin in ["https://example.com.evil", "http://example.com", "null", ""] {
        assert_eq!(answer(&format!("Origin: {origin}\r\n")), Err(Refusal::Forbidden), "{origin}");
    }
    assert_eq!(answer("Origin: https://example.com\r\nOrigin: null\r\n"), Err(Refusal::Forbidden));
}

#[test]
fn refusals_are_complete_responses() {
    for (refusal, status) in [
        (Refusal::BadRequest("why"), "400"),
        (Refusal::Forbidden, "403"),
        (Refusal::NotFound, "404"),
        (Refusal::UpgradeRequired, "426"),
        (Refusal::TooLarge, "431"),
    ] {
        let response = refusal.response();
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{response}");
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("Content-Length: {}", body.len())), "{response}");
    }
}

#[test]
fn both_sides_of_the_exchange_agree() {
    let request = UpgradeRequest::new("example.com", "/mqtt", [7; 16]);
    let granted = Upgrade::of_request(request.as_bytes(), &options(None)).unwrap().unwrap();
    assert_eq!(granted.head_len, request.as_bytes().len());
    let response = granted.response.as_bytes();
    assert_eq!(request.opened_by(&response[..response.len() - 1]), Ok(None));
    assert_eq!(request.opened_by(response), Ok(Some(response.len())));
    let other = UpgradeRequest::new("example.com", "/mqtt", [8; 16]);
    assert!(matches!(other.opened_by(response), Err(InvalidResponse::Wrong(_))));
    let refused = Refusal::NotFound.response();
    assert_eq!(request.opened_by(refused.as_bytes()), Err(InvalidResponse::Status(404)));
    let other = granted.response.replace("Protocol: mqtt", "Protocol: chat");
    assert!(matches!(request.opened_by(other.as_bytes()), Err(InvalidResponse::Wrong(_))));
}
