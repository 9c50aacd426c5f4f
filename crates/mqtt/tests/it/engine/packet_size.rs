//! Maximum Packet Size, in each direction.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::engine::CloseCause;
use vouchmq_mqtt::packet::{Connect, Publish, Subscribe};
use vouchmq_mqtt::{Packet, Property, PropertyId, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 => a_packet_larger_than_ours_is_refused_by_its_header }

fn taking<'a>(client_id: &'a str, maximum: u32, more: &[Property<'_>]) -> Connect<'a> {
    let properties: Vec<_> =
        [Property::MaximumPacketSize(maximum), Property::SessionExpiryInterval(KEPT_SECS)]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
    Connect { properties: props(&properties), ..persistent(V5, client_id) }
}

/// A payload whose PUBLISH of QoS 1 to `topic` without properties has `size` bytes.
fn payload_for(size: usize) -> String {
    // Two bytes of header, seven of topic, two of identifier, one of property length.
    "x".repeat(size - 12)
}

fn a_packet_larger_than_ours_is_refused_by_its_header(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.packet_bytes_max = 1000);
    let client = world.connect(version, "a");
    let largest = qos0("t", keep_str("x".repeat(1000 - 6 - usize::from(version == V5))));
    assert_eq!(client.encode(largest.clone()).len(), 1000);
    client.send(largest);
    client.send(Packet::PingReq);
    client.expect(Packet::PingResp);
    // 998 bytes follow the header: one too many, of which none is sent.
    client.send_bytes(&[0x30, 0xE6, 0x07]);
    let cause = client.disconnected(ReasonCode::PACKET_TOO_LARGE);
    assert!(matches!(cause, CloseCause::Violation(ReasonCode::PACKET_TOO_LARGE, _)));
}

#[test]
fn connack_says_our_maximum() {
    let client = World::new().open(V5);
    client.send(connect(V5, "a"));
    assert_eq!(client.connack().properties.maximum_packet_size(), Some(1024 * 1024));
}

/// MQTT5-3.1.2-24 MQTT5-3.1.2-25
#[test]
fn a_message_too_large_for_a_client_is_dropped_for_it_alone() {
    let maximum = 100;
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let world = World::new();
        let small = world.connect_with(taking("small", maximum, &[]));
        let large = world.connect(V5, "large");
        let publisher = world.connect(V5, "publisher");
        for subscriber in [&small, &large] {
            subscriber.subscribe("topic", qos);
        }
        let spare = if qos == QoS::AtMostOnce { 2 } else { 0 };
        let fits = payload_for(100 + spare);
        let exceeds = payload_for(101 + spare);
        publisher.publishes(qos, "topic", &exceeds);
        large.receives(qos, "topic", &exceeds);
        small.expect_nothing();
        publisher.publishes(qos, "topic", &fits);
        let publish = small.receives(qos, "topic", &fits);
        assert_eq!(small.encode(publish).len(), 100);
        let info = world.session("small").expect("a session");
        assert_eq!((info.in_flight_count, info.queued_count), (0, 0), "it counts as delivered");
        assert_eq!(world.count(|stats| stats.dropped_too_large), 1);
    }
}

