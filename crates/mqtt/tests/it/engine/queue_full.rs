//! A session that holds all it may: what becomes of the next message.

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, Property, QoS, QueueFull, ReasonCode};

use super::harness::*;

/// An absent subscriber whose session holds three messages, and whoever else is there.
struct Scene {
    world: World,
    publisher: Client,
    witness: Client,
}

impl Scene {
    fn new(policy: QueueFull) -> Self {
        let world = World::with(|setup| {
            setup.shards = 2;
            setup.limits.queued_messages_max = 3;
            setup.limits.queue_full = policy;
        });
        let absent = world.connect_with(persistent(V5, world.name_at(1, "absent")));
        absent.subscribe("t", QoS::ExactlyOnce);
        absent.leave();
        let witness = world.connect(V5, "witness");
        witness.subscribe("t", QoS::AtMostOnce);
        let publisher = world.connect(V5, world.name_at(0, "publisher"));
        Self { world, publisher, witness }
    }

    fn publish(&self, qos: QoS, payload: &str) -> ReasonCode {
        let reason = self.publisher.publishes(qos, "t", payload);
        self.witness.receives(QoS::AtMostOnce, "t", payload);
        reason
    }

    fn waiting(&self) -> Vec<String> {
        let client = self.world.connect_with(persistent(V5, self.world.name_at(1, "absent")));
        std::iter::from_fn(|| client.poll())
            .map(|packet| match packet {
                Packet::Publish(publish) => String::from_utf8_lossy(publish.payload).into_owned(),
                other => panic!("{other:?}"),
            })
            .collect()
    }
}

#[test]
fn reject_tells_the_publisher_and_everybody_else_gets_the_message() {
    let scene = Scene::new(QueueFull::Reject);
    for payload in ["1", "2", "3"] {
        assert_eq!(scene.publish(QoS::AtLeastOnce, payload), ReasonCode::SUCCESS);
    }
    assert_eq!(scene.publish(QoS::AtLeastOnce, "4"), ReasonCode::QUOTA_EXCEEDED);
    assert_eq!(scene.publish(QoS::ExactlyOnce, "5"), ReasonCode::QUOTA_EXCEEDED);
    assert_eq!(scene.publish(QoS::AtMostOnce, "6"), ReasonCode::SUCCESS);
    assert_eq!(scene.world.count(|stats| stats.dropped_queue_full), 2);
    assert_eq!(scene.waiting(), ["1", "2", "3"]);
}

#[test]
fn drop_new_keeps_what_waits() {
    let scene = Scene::new(QueueFull::DropNew);
    for payload in ["1", "2", "3", "4", "5"] {
        assert_eq!(scene.publish(QoS::AtLeastOnce, payload), ReasonCode::SUCCESS);
    }
    assert_eq!(scene.world.count(|stats| stats.dropped_queue_full), 2);
    assert_eq!(scene.waiting(), ["1", "2", "3"]);
}

#[test]
fn drop_oldest_keeps_what_is_new() {
    let scene = Scene::new(QueueFull::DropOldest);
    for payload in ["1", "2", "3", "4", "5"] {
        assert_eq!(scene.publish(QoS::AtLeastOnce, payload), ReasonCode::SUCCESS);
    }
    assert_eq!(scene.world.count(|stats| stats.dropped_queue_full), 2);
    assert_eq!(scene.waiting(), ["3", "4", "5"]);
}

#[test]
fn bytes_that_wait_are_bounded_too() {
    for (policy, kept) in [
        (QueueFull::Reject, ["a", "b"]),
        (QueueFull::DropNew, ["a", "b"]),
        (QueueFull::DropOldest, ["b", "c"]),
    ] {
        let world = World::with(|setup| {
            setup.limits.queued_bytes_max = 200;
            setup.limits.queue_full = policy;
        });
        let absent = world.connect_with(persistent(V5, "absent"));
        absent.subscribe("t", QoS::AtLeastOnce);
        absent.leave();
        let publisher = world.connect(V5, "publisher");
        for first in ["a", "b", "c"] {
            let reason = publisher.publishes(QoS::AtLeastOnce, "t", &first.repeat(99));
            let is_rejected = reason == ReasonCode::QUOTA_EXCEEDED;
            assert_eq!(is_rejected, policy == QueueFull::Reject && first == "c");
        }
        let info = world.session("absent").expect("a session");
        assert_eq!((info.queued_count, info.queued_bytes), (2, 200));
        let client = world.connect_with(persistent(V5, "absent"));
        for first in kept {
            client.receives(QoS::AtLeastOnce, "t", &first.repeat(99));
        }
        client.expect_nothing();
    }
}

