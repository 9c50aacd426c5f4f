//! Who may open a connection, and how many.

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::ReasonCode;

use crate::harness::*;

/// The broker closes this connection before it says anything.
fn expect_refused(server: &Server) {
    let mut refused = server.open(V5);
    let _ = refused.try_send(&encode(V5, connect(V5, "refused")));
    refused.expect_closed();
}

#[test]
fn connections_above_the_bound_are_closed_until_one_leaves() {
    let server = Server::with(|config, _| config.connections_max = 3);
    let mut clients: Vec<_> = (0..3).map(|number| server.connect(V5, &format!("c{number}"))).collect();
    expect_refused(&server);
    assert_eq!((server.stats().refused_total, server.stats().connections), (1, 3));
    clients.pop().unwrap().leave();
    until("the connection is counted out", || server.stats().connections == 2);
    server.connect(V311, "the next").ping();
    clients[0].ping();
}

#[test]
fn an_address_has_its_own_bound() {
    let server = Server::with(|config, _| config.connections_per_address_max = 2);
    let mut first = server.connect(V5, "first");
    let second = server.connect(V5, "second");
    expect_refused(&server);
    assert_eq!(server.stats().refused_address, 1);
    second.leave();
    until("the connection is counted out", || server.stats().connections == 1);
    server.connect(V5, "third").ping();
    first.ping();
}

#[test]
fn an_address_connects_only_so_fast() {
    let server = Server::with(|config, _| config.connect_rate_per_address = 5);
    let mut first = server.connect(V5, "first");
    until("connections come too fast", || {
        let mut next = server.open(V5);
        let _ = next.try_send(&encode(V5, connect(V5, "next")));
        next.poll().is_none()
    });
    assert!(server.stats().refused_rate > 0);
    first.ping();
    until("time goes by", || {
        let mut next = server.open(V5);
        let _ = next.try_send(&encode(V5, connect(V5, "next")));
        next.poll().is_some()
    });
}

/// Short of memory, the broker lets nobody in, sheds QoS 0, and serves everybody else.
#[test]
fn memory_that_is_short_keeps_newcomers_out_and_clients_served() {
    let server = Server::with(|config, _| config.memory_bytes_max = Some(1));
    // The overseer looks once a second.
    let mut client = server.connect(V5, "client");
    client.subscribe("t", AtLeastOnce);
    let mut publisher = server.connect(V5, "publisher");
    until("memory is found to be short", || {
        let mut next = server.open(V5);
        let _ = next.try_send(&encode(V5, connect(V5, "next")));
        next.poll().is_none()
    });
    publisher.publishes(AtMostOnce, "t", "shed");
    publisher.publishes(AtLeastOnce, "t", "kept");
    client.receives(AtLeastOnce, "t", "kept");
    let stats = server.stats();
    assert!(stats.refused_memory > 0 && stats.engines.dropped_memory == 1, "{stats:?}");
}

/// A client identifier that is taken over again and again is delayed, then banned, and nobody else is.
#[test]
fn a_takeover_storm_is_banned() {
    let server = Server::start();
    let mut other = server.connect(V5, "other");
    let mut holder = server.connect(V5, "contested");
    // 30 takeovers are free; what follows waits a second each: a few at once reach the ban.
    let mut banned = 0;
    until("the identifier is banned", || {
        let mut contenders: Vec<_> = (0..40)
            .map(|_| {
                let mut contender = server.open(V5);
                contender.send(connect(V5, "contested"));
                contender
            })
            .collect();
        banned += contenders
            .iter_mut()
            .filter_map(|contender| contender.poll())
            .filter(|packet| matches!(packet, vouchmq_mqtt::Packet::ConnAck(connack) if connack.reason == ReasonCode::BANNED))
            .count();
        banned > 0
    });
    holder.expect_disconnect(ReasonCode::SESSION_TAKEN_OVER);
    let mut three = server.open(V311);
    three.send(connect(V311, "contested"));
    assert_eq!(three.connack().reason, ReasonCode::NOT_AUTHORIZED, "MQTT 3.1.1 has no word for it");
    three.expect_closed();
    let stats = server.stats();
    assert!(stats.blocked_logins > 0 && stats.engines.takeovers >= 60, "{stats:?}");
    other.ping();
    server.connect(V5, "somebody else").ping();
}
