//! QoS 2 towards the broker: each message once, however often it is sent.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::packet::{Connect, Publish};
use vouchmq_mqtt::{Packet, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_repeated_publish_is_acknowledged_and_not_delivered_again,
    a_publish_repeated_on_the_next_connection_is_not_delivered_again,
    pubrel_is_answered_with_pubcomp,
    after_pubcomp_the_identifier_means_a_new_message,
    a_pubrel_that_nobody_awaits_is_answered_all_the_same,
    many_exchanges_may_be_open_at_once,
    a_publish_repeated_before_its_pubrec_is_answered_once,
}

fn world_with_subscriber(version: ProtocolVersion) -> (World, Client) {
    let world = World::new();
    let subscriber = world.connect(version, "subscriber");
    subscriber.subscribe("t", QoS::AtMostOnce);
    (world, subscriber)
}

/// MQTT5-4.3.3-10 MQTT3-4.3.3-2
fn a_repeated_publish_is_acknowledged_and_not_delivered_again(version: ProtocolVersion) {
    let (world, subscriber) = world_with_subscriber(version);
    let client = world.connect(version, "a");
    for repetition in 0..3 {
        client.send(Publish { dup: repetition > 0, ..qos2(1, "t", "x") });
        client.expect(pubrec(id(1), ReasonCode::SUCCESS));
    }
    subscriber.receives(QoS::AtMostOnce, "t", "x");
    subscriber.expect_nothing();
}

/// MQTT5-4.3.3-10 MQTT3-4.3.3-2
fn a_publish_repeated_on_the_next_connection_is_not_delivered_again(version: ProtocolVersion) {
    let (world, subscriber) = world_with_subscriber(version);
    let client = world.connect_with(persistent(version, "a"));
    client.send(qos2(1, "t", "x"));
    client.vanish();
    let client = world.connect_with(persistent(version, "a"));
    client.send(Publish { dup: true, ..qos2(1, "t", "x") });
    client.expect(pubrec(id(1), ReasonCode::SUCCESS));
    client.send(pubrel(id(1), ReasonCode::SUCCESS));
    client.expect(pubcomp(id(1), ReasonCode::SUCCESS));
    subscriber.receives(QoS::AtMostOnce, "t", "x");
    subscriber.expect_nothing();
}

/// MQTT5-4.3.3-8 MQTT5-4.3.3-11 MQTT3-4.3.3-2
fn pubrel_is_answered_with_pubcomp(version: ProtocolVersion) {
    let (world, subscriber) = world_with_subscriber(version);
    let client = world.connect(version, "a");
    for number in [1, 500, 65_535] {
        client.send(qos2(number, "t", "x"));
        client.expect(pubrec(id(number), ReasonCode::SUCCESS));
        client.send(pubrel(id(number), ReasonCode::SUCCESS));
        client.expect(pubcomp(id(number), ReasonCode::SUCCESS));
        subscriber.receives(QoS::AtMostOnce, "t", "x");
    }
    subscriber.expect_nothing();
}

/// MQTT5-4.3.3-12 MQTT3-4.3.3-2
fn after_pubcomp_the_identifier_means_a_new_message(version: ProtocolVersion) {
    let (world, subscriber) = world_with_subscriber(version);
    let client = world.connect(version, "a");
    for (payload, dup) in [("1", false), ("2", false), ("3", true)] {
        client.send(Publish { dup, ..qos2(1, "t", payload) });
        client.expect(pubrec(id(1), ReasonCode::SUCCESS));
        client.send(pubrel(id(1), ReasonCode::SUCCESS));
        client.expect(pubcomp(id(1), ReasonCode::SUCCESS));
        subscriber.receives(QoS::AtMostOnce, "t", payload);
    }
    client.send(qos1(1, "t", "of QoS 1"));
    client.expect(puback(id(1), ReasonCode::SUCCESS));
    subscriber.receives(QoS::AtMostOnce, "t", "of QoS 1");
}

fn a_pubrel_that_nobody_awaits_is_answered_all_the_same(version: ProtocolVersion) {
    let client = World::new().connect(version, "a");
    client.send(pubrel(id(5), ReasonCode::SUCCESS));
    let reason = if version == V5 { ReasonCode::PACKET_IDENTIFIER_NOT_FOUND } else { ReasonCode::SUCCESS };
    client.expect(pubcomp(id(5), reason));
}

fn many_exchanges_may_be_open_at_once(version: ProtocolVersion) {
    let (world, subscriber) = world_with_subscriber(version);
    let client = world.connect(version, "a");
    client.send_all((1..=1024).map(|number| Packet::Publish(qos2(number, "t", "x"))));
    for number in 1..=1024 {
        client.expect(pubrec(id(number), ReasonCode::SUCCESS));
        subscriber.receives(QoS::AtMostOnce, "t", "x");
    }
    for number in (1..=1024).rev() {
        client.send(pubrel(id(number), ReasonCode::SUCCESS));
        client.expect(pubcomp(id(number), ReasonCode::SUCCESS));
    }
    subscriber.expect_nothing();
}

