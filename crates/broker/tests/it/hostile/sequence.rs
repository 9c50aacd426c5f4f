//! Packets that are well formed, and come when they must not.

use std::time::Duration;

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::packet::{Ack, Connect, Publish, Subscribe, WillMessage};
use vouchmq_mqtt::{Packet, Property, ReasonCode};

use super::Witness;
use crate::harness::*;

versions! { V311, V5 =>
    a_second_connect_ends_the_connection,
    nothing_is_handled_behind_a_disconnect,
    acknowledgements_of_nothing_do_nothing,
    the_same_qos_2_message_again_and_again_is_one_message,
    thousands_of_levels_are_refused_and_no_more,
    a_topic_that_begins_with_a_dollar_is_no_assertion,
    a_second_client_with_the_same_identifier_takes_over,
}

/// Row 16: CVE-2021-34431, with properties, a will, and a session to lose.
fn a_second_connect_ends_the_connection(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    for _ in 0..20 {
        let mut offender = server.connect(version, "offender");
        offender.subscribe("a/#", AtLeastOnce);
        let mut again = connect(version, "offender");
        if version == V5 {
            again.properties = props(&[Property::UserProperty("k", "v"), Property::ReceiveMaximum(5)]);
        }
        offender.send(again);
        offender.expect_disconnect(ReasonCode::PROTOCOL_ERROR);
    }
    witness.is_alone(&server);
}

/// Row 25: CVE-2024-8376.
fn nothing_is_handled_behind_a_disconnect(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    for _ in 0..20 {
        let mut offender = server.open(version);
        let mut bytes = encode(version, connect(version, "offender"));
        bytes.extend(encode(version, disconnect(ReasonCode::SUCCESS)));
        bytes.extend(encode(version, subscribe(1, &[("a", AtLeastOnce)])));
        bytes.extend(encode(version, unsubscribe(2, &["a"])));
        bytes.extend(encode(version, publish(AtLeastOnce, 3, "witness/late", b"x")));
        offender.send_bytes(&bytes);
        assert_eq!(offender.connack().reason, ReasonCode::SUCCESS);
        offender.expect_closed();
    }
    witness.is_alone(&server);
}

/// Row 52: rumqtt#390, rumqtt#201. Identifiers that nobody gave out.
fn acknowledgements_of_nothing_do_nothing(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut offender = server.connect(version, "offender");
    for number in [1, 2, 1000, 65_535] {
        let reason = ReasonCode::PACKET_IDENTIFIER_NOT_FOUND;
        let said = if version == V5 { reason } else { ReasonCode::SUCCESS };
        offender.send(puback(id(number)));
        offender.send(pubcomp(id(number)));
        offender.send(pubrec(id(number)));
        offender.expect(Packet::PubRel(Ack::new(id(number), said)));
        offender.send(pubrel(id(number)));
        offender.expect(Packet::PubComp(Ack::new(id(number), said)));
    }
    offender.leave();
    witness.is_alone(&server);
}

/// Row 21: CVE-2023-28366. PUBREC is ignored; one identifier holds one place.
fn the_same_qos_2_message_again_and_again_is_one_message(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut offender = server.connect(version, "offender");
    let message = publish(ExactlyOnce, 7, "witness/once", b"!");
    offender.send(message.clone());
    offender.expect(pubrec(id(7)));
    witness.subscriber.receives(ExactlyOnce, "witness/once", "!");
    let repetition = encode(version, Publish { dup: true, ..message });
    let before = resident_bytes();
    for _ in 0..100 {
        let flood = repetition.repeat(1000);
        offender.send_bytes(&flood);
        until("the repetitions are answered", || {
            matches!(offender.packet(), Packet::PubRec(_)) && {
                offender.send(Packet::PingReq);
                while offender.packet() != Packet::PingResp {}
                true
            }
        });
    }
    let grown = resident_bytes().saturating_sub(before);
    // The client of this test keeps what it was sent: about 100 bytes for each PUBREC.
    assert!(grown < 40 * 1024 * 1024, "grown by {grown} bytes");
    offender.leave();
    witness.is_alone(&server);
}

