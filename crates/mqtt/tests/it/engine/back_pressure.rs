//! Receivers that lag: who waits for them, and for how long.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::engine::{CloseCause, Input};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, QoS, QueueFull, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_lagging_receiver_holds_the_acknowledgement_back_until_it_makes_progress,
    a_receiver_that_goes_away_lets_the_publisher_go_on,
    a_receiver_without_progress_holds_nobody_up_for_long,
    a_receiver_that_is_slow_holds_nobody_up_for_long_either,
    a_receiver_that_does_not_read_is_closed,
    a_client_that_does_not_read_its_answers_is_not_read,
}

/// A receiver that reads but acknowledges nothing, with room for few messages.
struct Scene {
    world: World,
    receiver: Client,
    publisher: Client,
}

impl Scene {
    /// `shard` is the engine of the receiver.
    fn new(version: ProtocolVersion, shard: u16) -> Self {
        let world = World::with(|setup| {
            setup.shards = 2;
            setup.limits.receive_maximum = 20;
            setup.limits.queued_messages_max = 20;
        });
        let receiver = world.connect(version, world.name_at(shard, "receiver"));
        receiver.subscribe("t", QoS::AtLeastOnce);
        let publisher = world.connect(version, world.name_at(0, "publisher"));
        Self { world, receiver, publisher }
    }

    /// Publishes until an acknowledgement is withheld; returns how many were acknowledged.
    fn publish_until_held(&self) -> u16 {
        for number in 1..=40 {
            self.publisher.send(qos1(number, "t", &number.to_string()));
            match self.publisher.poll() {
                Some(packet) => assert_eq!(packet, puback(id(number), ReasonCode::SUCCESS)),
                None => return number - 1,
            }
        }
        panic!("a receiver that lags makes the publisher wait");
    }
}

fn a_lagging_receiver_holds_the_acknowledgement_back_until_it_makes_progress(version: ProtocolVersion) {
    for shard in [0, 1] {
        let scene = Scene::new(version, shard);
        let acknowledged = scene.publish_until_held();
        assert!(acknowledged >= 30, "the first twenty are under way, and half of the queue is free to fill");
        let next = acknowledged + 2;
        scene.publisher.send(qos1(next, "elsewhere", "x"));
        scene.publisher.expect_nothing();
        scene.publisher.send(Packet::PingReq);
        scene.publisher.expect(Packet::PingResp);
        for number in 1..=20 {
            scene.receiver.receives(QoS::AtLeastOnce, "t", &number.to_string());
        }
        scene.publisher.expect(puback(id(acknowledged + 1), ReasonCode::SUCCESS));
        assert_eq!(scene.publisher.puback().packet_id, id(next), "in order");
        for number in 21..=acknowledged + 1 {
            scene.receiver.receives(QoS::AtLeastOnce, "t", &number.to_string());
        }
        scene.receiver.expect_nothing();
    }
}

/// A session that is full refuses the message, while another one lags.
#[test]
fn a_refusal_waits_for_nobody() {
    for shard in [0, 1] {
        let world = World::with(|setup| {
            setup.shards = 2;
            setup.limits.receive_maximum = 20;
            setup.limits.queued_messages_max = 20;
            setup.limits.queue_full = QueueFull::Reject;
        });
        let absent = world.connect_with(persistent(V5, world.name_at(shard, "absent")));
        let lagging = world.connect(V5, world.name_at(shard, "lagging"));
        for receiver in [&absent, &lagging] {
            receiver.subscribe("t", QoS::AtLeastOnce);
        }
        absent.leave();
        let publisher = world.connect(V5, world.name_at(0, "publisher"));
        for number in 1..=40 {
            publisher.send(qos1(number, "t", "x"));
            let reason = if number <= 20 { ReasonCode::SUCCESS } else { ReasonCode::QUOTA_EXCEEDED };
            publisher.expect(puback(id(number), reason));
        }
        for _ in 0..40 {
            lagging.acknowledge(&lagging.publish());
        }
        lagging.expect_nothing();
        publisher.expect_nothing();
    }
}

fn a_receiver_that_goes_away_lets_the_publisher_go_on(version: ProtocolVersion) {
    for (shard, is_kept) in [(0, false), (1, false), (0, true), (1, true)] {
        let scene = Scene::new(version, shard);
        let name = scene.world.name_at(shard, "receiver");
        let receiver = if is_kept {
            scene.world.connect_with(persistent(version, name))
        } else {
            scene.world.connect(version, name)
        };
        receiver.subscribe("t", QoS::AtLeastOnce);
        let scene = Scene { receiver, ..scene };
        let acknowledged = scene.publish_until_held();
        scene.receiver.vanish();
        scene.publisher.expect(puback(id(acknowledged + 1), ReasonCode::SUCCESS));
    }
}

