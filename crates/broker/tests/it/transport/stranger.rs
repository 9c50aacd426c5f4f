//! Those who begin a handshake, and mean no good.

use std::time::Duration;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};

use super::{behind_proxies, listener};
use crate::harness::*;

/// Listeners of every kind, whose clients have this long to their CONNECT.
fn server(papers: &Papers, index: usize, patience: Duration) -> Server {
    let listener = match index {
        0 => listener(Some(papers.options()), false),
        1 => listener(None, true),
        2 => listener(Some(papers.options()), true),
        _ => behind_proxies(listener(None, false), "127.0.0.0/8"),
    };
    Server::with(|config, limits| {
        config.listeners = vec![listener];
        limits.connect_deadline = patience;
    })
}

/// The beginning of a ClientHello.
const HALF_A_HELLO: &[u8] = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

#[test]
fn a_handshake_that_is_held_open_delays_nobody_and_ends_at_the_deadline() {
    let papers = Papers::new();
    for (index, beginning) in
        [HALF_A_HELLO, b"GET /mqtt HTTP/1.1\r\nHost: ", HALF_A_HELLO, b"PROXY TCP4 "].into_iter().enumerate()
    {
        let server = server(&papers, index, Duration::from_secs(3));
        let mut idle: Vec<_> = (0..100).map(|_| server.open(V311)).collect();
        for client in &mut idle {
            client.send_bytes(beginning);
        }
        let tunnel = Tunnel {
            tls: [0, 2].contains(&index).then(|| papers.client()),
            websocket: [1, 2].contains(&index).then_some("/mqtt"),
            beginning: if index == 3 { b"PROXY UNKNOWN\r\n".to_vec() } else { Vec::new() },
        };
        for number in 0..4 {
            let mut client = Client::open_through(&tunnel, server.address(), V5);
            client.send(connect(V5, &format!("{number}")));
            client.connack();
            client.ping();
        }
        assert_eq!(server.stats().handshakes.timed_out, 0, "everybody still waits");
        idle.iter_mut().for_each(Client::expect_closed);
        assert_eq!(server.stats().handshakes.timed_out, 100);
    }
}

#[test]
fn the_deadline_counts_from_accept_to_connect() {
    let papers = Papers::new();
    let server = server(&papers, 0, Duration::from_secs(1));
    let tunnel = Tunnel { tls: Some(papers.client()), ..Tunnel::default() };
    let mut silent = Client::open_through(&tunnel, server.address(), V311);
    assert_eq!(silent.poll(), None, "it says nothing after its handshake");
    until("it is gone", || server.stats().connections == 0);
    assert_eq!(server.stats().handshakes.completed, 1);
}

#[test]
fn garbage_instead_of_a_handshake_is_closed_and_counted() {
    let papers = Papers::new();
    let server = server(&papers, 0, Duration::from_secs(10));
    for garbage in
        [b"GET / HTTP/1.1\r\n\r\n".as_slice(), &encode(V311, connect(V311, "plain")), &[0xFF; 4096]]
    {
        let mut client = server.open(V311);
        client.send_bytes(garbage);
        while client.poll_quietly() > 0 {}
    }
    until("all are counted", || server.stats().handshakes.failed_tls == 3);
    until("nobody is left", || server.stats().connections == 0);
}

/// A client that is gone in the middle leaves nothing behind.
#[test]
fn handshakes_that_are_abandoned_leave_nothing() {
    let papers = Papers::new();
    let server = server(&papers, 0, Duration::from_secs(10));
    for _ in 0..50 {
        let mut client = server.open(V311);
        client.send_bytes(HALF_A_HELLO);
    }
    until("all are counted", || server.stats().handshakes.abandoned == 50);
    assert_eq!((server.stats().connections, server.stats().stranger_bytes), (0, 0));
}

#[test]
fn a_client_without_the_certificate_that_is_asked_for_is_refused() {
    let papers = Papers::new();
    let server = Server::with(|config, _| config.listeners = vec![listener(Some(papers.mutual()), false)]);
    let without = Tunnel { tls: Some(papers.client()), ..Tunnel::default() };
    // In TLS 1.3 the client's handshake is over before the server has seen that nothing is there.
    if let Ok(mouth) = without.open(server.address()) {
        drop(mouth);
    }
    until("it is counted", || server.stats().handshakes.failed_certificate == 1);
    let with = Tunnel { tls: Some(papers.device("d")), ..Tunnel::default() };
    let mut device = Client::open_through(&with, server.address(), V5);
    device.send(connect(V5, "d"));
    device.connack();
}

/// Every place is taken by somebody who says nothing: the one who has done so the longest makes room.
#[test]
fn silent_strangers_do_not_keep_others_out() {
    let papers = Papers::new();
    let server = Server::with(|config, limits| {
        config.engine = vouchmq_mqtt::engine::EngineOptions::new(1);
        config.listeners = vec![listener(Some(papers.options()), false)];
        limits.connect_deadline = 3 * DEADLINE;
    });
    let mut silent: Vec<_> = (0..1024).map(|_| server.open(V311)).collect();
    until("they take every place", || server.stats().connections == 1024);
    let tunnel = Tunnel { tls: Some(papers.client()), ..Tunnel::default() };
    let mut client = None;
    until("somebody else is served", || {
        // Who comes while nobody has been silent for long finds no place.
        client = tunnel.open(server.address()).is_ok().then(|| {
            let mut client = Client::open_through(&tunnel, server.address(), V5);
            client.send(connect(V5, "c"));
            client
        });
        client.is_some()
    });
    let mut client = client.unwrap();
    client.connack();
    client.ping();
    let handshakes = server.stats().handshakes;
    assert!(handshakes.evicted >= 1 && handshakes.timed_out == 0, "{handshakes:?}");
    silent[0].expect_closed();
}

/// What an address may not have is refused before anything is computed for it.
#[test]
fn an_address_that_has_too_much_gets_no_handshake() {
    let papers = Papers::new();
    let server = Server::with(|config, _| {
        config.listeners = vec![listener(Some(papers.options()), false)];
        config.settings.connections_per_address_max = 1;
    });
    let tunnel = Tunnel { tls: Some(papers.client()), ..Tunnel::default() };
    let mut first = Client::open_through(&tunnel, server.address(), V5);
    first.send(connect(V5, "first"));
    first.connack();
    let mut second = server.open(V311);
    second.send_bytes(HALF_A_HELLO);
    second.expect_closed();
    let stats = server.stats();
    assert_eq!((stats.refused_address, stats.handshakes.completed), (1, 1));
    assert_eq!((stats.handshakes.failed_tls, stats.handshakes.timed_out), (0, 0));
    first.ping();
}

/// Delay first, and before the handshake.
#[test]
fn an_address_that_connects_too_often_waits_before_its_handshake() {
    let papers = Papers::new();
    let server = Server::with(|config, _| {
        config.listeners = vec![listener(Some(papers.options()), false)];
        config.settings.connect_rate_per_address = 2;
    });
    let mut crowd: Vec<_> = (0..4).map(|_| server.open(V311)).collect();
    for client in &mut crowd {
        client.send_bytes(&[0xFF; 64]);
    }
    // What is no handshake is found out at once of those who are ahead of the rate, and later of the others.
    until("those who came too fast wait", || server.stats().delayed_logins == 1);
    assert_eq!(server.stats().handshakes.failed_tls, 3);
    until("and have their turn", || server.stats().handshakes.failed_tls == 4);
}
