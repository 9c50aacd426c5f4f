//! WebSocket as hostile and odd clients speak it.

use vouchmq_broker::websocket::{Decoder, End, FrameHeader, Opcode, Role, UpgradeRequest, apply_mask};
use vouchmq_broker::{ListenerOptions, WebSocketOptions};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};

use super::{listener, serve};
use crate::harness::*;

const MASK: [u8; 4] = [0xA1, 0xB2, 0xC3, 0xD4];

/// A client that makes its frames itself.
struct Raw {
    client: Client,
    received: Vec<u8>,
    decoder: Decoder,
}

/// A frame with these first bits.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = FrameHeader::new(Opcode::Binary, payload.len(), Some(MASK)).as_bytes().to_vec();
    bytes[0] = first;
    let start = bytes.len();
    bytes.extend_from_slice(payload);
    apply_mask(&mut bytes[start..], MASK);
    bytes
}

impl Raw {
    /// Opens a WebSocket; `with` follows the request at once.
    fn open(server: &Server, with: &[u8]) -> Self {
        let request = UpgradeRequest::new("broker.example", "/mqtt", [7; 16]);
        let mut client = server.open(V5);
        client.send_bytes(&[request.as_bytes(), with].concat());
        let mut raw = Self { client, received: Vec::new(), decoder: Decoder::new(Role::Client) };
        loop {
            if let Some(head_len) = request.opened_by(&raw.received).unwrap() {
                raw.received.drain(..head_len);
                return raw;
            }
            assert!(raw.read() > 0, "it is opened");
        }
    }

    fn connected(server: &Server, client_id: &str) -> Self {
        let mut raw = Self::open(server, &frame(0x82, &encode(V5, connect(V5, client_id))));
        raw.expect_data(|data| data.first() == Some(&0x20));
        raw
    }

    fn read(&mut self) -> usize {
        let mut buffer = vec![0; 64 * 1024];
        let count = self.client.read(&mut buffer).unwrap_or(0);
        self.received.extend_from_slice(&buffer[..count]);
        count
    }

    fn send(&mut self, bytes: &[u8]) {
        self.client.send_bytes(bytes);
    }

    /// Waits until so much of MQTT has come.
    fn expect_data(&mut self, is_all: impl Fn(&[u8]) -> bool) -> Vec<u8> {
        let mut data = Vec::new();
        while !is_all(&data) {
            if self.received.is_empty() {
                assert!(self.read() > 0, "the broker has closed: {data:02x?}");
            }
            let mut received = std::mem::take(&mut self.received);
            let decoded = self.decoder.decode(&mut received);
            assert_eq!(decoded.end, None);
            data.extend_from_slice(&received[decoded.data]);
        }
        data
    }

    /// The broker closes with this code, and nothing follows.
    fn expect_close(mut self, code: u16) {
        while self.read() > 0 {}
        let end = self.decoder.decode(&mut self.received).end;
        let Some(End::Closed(Some(closed))) = end else {
            panic!("{code} is awaited, and this came: {end:?}")
        };
        assert_eq!(closed.number(), code);
    }
}

fn server() -> Server {
    serve(listener(None, true))
}

#[test]
fn frames_that_are_wrong_are_answered_with_their_code() {
    let server = server();
    let ping = encode(V5, vouchmq_mqtt::Packet::PingReq);
    for (what, bytes, code) in [
        ("text", frame(0x81, b"\xC0\0"), 1003),
        ("not masked", [FrameHeader::new(Opcode::Binary, 2, None).as_bytes(), &ping].concat(), 1002),
        ("reserved bits", frame(0xF2, &ping), 1002),
        ("a reserved opcode", frame(0x8F, &ping), 1002),
        ("a length of 64 bits", [&[0x82, 0xFF][..], &[0xFF; 8], &MASK].concat(), 1002),
        ("a huge frame", [&[0x82, 0xFF, 0x00, 0xFF][..], &[0xFF; 6], &MASK].concat(), 1009),
        ("a fragmented ping", frame(0x09, b""), 1002),
        ("a continuation of nothing", frame(0x00, &ping), 1002),
    ] {
        let mut before = Raw::open(&server, b"");
        before.send(&bytes);
        before.expect_close(code);
        let mut let_in = Raw::connected(&server, what);
        let_in.send(&bytes);
        let_in.expect_close(code);
    }
    server.expect_nobody();
}