/// Delivers a message of 100 bytes to which delivery adds `added`, and once to a client that takes one less.
fn deliver_with(
    connect: &[Property<'_>],
    subscription: &[Property<'_>],
    message: &[Property<'_>],
    added: u32,
) -> [Option<Publish<'static>>; 2] {
    [100 + added, 99 + added].map(|maximum| {
        let world = World::new();
        let subscriber = world.connect_with(taking("a", maximum, connect));
        subscriber.send(Subscribe {
            properties: props(subscription),
            ..subscribe(1, &[("topic", options(QoS::AtLeastOnce))])
        });
        subscriber.suback();
        let payload = payload_for(100);
        let publisher = world.connect(V5, "publisher");
        publisher.send(Publish { properties: props(message), ..qos1(1, "topic", &payload) });
        let Packet::Publish(publish) = subscriber.poll()? else { panic!("a PUBLISH") };
        assert!(subscriber.encode(publish.clone()).len() <= maximum as usize, "{publish:?}");
        Some(publish)
    })
}

/// MQTT5-3.1.2-24
#[test]
fn what_delivery_adds_to_a_message_counts() {
    let [fits, exceeds] = deliver_with(&[], &[Property::SubscriptionIdentifier(200)], &[], 3);
    assert!(fits.is_some() && exceeds.is_none());
    let [fits, exceeds] = deliver_with(&[], &[], &[Property::MessageExpiryInterval(10)], 5);
    assert!(fits.is_some() && exceeds.is_none());
}

/// MQTT5-3.1.2-24
#[test]
fn a_message_that_fits_without_an_alias_is_delivered_without_one() {
    let deliveries = deliver_with(&[Property::TopicAliasMaximum(5)], &[], &[], 3);
    let aliases = deliveries.map(|publish| publish.expect("it fits").properties.topic_alias());
    assert_eq!(aliases, [Some(1), None]);
}

/// MQTT5-3.1.2-24
#[test]
fn a_message_that_waited_is_held_against_the_connection_that_takes_it() {
    let world = World::new();
    let subscriber = world.connect_with(taking("a", 1000, &[]));
    subscriber.subscribe("topic", QoS::AtLeastOnce);
    subscriber.vanish();
    let publisher = world.connect(V5, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "topic", &payload_for(101));
    publisher.publishes(QoS::AtLeastOnce, "topic", &payload_for(100));
    let subscriber = world.connect_with(taking("a", 100, &[]));
    subscriber.receives(QoS::AtLeastOnce, "topic", &payload_for(100));
    subscriber.expect_nothing();
}

/// MQTT5-3.1.2-24
#[test]
fn a_retained_message_too_large_for_a_client_is_left_out() {
    let world = World::new();
    let publisher = world.connect(V5, "publisher");
    let (large, fits) = (payload_for(101), payload_for(50));
    publisher.send(Publish { retain: true, ..qos1(1, "topic", &large) });
    publisher.send(Publish { retain: true, ..qos1(2, "other", &fits) });
    let subscriber = world.connect_with(taking("a", 100, &[]));
    subscriber.subscribe("#", QoS::AtLeastOnce);
    subscriber.receives(QoS::AtLeastOnce, "other", &fits);
    subscriber.expect_nothing();
}

/// MQTT5-3.1.2-24 MQTT5-3.2.2-19 MQTT5-3.2.2-20
#[test]
fn a_client_that_does_not_take_our_connack_is_not_let_in() {
    let world = World::new();
    let client = world.open(V5);
    client.send(taking("a", 100_000, &[]));
    let connack = client.connack();
    assert!(connack.properties.find(PropertyId::ReasonString).is_none());
    assert!(connack.properties.find(PropertyId::UserProperty).is_none());
    let size = client.encode(Packet::ConnAck(connack)).len();
    for (maximum, fits) in [(size, true), (size - 1, false), (1, false)] {
        let client = world.open(V5);
        client.send(taking(if fits { "b" } else { "c" }, maximum as u32, &[]));
        if fits {
            assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
            continue;
        }
        if maximum >= 5 {
            assert_eq!(client.connack().reason, ReasonCode::PACKET_TOO_LARGE);
        }
        assert_eq!(client.closed(), CloseCause::Refused(ReasonCode::PACKET_TOO_LARGE));
        assert!(world.session("c").is_none(), "nobody is let in without being told");
    }
}

/// A refusal is five bytes, and nothing that would make it larger is put into it.
///
/// MQTT5-3.2.2-19 MQTT5-3.2.2-20 MQTT5-3.1.2-24
#[test]
fn a_refusing_connack_is_as_small_as_can_be() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Now(refuse(ReasonCode::NOT_AUTHORIZED)));
    for (maximum, fits) in [(5, true), (4, false)] {
        let client = world.open(V5);
        client.send(taking("a", maximum, &[]));
        if fits {
            let connack = client.connack();
            assert!(connack.properties.is_empty());
            assert_eq!(client.encode(Packet::ConnAck(connack)).len(), 5);
        }
        client.closed();
    }
}

/// MQTT5-3.1.2-24
#[test]
fn an_answer_that_the_client_does_not_take_closes_its_connection() {
    let world = World::new();
    let filters: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    for (count, fits) in [(35, true), (36, false)] {
        let client = world.connect_with(taking("a", 40, &[]));
        let list: Vec<_> =
            filters.iter().take(count).map(|filter| (filter.as_str(), options(QoS::AtMostOnce))).collect();
        client.send(subscribe(1, &list));
        if fits {
            assert_eq!(client.encode(Packet::SubAck(client.suback())).len(), 40);
        } else {
            client.disconnected(ReasonCode::PACKET_TOO_LARGE);
        }
        let client = world.connect_with(taking("a", 40, &[]));
        let list: Vec<_> = filters.iter().take(count).map(String::as_str).collect();
        client.send(unsubscribe(1, &list));
        if fits {
            assert_eq!(client.encode(Packet::UnsubAck(client.unsuback())).len(), 40);
        } else {
            client.disconnected(ReasonCode::PACKET_TOO_LARGE);
        }
    }
}
