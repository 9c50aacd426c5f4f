//! Two senders and more, against each other: what one session is, is decided in one place.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use vouchmq_mqtt::Packet;
use vouchmq_mqtt::ProtocolVersion::{V5, V311};

use super::Witness;
use crate::harness::*;

/// How often the witness looks while the others race.
const ROUNDS: usize = 10;

/// Runs until it is told to stop.
struct Racer {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

fn race(mut step: impl FnMut() + Send + 'static) -> Racer {
    let is_over = Arc::new(AtomicBool::new(false));
    let told = is_over.clone();
    let thread = thread::spawn(move || {
        while !told.load(Ordering::Relaxed) {
            step();
        }
    });
    Racer { is_over, thread }
}

/// The witness is served in the middle of it all, then everybody stops.
fn watch(mut witness: Witness, server: &Server, racers: Vec<Racer>) {
    for _ in 0..ROUNDS {
        witness.is_served();
    }
    for racer in &racers {
        racer.is_over.store(true, Ordering::Relaxed);
    }
    racers.into_iter().for_each(|racer| racer.thread.join().expect("a racer that fails"));
    witness.is_alone(server);
}

/// Row 37: CVE-2026-22040. One identifier connects again and again from two sides, subscribes and leaves, while
/// others publish to it.
#[test]
fn a_reconnect_storm_with_subscribe_churn_and_publishes_hurts_nobody() {
    let server = Arc::new(Server::with(|config, _| config.engine.shard_count = 3));
    let witness = Witness::new(&server);
    let mut racers = Vec::new();
    // A fresh identifier every now and then, so that the storm is not banned.
    for side in 0..2 {
        let (server, mut round) = (server.clone(), 0);
        racers.push(race(move || {
            round += 1;
            let client_id = format!("contested{}", round / 20);
            let version = if side == 0 { V5 } else { V311 };
            let mut client = server.open(version);
            let mut bytes = encode(version, connect(version, &client_id));
            bytes.extend(encode(
                version,
                subscribe(1, &[("storm/#", ExactlyOnce), ("$share/g/storm/+", AtLeastOnce)]),
            ));
            bytes.extend(encode(version, unsubscribe(2, &["storm/#"])));
            let _ = client.try_send(&bytes);
            if round % 3 != 0 {
                let _ = client.poll();
            }
        }));
    }
    for _ in 0..2 {
        let mut publisher = server.connect(V5, "");
        racers.push(race(move || publisher.publishes(AtLeastOnce, "storm/x", "!")));
    }
    watch(witness, &server, racers);
}

/// Rows 40, 47: CVE-2025-59946, nanomq#2110 to #2120. The list of receivers changes while it is served.
#[test]
fn a_list_of_receivers_may_change_while_it_is_served() {
    let server = Arc::new(Server::with(|config, _| config.engine.shard_count = 2));
    let witness = Witness::new(&server);
    let mut racers = Vec::new();
    for number in 0..4 {
        let mut client = server.connect(if number % 2 == 0 { V5 } else { V311 }, &format!("churn{number}"));
        racers.push(race(move || {
            let (subscribing, unsubscribing) = (client.next_id(), client.next_id());
            client.send(subscribe(subscribing, &[("list/#", AtMostOnce), ("list/+", AtMostOnce)]));
            client.send(unsubscribe(unsubscribing, &["list/+", "list/#"]));
            while !matches!(client.packet(), Packet::UnsubAck(_)) {}
        }));
    }
    {
        // The list grows and shrinks by whole clients, too.
        let server = server.clone();
        racers.push(race(move || {
            let mut comers: Vec<_> =
                (0..5).map(|number| server.connect(V5, &format!("comer{number}"))).collect();
            for comer in &mut comers {
                comer.send(subscribe(1, &[("list/x", AtLeastOnce)]));
            }
        }));
    }
    for _ in 0..2 {
        let mut publisher = server.connect(V5, "");
        racers.push(race(move || publisher.publishes(AtLeastOnce, "list/x", "!")));
    }
    watch(witness, &server, racers);
}

/// Row 41: CVE-2024-48077. Queues fill up on all sides: nothing locks up.
#[test]
fn queues_that_are_full_on_every_side_lock_nothing_up() {
    let server = Arc::new(Server::with(|config, limits| {
        config.engine.shard_count = 3;
        limits.queued_messages_max = 20;
        limits.outbound_bytes_max = 10_000;
        limits.receive_maximum = 5;
    }));
    let witness = Witness::new(&server);
    let mut racers = Vec::new();
    let mut ring: Vec<_> = (0..3).map(|shard| server.connect(V311, &server.name_at(shard, "ring"))).collect();
    for (number, client) in ring.iter_mut().enumerate() {
        client.subscribe(&format!("ring/{number}"), AtLeastOnce);
    }
    for (number, mut client) in ring.into_iter().enumerate() {
        // Each floods the topic of the next and hardly reads its own.
        let topic = format!("ring/{}", (number + 1) % 3);
        let message = encode(V311, publish(AtMostOnce, 0, &topic, &[b'x'; 500])).repeat(20);
        let (mut buffer, mut at) = (vec![0; 4096], 0);
        racers.push(race(move || {
            client.send_some(&message, &mut at);
            let _ = client.read_ready(&mut buffer);
        }));
    }
    watch(witness, &server, racers);
}

/// A topic's retained message is written from two shards while a third reads it.
#[test]
fn a_retained_message_may_be_written_and_read_at_once() {
    let server = Arc::new(Server::with(|config, _| config.engine.shard_count = 3));
    let witness = Witness::new(&server);
    let mut racers = Vec::new();
    for shard in 0..2 {
        let mut writer = server.connect(V5, &server.name_at(shard, "writer"));
        let mut round = 0;
        racers.push(race(move || {
            round += 1;
            let payload = if round % 3 == 0 { Vec::new() } else { vec![b'x'; round % 5000] };
            writer.send(retained("shared/retained", &payload));
            writer.ping();
        }));
    }
    let mut reader = server.connect(V311, &server.name_at(2, "reader"));
    racers.push(race(move || {
        let packet_id = reader.next_id();
        reader.send(subscribe(packet_id, &[("shared/#", AtMostOnce)]));
        while !matches!(reader.packet(), Packet::SubAck(_)) {}
        reader.send(unsubscribe(packet_id, &["shared/#"]));
        while !matches!(reader.packet(), Packet::UnsubAck(_)) {}
    }));
    watch(witness, &server, racers);
}
