//! UNSUBSCRIBE and UNSUBACK.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    an_unsubscribe_is_answered_with_its_identifier,
    a_filter_is_compared_character_by_character,
    after_unsubscribe_no_new_message_is_delivered,
    deliveries_that_began_are_finished,
    many_filters_are_as_good_as_many_packets,
}

/// MQTT5-3.10.4-4 MQTT5-3.10.4-5 MQTT5-2.2.1-6 MQTT3-3.10.4-4 MQTT3-3.10.4-5 MQTT3-2.3.1-7
fn an_unsubscribe_is_answered_with_its_identifier(version: ProtocolVersion) {
    let client = World::new().connect(version, "a");
    client.subscribe("t", QoS::AtMostOnce);
    for number in [1, 256, 65_535] {
        client.send(unsubscribe(number, &["t"]));
        assert_eq!(client.unsuback().packet_id, id(number), "also when there is nothing to delete");
        client.expect_nothing();
    }
}

/// MQTT5-3.10.4-1 MQTT3-3.10.4-1
fn a_filter_is_compared_character_by_character(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect(version, "a");
    let subscribed = ["a/b", "a/+", "$share/g/a/b"];
    for filter in subscribed {
        client.subscribe(filter, QoS::AtMostOnce);
    }
    let count = || world.session("a").expect("a session").subscription_count;
    for other in ["a/B", "a/b ", "a/b/", "/a/b", "a/#", "#", "+/b", "$share/h/a/b", "$share/g/a/+"] {
        client.unsubscribe(other);
        assert_eq!(count(), 3, "{other} is none of them");
    }
    for (done, filter) in subscribed.into_iter().enumerate() {
        client.unsubscribe(filter);
        assert_eq!(count(), 2 - done);
    }
}

/// MQTT5-3.10.4-2 MQTT3-3.10.4-2
fn after_unsubscribe_no_new_message_is_delivered(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(version, world.name_at(0, "a"));
    let publishers = [0, 1].map(|shard| world.connect(version, world.name_at(shard, "publisher")));
    client.subscribe("t/+", QoS::AtLeastOnce);
    client.subscribe("t/#", QoS::AtMostOnce);
    client.unsubscribe("t/+");
    for publisher in &publishers {
        publisher.publishes(QoS::AtLeastOnce, "t/x", "x");
        client.receives(QoS::AtMostOnce, "t/x", "x");
        client.expect_nothing();
    }
    client.unsubscribe("t/#");
    for publisher in &publishers {
        publisher.publishes(QoS::AtLeastOnce, "t/x", "x");
    }
    client.expect_nothing();
    assert_eq!(world.count(|stats| stats.subscriptions), 0);
}

/// MQTT5-3.10.4-3 MQTT3-3.10.4-3
fn deliveries_that_began_are_finished(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::ExactlyOnce);
    let publisher = world.connect(version, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t", "1");
    publisher.publishes(QoS::ExactlyOnce, "t", "2");
    publisher.publishes(QoS::ExactlyOnce, "t", "3");
    let [one, two, three] = [client.publish(), client.publish(), client.publish()];
    client.unsubscribe("t");
    client.acknowledge(&one);
    client.acknowledge(&two);
    client.vanish();
    let client = world.connect_with(persistent(version, "a"));
    client.expect(Publish { dup: true, ..three.clone() });
    client.acknowledge(&three);
    client.expect_nothing();
}

/// MQTT5-3.10.4-6 MQTT3-3.10.4-6
fn many_filters_are_as_good_as_many_packets(version: ProtocolVersion) {
    let world = World::new();
    let [one, many] = ["one", "many"].map(|name| {
        let client = world.connect(version, name);
        for filter in ["a", "b", "c"] {
            client.subscribe(filter, QoS::AtMostOnce);
        }
        client
    });
    for filter in ["a", "nothing", "c"] {
        many.unsubscribe(filter);
    }
    one.send(unsubscribe(9, &["a", "nothing", "c"]));
    assert_eq!(one.unsuback().packet_id, id(9));
    one.expect_nothing();
    let publisher = world.connect(version, "publisher");
    for topic in ["a", "b", "c"] {
        publisher.send(qos0(topic, "x"));
    }
    for client in [one, many] {
        client.receives(QoS::AtMostOnce, "b", "x");
        client.expect_nothing();
    }
}

/// MQTT5-3.11.3-1
#[test]
fn unsuback_says_for_every_filter_what_became_of_it_in_order() {
    let client = World::new().connect(V5, "a");
    client.subscribe("a", QoS::AtMostOnce);
    client.subscribe("$share/g/b", QoS::AtMostOnce);
    client.send(unsubscribe(1, &["x", "a", "a", "a/#/b", "$share/g/b", "$share/g/b"]));
    let reasons: Vec<ReasonCode> = client.unsuback().reasons.iter().collect();
    let (gone, none) = (ReasonCode::SUCCESS, ReasonCode::NO_SUBSCRIPTION_EXISTED);
    assert_eq!(reasons, [none, gone, none, ReasonCode::TOPIC_FILTER_INVALID, gone, none]);
}

#[test]
fn messages_that_wait_are_delivered_after_unsubscribe() {
    let world = World::new();
    let properties = props(&[Property::ReceiveMaximum(1)]);
    let client = world.connect_with(Connect { properties, ..connect(V5, "a") });
    client.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t", "1");
    publisher.publishes(QoS::AtLeastOnce, "t", "2");
    let first = client.publish();
    client.unsubscribe("t");
    client.acknowledge(&first);
    client.receives(QoS::AtLeastOnce, "t", "2");
    client.send(Packet::PingReq);
    client.expect(Packet::PingResp);
}

/// The SUBACK of a new filter waits for the other engines; an UNSUBSCRIBE does not.
///
/// MQTT5-3.10.4-2
#[test]
fn what_is_retained_is_not_sent_for_a_subscription_that_is_gone() {
    let world = World::with(|setup| setup.shards = 3);
    let publisher = world.connect(V5, "publisher");
    publisher.send(Publish { retain: true, ..qos0("t", "x") });
    let client = world.connect(V5, "a");
    world.hold_mail();
    client.send(subscribe(1, &[("t", options(QoS::AtLeastOnce)), ("u", options(QoS::AtLeastOnce))]));
    client.send(unsubscribe(2, &["t"]));
    assert_eq!(client.unsuback().packet_id, id(2));
    world.release_mail();
    assert_eq!(client.suback().packet_id, id(1));
    client.expect_nothing();
}

#[test]
fn what_is_retained_comes_no_further_after_unsubscribe() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    let payload = "x".repeat(1000);
    for number in 0..1000 {
        let topic = format!("t/{number}");
        publisher.send(Publish { retain: true, ..qos0(&topic, &payload) });
    }
    let client = world.connect(V5, "a");
    client.stop_reading();
    client.send(subscribe(1, &[("t/#", options(QoS::AtMostOnce)), ("t/+", options(QoS::AtMostOnce))]));
    client.send(unsubscribe(2, &["t/#", "t/+"]));
    client.read_on();
    client.suback();
    let count =
        std::iter::from_fn(|| client.poll()).filter(|packet| matches!(packet, Packet::Publish(_))).count();
    assert!(count < 500, "{count} of two thousand were on their way already");
}
