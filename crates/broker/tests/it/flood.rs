//! More work than one shard can do at once: it slows down who makes it, and takes bounded memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};

use crate::harness::*;

/// Many publishers of one shard send to a subscriber of another as fast as they can.
#[test]
fn a_flood_between_shards_takes_bounded_memory() {
    let server = Server::start();
    let mut subscriber = server.connect(V5, &server.name_at(0, "subscriber"));
    subscriber.subscribe("flood", AtMostOnce);
    let message = encode(V311, publish(AtMostOnce, 0, "flood", &[b'x'; 1000]));
    let burst = message.repeat(500);
    let before = resident_bytes();
    let publishers: Vec<_> = (0..16)
        .map(|number| {
            let mut publisher = server.connect(V311, &server.name_at(1, &format!("p{number}-")));
            let burst = burst.clone();
            thread::spawn(move || {
                for _ in 0..20 {
                    publisher.send_bytes(&burst);
                }
                publisher.ping();
            })
        })
        .collect();
    let mut peak = 0;
    until("the publishers are done", || {
        peak = peak.max(resident_bytes());
        publishers.iter().all(thread::JoinHandle::is_finished)
    });
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    let stats = server.stats().engines;
    assert_eq!(stats.publishes_received, 16 * 20 * 500);
    let grown = peak.saturating_sub(before);
    assert!(grown < 96 * 1024 * 1024, "160 MB went by, and memory grew by {grown} bytes");
}

/// Somebody floods the shard of a client that only pings, without end: it is answered again and again.
#[test]
fn a_flood_that_does_not_end_keeps_no_other_client_of_the_shard_waiting() {
    let server = Server::with(|config, _| config.engine.shard_count = 1);
    let mut receivers: Vec<_> = (0..50).map(|number| server.connect(V5, &format!("r{number}"))).collect();
    for receiver in &mut receivers {
        receiver.subscribe("flood", AtMostOnce);
    }
    let mut witness = server.connect(V5, "witness");
    let burst = encode(V311, publish(AtMostOnce, 0, "flood", b"x")).repeat(10_000);
    let is_over = Arc::new(AtomicBool::new(false));
    let flooder = {
        let (mut flooder, is_over) = (server.connect(V311, "flooder"), is_over.clone());
        thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                flooder.send_bytes(&burst);
            }
        })
    };
    let flooded = || server.stats().engines.publishes_received;
    for _ in 0..5 {
        let before = flooded();
        until("the flood goes on", || flooded() > before + 10_000);
        witness.ping();
    }
    is_over.store(true, Ordering::Relaxed);
    flooder.join().unwrap();
}
