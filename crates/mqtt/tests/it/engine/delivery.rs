//! PUBLISH to clients: identifiers, flags and what ends a delivery.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    every_new_message_gets_an_identifier_that_is_not_in_use,
    a_message_of_qos_1_is_held_until_puback,
    a_message_of_qos_2_is_held_until_pubcomp,
    pubrec_is_answered_with_pubrel,
    qos_0_has_no_identifier_and_is_never_a_duplicate,
    acknowledgements_that_nobody_awaits_do_no_harm,
}

/// A client that is sent messages of QoS 1 and 2 to `t`, and one that publishes.
fn pair(version: ProtocolVersion) -> (World, Client, Client) {
    let world = World::new();
    let subscriber = world.connect_with(persistent(version, "subscriber"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = world.connect(version, "publisher");
    (world, subscriber, publisher)
}

/// MQTT5-2.2.1-4 MQTT5-4.3.2-1 MQTT5-4.3.2-2 MQTT5-4.3.3-1 MQTT5-4.3.3-2 MQTT3-2.3.1-4 MQTT3-4.3.2-1
fn every_new_message_gets_an_identifier_that_is_not_in_use(version: ProtocolVersion) {
    let (_world, subscriber, publisher) = pair(version);
    let mut in_use = std::collections::BTreeSet::new();
    for round in 0..400 {
        let qos = if round % 2 == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
        publisher.publishes(qos, "t", "x");
        let publish = subscriber.publish();
        assert_eq!((publish.qos, publish.dup), (qos, false));
        let packet_id = publish.packet_id.expect("QoS 1 and 2 have an identifier");
        assert!(in_use.insert(packet_id), "{packet_id:?} is in use");
        if round % 3 == 0 {
            subscriber.acknowledge(&publish);
            in_use.remove(&packet_id);
        }
    }
}

/// All 65,535 identifiers are gone through while one of them stays in use.
#[test]
fn identifiers_still_in_use_are_passed_over() {
    let world = World::new();
    let subscriber = world.connect(V5, "subscriber");
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t", "stays");
    let stays = subscriber.publish().packet_id;
    for _ in 0..66 {
        publisher.send_all((1..=1000).map(|number| Packet::Publish(qos1(number, "t", "x"))));
        let mut answers = Vec::new();
        for _ in 0..1000 {
            publisher.puback();
            let publish = subscriber.publish();
            assert_ne!(publish.packet_id, stays);
            answers.push(puback(publish.packet_id.expect("QoS 1"), ReasonCode::SUCCESS));
        }
        subscriber.send_all(answers);
    }
}

/// The subscriber's connection breaks while one delivery is unfinished, and it comes back.
fn reconnect(world: &World, subscriber: &Client) -> Client {
    subscriber.vanish();
    assert_eq!(world.session("subscriber").expect("a session").in_flight_count, 1);
    world.connect_with(persistent(subscriber.version(), "subscriber"))
}

/// MQTT5-4.3.2-3 MQTT3-4.3.2-1
fn a_message_of_qos_1_is_held_until_puback(version: ProtocolVersion) {
    let (world, mut subscriber, publisher) = pair(version);
    publisher.publishes(QoS::AtLeastOnce, "t", "x");
    let publish = subscriber.publish();
    for _ in 0..3 {
        subscriber = reconnect(&world, &subscriber);
        subscriber.expect(Publish { dup: true, ..publish.clone() });
    }
    subscriber.acknowledge(&publish);
    subscriber.vanish();
    assert_eq!(world.session("subscriber").expect("a session").in_flight_count, 0);
    world.connect_with(persistent(version, "subscriber")).expect_nothing();
}

/// MQTT5-4.3.3-3 MQTT5-4.3.3-5 MQTT5-4.3.3-6 MQTT3-4.3.3-1
fn a_message_of_qos_2_is_held_until_pubcomp(version: ProtocolVersion) {
    let (world, mut subscriber, publisher) = pair(version);
    publisher.publishes(QoS::ExactlyOnce, "t", "x");
    let publish = subscriber.publish();
    let packet_id = publish.packet_id.expect("QoS 2");
    for _ in 0..2 {
        subscriber = reconnect(&world, &subscriber);
        subscriber.expect(Publish { dup: true, ..publish.clone() });
    }
    subscriber.send(pubrec(packet_id, ReasonCode::SUCCESS));
    for _ in 0..2 {
        subscriber.expect(pubrel(packet_id, ReasonCode::SUCCESS));
        subscriber.expect_nothing();
        subscriber = reconnect(&world, &subscriber);
    }
    subscriber.expect(pubrel(packet_id, ReasonCode::SUCCESS));
    subscriber.send(pubcomp(packet_id, ReasonCode::SUCCESS));
    subscriber.vanish();
    world.connect_with(persistent(version, "subscriber")).expect_nothing();
}

/// MQTT5-4.3.3-4 MQTT3-4.3.3-1
fn pubrec_is_answered_with_pubrel(version: ProtocolVersion) {
    let (_world, subscriber, publisher) = pair(version);
    publisher.publishes(QoS::ExactlyOnce, "t", "x");
    let packet_id = subscriber.publish().packet_id.expect("QoS 2");
    for _ in 0..2 {
        subscriber.send(pubrec(packet_id, ReasonCode::SUCCESS));
        subscriber.expect(pubrel(packet_id, ReasonCode::SUCCESS));
    }
    subscriber.send(pubcomp(packet_id, ReasonCode::SUCCESS));
    subscriber.expect_nothing();
}

/// MQTT5-4.3.1-1 MQTT5-2.2.1-2 MQTT3-4.3.1-1 MQTT3-2.3.1-5
fn qos_0_has_no_identifier_and_is_never_a_duplicate(version: ProtocolVersion) {
    let (_world, subscriber, publisher) = pair(version);
    publisher.publishes(QoS::AtMostOnce, "t", "x");
    subscriber.expect(qos0("t", "x"));
    subscriber.subscribe("t", QoS::AtMostOnce);
    publisher.publishes(QoS::ExactlyOnce, "t", "x");
    subscriber.expect(qos0("t", "x"));
}

fn acknowledgements_that_nobody_awaits_do_no_harm(version: ProtocolVersion) {
    let (_world, subscriber, publisher) = pair(version);
    publisher.publishes(QoS::AtLeastOnce, "t", "x");
    let publish = subscriber.publish();
    let awaited = publish.packet_id.expect("QoS 1");
    for wrong in [id(999), awaited] {
        subscriber.send(pubcomp(wrong, ReasonCode::SUCCESS));
        subscriber.expect_nothing();
        subscriber.send(pubrec(wrong, ReasonCode::SUCCESS));
        let reason =
            if version == V5 { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND } else { ReasonCode::SUCCESS };
        subscriber.expect(pubrel(wrong, reason));
    }
    subscriber.send(puback(id(999), ReasonCode::SUCCESS));
    subscriber.acknowledge(&publish);
    publisher.publishes(QoS::ExactlyOnce, "t", "y");
    subscriber.receives(QoS::ExactlyOnce, "t", "y");
}

/// MQTT5-4.4.0-2
#[test]
fn a_refusing_acknowledgement_ends_the_delivery() {
    let (world, subscriber, publisher) = pair(V5);
    for reason in [ReasonCode::UNSPECIFIED_ERROR, ReasonCode::QUOTA_EXCEEDED] {
        publisher.publishes(QoS::AtLeastOnce, "t", "x");
        subscriber.send(puback(subscriber.publish().packet_id.expect("QoS 1"), reason));
        publisher.publishes(QoS::ExactlyOnce, "t", "y");
        subscriber.send(pubrec(subscriber.publish().packet_id.expect("QoS 2"), reason));
        subscriber.expect_nothing();
    }
    assert_eq!(world.session("subscriber").expect("a session").in_flight_count, 0);
    subscriber.vanish();
    world.connect_with(persistent(V5, "subscriber")).expect_nothing();
}

/// MQTT5-4.3.3-7 MQTT5-4.3.3-13
#[test]
fn an_exchange_that_began_goes_on_after_its_message_expired() {
    let (world, subscriber, publisher) = pair(V5);
    let properties = props(&[Property::MessageExpiryInterval(10)]);
    publisher.send(Publish { properties, ..qos2(1, "t", "x") });
    publisher.expect(pubrec(id(1), ReasonCode::SUCCESS));
    let packet_id = subscriber.publish().packet_id.expect("QoS 2");
    subscriber.vanish();
    world.advance_secs(20);
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    let again = subscriber.publish();
    assert_eq!((again.packet_id, again.dup), (Some(packet_id), true));
    subscriber.send(pubrec(packet_id, ReasonCode::SUCCESS));
    subscriber.expect(pubrel(packet_id, ReasonCode::SUCCESS));
    subscriber.send(pubcomp(packet_id, ReasonCode::SUCCESS));

    publisher.send(pubrel(id(1), ReasonCode::SUCCESS));
    publisher.expect(pubcomp(id(1), ReasonCode::SUCCESS));
}

#[test]
fn a_session_that_expires_takes_what_it_held_with_it() {
    let (world, subscriber, publisher) = pair(V5);
    subscriber.vanish();
    publisher.publishes(QoS::AtLeastOnce, "t", "x");
    world.advance_secs(u64::from(KEPT_SECS) + 1);
    assert!(world.session("subscriber").is_none());
    assert_eq!(publisher.publishes(QoS::AtLeastOnce, "t", "x"), ReasonCode::NO_MATCHING_SUBSCRIBERS);
}
