//! Clients that take each other's place.

use vouchmq_broker::{ListenerOptions, ProxyProtocolOptions};
use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::{Packet, ReasonCode};

use crate::harness::*;

/// A broker behind a proxy of this machine, which says where its clients come from.
fn server() -> Server {
    Server::with(|config, _| {
        let trusted = vec!["127.0.0.0/8".parse().unwrap()];
        let proxy_protocol = Some(ProxyProtocolOptions { trusted });
        config.listeners =
            vec![ListenerOptions { proxy_protocol, ..ListenerOptions::plain("proxied", tcp()) }];
    })
}

/// A client from far away that wants to be `client_id`.
fn contend(server: &Server, version: ProtocolVersion, client_id: &str) -> Client {
    let mut contender = server.open(version);
    contender.send_bytes(b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 1883\r\n");
    contender.send(connect(version, client_id));
    contender
}

/// Whose connection it is.
fn holder(server: &Server) -> Option<vouchmq_mqtt::ConnectionId> {
    server.client("contested").and_then(|status| status.client.connection)
}

/// A client identifier that is taken over again and again is delayed, then banned; who has it keeps it, and nobody else
/// is concerned.
#[test]
fn a_takeover_war_ends_with_who_is_connected() {
    let server = server();
    let mut other = contend(&server, V5, "other");
    assert_eq!(other.connack().reason, ReasonCode::SUCCESS);
    let mut all = Vec::new();
    // 30 takeovers are free; what follows waits a second each: a few at once reach the ban.
    let mut banned = 0;
    until("the identifier is banned", || {
        let mut contenders: Vec<_> = (0..40).map(|_| contend(&server, V5, "contested")).collect();
        let is_ban =
            |packet: &Packet<'_>| matches!(packet, Packet::ConnAck(ack) if ack.reason == ReasonCode::BANNED);
        banned += contenders.iter_mut().filter_map(Client::poll).filter(is_ban).count();
        all.append(&mut contenders);
        banned > 0
    });
    let held_by = holder(&server).expect("somebody has it");
    for (version, reason) in [(V5, ReasonCode::BANNED), (V311, ReasonCode::NOT_AUTHORIZED)] {
        let mut newcomer = contend(&server, version, "contested");
        assert_eq!(newcomer.connack().reason, reason);
        newcomer.expect_closed();
    }
    assert_eq!(holder(&server), Some(held_by), "who is connected stays");
    let stats = server.stats();
    assert!(stats.blocked_takeovers >= 3 && stats.delayed_logins > 0, "{stats:?}");
    assert!(stats.blocked_takeovers == stats.blocked_logins && stats.engines.takeovers >= 59, "{stats:?}");
    other.ping();
    // Where nobody is any more, nobody is taken over.
    drop(all);
    until("it is gone", || holder(&server).is_none());
    assert_eq!(contend(&server, V5, "contested").connack().reason, ReasonCode::SUCCESS);
}

/// Who comes from this machine may be a proxy, with the clients of many.
#[test]
fn takeovers_from_this_machine_are_free() {
    let server = Server::start();
    let mut holder = server.connect(V5, "contested");
    for _ in 0..100 {
        let successor = server.connect(V5, "contested");
        holder.expect_disconnect(ReasonCode::SESSION_TAKEN_OVER);
        holder = successor;
    }
    let stats = server.stats();
    assert_eq!((stats.engines.takeovers, stats.delayed_logins, stats.blocked_logins), (100, 0, 0));
}

/// Coming back now and then is no war, and other bounds hold from the next client on.
#[test]
fn the_number_of_free_takeovers_is_a_setting() {
    let server = server();
    let mut holder = contend(&server, V5, "contested");
    for _ in 0..29 {
        assert_eq!(holder.connack().reason, ReasonCode::SUCCESS);
        holder = contend(&server, V5, "contested");
    }
    assert_eq!(holder.connack().reason, ReasonCode::SUCCESS);
    assert_eq!(server.stats().delayed_logins, 0);
    let settings = vouchmq_broker::BrokerSettings { takeovers_per_client_id: 0, ..Default::default() };
    server.control.reconfigure(&Default::default(), Default::default(), settings);
    for _ in 0..100 {
        holder = contend(&server, V5, "contested");
        assert_eq!(holder.connack().reason, ReasonCode::SUCCESS);
    }
    assert_eq!(server.stats().delayed_logins, 0);
    holder.ping();
}
