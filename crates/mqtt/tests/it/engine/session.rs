//! Sessions: begun, resumed, discarded and expired.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::packet::{Connect, Disconnect};
use vouchmq_mqtt::{Property, QoS, ReasonCode};

use super::harness::*;

versions! { V311, V5 =>
    clean_start_discards_the_session,
    a_stored_session_is_resumed,
    without_a_stored_session_one_is_begun,
    the_client_identifier_names_the_session,
    a_clean_session_ends_with_its_connection,
    a_connected_session_never_expires,
}

versions! { V31, V311, V5 =>
    messages_of_qos_1_and_2_wait_for_an_absent_client,
    subscriptions_and_deliveries_outlive_the_connection,
}

/// MQTT5-3.1.2-4 MQTT5-3.1.4-4 MQTT5-3.2.2-2 MQTT3-3.1.2-6 MQTT3-3.1.4-3 MQTT3-3.2.2-1
fn clean_start_discards_the_session(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    client.leave();
    publisher.publishes(QoS::AtLeastOnce, "t", "for the old session");
    let client = world.open(version);
    client.send(Connect { clean_start: true, ..persistent(version, "a") });
    assert!(!client.connack().session_present);
    client.expect_nothing();
    publisher.publishes(QoS::AtLeastOnce, "t", "for nobody");
    client.expect_nothing();
    assert_eq!(world.session("a").expect("a new session").subscription_count, 0);
}

/// MQTT5-3.1.2-5 MQTT5-3.2.2-3 MQTT3-3.1.2-4 MQTT3-3.2.2-2
fn a_stored_session_is_resumed(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanish();
    let client = world.open(version);
    client.send(persistent(version, "a"));
    assert!(client.connack().session_present);
    world.connect(version, "publisher").publishes(QoS::AtMostOnce, "t", "still subscribed");
    client.receives(QoS::AtMostOnce, "t", "still subscribed");
}

/// MQTT5-3.1.2-6 MQTT5-3.2.2-3 MQTT3-3.1.2-4 MQTT3-3.2.2-3
fn without_a_stored_session_one_is_begun(version: ProtocolVersion) {
    let world = World::new();
    for is_stored in [false, true] {
        let client = world.open(version);
        client.send(persistent(version, "a"));
        assert_eq!(client.connack().session_present, is_stored);
        client.leave();
    }
}

/// MQTT5-3.1.3-2 MQTT3-3.1.3-2
fn the_client_identifier_names_the_session(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    client.leave();
    for (client_id, is_stored) in [("A", false), ("a ", false), ("a", true)] {
        let client = world.open(version);
        client.send(persistent(version, client_id));
        assert_eq!(client.connack().session_present, is_stored, "{client_id:?}");
    }
}

/// MQTT3-3.1.2-6
fn a_clean_session_ends_with_its_connection(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect(version, "a");
    client.subscribe("t", QoS::AtLeastOnce);
    client.vanish();
    assert!(world.session("a").is_none());
    let client = world.open(version);
    client.send(persistent(version, "a"));
    assert!(!client.connack().session_present);
    world.connect(version, "publisher").publishes(QoS::AtLeastOnce, "t", "for nobody");
    client.expect_nothing();
}

/// MQTT5-4.1.0-1 MQTT3-4.1.0-2
fn a_connected_session_never_expires(version: ProtocolVersion) {
    let world = World::with(|setup| setup.limits.session_expiry_max_secs = 10);
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    world.advance_secs(24 * 3600);
    world.connect(version, "publisher").publishes(QoS::AtLeastOnce, "t", "x");
    client.receives(QoS::AtLeastOnce, "t", "x");
}

/// MQTT5-3.1.2-23 MQTT3-3.1.2-5
fn messages_of_qos_1_and_2_wait_for_an_absent_client(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::ExactlyOnce);
    client.vanish();
    publisher.publishes(QoS::AtLeastOnce, "t", "1");
    publisher.publishes(QoS::AtMostOnce, "t", "not kept");
    publisher.publishes(QoS::ExactlyOnce, "t", "2");
    let client = world.connect_with(persistent(version, "a"));
    let first = client.publish();
    let second = client.publish();
    assert_eq!((first.payload, first.qos), (&b"1"[..], QoS::AtLeastOnce));
    assert_eq!((second.payload, second.qos), (&b"2"[..], QoS::ExactlyOnce));
    client.acknowledge(&first);
    client.acknowledge(&second);
    client.expect_nothing();
}