/// What is repeated costs no memory while its answer is held up.
fn a_publish_repeated_before_its_pubrec_is_answered_once(version: ProtocolVersion) {
    let (world, subscriber) = world_with_subscriber(version);
    let client = world.connect(version, "a");
    world.hold_journal();
    client.send_all((0..1000).map(|_| Packet::Publish(Publish { dup: true, ..qos2(1, "t", "x") })));
    client.expect_nothing();
    world.release_journal();
    client.expect(pubrec(id(1), ReasonCode::SUCCESS));
    client.expect_nothing();
    subscriber.receives(QoS::AtMostOnce, "t", "x");
    subscriber.expect_nothing();
}

/// MQTT5-4.3.3-9
#[test]
fn after_a_refusing_pubrec_the_identifier_means_a_new_message() {
    let (world, subscriber) = world_with_subscriber(V5);
    world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_publish("forbidden"))));
    let client = world.connect(V5, "a");
    client.send(qos2(1, "forbidden", "x"));
    client.expect(pubrec(id(1), ReasonCode::NOT_AUTHORIZED));
    client.send(qos2(1, "t", "new"));
    client.expect(pubrec(id(1), ReasonCode::SUCCESS));
    subscriber.receives(QoS::AtMostOnce, "t", "new");
    client.send(pubrel(id(1), ReasonCode::SUCCESS));
    client.expect(pubcomp(id(1), ReasonCode::SUCCESS));
}

#[test]
fn an_identifier_in_use_cannot_be_used_for_qos_1() {
    let (world, subscriber) = world_with_subscriber(V5);
    let client = world.connect(V5, "a");
    client.send(qos2(1, "t", "first"));
    client.expect(pubrec(id(1), ReasonCode::SUCCESS));
    client.send(qos1(1, "t", "second"));
    client.expect(puback(id(1), ReasonCode::PACKET_IDENTIFIER_IN_USE));
    client.send(pubrel(id(1), ReasonCode::SUCCESS));
    client.expect(pubcomp(id(1), ReasonCode::SUCCESS));
    subscriber.receives(QoS::AtMostOnce, "t", "first");
    subscriber.expect_nothing();
}

/// A client of MQTT 3.x would take a PUBACK for success, and the message would be lost in silence.
#[test]
fn mqtt_3_cannot_be_told_that_an_identifier_is_in_use_and_is_closed() {
    for version in [V31, V311] {
        let (world, subscriber) = world_with_subscriber(version);
        let client = world.connect(version, "a");
        client.send(qos2(1, "t", "first"));
        client.expect(pubrec(id(1), ReasonCode::SUCCESS));
        client.send(qos1(1, "t", "second"));
        client.closed();
        subscriber.receives(QoS::AtMostOnce, "t", "first");
        subscriber.expect_nothing();
    }
}

#[test]
fn qos_1_with_identifiers_in_use_stays_within_receive_maximum() {
    let (world, _subscriber) = world_with_subscriber(V5);
    let client = world.connect(V5, "a");
    client.send(qos2(1, "t", "open"));
    client.expect(pubrec(id(1), ReasonCode::SUCCESS));
    world.hold_journal();
    client.send(qos1(2, "t", "holds up what comes behind"));
    client.send_all((0..1022).map(|_| Packet::Publish(qos1(1, "t", "x"))));
    client.expect_nothing();
    client.send(qos1(1, "t", "one too many"));
    client.disconnected(ReasonCode::RECEIVE_MAXIMUM_EXCEEDED);
}

/// The first copy may have been read a moment ago, on a connection that is gone.
#[test]
fn a_repeated_publish_is_not_acknowledged_before_the_journal_has_it() {
    let world = World::new();
    world.hold_journal();
    let client = world.connect_with(persistent(V5, "a"));
    client.send(qos2(1, "t", "x"));
    client.vanish();
    let client = world.connect_with(Connect { clean_start: false, ..persistent(V5, "a") });
    client.send(Publish { dup: true, ..qos2(1, "t", "x") });
    client.expect_nothing();
    world.release_journal();
    assert_eq!(client.pubrec().packet_id, id(1));
    client.expect_nothing();
}

/// The refusal was on its way when the connection broke: it is the answer to the repetition, too.
#[test]
fn a_refused_publish_is_refused_again_when_it_is_repeated() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_publish("t"))));
    world.hold_journal();
    let client = world.connect_with(persistent(V5, "a"));
    client.send(qos2(1, "t", "x"));
    client.vanish();
    let client = world.connect_with(Connect { clean_start: false, ..persistent(V5, "a") });
    client.send(Publish { dup: true, ..qos2(1, "t", "x") });
    world.release_journal();
    assert_eq!(client.pubrec().reason, ReasonCode::NOT_AUTHORIZED);
    client.expect_nothing();
}
