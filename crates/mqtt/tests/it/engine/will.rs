//! The will: what is published when a client is gone, and when nothing is.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::engine::{CloseCause, Input};
use vouchmq_mqtt::packet::{Connect, WillMessage};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_lost_connection_publishes_the_will,
    a_violation_publishes_the_will,
    an_administrator_who_disconnects_a_client_publishes_its_will,
    a_clean_disconnect_drops_the_will,
    a_will_is_published_once,
    without_will_flag_nothing_is_published,
    a_will_that_is_not_retained_is_not_stored,
    a_retained_will_is_stored,
    a_will_has_its_own_qos,
    a_new_connection_has_its_own_will,
    a_will_that_may_not_be_published_is_dropped,
    no_will_is_published_by_a_shutdown,
}

fn with_will<'a>(version: ProtocolVersion, client_id: &'a str, will: WillMessage<'a>) -> Connect<'a> {
    Connect { will: Some(will), ..connect(version, client_id) }
}

/// A world with one who subscribed to `will`.
fn world_with_witness(version: ProtocolVersion) -> (World, Client) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    witness.subscribe("will", QoS::ExactlyOnce);
    (world, witness)
}

/// MQTT5-3.1.2-7 MQTT5-3.1.2-8 MQTT3-3.1.2-8
fn a_lost_connection_publishes_the_will(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    let client = world.connect_with(with_will(version, "a", will("will", "gone")));
    witness.expect_nothing();
    client.vanish();
    witness.receives(QoS::AtMostOnce, "will", "gone");
    witness.expect_nothing();
}

/// MQTT5-3.1.2-8 MQTT3-3.1.2-8
fn a_violation_publishes_the_will(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    let client = world.connect_with(with_will(version, "a", will("will", "gone")));
    client.send(connect(version, "a"));
    assert!(!client.is_open());
    witness.receives(QoS::AtMostOnce, "will", "gone");
    let client = world.connect_with(with_will(version, "a", will("will", "garbled")));
    client.send_bytes(&[0xFF, 0xFF]);
    client.disconnected(ReasonCode::MALFORMED_PACKET);
    witness.receives(QoS::AtMostOnce, "will", "garbled");
}

fn an_administrator_who_disconnects_a_client_publishes_its_will(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    let client = world.connect_with(with_will(version, "a", will("will", "gone")));
    let reason = ReasonCode::ADMINISTRATIVE_ACTION;
    world.input(|| Input::DisconnectClient("a".into(), reason));
    assert_eq!(client.disconnected(reason), CloseCause::Administrative(reason));
    witness.receives(QoS::AtMostOnce, "will", "gone");
}

/// MQTT5-3.1.2-10 MQTT5-3.14.4-3 MQTT3-3.1.2-10 MQTT3-3.14.4-3
fn a_clean_disconnect_drops_the_will(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    world.connect_with(with_will(version, "a", will("will", "gone"))).leave();
    world.connect_with(Connect { will: Some(will("will", "gone")), ..persistent(version, "b") }).leave();
    world.advance_secs(2 * u64::from(KEPT_SECS));
    witness.expect_nothing();
}

/// MQTT5-3.1.2-10 MQTT3-3.1.2-10
fn a_will_is_published_once(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    let client = Connect { will: Some(will("will", "gone")), ..persistent(version, "a") };
    world.connect_with(client).vanish();
    witness.receives(QoS::AtMostOnce, "will", "gone");
    world.connect_with(persistent(version, "a")).vanish();
    world.advance_secs(2 * u64::from(KEPT_SECS));
    witness.expect_nothing();
    assert_eq!(world.count(|stats| stats.wills_published), 1);
}

/// MQTT3-3.1.2-12
fn without_will_flag_nothing_is_published(version: ProtocolVersion) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    witness.subscribe("#", QoS::ExactlyOnce);
    world.connect(version, "a").vanish();
    world.connect_with(persistent(version, "b")).vanish();
    world.advance_secs(2 * u64::from(KEPT_SECS));
    witness.expect_nothing();
}

/// MQTT5-3.1.2-14 MQTT3-3.1.2-16
fn a_will_that_is_not_retained_is_not_stored(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    world.connect_with(with_will(version, "a", will("will", "gone"))).vanish();
    assert!(!witness.receives(QoS::AtMostOnce, "will", "gone").retain);
    let late = world.connect(version, "late");
    late.subscribe("will", QoS::AtMostOnce);
    late.expect_nothing();
}

/// MQTT5-3.1.2-15 MQTT3-3.1.2-17
fn a_retained_will_is_stored(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    let retained = WillMessage { retain: true, ..will("will", "gone") };
    world.connect_with(with_will(version, "a", retained)).vanish();
    witness.receives(QoS::AtMostOnce, "will", "gone");
    let late = world.connect(version, "late");
    late.subscribe("will", QoS::AtMostOnce);
    assert!(late.receives(QoS::AtMostOnce, "will", "gone").retain);
}

