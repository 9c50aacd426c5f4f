//! Clients that mean harm: they are closed, others are served, and nothing of them is left.
//!
//! Each test shows what once broke a broker. Other such cases stand with the rules that they break: in
//! `deadline`, `violation`, `exactly_once`, `disconnect`, `takeover`, `will` and `will_delay`.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::codec::PacketType;
use vouchmq_mqtt::packet::{Connect, Publish, Subscribe, WillMessage};
use vouchmq_mqtt::topic::TopicLimits;
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;
use crate::arbitrary_packet::{ArbitraryPacket, Sender, for_many, may_send};

versions! { V31, V311, V5 =>
    nothing_is_left_of_malformed_connects,
    nothing_is_left_of_second_connects,
    a_publish_to_a_topic_that_begins_with_a_dollar_is_an_ordinary_one,
    thousands_of_levels_are_only_levels,
}

/// Whoever is left can still do everything, and of the others nothing is left.
fn expect_unharmed(world: &World, version: ProtocolVersion) {
    let witness = world.connect(version, "witness");
    witness.subscribe("witness", QoS::AtMostOnce);
    witness.publishes(QoS::AtMostOnce, "witness", "alive");
    witness.receives(QoS::AtMostOnce, "witness", "alive");
    witness.leave();
    world.advance_secs(120);
    world.expect_nothing_held();
}

fn nothing_is_left_of_malformed_connects(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let packet = world.open(version).encode(Connect {
        will: Some(will("will", "gone")),
        username: Some("user"),
        password: Some(b"password"),
        ..connect(version, "a")
    });
    for cut in 2..packet.len() - 1 {
        let mut bytes = packet[..cut].to_vec();
        bytes[1] = u8::try_from(cut - 2).expect("short");
        let client = world.open(version);
        client.send_bytes(&bytes);
        // MQTT 3.1 lets credentials be missing at the end.
        assert!(!client.is_open() || version == V31, "{cut}");
        if client.is_open() {
            client.vanish();
        }
    }
    expect_unharmed(&world, version);
}

fn nothing_is_left_of_second_connects(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    for number in 0..200 {
        let name = format!("c{number}");
        let client = world.connect(version, &name);
        client.subscribe(&format!("t/{number}"), QoS::AtLeastOnce);
        client.subscribe(&format!("$share/g{number}/t"), QoS::AtLeastOnce);
        client.send(qos2(1, "t", "x"));
        client.send(Connect {
            will: Some(will("will", "gone")),
            username: Some("user"),
            ..connect(version, &name)
        });
        assert!(!client.is_open());
    }
    expect_unharmed(&world, version);
}

fn a_publish_to_a_topic_that_begins_with_a_dollar_is_an_ordinary_one(version: ProtocolVersion) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    witness.subscribe("#", QoS::AtMostOnce);
    witness.subscribe("$x/#", QoS::AtMostOnce);
    let client = world.connect(version, "a");
    for topic in ["$", "$x", "$x/y", "$share", "$share/g", "$share//t", "$share/g/t"] {
        client.publishes(QoS::AtLeastOnce, topic, "x");
        client.send(Publish { retain: true, ..qos0(topic, "x") });
        client.send(Publish { retain: true, ..qos0(topic, "") });
    }
    let topics: Vec<&str> = std::iter::from_fn(|| witness.poll())
        .map(|packet| match packet {
            Packet::Publish(publish) => publish.topic,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(topics, ["$x", "$x", "$x", "$x/y", "$x/y", "$x/y"]);
}

fn thousands_of_levels_are_only_levels(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.topics = TopicLimits::STANDARD);
    let client = world.connect(version, "a");
    let topic = "/".repeat(65_000);
    let filters =
        [topic.clone(), format!("{}#", "+/".repeat(32_000)), format!("$share/g/{}", "/".repeat(65_000))];
    for filter in &filters {
        client.subscribe(filter, QoS::AtMostOnce);
    }
    client.send(qos0(&topic, "x"));
    assert_eq!(client.publish().topic, topic);
    assert_eq!(client.publish().topic, topic, "the shared one");
    client.unsubscribe(&filters[0]);
    let retained = "/".repeat(1000);
    client.send(Publish { retain: true, ..qos0(&retained, "x") });
    client.subscribe(&retained, QoS::AtMostOnce);
    assert_eq!(client.publish().topic, retained);
    client.expect_nothing();
    client.leave();
    expect_unharmed(&world, version);

    let world = World::new();
    let client = world.connect(version, "a");
    client.send(subscribe(1, &[(&topic, options(QoS::AtMostOnce))]));
    match version {
        V5 => assert_eq!(client.suback().reasons.as_bytes(), [0x8F]),
        V311 => assert_eq!(client.suback().reasons.as_bytes(), [0x80]),
        V31 => drop(client.closed()),
    }
}

