//! Receive Maximum: how much may be under way, in each direction.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    finished_exchanges_make_room_for_others,
}

versions! { V31, V311 =>
    a_client_that_knows_no_receive_maximum_is_slowed_down,
}

fn taking(maximum: u16) -> Connect<'static> {
    Connect { properties: props(&[Property::ReceiveMaximum(maximum)]), ..connect(V5, "subscriber") }
}

fn received(client: &Client) -> Vec<Publish<'static>> {
    std::iter::from_fn(|| client.poll())
        .map(|packet| match packet {
            Packet::Publish(publish) => publish,
            other => panic!("a PUBLISH is awaited, not {other:?}"),
        })
        .collect()
}

/// MQTT5-3.3.4-9 MQTT5-4.9.0-1 MQTT5-4.9.0-2
#[test]
fn a_client_is_sent_no_more_than_it_takes_at_once() {
    for maximum in [1, 2, 20, 1024, u16::MAX] {
        let world = World::with(|setup| setup.limits.queued_messages_max = 100_000);
        let subscriber = world.connect_with(taking(maximum));
        subscriber.subscribe("t", QoS::ExactlyOnce);
        let publisher = world.connect(V5, "publisher");
        let total = 1100;
        for number in 0..total {
            let qos = if number % 2 == 0 { QoS::AtLeastOnce } else { QoS::ExactlyOnce };
            publisher.publishes(qos, "t", &number.to_string());
        }
        let most = usize::from(maximum.min(1024));
        let mut under_way = received(&subscriber);
        assert_eq!(under_way.len(), most.min(total), "the client's maximum, and at most ours");
        let mut next = 0;
        while !under_way.is_empty() {
            let publish = under_way.remove(0);
            assert_eq!(publish.payload, next.to_string().as_bytes(), "in order");
            next += 1;
            let packet_id = publish.packet_id.expect("QoS 1 and 2");
            if publish.qos == QoS::AtLeastOnce {
                subscriber.send(puback(packet_id, ReasonCode::SUCCESS));
            } else {
                subscriber.send(pubrec(packet_id, ReasonCode::SUCCESS));
                subscriber.expect(pubrel(packet_id, ReasonCode::SUCCESS));
                assert_eq!(subscriber.poll(), None, "PUBREC makes no room, PUBCOMP does");
                subscriber.send(pubcomp(packet_id, ReasonCode::SUCCESS));
            }
            under_way.extend(received(&subscriber));
            assert!(under_way.len() <= most);
        }
        assert_eq!(next, total);
    }
}

/// MQTT5-4.9.0-2
#[test]
fn a_refusing_pubrec_makes_room() {
    let world = World::new();
    let subscriber = world.connect_with(taking(1));
    subscriber.subscribe("t", QoS::ExactlyOnce);
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::ExactlyOnce, "t", "1");
    publisher.publishes(QoS::ExactlyOnce, "t", "2");
    let first = subscriber.publish().packet_id.expect("QoS 2");
    subscriber.expect_nothing();
    subscriber.send(pubrec(first, ReasonCode::UNSPECIFIED_ERROR));
    assert_eq!(subscriber.publish().payload, b"2");
}

/// MQTT5-3.3.4-10 MQTT5-4.9.0-3
#[test]
fn everything_else_goes_on_while_the_client_takes_no_more_messages() {
    let world = World::new();
    let subscriber = world.connect_with(taking(1));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t", "under way");
    publisher.publishes(QoS::AtLeastOnce, "t", "waits");
    let under_way = subscriber.publish();
    subscriber.send(Packet::PingReq);
    subscriber.expect(Packet::PingResp);
    subscriber.subscribe("u", QoS::AtMostOnce);
    subscriber.publishes(QoS::ExactlyOnce, "v", "own");
    publisher.publishes(QoS::AtMostOnce, "u", "of QoS 0");
    subscriber.receives(QoS::AtMostOnce, "u", "of QoS 0");
    subscriber.unsubscribe("u");
    subscriber.expect_nothing();
    subscriber.acknowledge(&under_way);
    subscriber.receives(QoS::AtLeastOnce, "t", "waits");
}

