//! PUBLISH of clients: taken over, acknowledged, forwarded unchanged.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{Packet, Properties, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_publish_is_answered_as_its_qos_demands,
    an_acknowledgement_has_the_identifier_of_its_publish,
    the_acknowledgement_waits_until_the_message_is_safe,
    after_puback_the_identifier_means_a_new_message,
    acknowledgements_leave_in_the_order_of_the_messages,
    dup_is_not_passed_on,
    a_message_reaches_every_session_that_wants_it,
    a_payload_is_any_bytes_of_any_length,
    delivery_qos_is_the_lesser_of_published_and_granted,
}

/// MQTT5-3.3.4-1 MQTT3-3.3.4-1
fn a_publish_is_answered_as_its_qos_demands(version: ProtocolVersion) {
    let world = World::new();
    world.connect(version, "subscriber").subscribe("t", QoS::AtMostOnce);
    let client = world.connect(version, "a");
    client.send(qos0("t", "x"));
    client.expect_nothing();
    client.send(qos1(7, "t", "x"));
    client.expect(puback(id(7), ReasonCode::SUCCESS));
    client.expect_nothing();
    client.send(qos2(8, "t", "x"));
    client.expect(pubrec(id(8), ReasonCode::SUCCESS));
    client.expect_nothing();
}

/// MQTT5-2.2.1-5 MQTT3-2.3.1-6
fn an_acknowledgement_has_the_identifier_of_its_publish(version: ProtocolVersion) {
    let world = World::new();
    let subscriber = world.connect(version, "subscriber");
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let client = world.connect(version, "a");
    for number in [1, 2, 255, 256, 257, 65_535] {
        client.send(qos1(number, "t", "x"));
        client.expect(puback(id(number), ReasonCode::SUCCESS));
        client.send(qos2(number, "t", "x"));
        client.expect(pubrec(id(number), ReasonCode::SUCCESS));
        client.send(pubrel(id(number), ReasonCode::SUCCESS));
        client.expect(pubcomp(id(number), ReasonCode::SUCCESS));
        subscriber.receives(QoS::AtLeastOnce, "t", "x");
        let publish = subscriber.publish();
        let delivered = publish.packet_id.expect("QoS 2");
        subscriber.send(pubrec(delivered, ReasonCode::SUCCESS));
        subscriber.expect(pubrel(delivered, ReasonCode::SUCCESS));
        subscriber.send(pubcomp(delivered, ReasonCode::SUCCESS));
    }
}

/// MQTT5-4.3.2-4 MQTT5-4.3.3-8 MQTT3-4.3.2-2
fn the_acknowledgement_waits_until_the_message_is_safe(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let subscriber = world.connect(version, world.name_at(1, "subscriber"));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let client = world.connect(version, world.name_at(0, "a"));
    world.hold_mail();
    world.hold_journal();
    client.send(qos1(1, "t", "x"));
    client.send(qos2(2, "t", "y"));
    client.expect_nothing();
    world.release_journal();
    client.expect_nothing();
    world.release_mail();
    client.expect(puback(id(1), ReasonCode::SUCCESS));
    client.expect(pubrec(id(2), ReasonCode::SUCCESS));
    subscriber.receives(QoS::AtLeastOnce, "t", "x");
    subscriber.receives(QoS::AtLeastOnce, "t", "y");
}

/// MQTT5-4.3.2-5 MQTT3-4.3.2-2
fn after_puback_the_identifier_means_a_new_message(version: ProtocolVersion) {
    let world = World::new();
    let subscriber = world.connect(version, "subscriber");
    subscriber.subscribe("t", QoS::AtMostOnce);
    let client = world.connect(version, "a");
    for (payload, dup) in [("1", false), ("2", false), ("3", true)] {
        client.send(Publish { dup, ..qos1(1, "t", payload) });
        client.puback();
        subscriber.receives(QoS::AtMostOnce, "t", payload);
    }
}

