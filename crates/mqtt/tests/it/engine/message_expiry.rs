//! Message Expiry Interval: too old is not delivered, and the rest is told how old it is.

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Property, QoS};

use super::harness::*;

fn expiring<'a>(publish: Publish<'a>, secs: u32) -> Publish<'a> {
    Publish { properties: props(&[Property::MessageExpiryInterval(secs)]), ..publish }
}

fn world_with_absent_subscriber() -> (World, Client) {
    let world = World::with(|setup| setup.shards = 2);
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    subscriber.leave();
    let publisher = world.connect(V5, "publisher");
    (world, publisher)
}

/// MQTT5-3.3.2-5
#[test]
fn a_message_that_expired_while_it_waited_is_not_delivered() {
    let (world, publisher) = world_with_absent_subscriber();
    for (number, secs) in [(1, 10), (2, 11), (3, 0), (4, 10)] {
        publisher.send(expiring(qos1(number, "t", &number.to_string()), secs));
        publisher.puback();
    }
    world.advance_secs(10);
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    subscriber.receives(QoS::AtLeastOnce, "t", "2");
    subscriber.expect_nothing();
    assert_eq!(world.count(|stats| stats.dropped_expired), 3);
}

/// MQTT5-3.3.2-5
#[test]
fn every_subscriber_is_judged_by_its_own_wait() {
    let (world, publisher) = world_with_absent_subscriber();
    let online = world.connect(V5, "online");
    online.subscribe("t", QoS::AtLeastOnce);
    publisher.send(expiring(qos1(1, "t", "x"), 10));
    online.receives(QoS::AtLeastOnce, "t", "x");
    world.advance_secs(11);
    world.connect_with(persistent(V5, "subscriber")).expect_nothing();
}

#[test]
fn messages_that_wait_for_room_expire_too() {
    let world = World::new();
    let properties = props(&[Property::ReceiveMaximum(1)]);
    let subscriber = world.connect_with(Connect { properties, ..connect(V5, "subscriber") });
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    for (number, secs) in [(1, 100), (2, 5), (3, 100)] {
        publisher.send(expiring(qos1(number, "t", &number.to_string()), secs));
    }
    let first = subscriber.publish();
    world.advance_secs(6);
    subscriber.acknowledge(&first);
    subscriber.receives(QoS::AtLeastOnce, "t", "3");
}

/// MQTT5-3.3.2-6
#[test]
fn the_time_that_a_message_waited_is_taken_off_its_expiry() {
    let (world, publisher) = world_with_absent_subscriber();
    let online = world.connect(V5, "online");
    online.subscribe("t", QoS::AtLeastOnce);
    publisher.send(expiring(qos1(1, "t", "x"), 100));
    let publish = online.receives(QoS::AtLeastOnce, "t", "x");
    assert_eq!(publish.properties, props(&[Property::MessageExpiryInterval(100)]), "no time passed");
    world.advance_secs(30);
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    let publish = subscriber.publish();
    assert_eq!(publish.properties.message_expiry_interval(), Some(70));
    subscriber.vanish();
    world.advance_secs(30);
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    let again = subscriber.publish();
    assert_eq!((again.dup, again.properties.message_expiry_interval()), (true, Some(40)));
}

/// MQTT5-3.3.2-6
#[test]
fn a_retained_message_is_as_old_as_it_is() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    publisher.send(Publish { retain: true, ..expiring(qos0("t", "x"), 100) });
    world.advance_secs(60);
    let subscriber = world.connect(V5, "subscriber");
    subscriber.subscribe("t", QoS::AtMostOnce);
    let publish = subscriber.receives(QoS::AtMostOnce, "t", "x");
    assert_eq!(publish.properties.message_expiry_interval(), Some(40));
    world.advance_secs(41);
    let late = world.connect(V5, "late");
    late.subscribe("t", QoS::AtMostOnce);
    late.expect_nothing();
}

#[test]
fn a_message_without_expiry_waits_for_ever() {
    let (world, publisher) = world_with_absent_subscriber();
    publisher.publishes(QoS::AtLeastOnce, "t", "x");
    world.advance_secs(u64::from(KEPT_SECS) - 10);
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    assert!(subscriber.receives(QoS::AtLeastOnce, "t", "x").properties.is_empty());
}

#[test]
fn a_message_expires_for_clients_of_311_as_well() {
    let world = World::new();
    let subscriber = world.connect_with(persistent(V311, "subscriber"));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    subscriber.leave();
    let publisher = world.connect(V5, "publisher");
    publisher.send(expiring(qos1(1, "t", "x"), 10));
    world.advance_secs(10);
    world.connect_with(persistent(V311, "subscriber")).expect_nothing();
}
