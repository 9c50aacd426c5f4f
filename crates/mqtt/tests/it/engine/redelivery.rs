//! What is sent again when a session is resumed: what was not finished, in order, marked as such.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    what_is_unfinished_is_sent_again_in_order_and_before_what_is_new,
    nothing_is_sent_again_on_the_same_connection,
    a_new_session_is_sent_nothing_of_the_old,
}

/// MQTT5-3.3.1-1 MQTT5-4.4.0-1 MQTT3-3.3.1-1 MQTT3-4.4.0-1
fn what_is_unfinished_is_sent_again_in_order_and_before_what_is_new(version: ProtocolVersion) {
    let world = World::new();
    let subscriber = world.connect_with(persistent(version, "subscriber"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = world.connect(version, "publisher");
    for number in 1..=6 {
        let qos = if number % 2 == 0 { QoS::ExactlyOnce } else { QoS::AtLeastOnce };
        publisher.publishes(qos, "t", &number.to_string());
    }
    let sent: Vec<_> = (0..6).map(|_| subscriber.publish()).collect();
    let ids: Vec<_> = sent.iter().map(|publish| publish.packet_id.expect("QoS 1 and 2")).collect();
    // 3 is done; 2 waits for PUBCOMP.
    subscriber.send(puback(ids[2], ReasonCode::SUCCESS));
    subscriber.send(pubrec(ids[1], ReasonCode::SUCCESS));
    subscriber.expect(pubrel(ids[1], ReasonCode::SUCCESS));
    subscriber.vanish();
    publisher.publishes(QoS::AtLeastOnce, "t", "7");

    let subscriber = world.connect_with(persistent(version, "subscriber"));
    for (index, sent) in sent.iter().enumerate() {
        match index {
            1 => subscriber.expect(pubrel(ids[1], ReasonCode::SUCCESS)),
            2 => {}
            _ => subscriber.expect(Publish { dup: true, ..sent.clone() }),
        }
    }
    let new = subscriber.publish();
    assert_eq!((new.payload, new.dup), (&b"7"[..], false));
    subscriber.expect_nothing();
}

fn nothing_is_sent_again_on_the_same_connection(version: ProtocolVersion) {
    let world = World::new();
    let subscriber = world.connect_with(persistent(version, "subscriber"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = world.connect(version, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t", "1");
    publisher.publishes(QoS::ExactlyOnce, "t", "2");
    subscriber.publish();
    subscriber.publish();
    world.advance_secs(24 * 3600);
    subscriber.expect_nothing();
}

fn a_new_session_is_sent_nothing_of_the_old(version: ProtocolVersion) {
    let world = World::new();
    let subscriber = world.connect_with(persistent(version, "subscriber"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    world.connect(version, "publisher").publishes(QoS::AtLeastOnce, "t", "1");
    subscriber.publish();
    subscriber.vanish();
    let subscriber = world.connect(version, "subscriber");
    subscriber.expect_nothing();
}

#[test]
fn redelivery_keeps_within_a_smaller_receive_maximum_and_in_order() {
    let world = World::new();
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    for number in 1..=5 {
        publisher.publishes(QoS::AtLeastOnce, "t", &number.to_string());
        subscriber.publish();
    }
    subscriber.vanish();
    let again = world.connect_with(Connect {
        properties: props(&[Property::SessionExpiryInterval(KEPT_SECS), Property::ReceiveMaximum(2)]),
        ..persistent(V5, "subscriber")
    });
    publisher.publishes(QoS::AtLeastOnce, "t", "6");
    let mut waiting = Vec::new();
    for number in 1..=6 {
        while let Some(Packet::Publish(publish)) = again.poll() {
            waiting.push(publish);
        }
        assert!(waiting.len() <= 2, "Receive Maximum");
        let next = waiting.remove(0);
        assert_eq!(next.payload, number.to_string().as_bytes());
        assert_eq!(next.dup, number < 6);
        again.acknowledge(&next);
    }
    again.expect_nothing();
}

#[test]
fn what_the_next_connection_cannot_take_counts_as_delivered() {
    let world = World::new();
    let subscriber = world.connect_with(persistent(V5, "subscriber"));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = world.connect(V5, "publisher");
    let large = "x".repeat(100);
    let mut stored = None;
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        publisher.publishes(qos, "t", &large);
        stored = subscriber.publish().packet_id;
    }
    let stored = stored.expect("an identifier");
    publisher.publishes(QoS::AtLeastOnce, "t", "small");
    subscriber.publish();
    subscriber.vanish();
    let again = world.connect_with(Connect {
        properties: props(&[Property::SessionExpiryInterval(KEPT_SECS), Property::MaximumPacketSize(50)]),
        ..persistent(V5, "subscriber")
    });
    // The client may have stored the identifier of the QoS 2 message: under it nothing new would be heard.
    again.expect(pubrel(stored, ReasonCode::SUCCESS));
    again.send(pubcomp(stored, ReasonCode::PACKET_IDENTIFIER_NOT_FOUND));
    let publish = again.publish();
    assert_eq!((publish.payload, publish.dup), (&b"small"[..], true));
    again.acknowledge(&publish);
    again.expect_nothing();
    assert_eq!(world.session("subscriber").expect("a session").in_flight_count, 0);
    assert_eq!(world.count(|stats| stats.dropped_too_large), 2);
}