fn acknowledgements_leave_in_the_order_of_the_messages(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(version, world.name_at(0, "a"));
    world.connect(version, world.name_at(1, "far")).subscribe("far", QoS::AtMostOnce);
    world.connect(version, world.name_at(0, "near")).subscribe("near", QoS::AtMostOnce);
    world.hold_mail();
    client.send_all([
        Packet::Publish(qos1(1, "far", "x")),
        Packet::Publish(qos2(2, "near", "x")),
        Packet::Publish(qos1(3, "near", "x")),
    ]);
    client.expect_nothing();
    world.release_mail();
    client.expect(puback(id(1), ReasonCode::SUCCESS));
    client.expect(pubrec(id(2), ReasonCode::SUCCESS));
    client.expect(puback(id(3), ReasonCode::SUCCESS));
}

/// MQTT5-3.3.1-3 MQTT3-3.3.1-3
fn dup_is_not_passed_on(version: ProtocolVersion) {
    let world = World::new();
    let subscriber = world.connect(version, "subscriber");
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let client = world.connect(version, "a");
    for dup in [false, true] {
        client.send(Publish { dup, ..qos1(1, "t", "x") });
        client.send(Publish { dup, ..qos2(2, "t", "x") });
        client.send(pubrel(id(2), ReasonCode::SUCCESS));
        assert!(!subscriber.receives(QoS::AtLeastOnce, "t", "x").dup);
        assert!(!subscriber.receives(QoS::ExactlyOnce, "t", "x").dup);
    }
}

/// MQTT5-4.5.0-1 MQTT3-4.5.0-1
fn a_message_reaches_every_session_that_wants_it(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 3);
    let subscribe = |shard: u16, name: &str, filter: &str| {
        let client = world.connect_with(persistent(version, world.name_at(shard, name)));
        client.subscribe(filter, QoS::AtLeastOnce);
        client
    };
    let mut online = Vec::new();
    let mut absent = Vec::new();
    for shard in 0..3 {
        for (number, filter) in ["a/b", "a/+", "#"].into_iter().enumerate() {
            online.push(subscribe(shard, &format!("on{number}-"), filter));
            let client = subscribe(shard, &format!("off{number}-"), filter);
            client.leave();
            absent.push(world.name_at(shard, &format!("off{number}-")));
        }
        subscribe(shard, "other-", "a/c");
    }
    world.connect(version, "publisher").publishes(QoS::AtLeastOnce, "a/b", "x");
    for client in &online {
        client.receives(QoS::AtLeastOnce, "a/b", "x");
        client.expect_nothing();
    }
    for name in absent {
        let client = world.connect_with(persistent(version, name));
        client.receives(QoS::AtLeastOnce, "a/b", "x");
        client.expect_nothing();
    }
}

fn a_payload_is_any_bytes_of_any_length(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let near = world.connect(version, world.name_at(0, "near"));
    let far = world.connect(version, world.name_at(1, "far"));
    near.subscribe("t", QoS::AtLeastOnce);
    far.subscribe("t", QoS::AtLeastOnce);
    let client = world.connect(version, world.name_at(0, "a"));
    for length in [0, 1, 127, 128, 2047, 2048, 2049, 16_384, 100_000, 1_000_000] {
        let payload: Vec<u8> = (0..length).map(|at: u32| (at % 251) as u8).collect();
        client.send(Publish { payload: &payload, ..qos1(1, "t", "") });
        client.puback();
        for subscriber in [&near, &far] {
            let publish = subscriber.publish();
            assert!(publish.payload == payload, "{length} bytes");
            subscriber.acknowledge(&publish);
        }
    }
}

/// MQTT5-3.8.4-8 MQTT3-3.8.4-6
fn delivery_qos_is_the_lesser_of_published_and_granted(version: ProtocolVersion) {
    let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(version, world.name_at(0, "a"));
    for granted in all {
        for shard in [0, 1] {
            let subscriber = world.connect(version, world.name_at(shard, "subscriber"));
            subscriber.subscribe("t", granted);
            for published in all {
                client.publishes(published, "t", "x");
                subscriber.receives(published.min(granted), "t", "x");
            }
        }
    }
}

