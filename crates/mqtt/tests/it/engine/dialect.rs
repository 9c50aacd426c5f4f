//! What MQTT 3.1 and 3.1.1 do differently, as a client sees it.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::engine::{CloseCause, DenyAction};
use vouchmq_mqtt::packet::{Connect, Publish, WillMessage};
use vouchmq_mqtt::{Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311 =>
    a_client_of_3_is_sent_no_properties_and_no_codes,
    a_session_of_3_is_kept_as_long_as_the_server_keeps_any,
    a_topic_of_a_client_of_3_that_is_over_the_limits_closes_it,
    a_denied_publish_of_3_is_acknowledged_or_closes,
    a_packet_of_3_that_cannot_be_served_now_closes_the_connection,
}

fn a_client_of_3_is_sent_no_properties_and_no_codes(version: ProtocolVersion) {
    let world = World::new();
    let client = world.open(version);
    client.send(connect(version, "a"));
    assert_eq!(client.take_bytes(), b"\x20\x02\x00\x00");
    client.send(subscribe(1, &[("t", options(QoS::ExactlyOnce))]));
    assert_eq!(client.take_bytes(), b"\x90\x03\x00\x01\x02");
    let properties = props(&[
        Property::MessageExpiryInterval(10),
        Property::ContentType("text"),
        Property::UserProperty("a", "b"),
    ]);
    let publisher = world.connect(V5, "publisher");
    publisher.send(Publish { properties, ..qos2(1, "t", "x") });
    assert_eq!(client.take_bytes(), b"\x34\x06\x00\x01t\x00\x01x");
    client.send(pubrec(id(1), ReasonCode::SUCCESS));
    assert_eq!(client.take_bytes(), b"\x62\x02\x00\x01");
    client.send(pubcomp(id(1), ReasonCode::SUCCESS));
    client.send(unsubscribe(2, &["t"]));
    assert_eq!(client.take_bytes(), b"\xB0\x02\x00\x02");
    client.send(connect(version, "a"));
    assert_eq!(client.take_bytes(), b"", "no DISCONNECT");
    client.closed();
}

fn a_session_of_3_is_kept_as_long_as_the_server_keeps_any(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.session_expiry_max_secs = 100);
    world.connect_with(persistent(version, "kept")).vanish();
    world.connect(version, "clean").vanish();
    assert!(world.session("clean").is_none());
    world.advance_secs(99);
    assert!(world.session("kept").is_some());
    world.advance_secs(2);
    assert!(world.session("kept").is_none());
}

fn a_topic_of_a_client_of_3_that_is_over_the_limits_closes_it(version: ProtocolVersion) {
    let world = World::new();
    let long = "x".repeat(1025);
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let client = world.connect(version, "a");
        client.send(publish_at(qos, 1, &long, "x"));
        assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::TOPIC_NAME_INVALID, _)));
    }
}

/// MQTT3-3.3.5-2
fn a_denied_publish_of_3_is_acknowledged_or_closes(version: ProtocolVersion) {
    for (action, is_closed) in [(DenyAction::Ignore, false), (DenyAction::Disconnect, true)] {
        let world = World::with(|setup| setup.options.settings.deny_action = action);
        world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_publish("t"))));
        let client = world.connect(version, "a");
        client.send(qos1(1, "t", "x"));
        if is_closed {
            client.closed();
        } else {
            assert_eq!(client.take_bytes(), b"\x40\x02\x00\x01");
            client.expect_nothing();
        }
    }
}

/// MQTT3-4.8.0-2
fn a_packet_of_3_that_cannot_be_served_now_closes_the_connection(version: ProtocolVersion) {
    let world = World::with(|setup| setup.retained.messages_max = 0);
    for qos in [QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let client = world.connect(version, "a");
        client.send(Publish { retain: true, ..publish_at(qos, 1, "t", "x") });
        assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::QUOTA_EXCEEDED, _)));
    }
    world.authenticate_by(|_| Answer::Later);
    let client = world.open(version);
    client.send(connect(version, "a"));
    world.advance_secs(11);
    assert_eq!(client.connack().reason, ReasonCode::SERVER_UNAVAILABLE);
    client.closed();
}

/// 0x80 in a SUBACK is of MQTT 3.1.1; to grant and deliver nothing would be a lie.
#[test]
fn mqtt_31_has_no_word_for_a_refused_subscription_and_is_closed() {
    let world = World::with(|setup| setup.limits.subscriptions_max = 1);
    for filters in [&["a", "b"][..], &["a/#/b"]] {
        let client = world.connect(V31, "a");
        let list: Vec<_> = filters.iter().map(|filter| (*filter, options(QoS::AtMostOnce))).collect();
        client.send(subscribe(1, &list));
        assert!(matches!(client.closed(), CloseCause::Violation(ReasonCode::NOT_AUTHORIZED, _)));
    }
}

#[test]
fn mqtt_31_is_not_told_that_its_session_was_there() {
    let world = World::new();
    for version in [V311, V31] {
        world.connect_with(persistent(version, "a")).vanish();
        let client = world.open(version);
        client.send(persistent(version, "a"));
        let expected: &[u8] = if version == V31 { b"\x20\x02\x00\x00" } else { b"\x20\x02\x01\x00" };
        assert_eq!(client.take_bytes(), expected);
    }
}

#[test]
fn mqtt_31_may_set_dup_on_what_it_repeats() {
    let world = World::new();
    let client = world.connect(V31, "a");
    client.send_bytes(b"\x8A\x06\x00\x01\x00\x01t\x00");
    client.suback();
    client.send_bytes(b"\xAA\x05\x00\x02\x00\x01t");
    client.unsuback();
    client.send_bytes(b"\x6A\x02\x00\x03");
    client.expect(pubcomp(id(3), ReasonCode::SUCCESS));
    let newer = world.connect(V311, "b");
    newer.send_bytes(b"\x8A\x06\x00\x01\x00\x01t\x00");
    newer.closed();
}

#[test]
fn a_client_may_change_its_version_and_keep_its_session() {
    let world = World::new();
    let client = world.connect_with(persistent(V31, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanish();
    let publisher = world.connect(V5, "publisher");
    let properties = props(&[Property::UserProperty("a", "b")]);
    publisher.send(Publish { properties, ..qos1(1, "t", "x") });
    for version in [V5, V311, V31, V5] {
        let client = world.connect_with(persistent(version, "a"));
        let publish = client.publish();
        assert_eq!((publish.topic, publish.payload), ("t", &b"x"[..]));
        assert_eq!(publish.properties.is_empty(), version != V5);
        client.vanish();
    }
}

#[test]
fn the_reasons_for_which_311_refuses_are_its_return_codes() {
    let world = World::new();
    let will = WillMessage { ..will("x", "gone") };
    let long = "x".repeat(1025);
    let rows: [(Connect<'_>, Option<u8>); 3] = [
        (Connect { clean_start: false, ..connect(V311, "") }, Some(2)),
        (Connect { username: Some(&long), ..connect(V311, "a") }, Some(4)),
        (Connect { will: Some(WillMessage { topic: &long, ..will }), ..connect(V311, "a") }, None),
    ];
    for (connect, code) in rows {
        let client = world.open(V311);
        client.send(connect);
        let expected: Vec<u8> = code.map(|code| vec![0x20, 2, 0, code]).unwrap_or_default();
        assert_eq!(client.take_bytes(), expected, "closed without CONNACK where no code fits");
        client.closed();
    }
}
