//! Retained messages: the last one of each topic, kept for whoever subscribes later.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::{CloseCause, DenyAction};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::retained::{LEVEL_BYTES, RetainedLimits, SharedRetained};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::topic::{FilterRef, HashSeed, Progress, TopicCursor};
use vouchmq_mqtt::{Message, Packet, Properties, Property, Publication, PublisherId, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    the_last_retained_message_of_a_topic_is_kept,
    a_new_subscription_gets_what_is_retained_with_retain_set,
    an_established_subscription_gets_a_retained_publish_as_any_other,
    an_empty_payload_deletes_what_is_retained,
    a_publish_without_retain_changes_nothing,
    retained_messages_outlive_the_session_of_their_publisher,
    a_retained_message_has_the_qos_it_was_published_with,
}

fn retained<'a>(publish: Publish<'a>) -> Publish<'a> {
    Publish { retain: true, ..publish }
}

/// What a new subscriber to `filter` gets, in the order of the topics.
fn kept(world: &World, version: ProtocolVersion, filter: &str) -> Vec<(String, String)> {
    let client = world.connect(version, "reader");
    client.subscribe(filter, QoS::AtMostOnce);
    let mut found = Vec::new();
    while let Some(Packet::Publish(publish)) = client.poll() {
        assert!(publish.retain);
        found.push((publish.topic.to_owned(), String::from_utf8_lossy(publish.payload).into_owned()));
    }
    found.sort();
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(topic, payload)| ((*topic).to_owned(), (*payload).to_owned())).collect()
}

/// MQTT5-3.3.1-5 MQTT3-3.3.1-5 MQTT3-3.3.1-6 MQTT3-3.3.1-7
fn the_last_retained_message_of_a_topic_is_kept(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 3);
    let clients = [0, 1, 2].map(|shard| world.connect(version, world.name_at(shard, "publisher")));
    let mut expected = std::collections::BTreeMap::new();
    for round in 0..9 {
        let client = &clients[round % 3];
        let qos = [QoS::ExactlyOnce, QoS::AtMostOnce, QoS::AtLeastOnce][round / 3];
        let payload = round.to_string();
        for (packet_id, topic) in [(1, "t".to_owned()), (2, format!("u/{}", round % 2))] {
            client.send(retained(publish_at(qos, packet_id, &topic, &payload)));
            if qos == QoS::ExactlyOnce {
                client.send(pubrel(id(packet_id), ReasonCode::SUCCESS));
            }
            expected.insert(topic, payload.clone());
        }
        assert_eq!(kept(&world, version, "#"), expected.clone().into_iter().collect::<Vec<_>>());
    }
}

/// MQTT5-3.3.1-9 MQTT3-3.3.1-6 MQTT3-3.3.1-8
fn a_new_subscription_gets_what_is_retained_with_retain_set(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    for topic in ["a", "a/b", "a/c", "b", "$SYS/x"] {
        publisher.send(retained(qos0(topic, "x")));
    }
    let all = |filter| kept(&world, version, filter).into_iter().map(|(topic, _)| topic).collect::<Vec<_>>();
    assert_eq!(all("a"), ["a"]);
    assert_eq!(all("a/+"), ["a/b", "a/c"]);
    assert_eq!(all("a/#"), ["a", "a/b", "a/c"]);
    assert_eq!(all("#"), ["a", "a/b", "a/c", "b"]);
    assert_eq!(all("$SYS/#"), ["$SYS/x"]);
    assert_eq!(all("c/#"), [""; 0]);
}

/// MQTT5-3.3.1-12 MQTT3-3.3.1-9
fn an_established_subscription_gets_a_retained_publish_as_any_other(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect(version, "a");
    client.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(version, "publisher");
    publisher.send(retained(qos1(1, "t", "x")));
    assert!(!client.receives(QoS::AtLeastOnce, "t", "x").retain);
    client.expect_nothing();
}

/// MQTT5-3.3.1-6 MQTT5-3.3.1-7 MQTT3-3.3.1-10 MQTT3-3.3.1-11
fn an_empty_payload_deletes_what_is_retained(version: ProtocolVersion) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    witness.subscribe("t", QoS::AtMostOnce);
    let publisher = world.connect(version, "publisher");
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        publisher.send(retained(qos0("t", "x")));
        witness.receives(QoS::AtMostOnce, "t", "x");
        publisher.send(retained(publish_at(qos, 1, "t", "")));
        assert!(!witness.receives(QoS::AtMostOnce, "t", "").retain, "it is delivered like any other");
        assert!(kept(&world, version, "#").is_empty());
        publisher.send(retained(publish_at(qos, 2, "t", "")));
        witness.receives(QoS::AtMostOnce, "t", "");
        assert!(kept(&world, version, "#").is_empty(), "an empty one is never kept");
    }
}