/// MQTT5-4.9.0-1
#[test]
fn every_connection_begins_with_the_whole_quota() {
    let world = World::new();
    let kept = |maximum| Connect {
        properties: props(&[Property::SessionExpiryInterval(KEPT_SECS), Property::ReceiveMaximum(maximum)]),
        ..persistent(V5, "subscriber")
    };
    let subscriber = world.connect_with(kept(2));
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    for number in 0..5 {
        publisher.publishes(QoS::AtLeastOnce, "t", &number.to_string());
    }
    assert_eq!(received(&subscriber).len(), 2);
    for maximum in [2, 1, 5] {
        subscriber_vanishes(&world);
        let again = world.connect_with(kept(maximum));
        assert_eq!(received(&again).len(), usize::from(maximum));
    }
}

fn subscriber_vanishes(world: &World) {
    let connection = world.session("subscriber").and_then(|info| info.connection).expect("connected");
    world.input_at(0, vouchmq_mqtt::engine::Input::Lost(connection));
}

#[test]
fn a_client_that_exceeds_receive_maximum_is_disconnected() {
    let world = World::with(|setup| setup.limits.receive_maximum = 10);
    world.hold_journal();
    let client = world.connect(V5, "a");
    for number in 1..=10 {
        let packet = if number % 2 == 0 { qos1(number, "t", "x") } else { qos2(number, "t", "x") };
        client.send(packet);
    }
    client.send(qos0("t", "QoS 0 is not counted"));
    client.expect_nothing();
    client.send(qos1(11, "t", "x"));
    let cause = client.disconnected(ReasonCode::RECEIVE_MAXIMUM_EXCEEDED);
    assert!(matches!(cause, CloseCause::Violation(ReasonCode::RECEIVE_MAXIMUM_EXCEEDED, _)));
}

/// MQTT 3.x has no Receive Maximum: such a client does nothing wrong, and is just not read from.
fn a_client_that_knows_no_receive_maximum_is_slowed_down(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.receive_maximum = 10);
    world.hold_journal();
    let client = world.connect(version, "a");
    for number in 1..=30 {
        client.send(if number % 2 == 0 { qos1(number, "t", "x") } else { qos2(number, "t", "x") });
    }
    client.expect_nothing();
    assert_eq!(world.count(|stats| stats.publishes_received), 10);
    world.release_journal();
    for number in 1..=30 {
        let ack = if number % 2 == 0 { client.puback() } else { client.pubrec() };
        assert_eq!(ack.packet_id, id(number));
    }
    client.expect_nothing();
}

fn finished_exchanges_make_room_for_others(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.receive_maximum = 2);
    let client = world.connect(version, "a");
    client.send(qos2(1, "t", "x"));
    client.pubrec();
    for number in 2..100 {
        client.send(qos1(number, "t", "x"));
        client.puback();
    }
    client.send(qos2(100, "t", "x"));
    client.pubrec();
    client.send(pubrel(id(1), ReasonCode::SUCCESS));
    client.packet();
    client.send(qos2(101, "t", "x"));
    client.pubrec();
    client.send(qos2(102, "t", "x"));
    assert_eq!(client.is_open(), version != V5, "only MQTT 5 clients know how much they may have open");
}

#[test]
fn connack_says_our_receive_maximum() {
    let world = World::with(|setup| setup.limits.receive_maximum = 7);
    let client = world.open(V5);
    client.send(connect(V5, "a"));
    assert_eq!(client.connack().properties.receive_maximum(), Some(7));
}

#[test]
fn a_client_of_311_takes_as_many_as_we_send_at_most() {
    let world = World::with(|setup| setup.limits.receive_maximum = 3);
    let subscriber = world.connect(V311, "subscriber");
    subscriber.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(V5, "publisher");
    for number in 0..5 {
        publisher.publishes(QoS::AtLeastOnce, "t", &number.to_string());
    }
    let under_way = received(&subscriber);
    assert_eq!(under_way.len(), 3);
    subscriber.acknowledge(&under_way[0]);
    assert_eq!(received(&subscriber).len(), 1);
}
