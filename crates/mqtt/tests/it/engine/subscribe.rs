//! SUBSCRIBE and SUBACK.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{Packet, QoS, ReasonCode};

use super::harness::*;

const ALL_QOS: [QoS; 3] = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];

versions! { V31, V311, V5 =>
    a_subscribe_is_answered_with_its_identifier,
    every_filter_gets_its_code_in_order,
    many_filters_are_as_good_as_many_packets,
    the_same_filter_replaces_the_subscription,
    a_replaced_subscription_misses_no_message,
    what_is_delivered_matches_the_filter,
    a_subscription_is_in_force_when_its_suback_arrives,
}

versions! { V311, V5 => a_filter_that_is_refused_does_not_spoil_the_others }

/// MQTT5-3.8.4-1 MQTT5-3.8.4-2 MQTT5-2.2.1-6 MQTT3-3.8.4-1 MQTT3-3.8.4-2 MQTT3-2.3.1-7
fn a_subscribe_is_answered_with_its_identifier(version: ProtocolVersion) {
    let client = World::new().connect(version, "a");
    for number in [1, 2, 256, 65_535, 1] {
        client.send(subscribe(number, &[("t", options(QoS::AtMostOnce))]));
        assert_eq!(client.suback().packet_id, id(number));
        client.expect_nothing();
    }
}

/// MQTT5-3.8.4-6 MQTT5-3.8.4-7 MQTT5-3.9.3-1 MQTT3-3.8.4-5 MQTT3-3.9.3-1
fn every_filter_gets_its_code_in_order(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(version, "a");
    let orders = [[0, 1, 2, 1, 0], [2, 2, 1, 0, 0], [1, 0, 2, 0, 1]];
    for order in orders {
        let qos = order.map(|index: usize| options(ALL_QOS[index]));
        let filters =
            [("a", qos[0]), ("b/#", qos[1]), ("+/c", qos[2]), ("$share/g/d", qos[3]), ("a", qos[4])];
        client.send(subscribe(1, &filters));
        assert_eq!(client.suback().reasons.as_bytes(), order.map(|index| ALL_QOS[index].bits()));
    }
}

/// MQTT5-3.8.4-7 MQTT5-3.9.3-1 MQTT3-3.8.4-5 MQTT3-3.9.3-1
fn a_filter_that_is_refused_does_not_spoil_the_others(version: ProtocolVersion) {
    let world = World::new();
    world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_receive("secret/#"))));
    let client = world.connect(version, "a");
    let qos = options(QoS::AtLeastOnce);
    client.send(subscribe(1, &[("a", qos), ("secret/x", qos), ("b/#/c", qos), ("b", qos)]));
    let (denied, invalid) = if version == V5 { (0x87, 0x8F) } else { (0x80, 0x80) };
    assert_eq!(client.suback().reasons.as_bytes(), [1, denied, invalid, 1]);
    assert_eq!(world.session("a").expect("a session").subscription_count, 2);
}

/// MQTT5-3.8.4-5 MQTT3-3.8.4-4
fn many_filters_are_as_good_as_many_packets(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    let subscriptions = [("a/+", QoS::AtMostOnce), ("b", QoS::ExactlyOnce), ("a/1", QoS::AtLeastOnce)];
    let many = world.connect(version, "many");
    for (filter, qos) in subscriptions {
        many.subscribe(filter, qos);
    }
    let one = world.connect(version, "one");
    one.send(subscribe(1, &subscriptions.map(|(filter, qos)| (filter, options(qos)))));
    assert_eq!(one.suback().reasons.as_bytes(), [0, 2, 1]);
    one.expect_nothing();
    for topic in ["a/1", "a/2", "b", "c"] {
        publisher.publishes(QoS::ExactlyOnce, topic, topic);
        let of_many: Vec<_> = std::iter::from_fn(|| many.poll()).collect();
        let of_one: Vec<_> = std::iter::from_fn(|| one.poll()).collect();
        assert_eq!(of_many, of_one, "{topic}");
    }
}

/// MQTT5-3.8.4-3 MQTT3-3.8.4-3
fn the_same_filter_replaces_the_subscription(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect(version, "a");
    let publisher = world.connect(version, "publisher");
    for qos in [QoS::AtMostOnce, QoS::ExactlyOnce, QoS::AtLeastOnce] {
        client.subscribe("t/+", qos);
        publisher.publishes(QoS::ExactlyOnce, "t/x", "x");
        client.receives(qos, "t/x", "x");
        client.expect_nothing();
    }
    assert_eq!(world.session("a").expect("a session").subscription_count, 1);
    client.unsubscribe("t/+");
    publisher.publishes(QoS::AtMostOnce, "t/x", "x");
    client.expect_nothing();
}