/// MQTT5-3.3.1-8 MQTT3-3.3.1-12
fn a_publish_without_retain_changes_nothing(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    publisher.send(retained(qos0("t", "kept")));
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        publisher.publishes(qos, "t", "passes by");
        publisher.publishes(qos, "t", "");
        publisher.publishes(qos, "u", "passes by");
    }
    assert_eq!(kept(&world, version, "#"), pairs(&[("t", "kept")]));
}

/// MQTT3-3.1.2-7
fn retained_messages_outlive_the_session_of_their_publisher(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    publisher.send(retained(qos0("t", "x")));
    publisher.vanish();
    assert!(world.session("publisher").is_none());
    world.connect(version, "publisher").leave();
    assert_eq!(kept(&world, version, "t"), pairs(&[("t", "x")]));
}

/// MQTT3-3.3.1-5
fn a_retained_message_has_the_qos_it_was_published_with(version: ProtocolVersion) {
    let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    for published in all {
        let world = World::new();
        world.connect(version, "publisher").send(retained(publish_at(published, 1, "t", "x")));
        for granted in all {
            let client = world.connect(version, "a");
            client.subscribe("t", granted);
            client.receives(published.min(granted), "t", "x");
        }
    }
}

#[test]
fn properties_are_retained_with_their_message() {
    let world = World::new();
    let properties = props(&[Property::ContentType("text"), Property::UserProperty("a", "b")]);
    world.connect(V5, "publisher").send(Publish { properties, ..retained(qos0("t", "x")) });
    let client = world.connect(V5, "a");
    client.subscribe("t", QoS::AtMostOnce);
    assert_eq!(client.publish().properties, properties);
    let old = world.connect(V311, "b");
    old.subscribe("t", QoS::AtMostOnce);
    old.expect(retained(qos0("t", "x")));
}

#[test]
fn a_full_store_refuses_what_is_new_and_takes_what_replaces() {
    let world = World::with(|setup| setup.retained.messages_max = 2);
    let client = world.connect(V5, "a");
    for (topic, reason) in [("1", 0x10), ("2", 0x10), ("3", 0x97), ("2", 0x10), ("3", 0x97)] {
        client.send(retained(qos1(1, topic, "x")));
        client.expect(puback(id(1), ReasonCode(reason)));
    }
    client.send(retained(qos2(1, "3", "x")));
    client.expect(pubrec(id(1), ReasonCode::QUOTA_EXCEEDED));
    client.send(retained(qos0("3", "x")));
    assert_eq!(world.count(|stats| stats.retained_refused), 4);
    client.send(retained(qos1(1, "1", "")));
    client.puback();
    client.send(retained(qos1(1, "3", "x")));
    client.expect(puback(id(1), ReasonCode::NO_MATCHING_SUBSCRIBERS));
    assert_eq!(kept(&world, V5, "#"), pairs(&[("2", "x"), ("3", "x")]));

    let old = world.connect(V311, "b");
    old.send(retained(qos1(1, "4", "x")));
    old.closed();
}

#[test]
fn a_store_full_of_bytes_refuses_what_is_new() {
    // Two topics of one level, and the root of the tree.
    let world = World::with(|setup| setup.retained.bytes_max = 100 + 3 * LEVEL_BYTES);
    let client = world.connect(V5, "a");
    let half = "x".repeat(49);
    for (topic, payload, reason) in [
        ("1", half.as_str(), 0x10),
        ("2", &half, 0x10),
        ("3", "", 0x10),
        ("3", "x", 0x97),
        ("2", "less", 0x10),
        ("2", &half, 0x10),
        ("2", "a little more than half, and so one byte too many..", 0x97),
        ("2", "", 0x10),
        ("3", &half, 0x10),
        ("4", "", 0x10),
        ("4", "x", 0x97),
    ] {
        client.send(retained(qos1(1, topic, payload)));
        client.expect(puback(id(1), ReasonCode(reason)));
    }
    assert_eq!(world.count(|stats| stats.retained_refused), 3);
}

/// Thousands of short messages under deep topics take more memory for the tree than for themselves.
#[test]
fn levels_of_topics_count_against_the_stores_bytes() {
    let world = World::with(|setup| setup.retained.bytes_max = 20_000);
    let client = world.connect(V5, "a");
    let mut stored = 0;
    for number in 0..100 {
        let topic = format!("{number}{}", "/x".repeat(31));
        client.send(retained(qos1(1, &topic, "x")));
        match client.puback().reason {
            ReasonCode::NO_MATCHING_SUBSCRIBERS => stored += 1,
            reason => assert_eq!(reason, ReasonCode::QUOTA_EXCEEDED),
        }
    }
    assert_eq!(stored, 20_000 / (32 * LEVEL_BYTES + 66));
    let shared = World::with(|setup| setup.retained.bytes_max = 20_000);
    let client = shared.connect(V5, "a");
    for number in 0..100 {
        client.send(retained(qos1(1, &format!("{}{number}", "x/".repeat(31)), "x")));
        assert_eq!(client.puback().reason, ReasonCode::NO_MATCHING_SUBSCRIBERS, "topics share their levels");
    }
}

