//! Who may open a connection, and how many.

mod storm;
mod takeover;

use vouchmq_broker::BrokerSettings;
use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::EngineSettings;
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::retained::RetainedLimits;
use vouchmq_mqtt::{Packet, ReasonCode};

use crate::harness::*;

/// A newcomer is told that there is no place for it.
fn expect_refused(server: &Server, reason: ReasonCode) {
    assert_eq!(refusal(server, V5), Some(reason));
    assert_eq!(refusal(server, V311), Some(ReasonCode::SERVER_UNAVAILABLE), "the nearest of MQTT 3.1.1");
}

/// What a newcomer is refused with; `None` when it is let in.
fn refusal(server: &Server, version: ProtocolVersion) -> Option<ReasonCode> {
    let mut newcomer = server.open(version);
    newcomer.send(connect(version, "newcomer"));
    let reason = newcomer.connack().reason;
    if !reason.is_error() {
        newcomer.leave();
        return None;
    }
    newcomer.expect_closed();
    Some(reason)
}

#[test]
fn connections_above_the_bound_are_closed_until_one_leaves() {
    let server = Server::with(|config, _| config.settings.connections_max = 3);
    let mut clients: Vec<_> = (0..3).map(|number| server.connect(V5, &format!("c{number}"))).collect();
    expect_refused(&server, ReasonCode::SERVER_BUSY);
    assert_eq!((server.stats().refused_total, server.stats().connections), (2, 3));
    clients.pop().unwrap().leave();
    until("the connection is counted out", || server.stats().connections == 2);
    server.connect(V311, "the next").ping();
    clients[0].ping();
}

#[test]
fn an_address_has_its_own_bound() {
    let server = Server::with(|config, _| config.settings.connections_per_address_max = 2);
    let mut first = server.connect(V5, "first");
    let second = server.connect(V5, "second");
    expect_refused(&server, ReasonCode::SERVER_BUSY);
    assert_eq!(server.stats().refused_address, 2);
    second.leave();
    until("the connection is counted out", || server.stats().connections == 1);
    server.connect(V5, "third").ping();
    first.ping();
}

/// A bound that is set later counts who is there already, and turns nobody out.
#[test]
fn other_bounds_count_from_now_on_and_disconnect_nobody() {
    let server = Server::start();
    let mut clients = ["a", "b"].map(|name| server.connect(V5, name));
    for settings in [
        BrokerSettings { connections_max: 1, ..BrokerSettings::default() },
        BrokerSettings { connections_per_address_max: 2, ..BrokerSettings::default() },
    ] {
        server.control.reconfigure(&EngineSettings::default(), RetainedLimits::default(), settings);
        expect_refused(&server, ReasonCode::SERVER_BUSY);
        clients.iter_mut().for_each(Client::ping);
    }
    let retained = RetainedLimits { messages_max: 0, ..RetainedLimits::default() };
    server.control.reconfigure(&EngineSettings::default(), retained, BrokerSettings::default());
    server.connect(V5, "c").ping();
    let retained = Publish { retain: true, ..publish(AtLeastOnce, 1, "t", b"x") };
    clients[0].send(retained);
    assert!(
        matches!(clients[0].packet(), Packet::PubAck(ack) if ack.reason == ReasonCode::QUOTA_EXCEEDED),
        "the bound of retained messages changed too"
    );
}

/// Those who say nothing take no place from others, and so do those who are refused.
#[test]
fn the_refused_are_not_without_number_either() {
    let server = Server::with(|config, _| config.settings.connections_max = 1);
    let mut client = server.connect(V5, "client");
    let refused: Vec<_> = (0..200).map(|_| server.open(V5)).collect();
    until("all are refused", || server.stats().refused_total == 200);
    assert!(descriptor_count() < 2 * 200 + 100, "most of {} are closed already", refused.len());
    client.ping();
}

#[test]
fn an_address_connects_only_so_fast() {
    let server = Server::with(|config, _| config.settings.connect_rate_per_address = 5);
    let mut first = server.connect(V5, "first");
    // Some come at once, some are delayed, the rest is refused.
    let mut crowd: Vec<_> = (0..30).map(|_| server.open(V5)).collect();
    until("connections come too fast", || server.stats().refused_rate > 0);
    first.ping();
    for client in &mut crowd {
        client.send(connect(V5, ""));
    }
    let reasons: Vec<_> = crowd.iter_mut().map(|client| client.connack().reason).collect();
    let count = |reason| reasons.iter().filter(|said| **said == reason).count();
    assert!(count(ReasonCode::SUCCESS) >= 5, "{reasons:?}");
    let refused = u64::try_from(count(ReasonCode::CONNECTION_RATE_EXCEEDED)).unwrap();
    assert_eq!(refused, server.stats().refused_rate, "{reasons:?}");
    until("time goes by", || refusal(&server, V5).is_none());
}

/// Short of memory, the broker lets nobody in, sheds QoS 0, and serves everybody else.
#[test]
fn memory_that_is_short_keeps_newcomers_out_and_clients_served() {
    let server = Server::with(|config, _| config.settings.memory_bytes_max = Some(1));
    // The overseer looks once a second.
    let mut client = server.connect(V5, "client");
    client.subscribe("t", AtLeastOnce);
    let mut publisher = server.connect(V5, "publisher");
    until("memory is found to be short", || refusal(&server, V5) == Some(ReasonCode::SERVER_BUSY));
    // What shards were told before this, they know when it is answered.
    server.stats();
    publisher.publishes(AtMostOnce, "t", "shed");
    publisher.publishes(AtLeastOnce, "t", "kept");
    client.receives(AtLeastOnce, "t", "kept");
    let stats = server.stats();
    assert!(stats.refused_memory > 0 && stats.engines.dropped_memory == 1, "{stats:?}");
}