/// Packets with a byte changed, from clients that were let in and from strangers.
#[test]
fn bytes_without_sense_end_one_connection_at_most() {
    for_many(|u| {
        let version = *u.choose(&[V31, V311, V5])?;
        let types: Vec<PacketType> =
            PacketType::ALL.into_iter().filter(|kind| may_send(version, Sender::Client, *kind)).collect();
        let world = World::new();
        let witness = world.connect(version, "witness");
        for is_let_in in [false, true] {
            let client = if is_let_in { world.connect(version, "a") } else { world.open(version) };
            for _ in 0..u.int_in_range(1..=4)? {
                let kind = *u.choose(&types)?;
                let packet = ArbitraryPacket::generate(u, version, Sender::Client, kind)?;
                let mut bytes = client.encode(packet.as_packet());
                let at = u.int_in_range(0..=bytes.len() - 1)?;
                bytes[at] = u.arbitrary()?;
                client.send_bytes(&bytes);
            }
        }
        witness.send(Packet::PingReq);
        witness.expect(Packet::PingResp);
        Ok(())
    });
}

#[test]
fn thousands_of_user_properties_are_refused_at_the_limit() {
    let world = World::new();
    let flood = props(&vec![Property::UserProperty("a", "b"); 9000]);
    let client = world.open(V5);
    client.send(Connect { properties: flood, ..connect(V5, "a") });
    assert_eq!(client.connack().reason, ReasonCode::PACKET_TOO_LARGE);
    client.closed();
    let client = world.open(V5);
    let will = WillMessage { properties: flood, ..will("will", "gone") };
    client.send(Connect { will: Some(will), ..connect(V5, "a") });
    assert_eq!(client.connack().reason, ReasonCode::PACKET_TOO_LARGE);
    client.closed();
    let client = world.connect(V5, "a");
    client.send(Subscribe { properties: flood, ..subscribe(1, &[("t", options(QoS::AtMostOnce))]) });
    client.disconnected(ReasonCode::PACKET_TOO_LARGE);
    expect_unharmed(&world, V5);
}

#[test]
fn a_will_with_properties_of_another_packet_is_refused() {
    let world = World::new();
    let witness = world.connect(V5, "witness");
    witness.subscribe("#", QoS::AtMostOnce);
    let misplaced = [
        Property::TopicAlias(1),
        Property::SessionExpiryInterval(1),
        Property::SubscriptionIdentifier(1),
        Property::ReasonString("x"),
    ];
    for property in misplaced {
        let client = world.open(V5);
        let will = WillMessage { properties: props(&[property]), ..will("will", "gone") };
        client.send(Connect { will: Some(will), ..connect(V5, "a") });
        assert_eq!(client.connack().reason, ReasonCode::MALFORMED_PACKET, "{property:?}");
        client.closed();
    }
    witness.expect_nothing();
    witness.leave();
    expect_unharmed(&world, V5);
}

#[test]
fn a_property_length_of_five_bytes_is_malformed() {
    let world = World::new();
    let client = world.connect(V5, "a");
    client.send_bytes(b"\x30\x08\x00\x01t\xFF\xFF\xFF\xFF\x01");
    client.disconnected(ReasonCode::MALFORMED_PACKET);
    let client = world.connect(V5, "a");
    // As an identifier's value.
    client.send_bytes(b"\x82\x0C\x00\x01\x06\x0B\xFF\xFF\xFF\xFF\x01\x00\x01t");
    client.disconnected(ReasonCode::MALFORMED_PACKET);
    expect_unharmed(&world, V5);
}

#[test]
fn subscription_churn_while_messages_flow_leaves_nothing() {
    let world = World::with(|setup| setup.shards = 3);
    let publishers = [0, 1, 2].map(|shard| world.connect(V5, world.name_at(shard, "publisher")));
    for round in 0..60_u16 {
        let name = world.name_at(round % 3, "churn");
        let client = world.connect_with(persistent(V5, name));
        world.hold_mail();
        for publisher in &publishers {
            publisher.send(qos1(round + 1, "t/x", "x"));
        }
        client.send(subscribe(
            1,
            &[("t/+", options(QoS::AtLeastOnce)), ("$share/g/t/#", options(QoS::ExactlyOnce))],
        ));
        if round % 2 == 0 {
            client.send(unsubscribe(2, &["$share/g/t/#", "t/+"]));
        }
        if round % 3 == 0 {
            client.vanish();
        }
        world.release_mail();
        for publisher in &publishers {
            publisher.expect_puback(id(round + 1));
        }
    }
    for shard in 0..3 {
        world.connect(V5, world.name_at(shard, "churn")).leave();
    }
    publishers.iter().for_each(Client::leave);
    expect_unharmed(&world, V311);
}
