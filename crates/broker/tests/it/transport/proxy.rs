//! The PROXY protocol: whom a proxy may say that it connects for, and what that counts for.

use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use vouchmq_identity::{AuthRequest, Authenticator, Cost, Denial, Verdict};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};

use super::{behind_proxies, listener, serve};
use crate::harness::*;

const HEADER_1: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 1883\r\n";

/// Remembers where clients come from, and lets nobody in.
#[derive(Default)]
struct Doorman(Mutex<Vec<Option<IpAddr>>>);

impl Authenticator for Doorman {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        self.0.lock().unwrap().push(request.peer);
        Verdict::Deny(Denial::Blocked)
    }
}

fn header_2(address: [u8; 4]) -> Vec<u8> {
    let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C".to_vec();
    header.extend_from_slice(&address);
    header.extend_from_slice(&[198, 51, 100, 1, 0xC3, 0x50, 0x07, 0x5B]);
    header
}

#[test]
fn the_address_in_a_header_is_the_one_that_counts() {
    let papers = Papers::new();
    for (tls, websocket) in [(false, false), (true, false), (false, true), (true, true)] {
        let doorman = Arc::new(Doorman::default());
        let listener = listener(tls.then(|| papers.options()), websocket);
        let server = Server::with(|config, _| {
            config.listeners = vec![behind_proxies(listener, "127.0.0.0/8")];
            config.authenticator = doorman.clone();
        });
        let local = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0".to_vec();
        for beginning in [HEADER_1.to_vec(), header_2([192, 0, 2, 8]), local] {
            let tunnel = Tunnel {
                beginning,
                tls: tls.then(|| papers.client()),
                websocket: websocket.then_some("/mqtt"),
            };
            let mut client = Client::open_through(&tunnel, server.address(), V5);
            client.send(connect(V5, "c"));
            client.connack();
        }
        let expected = ["192.0.2.7", "192.0.2.8", "127.0.0.1"].map(|address| address.parse().ok());
        assert_eq!(*doorman.0.lock().unwrap(), expected);
    }
}

#[test]
fn a_header_may_come_in_pieces_and_with_what_follows() {
    let server = serve(behind_proxies(listener(None, false), "127.0.0.1/32"));
    let mut client = server.open(V311);
    for byte in HEADER_1 {
        client.send_bytes(&[*byte]);
    }
    client.send(connect(V311, "pieces"));
    client.connack();
    assert_eq!(server.client("pieces").unwrap().peer, Some("192.0.2.7:50000".parse().unwrap()));
    let mut at_once = server.open(V311);
    at_once.send_bytes(&[header_2([192, 0, 2, 9]), encode(V311, connect(V311, "at once"))].concat());
    at_once.connack();
    assert_eq!(server.client("at once").unwrap().peer.unwrap().ip(), IpAddr::from([192, 0, 2, 9]));
}

#[test]
fn a_proxy_that_says_nothing_is_closed() {
    let server = serve(behind_proxies(listener(None, false), "127.0.0.0/8"));
    let mut client = server.open(V311);
    client.send(connect(V311, "no header"));
    client.expect_closed();
    assert_eq!(server.stats().handshakes.failed_proxy, 1);
}

#[test]
fn nobody_else_may_say_for_whom_it_connects() {
    let server = serve(behind_proxies(listener(None, false), "198.51.100.0/24"));
    for header in [HEADER_1.to_vec(), header_2([192, 0, 2, 7])] {
        let mut liar = server.open(V311);
        liar.send_bytes(&[header, encode(V311, connect(V311, "liar"))].concat());
        liar.expect_closed();
    }
    assert!(server.client("liar").is_none());
    let mut honest = server.open(V311);
    honest.send(connect(V311, "honest"));
    honest.connack();
    assert_eq!(server.client("honest").unwrap().peer.unwrap().ip(), IpAddr::from([127, 0, 0, 1]));
}

#[test]
fn clients_of_one_proxy_are_bounded_by_their_own_addresses() {
    let server = Server::with(|config, _| {
        config.listeners = vec![behind_proxies(listener(None, false), "127.0.0.0/8")];
        config.settings.connections_per_address_max = 1;
    });
    let mut clients = Vec::new();
    for last in 1..=5 {
        let mut client = server.open(V5);
        client.send_bytes(&header_2([192, 0, 2, last]));
        client.send(connect(V5, &format!("c{last}")));
        assert!(!client.connack().reason.is_error(), "{last}");
        clients.push(client);
    }
    let mut second = server.open(V5);
    second.send_bytes(&header_2([192, 0, 2, 1]));
    second.send(connect(V5, "second"));
    assert!(second.connack().reason.is_error());
}