/// Row 13: CVE-2019-11779. Nothing recurses over levels.
fn thousands_of_levels_are_refused_and_no_more(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let slashes = "/".repeat(65_400);
    let mut offender = server.connect(version, "offender");
    offender.send(subscribe(1, &[(&slashes, AtLeastOnce), ("ok", AtLeastOnce)]));
    let refused =
        if version == V5 { ReasonCode::TOPIC_FILTER_INVALID } else { ReasonCode::UNSPECIFIED_ERROR };
    assert_eq!(offender.suback().reasons.as_bytes(), [refused.0, 1]);
    offender.send(unsubscribe(2, &[&slashes]));
    assert!(matches!(offender.packet(), Packet::UnsubAck(_)));
    offender.send(publish(AtMostOnce, 0, &slashes, b""));
    offender.expect_disconnect(ReasonCode::TOPIC_NAME_INVALID);
    // With no limits but the standard's they are matched, too.
    let server = Server::with(|_, limits| limits.topics = vouchmq_mqtt::topic::TopicLimits::STANDARD);
    let mut deep = server.connect(version, "deep");
    deep.subscribe(&slashes, AtMostOnce);
    deep.subscribe(&format!("{}#", "+/".repeat(30_000)), AtMostOnce);
    server.connect(version, "publisher").publishes(AtMostOnce, &slashes, "x");
    deep.receives(AtMostOnce, &slashes, "x");
    witness.is_served();
}

/// Row 7: CVE-2018-12543. `$x` is nobody's but the broker's: dropped, counted, and the client stays.
fn a_topic_that_begins_with_a_dollar_is_no_assertion(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut offender = server.connect(version, "offender");
    for topic in ["$x", "$", "$/", "$SYS", "$SYS/broker/uptime", "$share/g/t", "$queue/x", "$$"] {
        offender.send(publish(AtMostOnce, 0, topic, b"x"));
        offender.send(retained(topic, b"x"));
        offender.ping();
    }
    let stats = server.stats();
    assert_eq!((stats.engines.publishes_denied, stats.retained), (16, 0));
    offender.leave();
    witness.is_alone(&server);
}

/// Row 59: sol#17. MQTT5-3.1.4-3 MQTT3-3.1.4-2
fn a_second_client_with_the_same_identifier_takes_over(version: ProtocolVersion) {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut first = server.connect(version, "same");
    let mut second = server.connect(version, "same");
    first.expect_disconnect(ReasonCode::SESSION_TAKEN_OVER);
    second.ping();
    second.leave();
    witness.is_alone(&server);
}

/// Row 12: CVE-2019-11778. A will whose delay is longer than its session is due with the session's end.
#[test]
fn a_will_delay_longer_than_the_session_ends_with_it() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let will = WillMessage {
        properties: props(&[Property::WillDelayInterval(u32::MAX)]),
        qos: AtLeastOnce,
        ..will("witness/will", "gone")
    };
    let properties = props(&[Property::SessionExpiryInterval(1)]);
    let client = server.connect_with(Connect { will: Some(will), properties, ..connect(V5, "client") });
    drop(client);
    witness.subscriber.receives(AtLeastOnce, "witness/will", "gone");
    witness.is_alone(&server);
}