/// MQTT5-6.0.0-1 MQTT3-6.0.0-1 MQTT5-6.0.0-2 MQTT3-6.0.0-2
#[test]
fn packets_are_cut_and_joined_by_frames_as_their_sender_likes() {
    let server = server();
    let mut bytes = encode(V5, connect(V5, "cut"));
    bytes.extend(encode(V5, subscribe(1, &[("t", AtMostOnce)])));
    bytes.extend(encode(V5, publish(AtMostOnce, 0, "t", &[1; 70_000])));
    let is_all = |data: &[u8]| data.len() > 70_000;
    // One byte in each frame, one frame in each write.
    let mut slow = Raw::open(&server, b"");
    let (head, body) = bytes.split_at(100);
    for byte in head {
        slow.send(&frame(0x82, &[*byte]));
    }
    // Fragments of one message, with pings in between.
    slow.send(&frame(0x02, b""));
    for piece in body.chunks(30_000) {
        slow.send(&[frame(0x00, piece), frame(0x89, b"still there?")].concat());
    }
    slow.send(&frame(0x80, b""));
    assert_eq!(slow.expect_data(is_all).last(), Some(&1));
    // Everything in one frame, behind the request, which is cut anywhere.
    let mut quick = Raw::open(&server, &frame(0x82, &bytes));
    assert_eq!(quick.expect_data(is_all).last(), Some(&1));
    // One frame in many writes.
    let mut cut = Raw::open(&server, b"");
    for piece in frame(0x82, &bytes).chunks(7_001) {
        cut.send(piece);
    }
    assert_eq!(cut.expect_data(is_all).last(), Some(&1));
}

#[test]
fn pings_are_answered_and_a_flood_of_them_is_bounded() {
    let server = server();
    let mut raw = Raw::connected(&server, "pings");
    raw.send(&frame(0x89, b"one"));
    while raw.received.len() < 5 {
        assert!(raw.read() > 0);
    }
    assert_eq!(std::mem::take(&mut raw.received), b"\x8A\x03one");
    // One who never reads the answers.
    let flood: Vec<u8> = frame(0x89, &[7; 125]).repeat(1000);
    let before = resident_bytes();
    for _ in 0..100 {
        raw.send(&flood);
    }
    raw.send(&frame(0x82, &encode(V5, vouchmq_mqtt::Packet::PingReq)));
    raw.expect_data(|data| data == [0xD0, 0]);
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 4 << 20, "{grown}");
}

#[test]
fn a_close_frame_is_answered_and_the_will_is_published() {
    let server = server();
    let mut watcher = Raw::connected(&server, "watcher");
    watcher.send(&frame(0x82, &encode(V5, subscribe(1, &[("will", AtMostOnce)]))));
    watcher.expect_data(|data| data.first() == Some(&0x90));
    let last_will =
        vouchmq_mqtt::packet::Connect { will: Some(will("will", "gone")), ..connect(V5, "leaver") };
    let mut leaver = Raw::open(&server, &frame(0x82, &encode(V5, last_will)));
    leaver.expect_data(|data| data.first() == Some(&0x20));
    leaver.send(&frame(0x88, b"\x03\xE9"));
    leaver.expect_close(1001);
    watcher.expect_data(|data| data.ends_with(b"gone"));
}

/// What MQTT says at the end comes before the end of WebSocket.
#[test]
fn a_disconnect_of_the_broker_is_followed_by_a_close_frame() {
    let server = server();
    let mut raw = Raw::connected(&server, "asked");
    raw.send(&frame(0x82, &encode(V5, connect(V5, "twice"))));
    raw.expect_data(|data| data.first() == Some(&0xE0));
    raw.expect_close(1000);
}

#[test]
fn requests_that_open_nothing_are_told_why() {
    let options =
        WebSocketOptions { path: "/mqtt".into(), origins: Some(vec!["https://example.com".into()]) };
    let server = serve(ListenerOptions { websocket: Some(options), ..listener(None, false) });
    let granted =
        String::from_utf8(UpgradeRequest::new("broker.example", "/mqtt", [7; 16]).as_bytes().to_vec())
            .unwrap();
    for (request, status) in [
        (granted.replace("Protocol: mqtt", "Protocol: chat"), "400"),
        (granted.replace("/mqtt", "/other"), "404"),
        (granted.replace("Host", "Origin: https://evil.example\r\nHost"), "403"),
        (granted.replace("Version: 13", "Version: 7"), "426"),
        (granted.replace("Host", &format!("X: {}\r\nHost", "x".repeat(10_000))), "431"),
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), "404"),
        ("\u{10}\0\r\n\r\n".to_owned(), "400"),
    ] {
        let mut client = server.open(V311);
        client.send_bytes(request.as_bytes());
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = client.read(&mut buffer) {
            answer.extend_from_slice(&buffer[..count]);
        }
        let answer = String::from_utf8_lossy(&answer);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
    }
    assert_eq!(server.stats().handshakes.failed_websocket, 7);
}
