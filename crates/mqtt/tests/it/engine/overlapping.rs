//! Several subscriptions of one client that match one message.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::{Publish, Subscribe, SubscriptionOptions};
use vouchmq_mqtt::{Property, QoS};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_message_is_delivered_once_at_the_highest_qos,
    each_of_many_clients_gets_its_one_copy,
}

/// Subscribes with a Subscription Identifier.
fn subscribe_as(client: &Client, identifier: u32, filter: &str, options: SubscriptionOptions) {
    let properties = props(&[Property::SubscriptionIdentifier(identifier)]);
    client.send(Subscribe { properties, ..subscribe(client.next_id(), &[(filter, options)]) });
    assert_eq!(client.suback().reasons.as_bytes(), [options.qos.bits()]);
}

fn identifiers(publish: &Publish<'_>) -> Vec<u32> {
    let mut identifiers: Vec<u32> = publish
        .properties
        .iter()
        .filter_map(|property| match property {
            Property::SubscriptionIdentifier(identifier) => Some(identifier),
            _ => None,
        })
        .collect();
    identifiers.sort_unstable();
    identifiers
}

/// MQTT5-3.3.4-2 MQTT3-3.3.5-1
fn a_message_is_delivered_once_at_the_highest_qos(version: ProtocolVersion) {
    let all = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce];
    let world = World::with(|setup| setup.shards = 2);
    let publisher = world.connect(version, world.name_at(0, "publisher"));
    for first in all {
        for second in all {
            for third in all {
                for shard in [0, 1] {
                    let client = world.connect(version, world.name_at(shard, "a"));
                    client.subscribe("t/#", first);
                    client.subscribe("t/x", second);
                    client.subscribe("+/x", third);
                    for published in all {
                        publisher.publishes(published, "t/x", "x");
                        client.receives(published.min(first.max(second).max(third)), "t/x", "x");
                        client.expect_nothing();
                    }
                }
            }
        }
    }
}

/// MQTT5-3.3.4-2 MQTT3-3.3.5-1
fn each_of_many_clients_gets_its_one_copy(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let filters = ["t/x", "t/+", "+/x", "#", "t/#"];
    let clients: Vec<Client> =
        (0..6).map(|number| world.connect_with(persistent(version, &format!("c{number}")))).collect();
    for (number, filter) in filters.iter().enumerate() {
        for (client, of) in clients.iter().zip(0..) {
            let qos = if number == of % filters.len() { QoS::AtLeastOnce } else { QoS::AtMostOnce };
            client.subscribe(filter, qos);
        }
    }
    world.connect(version, "publisher").publishes(QoS::ExactlyOnce, "t/x", "x");
    for client in &clients {
        client.receives(QoS::AtLeastOnce, "t/x", "x");
        client.expect_nothing();
    }
}

/// MQTT5-3.3.4-3 MQTT5-3.3.4-4
#[test]
fn the_one_copy_carries_the_identifiers_of_all_matching_subscriptions() {
    let world = World::with(|setup| setup.shards = 2);
    let publisher = world.connect(V5, world.name_at(0, "publisher"));
    for shard in [0, 1] {
        let client = world.connect(V5, world.name_at(shard, "a"));
        subscribe_as(&client, 1, "t/#", options(QoS::AtMostOnce));
        subscribe_as(&client, 268_435_455, "t/x", options(QoS::AtLeastOnce));
        subscribe_as(&client, 200, "+/x", options(QoS::ExactlyOnce));
        subscribe_as(&client, 7, "other", options(QoS::ExactlyOnce));
        client.subscribe("#", QoS::AtMostOnce);
        publisher.publishes(QoS::AtLeastOnce, "t/x", "x");
        let publish = client.receives(QoS::AtLeastOnce, "t/x", "x");
        assert_eq!(identifiers(&publish), [1, 200, 268_435_455]);
        publisher.publishes(QoS::AtLeastOnce, "t/y", "y");
        assert_eq!(identifiers(&client.receives(QoS::AtMostOnce, "t/y", "y")), [1]);
        publisher.publishes(QoS::AtLeastOnce, "u", "u");
        assert!(identifiers(&client.receives(QoS::AtMostOnce, "u", "u")).is_empty());
        client.expect_nothing();
    }
}

/// MQTT5-3.3.4-3
#[test]
fn identifiers_stay_with_messages_that_wait_and_are_sent_again() {
    let world = World::new();
    let client = world.connect_with(persistent(V5, "a"));
    subscribe_as(&client, 1, "t/#", options(QoS::AtLeastOnce));
    subscribe_as(&client, 2, "t/x", options(QoS::AtLeastOnce));
    client.leave();
    world.connect(V5, "publisher").publishes(QoS::AtLeastOnce, "t/x", "x");
    for _ in 0..2 {
        let client = world.connect_with(persistent(V5, "a"));
        assert_eq!(identifiers(&client.publish()), [1, 2]);
        client.vanish();
    }
}

#[test]
fn a_replaced_subscription_has_the_identifier_of_the_last_subscribe() {
    let world = World::new();
    let client = world.connect(V5, "a");
    for (identifier, expected) in [(Some(1), vec![1]), (Some(2), vec![2]), (None, vec![])] {
        match identifier {
            Some(identifier) => subscribe_as(&client, identifier, "t", options(QoS::AtMostOnce)),
            None => client.subscribe("t", QoS::AtMostOnce),
        }
        client.publishes(QoS::AtMostOnce, "t", "x");
        assert_eq!(identifiers(&client.publish()), expected);
    }
}

#[test]
fn retained_messages_carry_the_identifier_of_the_subscription_that_asked() {
    let world = World::new();
    let client = world.connect(V5, "a");
    client.send(Publish { retain: true, ..qos0("t", "x") });
    subscribe_as(&client, 1, "t", options(QoS::AtMostOnce));
    assert_eq!(identifiers(&client.publish()), [1]);
    subscribe_as(&client, 2, "+", options(QoS::AtMostOnce));
    assert_eq!(identifiers(&client.publish()), [2]);
}

/// The one case in which a client is sent several copies.
///
/// MQTT5-3.3.4-5
#[test]
fn a_shared_subscription_is_a_copy_of_its_own() {
    let world = World::new();
    let client = world.connect(V5, "a");
    subscribe_as(&client, 1, "t", options(QoS::AtMostOnce));
    subscribe_as(&client, 2, "$share/g/t", options(QoS::AtLeastOnce));
    world.connect(V5, "publisher").publishes(QoS::AtLeastOnce, "t", "x");
    let mut copies = [client.publish(), client.publish()];
    copies.sort_by_key(|copy| copy.qos);
    assert_eq!(copies.each_ref().map(identifiers), [vec![1], vec![2]]);
    assert_eq!(copies.map(|copy| copy.qos), [QoS::AtMostOnce, QoS::AtLeastOnce]);
    client.expect_nothing();
}

#[test]
fn retain_as_published_of_any_matching_subscription_counts() {
    let world = World::new();
    let client = world.connect(V5, "a");
    client.subscribe("t", QoS::AtMostOnce);
    let as_published = SubscriptionOptions { retain_as_published: true, ..options(QoS::AtMostOnce) };
    client.subscribe_with("+", as_published);
    client.send(Publish { retain: true, ..qos0("t", "x") });
    assert!(client.publish().retain);
    client.expect_nothing();
}