/// MQTT5-3.1.2-23 MQTT3-4.1.0-1
fn subscriptions_and_deliveries_outlive_the_connection(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::ExactlyOnce);
    client.send(qos2(9, "own", "half"));
    assert_eq!(client.pubrec().packet_id, id(9));
    publisher.publishes(QoS::AtLeastOnce, "t", "unanswered");
    client.publish();
    client.vanish();

    let client = world.connect_with(persistent(version, "a"));
    let again = client.publish();
    assert_eq!((again.payload, again.dup), (&b"unanswered"[..], true), "what was on its way to the client");
    client.acknowledge(&again);
    client.send(pubrel(id(9), ReasonCode::SUCCESS));
    client.expect(pubcomp(id(9), ReasonCode::SUCCESS));
    publisher.publishes(QoS::AtLeastOnce, "t", "next");
    client.receives(QoS::AtLeastOnce, "t", "next");
}

fn expiring(client_id: &str, secs: u32) -> Connect<'_> {
    let properties = props(&[Property::SessionExpiryInterval(secs)]);
    Connect { clean_start: false, properties, ..connect(V5, client_id) }
}

fn leave_with_expiry(client: &Client, secs: u32) {
    let properties = props(&[Property::SessionExpiryInterval(secs)]);
    client.send(Disconnect { reason: ReasonCode::SUCCESS, properties });
}

/// MQTT5-4.1.0-2 MQTT5-3.1.2-23
#[test]
fn a_session_ends_when_its_expiry_interval_has_passed() {
    let world = World::new();
    world.connect_with(expiring("a", 10)).vanish();
    world.advance(Duration::from_millis(9_999));
    assert!(world.session("a").is_some());
    world.advance(LATE);
    assert!(world.session("a").is_none());
    assert_eq!(world.count(|stats| stats.sessions_expired), 1);
    assert!(!world.connect_present(expiring("a", 10)));
}

/// MQTT5-4.1.0-2
#[test]
fn a_session_whose_time_is_over_is_not_resumed_even_before_the_timer_fires() {
    let world = World::new();
    world.connect_with(expiring("a", 10)).vanish();
    world.advance_secs(10);
    assert!(!world.connect_present(expiring("a", 10)));
}

/// MQTT5-4.1.0-2
#[test]
fn every_connection_counts_the_expiry_interval_anew() {
    let world = World::new();
    world.connect_with(expiring("a", 10)).vanish();
    world.advance_secs(8);
    world.connect_with(expiring("a", 20)).vanish();
    world.advance_secs(19);
    assert!(world.session("a").is_some(), "the first connection's timer means nothing any more");
    world.advance_secs(2);
    assert!(world.session("a").is_none());
}

#[test]
fn a_session_that_is_resumed_for_ever_does_not_end_at_its_old_time() {
    let world = World::new();
    world.connect_with(expiring("a", 10)).vanish();
    world.connect_with(expiring("a", u32::MAX)).vanish();
    world.advance_secs(20);
    assert!(world.connect_present(expiring("a", 10)));
}

#[test]
fn an_expiry_interval_of_all_ones_is_for_ever() {
    let world = World::new();
    world.connect_with(expiring("a", u32::MAX)).vanish();
    world.advance_secs(90_000);
    assert!(world.session("a").is_some());
}

#[test]
fn disconnect_may_shorten_or_lengthen_the_expiry_interval() {
    for (at_disconnect, is_kept_secs) in [(0, 0), (5, 5), (100, 100)] {
        let world = World::new();
        let client = world.connect_with(expiring("a", 10));
        leave_with_expiry(&client, at_disconnect);
        client.closed();
        if is_kept_secs > 0 {
            world.advance_secs(is_kept_secs - 1);
            assert!(world.session("a").is_some(), "{at_disconnect}");
            world.advance_secs(2);
        }
        assert!(world.session("a").is_none(), "{at_disconnect}");
    }
}

#[test]
fn disconnect_cannot_keep_a_session_that_ends_with_its_connection() {
    let world = World::new();
    let client = world.connect_with(expiring("a", 0));
    leave_with_expiry(&client, 10);
    client.disconnected(ReasonCode::PROTOCOL_ERROR);
    assert!(world.session("a").is_none());
}

#[test]
fn the_longest_expiry_interval_is_the_servers() {
    let world = World::with(|setup| setup.limits.session_expiry_max_secs = 60);
    let client = world.open(V5);
    client.send(expiring("a", 61));
    assert_eq!(client.connack().properties.session_expiry_interval(), Some(60));
    leave_with_expiry(&client, 3600);
    world.advance_secs(59);
    assert!(world.session("a").is_some());
    world.advance_secs(2);
    assert!(world.session("a").is_none(), "at DISCONNECT, too");

    let client = world.open(V5);
    client.send(expiring("b", 60));
    assert_eq!(client.connack().properties.session_expiry_interval(), None, "what is granted is not said");
    let old = world.connect_with(persistent(V311, "c"));
    old.vanish();
    world.advance_secs(61);
    assert!(world.session("c").is_none(), "sessions of MQTT 3.1.1 have no other end");
}