/// It has more than a second, and then what it held up goes on.
fn a_receiver_without_progress_holds_nobody_up_for_long(version: ProtocolVersion) {
    for shard in [0, 1] {
        let scene = Scene::new(version, shard);
        let acknowledged = scene.publish_until_held();
        scene.world.advance(Duration::from_millis(900));
        scene.publisher.expect_nothing();
        scene.world.advance(Duration::from_millis(100) + LATE);
        scene.publisher.expect(puback(id(acknowledged + 1), ReasonCode::SUCCESS));
        for number in acknowledged + 2..=40 {
            scene.publisher.send(qos1(number, "t", "x"));
            scene.publisher.expect(puback(id(number), ReasonCode::SUCCESS));
        }
        assert!(scene.receiver.is_open(), "it reads, and answers PINGREQ perhaps");
    }
}

/// One that takes a message now and then would hold up its publishers, and so all who share them, for ever.
fn a_receiver_that_is_slow_holds_nobody_up_for_long_either(version: ProtocolVersion) {
    for shard in [0, 1] {
        let scene = Scene::new(version, shard);
        let acknowledged = scene.publish_until_held();
        scene.world.advance(Duration::from_millis(900));
        scene.receiver.receives(QoS::AtLeastOnce, "t", "1");
        scene.publisher.expect_nothing();
        scene.world.advance(Duration::from_millis(100) + LATE);
        scene.publisher.expect(puback(id(acknowledged + 1), ReasonCode::SUCCESS));
        scene.receiver.receives(QoS::AtLeastOnce, "t", "2");
        scene.publisher.send(qos1(acknowledged + 2, "t", "not held"));
        scene.publisher.expect(puback(id(acknowledged + 2), ReasonCode::SUCCESS));
        // It catches up, and is waited for again.
        for number in 3..=acknowledged + 1 {
            scene.receiver.receives(QoS::AtLeastOnce, "t", &number.to_string());
        }
        scene.receiver.receives(QoS::AtLeastOnce, "t", "not held");
        assert!(scene.publish_until_held() >= 30);
    }
}