fn a_will_has_its_own_qos(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    for qos in [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce] {
        let will = WillMessage { qos, ..will("will", "gone") };
        world.connect_with(with_will(version, "a", will)).vanish();
        witness.receives(qos, "will", "gone");
    }
}

fn a_new_connection_has_its_own_will(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    let client = |payload| Connect { will: Some(will("will", payload)), ..persistent(version, "a") };
    world.connect_with(client("first")).leave();
    world.connect_with(client("second")).vanish();
    witness.receives(QoS::AtMostOnce, "will", "second");
    witness.expect_nothing();
}

fn a_will_that_may_not_be_published_is_dropped(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    world.authenticate_by(|_| Answer::Now(allow(Rights::all().deny_publish("will"))));
    world.connect_with(with_will(version, "a", will("will", "forbidden"))).vanish();
    witness.expect_nothing();
    assert_eq!(world.count(|stats| stats.publishes_denied), 1);
}

fn no_will_is_published_by_a_shutdown(version: ProtocolVersion) {
    let (world, witness) = world_with_witness(version);
    let client = world.connect_with(with_will(version, "a", will("will", "gone")));
    world.input(|| Input::Drain);
    client.disconnected(ReasonCode::SERVER_SHUTTING_DOWN);
    witness.disconnected(ReasonCode::SERVER_SHUTTING_DOWN);
    assert_eq!(world.count(|stats| stats.wills_published), 0);
}

/// MQTT5-3.1.2-8
#[test]
fn every_disconnect_but_a_normal_one_publishes_the_will() {
    for reason in [ReasonCode::DISCONNECT_WITH_WILL, ReasonCode::UNSPECIFIED_ERROR] {
        let (world, witness) = world_with_witness(V5);
        let client = world.connect_with(with_will(V5, "a", will("will", "gone")));
        client.send(disconnect(reason));
        assert_eq!(client.closed(), CloseCause::Disconnected(reason));
        witness.receives(QoS::AtMostOnce, "will", "gone");
    }
}

/// MQTT5-3.1.3-10
#[test]
fn the_user_properties_of_a_will_keep_their_order() {
    let (world, witness) = world_with_witness(V5);
    let pairs = [("b", "1"), ("a", "2"), ("b", "0"), ("", "")];
    let mut properties: Vec<Property<'_>> =
        pairs.iter().map(|(name, value)| Property::UserProperty(name, value)).collect();
    properties.insert(2, Property::WillDelayInterval(0));
    let will = WillMessage { properties: props(&properties), ..will("will", "gone") };
    world.connect_with(with_will(V5, "a", will)).vanish();
    let published = witness.receives(QoS::AtMostOnce, "will", "gone");
    assert_eq!(published.properties.user_properties().collect::<Vec<_>>(), pairs);
}

#[test]
fn the_properties_of_a_will_are_those_of_its_publish() {
    let (world, witness) = world_with_witness(V5);
    let stay = [
        Property::PayloadFormatIndicator(true),
        Property::ContentType("text"),
        Property::ResponseTopic("answer"),
        Property::CorrelationData(b"\x00\x01"),
    ];
    let properties: Vec<Property<'_>> =
        stay.iter().copied().chain([Property::WillDelayInterval(0)]).collect();
    let will = WillMessage { properties: props(&properties), ..will("will", "gone") };
    world.connect_with(with_will(V5, "a", will)).vanish();
    let published = witness.receives(QoS::AtMostOnce, "will", "gone");
    assert_eq!(published.properties, props(&stay), "all but the delay");
}

#[test]
fn a_will_beyond_the_topic_limits_is_refused_and_leaves_nothing() {
    let world = World::new();
    for topic in ["x".repeat(1025), "/".repeat(32)] {
        let client = world.open(V5);
        client.send(with_will(V5, "a", will(&topic, "gone")));
        assert_eq!(client.connack().reason, ReasonCode::TOPIC_NAME_INVALID);
        client.closed();
    }
    assert_eq!(world.count(|stats| stats.sessions), 0);
}

#[test]
fn the_will_of_a_connect_that_is_refused_is_never_published() {
    let (world, witness) = world_with_witness(V5);
    world.authenticate_by(|_| Answer::Now(refuse(ReasonCode::NOT_AUTHORIZED)));
    let client = world.open(V5);
    client.send_all([
        Packet::Connect(with_will(V5, "a", will("will", "gone"))),
        Packet::Disconnect(disconnect(ReasonCode::DISCONNECT_WITH_WILL)),
    ]);
    client.connack();
    client.closed();
    world.advance_secs(10);
    witness.expect_nothing();
}
