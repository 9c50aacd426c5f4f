//! Subscription options: No Local, Retain As Published, Retain Handling.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::QoS;
use vouchmq_mqtt::packet::{Publish, RetainHandling, SubscriptionOptions};

use super::harness::*;

versions! { V31, V311 => clients_of_3_get_their_own_messages_back }

fn retained<'a>(publish: Publish<'a>) -> Publish<'a> {
    Publish { retain: true, ..publish }
}

fn clients_of_3_get_their_own_messages_back(version: ProtocolVersion) {
    let client = World::new().connect(version, "a");
    client.subscribe("t", QoS::AtMostOnce);
    client.send(retained(qos0("t", "x")));
    assert!(!client.receives(QoS::AtMostOnce, "t", "x").retain);
}

/// MQTT5-3.8.3-3
#[test]
fn no_local_keeps_a_clients_own_messages_from_it() {
    let world = World::with(|setup| setup.shards = 2);
    let no_local = SubscriptionOptions { no_local: true, ..options(QoS::ExactlyOnce) };
    let client = world.connect_with(persistent(V5, world.name_at(0, "a")));
    let others = [0, 1].map(|shard| world.connect(V5, world.name_at(shard, "other")));
    client.subscribe_with("t/+", no_local);
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        client.publishes(qos, "t/x", "own");
        client.expect_nothing();
        for other in &others {
            other.publishes(qos, "t/x", "of another");
            client.receives(qos, "t/x", "of another");
        }
    }
    client.subscribe("t/x", QoS::AtMostOnce);
    client.publishes(QoS::AtMostOnce, "t/x", "own");
    client.receives(QoS::AtMostOnce, "t/x", "own");
    client.expect_nothing();
}

/// MQTT5-3.8.3-3
#[test]
fn no_local_holds_for_the_client_on_its_next_connection() {
    let world = World::new();
    let no_local = SubscriptionOptions { no_local: true, ..options(QoS::AtLeastOnce) };
    world.connect_with(persistent(V5, "a")).subscribe_with("t", no_local);
    let client = world.connect_with(persistent(V5, "a"));
    client.publishes(QoS::AtLeastOnce, "t", "own");
    client.expect_nothing();
}

/// MQTT5-3.3.1-12 MQTT5-3.3.1-13
#[test]
fn retain_is_forwarded_as_the_subscription_says() {
    let world = World::with(|setup| setup.shards = 2);
    let publisher = world.connect(V5, world.name_at(0, "publisher"));
    for shard in [0, 1] {
        for retain_as_published in [false, true] {
            let client = world.connect(V5, world.name_at(shard, "a"));
            let retain_handling = RetainHandling::DoNotSend;
            let options =
                SubscriptionOptions { retain_as_published, retain_handling, ..options(QoS::AtLeastOnce) };
            client.subscribe_with("t", options);
            for retain in [false, true] {
                publisher.send(Publish { retain, ..qos1(1, "t", "x") });
                publisher.puback();
                let forwarded = client.receives(QoS::AtLeastOnce, "t", "x").retain;
                assert_eq!(forwarded, retain && retain_as_published);
            }
        }
    }
}

#[test]
fn retain_as_published_stays_with_messages_that_wait() {
    let world = World::new();
    let client = world.connect_with(persistent(V5, "a"));
    let as_published = SubscriptionOptions { retain_as_published: true, ..options(QoS::AtLeastOnce) };
    client.subscribe_with("t", as_published);
    client.leave();
    let publisher = world.connect(V5, "publisher");
    publisher.send(retained(qos1(1, "t", "1")));
    publisher.send(qos1(2, "t", "2"));
    let client = world.connect_with(persistent(V5, "a"));
    assert!(client.receives(QoS::AtLeastOnce, "t", "1").retain);
    assert!(!client.receives(QoS::AtLeastOnce, "t", "2").retain);
}

fn with_handling(retain_handling: RetainHandling) -> SubscriptionOptions {
    SubscriptionOptions { retain_handling, ..options(QoS::AtMostOnce) }
}

fn world_with_retained() -> (World, Client) {
    let world = World::with(|setup| setup.shards = 2);
    let publisher = world.connect(V5, "publisher");
    publisher.send(retained(qos0("t/1", "x")));
    publisher.send(retained(qos0("t/2", "y")));
    let client = world.connect_with(persistent(V5, "a"));
    (world, client)
}

fn retained_count(client: &Client) -> usize {
    std::iter::from_fn(|| client.poll()).count()
}

/// MQTT5-3.3.1-9 MQTT5-3.8.4-4
#[test]
fn retain_handling_0_sends_what_is_retained_with_every_subscribe() {
    let (_world, client) = world_with_retained();
    for _ in 0..3 {
        client.subscribe_with("t/+", with_handling(RetainHandling::Send));
        assert_eq!(retained_count(&client), 2);
    }
}

/// MQTT5-3.3.1-10
#[test]
fn retain_handling_1_sends_what_is_retained_for_a_new_subscription_only() {
    let (world, client) = world_with_retained();
    let handling = with_handling(RetainHandling::SendIfNew);
    client.subscribe_with("t/+", handling);
    assert_eq!(retained_count(&client), 2);
    client.subscribe_with("t/+", handling);
    assert_eq!(retained_count(&client), 0);
    client.subscribe_with("t/#", handling);
    assert_eq!(retained_count(&client), 2, "another filter is another subscription");
    client.leave();
    let client = world.connect_with(persistent(V5, "a"));
    client.subscribe_with("t/+", handling);
    assert_eq!(retained_count(&client), 0, "it is still there");
    client.unsubscribe("t/+");
    client.subscribe_with("t/+", handling);
    assert_eq!(retained_count(&client), 2);
}

/// MQTT5-3.3.1-11
#[test]
fn retain_handling_2_sends_nothing_that_is_retained() {
    let (world, client) = world_with_retained();
    for _ in 0..2 {
        client.subscribe_with("t/+", with_handling(RetainHandling::DoNotSend));
        assert_eq!(retained_count(&client), 0);
    }
    world.connect(V5, "publisher").publishes(QoS::AtMostOnce, "t/1", "new");
    assert_eq!(retained_count(&client), 1);
}

#[test]
fn every_filter_of_a_subscribe_has_its_own_options() {
    let (_world, client) = world_with_retained();
    client.send(subscribe(
        1,
        &[("t/1", with_handling(RetainHandling::DoNotSend)), ("t/2", with_handling(RetainHandling::Send))],
    ));
    client.suback();
    assert_eq!(client.publish().topic, "t/2");
    client.expect_nothing();
}

#[test]
fn shared_subscriptions_are_sent_nothing_that_is_retained() {
    let (_world, client) = world_with_retained();
    client.subscribe("$share/g/t/+", QoS::AtMostOnce);
    client.expect_nothing();
}