/// MQTT5-3.3.2-4 MQTT5-3.3.2-15 MQTT5-3.3.2-16 MQTT5-3.3.2-17 MQTT5-3.3.2-18 MQTT5-3.3.2-20
#[test]
fn properties_are_forwarded_unchanged_and_in_order() {
    let world = World::with(|setup| setup.shards = 2);
    let near = world.connect(V5, world.name_at(0, "near"));
    let far = world.connect(V5, world.name_at(1, "far"));
    let absent = world.connect_with(persistent(V5, "absent"));
    for subscriber in [&near, &far, &absent] {
        subscriber.subscribe("t", QoS::AtLeastOnce);
    }
    absent.leave();
    let sets: [&[Property<'_>]; 4] = [
        &[Property::PayloadFormatIndicator(false)],
        &[
            Property::UserProperty("z", "1"),
            Property::PayloadFormatIndicator(true),
            Property::UserProperty("a", "2"),
            Property::ResponseTopic("answers/\u{FEFF}"),
            Property::UserProperty("z", "1"),
            Property::CorrelationData(b"\x00\xFF"),
            Property::UserProperty("", ""),
            Property::ContentType("text/plain"),
        ],
        &[Property::CorrelationData(b""), Property::ContentType("")],
        &[Property::UserProperty("a", "b"); 64],
    ];
    let publisher = world.connect(V5, world.name_at(0, "publisher"));
    for set in sets {
        publisher.send(Publish { properties: props(set), ..qos1(1, "t", "x") });
        publisher.puback();
    }
    let absent = world.connect_with(persistent(V5, "absent"));
    for subscriber in [near, far, absent] {
        for set in sets {
            assert_eq!(subscriber.receives(QoS::AtLeastOnce, "t", "x").properties, props(set));
        }
    }
}

#[test]
fn versions_talk_to_each_other() {
    let world = World::new();
    let clients = [V31, V311, V5].map(|version| world.connect(version, &format!("{version:?}")));
    for client in &clients {
        client.subscribe("t", QoS::AtLeastOnce);
    }
    for publisher in &clients {
        publisher.send(qos1(9, "t", "x"));
        let mut ack_count = 0;
        for client in &clients {
            while let Some(packet) = client.poll() {
                let Packet::Publish(publish) = packet else {
                    ack_count += 1;
                    assert_eq!(packet, puback(id(9), ReasonCode::SUCCESS));
                    continue;
                };
                assert_eq!(
                    (publish.topic, publish.payload, publish.properties),
                    ("t", &b"x"[..], Properties::EMPTY)
                );
                client.acknowledge(&publish);
            }
        }
        assert_eq!(ack_count, 1);
    }
    let properties = props(&[Property::ContentType("text"), Property::UserProperty("a", "b")]);
    clients[2].send(Publish { properties, ..qos0("t", "from 5") });
    for client in &clients {
        let publish = client.receives(QoS::AtMostOnce, "t", "from 5");
        assert_eq!(publish.properties.is_empty(), client.version() != V5, "3.x has no properties");
    }
}

#[test]
fn payload_format_is_checked_where_that_is_wanted() {
    for checks in [false, true] {
        let world = World::with(|setup| setup.options.settings.check_payload_format = checks);
        let subscriber = world.connect(V5, "subscriber");
        subscriber.subscribe("t", QoS::AtMostOnce);
        let client = world.connect(V5, "a");
        let reason = if checks { ReasonCode::PAYLOAD_FORMAT_INVALID } else { ReasonCode::SUCCESS };
        let announced = props(&[Property::PayloadFormatIndicator(true)]);
        let garbled = Publish { properties: announced, payload: b"\xFF", ..qos1(1, "t", "") };
        client.send(garbled.clone());
        client.expect(puback(id(1), reason));
        client.send(Publish { qos: QoS::ExactlyOnce, packet_id: Some(id(2)), ..garbled.clone() });
        client.expect(pubrec(id(2), reason));
        client.send(Publish {
            properties: props(&[Property::PayloadFormatIndicator(false)]),
            ..garbled.clone()
        });
        client.puback();
        client.send(Publish { payload: "é".as_bytes(), ..garbled.clone() });
        client.expect(puback(id(1), ReasonCode::SUCCESS));
        client.send(Publish { qos: QoS::AtMostOnce, packet_id: None, ..garbled });
        assert_eq!(client.is_open(), !checks, "QoS 0 has no other answer");
    }
}
