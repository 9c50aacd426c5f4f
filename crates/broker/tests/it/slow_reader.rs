//! Clients that do not take what is sent to them: bounded, closed in time, and nobody else's trouble.

use std::time::Duration;

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::{Limits, QueueFull};

use crate::harness::*;

versions! { V311, V5 =>
    a_receiver_that_never_acknowledges_holds_up_no_publisher,
}

static PAYLOAD: [u8; 32 * 1024] = [b'x'; 32 * 1024];

/// Publishes QoS 0 until the broker drops for a receiver that lags.
fn flood(server: &Server, publisher: &mut Client, topic: &str) {
    until("the receiver lags", || {
        for _ in 0..16 {
            publisher.send(publish(AtMostOnce, 0, topic, &PAYLOAD));
        }
        publisher.ping();
        server.stats().engines.dropped_lagging > 0
    });
}

#[test]
fn a_receiver_that_takes_nothing_is_closed() {
    let version = V311;
    let server = Server::with(|_, limits| limits.stalled_receiver = Duration::from_millis(500));
    let mut stuck = server.connect(version, "stuck");
    stuck.subscribe("flood", AtMostOnce);
    let mut healthy = server.connect(version, "healthy");
    healthy.subscribe("fine", AtLeastOnce);
    let mut publisher = server.connect(version, "publisher");
    flood(&server, &mut publisher, "flood");
    until("it is closed", || {
        publisher.publishes(AtLeastOnce, "fine", "still here");
        healthy.receives(AtLeastOnce, "fine", "still here");
        server.stats().engines.stalled_receivers == 1
    });
    assert!(server.client("stuck").is_none());
    until("its socket is closed too", || server.stats().connections == 2);
    publisher.ping();
}

/// A subscriber on one shard reads nothing while publishers on both shards flood it: the outbox is bounded,
/// and so is the mail between the shards. Others receive everything.
#[test]
fn a_flood_for_one_who_does_not_read_takes_bounded_memory() {
    let server = Server::start();
    let mut stuck = server.connect(V5, &server.name_at(0, "stuck"));
    stuck.subscribe("flood/#", AtMostOnce);
    let mut healthy = server.connect(V5, &server.name_at(0, "healthy"));
    healthy.subscribe("fine", AtLeastOnce);
    let mut publishers =
        [server.connect(V5, &server.name_at(0, "p")), server.connect(V5, &server.name_at(1, "p"))];
    flood(&server, &mut publishers[1], "flood/1");
    let before = resident_bytes();
    for round in 0..40 {
        for publisher in &mut publishers {
            for _ in 0..64 {
                publisher.send(publish(AtMostOnce, 0, "flood/2", &PAYLOAD));
            }
            publisher.publishes(AtLeastOnce, "fine", &round.to_string());
            healthy.receives(AtLeastOnce, "fine", &round.to_string());
        }
    }
    // 160 MiB went by.
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "grown by {grown} bytes");
}

/// A publisher waits for a receiver that lags, but only for so long: its other receivers are served.
fn a_receiver_that_never_acknowledges_holds_up_no_publisher(version: ProtocolVersion) {
    let server = Server::with(|_, limits| {
        *limits = Limits { queued_messages_max: 50, queue_full: QueueFull::DropNew, ..limits.clone() };
    });
    let (stuck_at, healthy_at) = (server.name_at(0, "stuck"), server.name_at(1, "healthy"));
    let mut stuck = server.connect(version, &stuck_at);
    stuck.subscribe("t", AtLeastOnce);
    let mut healthy = server.connect(version, &healthy_at);
    healthy.subscribe("t", AtLeastOnce);
    let mut publisher = server.connect(version, &server.name_at(1, "publisher"));
    for number in 0..1300 {
        publisher.publishes(AtLeastOnce, "t", &number.to_string());
        healthy.receives(AtLeastOnce, "t", &number.to_string());
    }
    assert!(server.stats().engines.dropped_queue_full > 0);
    assert_eq!(stuck.publish().payload, b"0");
}

/// A client that sends and sends but never reads its answers is not read from any more.
#[test]
fn answers_that_nobody_reads_take_bounded_memory() {
    let server = Server::with(|_, limits| limits.stalled_receiver = Duration::from_secs(1));
    let mut witness = server.connect(V5, "witness");
    let mut client = server.connect(V311, "deaf");
    let pings = [0xC0, 0x00].repeat(64 * 1024);
    let (before, mut at) = (resident_bytes(), 0);
    until("it is closed", || {
        client.send_some(&pings, &mut at);
        witness.ping();
        server.stats().engines.stalled_receivers == 1
    });
    let grown = resident_bytes().saturating_sub(before);
    assert!(grown < 32 * 1024 * 1024, "grown by {grown} bytes");
}
