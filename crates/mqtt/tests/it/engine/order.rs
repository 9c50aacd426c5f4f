//! Order: what one publisher sends to one topic at one QoS arrives as it was sent.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Packet, Property, QoS};

use super::harness::*;

versions! { V31, V311, V5 =>
    messages_arrive_in_the_order_of_their_publisher,
    messages_that_waited_arrive_before_those_that_did_not,
}

/// Takes what has arrived, acknowledges some of it, and returns the payloads by QoS.
fn collect(client: &Client, into: &mut [Vec<String>; 3], acknowledge_every: usize) {
    let mut seen = 0;
    while let Some(packet) = client.poll() {
        let Packet::Publish(publish) = packet else { continue };
        into[usize::from(publish.qos.bits())].push(String::from_utf8_lossy(publish.payload).into_owned());
        seen += 1;
        if seen % acknowledge_every == 0 {
            acknowledge_blindly(client, &publish);
        }
    }
}

/// Sends all answers of an exchange without looking at what comes in between.
fn acknowledge_blindly(client: &Client, publish: &vouchmq_mqtt::packet::Publish<'_>) {
    let Some(id) = publish.packet_id else { return };
    match publish.qos {
        QoS::AtMostOnce => {}
        QoS::AtLeastOnce => client.send(puback(id, vouchmq_mqtt::ReasonCode::SUCCESS)),
        QoS::ExactlyOnce => {
            client.send(pubrec(id, vouchmq_mqtt::ReasonCode::SUCCESS));
            client.send(pubcomp(id, vouchmq_mqtt::ReasonCode::SUCCESS));
        }
    }
}

/// MQTT5-4.6.0-5 MQTT5-4.6.0-6 MQTT3-4.6.0-5 MQTT3-4.6.0-6
fn messages_arrive_in_the_order_of_their_publisher(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 3);
    let subscribers = [0, 1, 2].map(|shard| {
        let client = world.connect(version, world.name_at(shard, "subscriber"));
        client.subscribe("t/+", QoS::ExactlyOnce);
        client.subscribe("t/#", QoS::AtMostOnce);
        client
    });
    for shard in 0..3 {
        let publisher = world.connect(version, world.name_at(shard, "publisher"));
        let mut sent = [Vec::new(), Vec::new(), Vec::new()];
        let mut got = [const { [const { Vec::new() }; 3] }; 3];
        for round in 0..40 {
            world.hold_mail();
            for number in 0..6_u16 {
                let qos = [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(number % 3)];
                let payload = format!("{round}-{number}");
                publisher.send(publish_at(qos, round * 6 + number + 1, "t/x", &payload));
                sent[usize::from(qos.bits())].push(payload);
            }
            world.release_mail();
            for (subscriber, got) in subscribers.iter().zip(&mut got) {
                collect(subscriber, got, 1 + usize::from(round % 3));
            }
        }
        for got in got {
            assert_eq!(got, sent);
        }
    }
}

/// MQTT5-4.6.0-5 MQTT3-4.6.0-6
fn messages_that_waited_arrive_before_those_that_did_not(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.receive_maximum = 3);
    let subscriber = world.connect_with(persistent(version, "subscriber"));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(version, "publisher");
    let mut next = 0;
    let mut publish = |count| {
        for _ in 0..count {
            publisher.publishes(QoS::AtLeastOnce, "t", &next.to_string());
            next += 1;
        }
    };
    publish(5);
    subscriber.vanish();
    publish(5);
    let subscriber = world.connect_with(persistent(version, "subscriber"));
    publish(5);
    let mut under_way = Vec::new();
    for expected in 0..15 {
        while let Some(Packet::Publish(publish)) = subscriber.poll() {
            under_way.push(publish);
        }
        let first = under_way.remove(0);
        assert_eq!(first.payload, expected.to_string().as_bytes());
        subscriber.acknowledge(&first);
    }
    subscriber.expect_nothing();
}

#[test]
fn acknowledging_out_of_order_changes_no_order() {
    let world = World::new();
    let properties = props(&[Property::ReceiveMaximum(4)]);
    let subscriber = world.connect_with(Connect { properties, ..connect(V5, "subscriber") });
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    for number in 0..20 {
        publisher.publishes(QoS::AtLeastOnce, "t", &number.to_string());
    }
    let mut received = Vec::new();
    let mut under_way = Vec::new();
    while received.len() < 20 {
        while let Some(Packet::Publish(publish)) = subscriber.poll() {
            received.push(String::from_utf8_lossy(publish.payload).into_owned());
            under_way.push(publish);
        }
        let last = under_way.pop().expect("something is under way");
        subscriber.acknowledge(&last);
    }
    assert_eq!(received, (0..20).map(|number: u32| number.to_string()).collect::<Vec<_>>());
}
