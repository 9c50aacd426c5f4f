//! Topic aliases, which live as long as a connection, in each direction.

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Property, QoS, ReasonCode};

use super::harness::*;

fn aliased<'a>(alias: u16, publish: Publish<'a>) -> Publish<'a> {
    Publish { properties: props(&[Property::TopicAlias(alias)]), ..publish }
}

fn world_with_subscriber() -> (World, Client) {
    let world = World::new();
    let subscriber = world.connect(V5, "subscriber");
    subscriber.subscribe("#", QoS::AtMostOnce);
    (world, subscriber)
}

/// MQTT5-3.3.2-12
#[test]
fn a_client_may_use_every_alias_up_to_the_announced_maximum() {
    let (world, subscriber) = world_with_subscriber();
    let client = world.open(V5);
    client.send(connect(V5, "a"));
    let maximum = client.connack().properties.topic_alias_maximum().expect("we announce one");
    assert_eq!(maximum, 16);
    for alias in 1..=maximum {
        client.send(aliased(alias, qos0(&alias.to_string(), "defined")));
        subscriber.receives(QoS::AtMostOnce, &alias.to_string(), "defined");
    }
    for alias in (1..=maximum).rev() {
        client.send(aliased(alias, qos0("", "used")));
        let publish = subscriber.receives(QoS::AtMostOnce, &alias.to_string(), "used");
        assert!(publish.properties.is_empty(), "an alias is a matter of one connection");
    }
}

#[test]
fn an_alias_may_be_defined_anew() {
    let (world, subscriber) = world_with_subscriber();
    let client = world.connect(V5, "a");
    for topic in ["first", "second"] {
        client.send(aliased(1, qos1(1, topic, "x")));
        client.send(aliased(1, qos1(2, "", "y")));
        subscriber.receives(QoS::AtMostOnce, topic, "x");
        subscriber.receives(QoS::AtMostOnce, topic, "y");
    }
}

#[test]
fn an_alias_above_the_maximum_or_unknown_closes_the_connection() {
    let (world, _subscriber) = world_with_subscriber();
    for publish in
        [aliased(17, qos0("t", "x")), aliased(u16::MAX, qos0("t", "x")), aliased(16, qos0("", "x"))]
    {
        let client = world.connect(V5, "a");
        client.send(aliased(1, qos0("t", "x")));
        client.send(publish);
        client.disconnected(ReasonCode::TOPIC_ALIAS_INVALID);
    }
}

#[test]
fn no_alias_is_accepted_when_none_is_announced() {
    let world = World::with(|setup| setup.limits.topic_alias_maximum = 0);
    let client = world.open(V5);
    client.send(connect(V5, "a"));
    assert_eq!(client.connack().properties.topic_alias_maximum(), None);
    client.send(aliased(1, qos0("t", "x")));
    client.disconnected(ReasonCode::TOPIC_ALIAS_INVALID);
}

/// MQTT5-3.3.2-7
#[test]
fn a_clients_aliases_end_with_its_connection() {
    let (world, subscriber) = world_with_subscriber();
    let client = world.connect_with(persistent(V5, "a"));
    client.send(aliased(1, qos0("t", "x")));
    subscriber.receives(QoS::AtMostOnce, "t", "x");
    client.vanish();
    let client = world.connect_with(persistent(V5, "a"));
    client.send(aliased(1, qos0("", "y")));
    client.disconnected(ReasonCode::TOPIC_ALIAS_INVALID);
    subscriber.expect_nothing();
}

/// A client to which so many aliases may be assigned.
fn assigning(world: &World, maximum: u16) -> Client {
    let properties =
        props(&[Property::SessionExpiryInterval(KEPT_SECS), Property::TopicAliasMaximum(maximum)]);
    world.connect_with(Connect { properties, ..persistent(V5, "subscriber") })
}