/// MQTT5-3.8.4-4 MQTT3-3.8.4-3
fn a_replaced_subscription_misses_no_message(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let publisher = world.connect(version, world.name_at(0, "publisher"));
    publisher.send(Publish { retain: true, ..qos0("t", "retained") });
    let client = world.connect(version, world.name_at(1, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    assert!(client.receives(QoS::AtMostOnce, "t", "retained").retain);
    for number in 0..20 {
        let payload = number.to_string();
        world.hold_mail();
        publisher.send(qos1(1, "t", &payload));
        client.send(subscribe(7, &[("t", options(QoS::AtLeastOnce))]));
        world.release_mail();
        publisher.puback();
        let mut received = Vec::new();
        while let Some(packet) = client.poll() {
            if let Packet::Publish(publish) = packet {
                client.acknowledge(&publish);
                received.push((publish.retain, String::from_utf8_lossy(publish.payload).into_owned()));
            }
        }
        received.sort();
        assert_eq!(received, [(false, payload), (true, "retained".to_owned())]);
    }
}

/// MQTT5-3.3.2-3 MQTT3-3.3.2-3
fn what_is_delivered_matches_the_filter(version: ProtocolVersion) {
    let filters = ["a", "a/b", "a/+", "a/#", "+", "+/b", "#", "/+", "a//b", "a/b/", "+/+/#"];
    let topics = ["a", "a/b", "a/b/", "a//b", "a/b/c", "/a", "b", "A", "a/c", "/", "b/b"];
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    for filter in filters {
        let client = world.connect(version, "a");
        client.subscribe(filter, QoS::AtMostOnce);
        for topic in topics {
            publisher.send(qos0(topic, "x"));
            let is_match =
                vouchmq_mqtt::topic::matches(vouchmq_mqtt::FilterRef::new(filter).expect("a filter"), topic);
            if is_match {
                client.receives(QoS::AtMostOnce, topic, "x");
            }
            client.expect_nothing();
        }
    }
}

fn a_subscription_is_in_force_when_its_suback_arrives(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 3);
    let clients: Vec<Client> =
        (0..3).map(|shard| world.connect(version, world.name_at(shard, "publisher"))).collect();
    for shard in 0..3 {
        let subscriber = world.connect(version, world.name_at(shard, "subscriber"));
        for (filter, topic) in [("t/+", "t/x"), ("u/+", "u/x"), ("v", "v")] {
            world.hold_mail();
            subscriber.send(subscribe(1, &[(filter, options(QoS::AtMostOnce))]));
            subscriber.expect_nothing();
            world.release_mail();
            subscriber.suback();
            for publisher in &clients {
                publisher.publishes(QoS::AtMostOnce, topic, "x");
                subscriber.receives(QoS::AtMostOnce, topic, "x");
            }
        }
        subscriber.leave();
    }
}

#[test]
fn a_second_filter_needs_no_barrier_of_its_own() {
    let world = World::with(|setup| setup.shards = 2);
    let first = world.connect(V5, world.name_at(0, "first"));
    let second = world.connect(V311, world.name_at(0, "second"));
    world.hold_mail();
    first.send(subscribe(1, &[("t", options(QoS::AtMostOnce))]));
    second.send(subscribe(1, &[("t", options(QoS::AtMostOnce))]));
    first.expect_nothing();
    second.expect_nothing();
    world.release_mail();
    first.suback();
    second.suback();
}

#[test]
fn too_many_subscriptions_are_refused_and_the_others_stay() {
    let world = World::with(|setup| setup.limits.subscriptions_max = 3);
    let client = world.connect(V5, "a");
    let qos = options(QoS::AtMostOnce);
    client.send(subscribe(
        1,
        &[("a", qos), ("$share/g/b", qos), ("c", qos), ("d", qos), ("$share/g/e", qos), ("a", qos)],
    ));
    assert_eq!(client.suback().reasons.as_bytes(), [0, 0, 0, 0x97, 0x97, 0], "a known one is not one more");
    client.unsubscribe("$share/g/b");
    client.subscribe("d", QoS::AtMostOnce);
    let old = world.connect(V311, "b");
    old.send(subscribe(1, &[("a", qos), ("b", qos), ("c", qos), ("d", qos)]));
    assert_eq!(old.suback().reasons.as_bytes(), [0, 0, 0, 0x80]);
}

#[test]
fn filters_beyond_the_limits_are_refused() {
    let client = World::new().connect(V5, "a");
    let longest = "x".repeat(1024);
    let deepest = format!("{}x", "x/".repeat(31));
    client.subscribe(&longest, QoS::AtMostOnce);
    client.subscribe(&deepest, QoS::AtMostOnce);
    let share = format!("$share/g/{longest}");
    client.subscribe(&share, QoS::AtMostOnce);
    for filter in [format!("{longest}x"), format!("{deepest}/x"), format!("{share}x"), "/".repeat(65_400)] {
        client.send(subscribe(1, &[(&filter, options(QoS::AtMostOnce))]));
        assert_eq!(client.suback().reasons.as_bytes(), [ReasonCode::TOPIC_FILTER_INVALID.0]);
    }
}