/// A client that acknowledges nothing has so much kept for it, in flight as well as waiting.
#[test]
fn what_is_in_flight_is_bounded_in_bytes() {
    let world = World::with(|setup| {
        setup.limits.queued_bytes_max = 100_000;
        setup.limits.queue_full = QueueFull::DropNew;
    });
    let receiver = world.connect(V5, "receiver");
    receiver.subscribe("t", QoS::ExactlyOnce);
    let publisher = world.connect(V5, "publisher");
    let payload = "x".repeat(20_000);
    for number in 1..=20 {
        publisher.send(qos2(number, "t", &payload));
    }
    world.advance_secs(3);
    let mut in_flight: Vec<Publish<'_>> = std::iter::from_fn(|| receiver.poll())
        .map(|packet| match packet {
            Packet::Publish(publish) => publish,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(in_flight.len(), 5, "100,000 bytes");
    // PUBREC gives the bytes back: four that waited follow, one for each that is released.
    let mut count = in_flight.len();
    while let Some(publish) = in_flight.pop() {
        receiver.send(pubrec(publish.packet_id.unwrap(), ReasonCode::SUCCESS));
        while let Some(packet) = receiver.poll() {
            if let Packet::Publish(publish) = packet {
                in_flight.push(publish);
                count += 1;
            }
        }
    }
    assert_eq!(count, 9, "five in flight and four that waited; the others found the queue full");
}

fn a_receiver_that_does_not_read_is_closed(version: ProtocolVersion) {
    let world = World::new();
    let receiver = world.connect_with(Connect { keep_alive_secs: 3600, ..connect(version, "receiver") });
    receiver.subscribe("t", QoS::AtMostOnce);
    let publisher = world.connect(version, "publisher");
    world.advance_secs(7);
    receiver.stop_reading();
    publisher.publishes(QoS::AtMostOnce, "t", "x");
    world.advance(Duration::from_millis(29_900));
    publisher.publishes(QoS::AtMostOnce, "t", "x");
    assert_eq!(world.count(|stats| stats.stalled_receivers), 0);
    world.advance(Duration::from_millis(100) + LATE);
    assert_eq!(world.count(|stats| stats.stalled_receivers), 1);
    assert!(world.session("receiver").is_none());
    world.advance_secs(6);
    assert_eq!(receiver.closed(), CloseCause::Stalled, "after a while for the last bytes");
}

/// What it is owed would have no end otherwise.
fn a_client_that_does_not_read_its_answers_is_not_read(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.outbound_bytes_max = 1000);
    let client = world.connect(version, "a");
    client.stop_reading();
    for _ in 0..10_000 {
        client.send(Packet::PingReq);
    }
    assert!(client.backlog() <= 1002, "{}", client.backlog());
    client.read_on();
    let answers = std::iter::from_fn(|| client.poll()).count();
    assert_eq!(answers, 10_000, "and when it reads again, nothing was lost");
}

#[test]
fn a_receiver_that_reads_a_little_is_not_closed() {
    let world = World::new();
    let receiver = world.connect(V5, "receiver");
    receiver.subscribe("t", QoS::AtMostOnce);
    let publisher = world.connect(V5, "publisher");
    receiver.stop_reading();
    for _ in 0..100 {
        publisher.publishes(QoS::AtMostOnce, "t", "x");
    }
    for _ in 0..20 {
        world.advance_secs(25);
        receiver.read_bytes(1);
    }
    assert!(receiver.is_open());
}

#[test]
fn qos_0_is_dropped_and_qos_1_waits_when_the_outbox_is_full() {
    let world = World::with(|setup| setup.limits.outbound_bytes_max = 1000);
    let receiver = world.connect(V5, "receiver");
    receiver.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    receiver.stop_reading();
    let payload = "x".repeat(100);
    for _ in 0..50 {
        publisher.publishes(QoS::AtMostOnce, "t", &payload);
    }
    assert!(receiver.backlog() < 1000 + 110);
    assert_eq!(world.count(|stats| stats.dropped_lagging), 40);
    for _ in 0..5 {
        publisher.publishes(QoS::AtLeastOnce, "t", &payload);
    }
    assert_eq!(world.session("receiver").expect("a session").queued_count, 5);
    receiver.read_on();
    for _ in 0..10 {
        receiver.receives(QoS::AtMostOnce, "t", &payload);
    }
    for _ in 0..5 {
        receiver.receives(QoS::AtLeastOnce, "t", &payload);
    }
    receiver.expect_nothing();
}

#[test]
fn under_memory_pressure_qos_0_is_shed_and_nothing_else() {
    let world = World::new();
    let receiver = world.connect(V5, "receiver");
    receiver.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    world.input(|| Input::MemoryPressure(true));
    publisher.publishes(QoS::AtMostOnce, "t", "shed");
    publisher.publishes(QoS::AtLeastOnce, "t", "kept");
    receiver.receives(QoS::AtLeastOnce, "t", "kept");
    assert_eq!(world.count(|stats| stats.dropped_memory), 1);
    world.input(|| Input::MemoryPressure(false));
    publisher.publishes(QoS::AtMostOnce, "t", "back to normal");
    receiver.receives(QoS::AtMostOnce, "t", "back to normal");
}

/// Thousands of queues that are within their own bounds are not within that of the machine.
#[test]
fn under_memory_pressure_nothing_more_is_queued_for_those_who_are_away() {
    for policy in [QueueFull::Reject, QueueFull::DropNew, QueueFull::DropOldest] {
        let world = World::with(|setup| setup.limits.queue_full = policy);
        let away = world.connect_with(persistent(V5, "away"));
        away.subscribe("t", QoS::AtLeastOnce);
        away.leave();
        let publisher = world.connect(V5, "publisher");
        publisher.publishes(QoS::AtLeastOnce, "t", "kept");
        world.input(|| Input::MemoryPressure(true));
        publisher.send(qos1(9, "t", "too much"));
        let is_told = policy == QueueFull::Reject;
        let reason = if is_told { ReasonCode::QUOTA_EXCEEDED } else { ReasonCode::SUCCESS };
        publisher.expect(puback(id(9), reason));
        assert_eq!(world.count(|stats| stats.dropped_queue_full), 1);
        world.input(|| Input::MemoryPressure(false));
        publisher.publishes(QoS::AtLeastOnce, "t", "kept again");
        let back = world.connect_with(persistent(V5, "away"));
        back.receives(QoS::AtLeastOnce, "t", "kept");
        back.receives(QoS::AtLeastOnce, "t", "kept again");
        back.expect_nothing();
    }
}