/// What is expired takes no room for long, whether anybody asks for it or not.
#[test]
fn expired_retained_messages_are_removed_in_portions() {
    let store = SharedRetained::new(HashSeed::new([1, 2]), RetainedLimits::default());
    let message = |topic: &str, expires_at| {
        Message::new(&Publication {
            topic,
            properties: Properties::EMPTY,
            payload: b"x",
            qos: QoS::AtMostOnce,
            retain: true,
            publisher: PublisherId::BROKER,
            expires_at,
        })
    };
    for number in 0..1000u64 {
        let topic = if number % 2 == 0 { format!("t/{number}") } else { format!("$t/{number}") };
        store.store(message(&topic, Timestamp::from_micros(number))).unwrap();
    }
    store.store(message("kept", Timestamp::NEVER)).unwrap();
    let mut cursor = TopicCursor::default();
    let mut portions = 1;
    while store.purge(Timestamp::from_micros(499), &mut cursor, 100) == Progress::More {
        portions += 1;
    }
    assert_eq!(store.len(), 501, "500 have expired, those under `$` too");
    assert!(portions >= 10, "{portions} portions");
    let mut left = Vec::new();
    let filter = FilterRef::new("t/#").unwrap();
    assert_eq!(store.read(filter, &mut TopicCursor::default(), usize::MAX, &mut left), Progress::Done);
    assert_eq!(left.len(), 250);
}

#[test]
fn many_retained_messages_are_sent_in_portions_as_the_client_takes_them() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    let payload = "x".repeat(1000);
    for number in 0..2000 {
        publisher.send(retained(qos0(&format!("t/{number}"), &payload)));
    }
    let slow = world.connect(V5, "slow");
    slow.stop_reading();
    slow.send(subscribe(1, &[("t/#", options(QoS::AtMostOnce))]));
    assert!(slow.backlog() < 300_000, "{} bytes wait", slow.backlog());
    slow.read_on();
    slow.suback();
    let topics: std::collections::BTreeSet<String> =
        (0..2000).map(|_| slow.publish().topic.to_owned()).collect();
    assert_eq!(topics.len(), 2000);
    slow.expect_nothing();
}

#[test]
fn retained_messages_of_qos_1_keep_to_receive_maximum() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    for number in 0..50 {
        publisher.send(retained(qos1(1, &format!("t/{number}"), "x")));
        publisher.puback();
    }
    let properties = props(&[Property::ReceiveMaximum(3)]);
    let client = world.connect_with(Connect { properties, ..connect(V5, "a") });
    client.subscribe("t/#", QoS::AtLeastOnce);
    let mut count = 0;
    let mut under_way: Vec<Publish<'_>> = Vec::new();
    loop {
        while let Some(Packet::Publish(publish)) = client.poll() {
            under_way.push(publish);
        }
        assert!(under_way.len() <= 3);
        let Some(publish) = under_way.pop() else { break };
        client.acknowledge(&publish);
        count += 1;
    }
    assert_eq!(count, 50);
}

/// What is retained waits in the store, so that a slow or busy client gets all of it.
#[test]
fn nothing_retained_is_dropped_for_want_of_room() {
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
        let world = World::with(|setup| {
            setup.limits.outbound_bytes_max = 300;
            setup.limits.queued_messages_max = 3;
            setup.limits.receive_maximum = 2;
        });
        let publisher = world.connect(V5, "publisher");
        for number in 0..100 {
            publisher.publishes(QoS::AtLeastOnce, "kept/x", "x");
            publisher.send(retained(qos0(&format!("kept/{number}"), "a payload of some length")));
            publisher.send(retained(qos1(number + 1, &format!("more/{number}"), "a payload of some length")));
            publisher.puback();
        }
        let client = world.connect(V5, "reader");
        client.stop_reading();
        client.send(subscribe(1, &[("kept/+", options(qos)), ("more/+", options(qos))]));
        client.read_on();
        client.suback();
        let mut count = 0;
        while let Some(Packet::Publish(publish)) = client.poll() {
            client.acknowledge(&publish);
            count += 1;
        }
        assert_eq!(count, 200, "{qos:?}");
        assert_eq!(world.count(|stats| stats.dropped_lagging + stats.dropped_queue_full), 0);
    }
}

/// MQTT 3.x has no negative acknowledgement, and a positive one would be a lie.
#[test]
fn a_retained_message_without_room_is_never_acknowledged_as_taken() {
    for deny_action in [DenyAction::Ignore, DenyAction::Disconnect] {
        let world = World::with(|setup| {
            setup.retained.messages_max = 1;
            setup.options.settings.deny_action = deny_action;
        });
        let client = world.connect(V311, "a");
        client.send(retained(qos1(1, "a", "x")));
        client.puback();
        client.send(retained(qos1(2, "b", "x")));
        let cause = client.closed();
        assert!(matches!(cause, CloseCause::Violation(ReasonCode::QUOTA_EXCEEDED, _)), "{cause:?}");
    }
}