/// Row 48: CVE-2024-42644, CVE-2024-42645. Retained messages of every shape.
#[test]
fn crafted_retained_messages_are_only_messages() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut offender = server.connect(V5, "offender");
    let properties = [
        props(&[]),
        props(&[Property::MessageExpiryInterval(0)]),
        props(&[Property::MessageExpiryInterval(1), Property::ResponseTopic("r"), Property::ContentType("")]),
        props(&[Property::TopicAlias(1)]),
        props(&[Property::CorrelationData(&[0; 1000]), Property::PayloadFormatIndicator(true)]),
    ];
    let topics = ["/", "//", " ", "a", "a/", "/a", "a/b/c/d/e/f/g/h", "\u{FEFF}", "\u{10FFFF}"];
    for topic in topics {
        for (properties, payload) in
            properties.iter().flat_map(|p| [(p, b"".as_slice()), (p, b"\xFF"), (p, b"")])
        {
            for qos in [AtMostOnce, AtLeastOnce, ExactlyOnce] {
                let packet_id = offender.next_id();
                offender.send(Publish {
                    retain: true,
                    properties: *properties,
                    ..publish(qos, packet_id, topic, payload)
                });
                if qos == ExactlyOnce {
                    offender.send(pubrel(id(packet_id)));
                }
            }
            let mut reader = server.connect(V311, "reader");
            reader.send(subscribe(1, &[(topic, AtMostOnce)]));
            reader.send(subscribe(2, &[("#", AtMostOnce)]));
            reader.leave();
        }
    }
    offender.send(disconnect(ReasonCode::SUCCESS));
    while offender.poll().is_some() {}
    assert_eq!((server.stats().retained, server.stats().retained_bytes), (0, 0), "each was removed again");
    witness.is_alone(&server);
}

/// Row 56: CVE-2020-13410. A packet that one receiver does not take is that receiver's loss.
#[test]
fn a_message_too_large_for_one_receiver_reaches_the_others() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let properties = props(&[Property::MaximumPacketSize(100)]);
    let mut small = server.connect_with(Connect { properties, ..connect(V5, "small") });
    small.subscribe("witness/#", ExactlyOnce);
    let large = "x".repeat(5000);
    for qos in [AtMostOnce, AtLeastOnce, ExactlyOnce] {
        witness.publisher.publishes(qos, "witness/large", &large);
        witness.subscriber.receives(qos, "witness/large", &large);
    }
    witness.publisher.publishes(AtMostOnce, "witness/small", "x");
    witness.subscriber.receives(AtMostOnce, "witness/small", "x");
    small.receives(AtMostOnce, "witness/small", "x");
    assert_eq!(server.stats().engines.dropped_too_large, 3);
    small.leave();
    witness.is_alone(&server);
}

/// A SUBSCRIBE of a megabyte is work, and no more than that: others are served meanwhile.
#[test]
fn a_subscribe_with_a_quarter_of_a_million_filters_is_answered() {
    let server = Server::start();
    let mut witness = Witness::new(&server);
    let mut offender = server.connect(V311, "offender");
    let filters: Vec<String> = (0..100_000).map(|number| format!("f{number}")).collect();
    let filters: Vec<_> = filters.iter().map(|filter| (filter.as_str(), AtMostOnce)).collect();
    let request: Subscribe<'_> = subscribe(1, &filters);
    offender.send(request);
    let answer = offender.suback();
    let granted = answer.reasons.as_bytes().iter().filter(|code| **code == 0).count();
    assert_eq!((granted, answer.reasons.as_bytes().len()), (1024, 100_000));
    witness.is_served();
    offender.leave();
    witness.is_alone(&server);
}

/// The connection dies at every byte of a conversation.
#[test]
fn a_connection_that_breaks_anywhere_leaves_nothing() {
    let server = Server::with(|_, limits| limits.connect_deadline = Duration::from_secs(5));
    let mut witness = Witness::new(&server);
    let mut bytes = encode(V5, Connect { will: Some(will("lost", "x")), ..connect(V5, "breaks") });
    bytes.extend(encode(V5, subscribe(1, &[("a/#", ExactlyOnce), ("$share/g/b", AtLeastOnce)])));
    bytes.extend(encode(V5, publish(ExactlyOnce, 2, "a/b", b"payload")));
    bytes.extend(encode(V5, unsubscribe(3, &["a/#"])));
    for cut in 0..bytes.len() {
        let mut client = server.open(V5);
        client.send_bytes(&bytes[..cut]);
    }
    witness.is_alone(&server);
}
