//! Silence, and what it costs.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Packet, ReasonCode};

use crate::harness::*;

versions! { V311, V5 =>
    a_silent_client_is_closed_and_one_that_pings_is_not,
    a_silent_client_is_closed_although_it_receives,
}

fn a_silent_client_is_closed_and_one_that_pings_is_not(version: ProtocolVersion) {
    let server = Server::start();
    let mut silent = server.connect_with(Connect { keep_alive_secs: 1, ..connect(version, "silent") });
    let mut lively = server.connect_with(Connect { keep_alive_secs: 1, ..connect(version, "lively") });
    until("the silent one is closed", || {
        lively.ping();
        server.stats().engines.keep_alive_timeouts == 1
    });
    silent.expect_disconnect(ReasonCode::KEEP_ALIVE_TIMEOUT);
    lively.ping();
}

/// MQTT5-3.1.2-22 MQTT3-3.1.2-24
fn a_silent_client_is_closed_although_it_receives(version: ProtocolVersion) {
    let server = Server::start();
    let mut silent = server.connect_with(Connect { keep_alive_secs: 1, ..connect(version, "silent") });
    silent.subscribe("t", AtMostOnce);
    let mut publisher = server.connect(version, "publisher");
    until("the silent one is closed", || {
        publisher.publishes(AtLeastOnce, "t", "x");
        server.stats().engines.keep_alive_timeouts == 1
    });
    while let Some(packet) = silent.poll() {
        assert!(matches!(packet, Packet::Publish(_) | Packet::Disconnect(_)), "{packet:?}");
    }
}

/// A maximum keep-alive bounds how long a connection may be held for nothing (SlowITe).
#[test]
fn a_longer_keep_alive_than_the_maximum_is_cut_down() {
    let server = Server::with(|_, limits| limits.keep_alive_max_secs = 1);
    let mut five = server.open(V5);
    five.send(Connect { keep_alive_secs: 65_535, ..connect(V5, "five") });
    assert_eq!(five.connack().properties.server_keep_alive(), Some(1));
    let mut three = server.connect_with(Connect { keep_alive_secs: 0, ..connect(V311, "three") });
    five.expect_disconnect(ReasonCode::KEEP_ALIVE_TIMEOUT);
    three.expect_closed();
    server.expect_nobody();
}