/// MQTT5-3.1.2-26 MQTT5-3.3.2-11 MQTT5-3.3.2-8
#[test]
fn aliases_are_assigned_up_to_the_clients_maximum() {
    let world = World::new();
    let subscriber = assigning(&world, 2);
    subscriber.subscribe("#", QoS::ExactlyOnce);
    let publisher = world.connect(V5, "publisher");
    let topics = ["topic/a", "topic/b", "topic/c", "topic/a", "topic/b", "topic/c"];
    let defined = [("topic/a", Some(1)), ("topic/b", Some(2)), ("topic/c", None)];
    let used = [("", Some(1)), ("", Some(2)), ("topic/c", None)];
    for (round, qos) in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce].into_iter().enumerate() {
        let first = if round == 0 { defined } else { used };
        for (topic, expected) in topics.iter().zip(first.into_iter().chain(used)) {
            publisher.publishes(qos, topic, "x");
            let publish = subscriber.publish();
            subscriber.acknowledge(&publish);
            assert_eq!((publish.topic, publish.properties.topic_alias()), expected);
        }
    }
}

#[test]
fn a_topic_as_short_as_its_alias_has_none() {
    let world = World::new();
    let subscriber = assigning(&world, 5);
    subscriber.subscribe("#", QoS::AtMostOnce);
    let publisher = world.connect(V5, "publisher");
    for topic in ["t", "a/b"] {
        publisher.publishes(QoS::AtMostOnce, topic, "x");
        subscriber.expect(qos0(topic, "x"));
    }
}

#[test]
fn we_assign_no_more_aliases_than_our_own_limit() {
    let world = World::new();
    let subscriber = assigning(&world, u16::MAX);
    subscriber.subscribe("#", QoS::AtMostOnce);
    let publisher = world.connect(V5, "publisher");
    for number in 0..100 {
        publisher.publishes(QoS::AtMostOnce, &format!("topic/{number}"), "x");
        let alias = subscriber.publish().properties.topic_alias();
        assert_eq!(alias.is_some(), number < 16, "{number}");
    }
}

/// MQTT5-3.1.2-27
#[test]
fn no_alias_is_assigned_to_a_client_that_takes_none() {
    let world = World::new();
    let plain = world.connect(V5, "plain");
    let zero = assigning(&world, 0);
    let old = world.connect(V311, "old");
    let publisher = world.connect(V5, "publisher");
    for subscriber in [&plain, &zero, &old] {
        subscriber.subscribe("t", QoS::AtMostOnce);
    }
    for _ in 0..2 {
        publisher.send(aliased(1, qos0("t", "x")));
        for subscriber in [&plain, &zero, &old] {
            subscriber.expect(qos0("t", "x"));
        }
    }
}

/// MQTT5-3.3.2-7
#[test]
fn our_aliases_end_with_the_connection() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    let mut subscriber = assigning(&world, 5);
    subscriber.subscribe("topic", QoS::AtLeastOnce);
    for _ in 0..3 {
        publisher.publishes(QoS::AtLeastOnce, "topic", "x");
        let publish = subscriber.publish();
        assert_eq!((publish.topic, publish.properties.topic_alias()), ("topic", Some(1)), "defined anew");
        subscriber.acknowledge(&publish);
        subscriber.vanish();
        subscriber = assigning(&world, 5);
    }
}

#[test]
fn what_is_sent_again_defines_its_aliases_anew() {
    let world = World::new();
    let subscriber = assigning(&world, 5);
    subscriber.subscribe("topic", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "topic", "1");
    publisher.publishes(QoS::AtLeastOnce, "topic", "2");
    subscriber.publish();
    assert_eq!(subscriber.publish().topic, "");
    subscriber.vanish();
    let again = assigning(&world, 5);
    let (first, second) = (again.publish(), again.publish());
    assert_eq!((first.topic, first.properties.topic_alias(), first.dup), ("topic", Some(1), true));
    assert_eq!((second.topic, second.properties.topic_alias(), second.dup), ("", Some(1), true));
}