/// However the oldest go, what is larger than the whole queue never fits.
#[test]
fn a_message_larger_than_the_queue_is_dropped_and_pushes_nothing_out() {
    let world = World::with(|setup| {
        setup.limits.queued_bytes_max = 200;
        setup.limits.queue_full = QueueFull::DropOldest;
    });
    let absent = world.connect_with(persistent(V5, "absent"));
    absent.subscribe("t", QoS::AtLeastOnce);
    absent.leave();
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t", "small");
    publisher.publishes(QoS::AtLeastOnce, "t", &"x".repeat(200));
    let info = world.session("absent").expect("a session");
    assert_eq!((info.queued_count, info.queued_bytes), (1, 6));
    assert_eq!(world.count(|stats| stats.dropped_queue_full), 1);
}

#[test]
fn a_full_session_of_a_client_that_is_there_stalls_nobody() {
    let world = World::with(|setup| setup.limits.queued_messages_max = 4);
    let properties = props(&[Property::ReceiveMaximum(1)]);
    let lagging = world.connect_with(Connect { properties, ..connect(V5, "lagging") });
    lagging.subscribe("t", QoS::AtLeastOnce);
    let witness = world.connect(V5, "witness");
    witness.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    world.advance_secs(2);
    for number in 0..20 {
        world.advance_secs(1);
        let reason = publisher.publishes(QoS::AtLeastOnce, "t", &number.to_string());
        let expected = if number < 5 { ReasonCode::SUCCESS } else { ReasonCode::QUOTA_EXCEEDED };
        assert_eq!(reason, expected, "{number}");
        witness.receives(QoS::AtLeastOnce, "t", &number.to_string());
    }
    lagging.acknowledge(&lagging.publish());
    lagging.receives(QoS::AtLeastOnce, "t", "1");
}

#[test]
fn a_publisher_of_311_cannot_be_told_and_goes_on() {
    let scene = Scene::new(QueueFull::Reject);
    let old = scene.world.connect(V311, "old");
    for number in 0..5 {
        old.publishes(QoS::AtLeastOnce, "t", &number.to_string());
        scene.witness.receives(QoS::AtMostOnce, "t", &number.to_string());
    }
    assert_eq!(scene.world.count(|stats| stats.dropped_queue_full), 2);
}

/// Behind a receiver that lags, another one is full: the publisher hears of the refusal.
#[test]
fn a_refusal_is_not_forgotten_because_another_receiver_lags() {
    let scene = Scene::new(QueueFull::Reject);
    for payload in ["1", "2", "3"] {
        scene.publish(QoS::AtLeastOnce, payload);
    }
    let properties = props(&[Property::ReceiveMaximum(1)]);
    let lagging = Connect { properties, ..connect(V5, scene.world.name_at(1, "lagging")) };
    let lagging = scene.world.connect_with(lagging);
    lagging.subscribe("t", QoS::AtLeastOnce);
    lagging.subscribe("u", QoS::AtLeastOnce);
    for payload in ["one is on its way", "one waits"] {
        assert_eq!(scene.publisher.publishes(QoS::AtLeastOnce, "u", payload), ReasonCode::SUCCESS);
    }
    scene.publisher.send(qos1(4, "t", "4"));
    scene.world.advance_secs(5);
    assert_eq!(scene.publisher.puback().reason, ReasonCode::QUOTA_EXCEEDED);
}

/// What has expired is deleted (`MQTT5-3.3.2-5`), and takes nobody's place.
#[test]
fn a_queue_of_what_has_expired_is_not_full() {
    for policy in [QueueFull::Reject, QueueFull::DropNew, QueueFull::DropOldest] {
        let scene = Scene::new(policy);
        scene.publish(QoS::AtLeastOnce, "kept");
        for payload in ["gone", "gone too"] {
            let properties = props(&[Property::MessageExpiryInterval(5)]);
            scene.publisher.send(Publish { properties, ..qos1(9, "t", payload) });
            scene.publisher.expect(puback(id(9), ReasonCode::SUCCESS));
            scene.witness.publish();
        }
        scene.world.advance_secs(6);
        assert_eq!(scene.publish(QoS::AtLeastOnce, "new"), ReasonCode::SUCCESS);
        assert_eq!(scene.world.count(|stats| stats.dropped_expired), 2);
        assert_eq!(scene.world.count(|stats| stats.dropped_queue_full), 0);
        assert_eq!(scene.waiting(), ["kept", "new"], "{policy:?}");
    }
}
