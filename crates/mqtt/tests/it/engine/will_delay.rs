//! Will Delay Interval: a client that comes back in time was never gone.

use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::engine::Input;
use vouchmq_mqtt::packet::{Connect, Disconnect, WillMessage};
use vouchmq_mqtt::{Property, QoS, ReasonCode};

use super::harness::*;

/// A client whose session is kept for so long, and whose will waits for so long.
fn delayed(expiry_secs: u32, delay_secs: u32) -> Connect<'static> {
    let properties = props(&[Property::WillDelayInterval(delay_secs)]);
    Connect {
        clean_start: false,
        properties: props(&[Property::SessionExpiryInterval(expiry_secs)]),
        will: Some(WillMessage { properties, ..will("will", "gone") }),
        ..connect(V5, "a")
    }
}

fn world_with_witness() -> (World, Client) {
    let world = World::new();
    let witness = world.connect(V5, "witness");
    witness.subscribe("will", QoS::AtMostOnce);
    (world, witness)
}

/// MQTT5-3.1.2-8
#[test]
fn a_will_waits_for_its_delay() {
    let (world, witness) = world_with_witness();
    world.connect_with(delayed(100, 10)).vanish();
    world.advance(Duration::from_millis(9_999));
    witness.expect_nothing();
    world.advance(LATE);
    witness.receives(QoS::AtMostOnce, "will", "gone");
    assert!(world.session("a").is_some(), "the session goes on without it");
    world.advance_secs(200);
    witness.expect_nothing();
}

/// MQTT5-3.1.2-8
#[test]
fn a_will_is_due_when_its_session_ends_before_the_delay_does() {
    for expiry_secs in [1, 10] {
        let (world, witness) = world_with_witness();
        world.connect_with(delayed(expiry_secs, 1000)).vanish();
        world.advance(Duration::from_millis(u64::from(expiry_secs) * 1000 - 1));
        witness.expect_nothing();
        world.advance(LATE);
        witness.receives(QoS::AtMostOnce, "will", "gone");
        world.advance_secs(2000);
        witness.expect_nothing();
    }
}

/// MQTT5-3.1.2-8
#[test]
fn a_will_is_due_at_once_when_its_session_ends_with_the_connection() {
    let (world, witness) = world_with_witness();
    world.connect_with(delayed(0, 1000)).vanish();
    witness.receives(QoS::AtMostOnce, "will", "gone");
}

#[test]
fn disconnect_that_ends_the_session_makes_its_will_due() {
    let (world, witness) = world_with_witness();
    let client = world.connect_with(delayed(100, 10));
    let properties = props(&[Property::SessionExpiryInterval(0)]);
    client.send(Disconnect { reason: ReasonCode::DISCONNECT_WITH_WILL, properties });
    witness.receives(QoS::AtMostOnce, "will", "gone");
}

#[test]
fn disconnect_with_will_waits_for_the_delay_too() {
    let (world, witness) = world_with_witness();
    world.connect_with(delayed(100, 10)).send(disconnect(ReasonCode::DISCONNECT_WITH_WILL));
    world.advance_secs(9);
    witness.expect_nothing();
    world.advance_secs(2);
    witness.receives(QoS::AtMostOnce, "will", "gone");
}

/// MQTT5-3.1.3-9
#[test]
fn a_client_that_resumes_in_time_has_no_will_sent() {
    let (world, witness) = world_with_witness();
    world.connect_with(delayed(100, 10)).vanish();
    world.advance_secs(9);
    let client = world.connect_with(persistent(V5, "a"));
    world.advance_secs(100);
    witness.expect_nothing();
    client.vanish();
    world.advance_secs(u64::from(KEPT_SECS) + 1);
    witness.expect_nothing();
}

#[test]
fn a_client_that_resumes_too_late_has_its_will_sent() {
    let (world, witness) = world_with_witness();
    world.connect_with(delayed(100, 10)).vanish();
    world.advance_secs(10);
    world.connect_with(persistent(V5, "a"));
    witness.receives(QoS::AtMostOnce, "will", "gone");
}

/// MQTT5-3.1.3-9
#[test]
fn a_takeover_that_resumes_the_session_sends_no_delayed_will() {
    let (world, witness) = world_with_witness();
    let older = world.connect_with(delayed(100, 10));
    let newer = world.connect_with(delayed(100, 10));
    older.disconnected(ReasonCode::SESSION_TAKEN_OVER);
    world.advance_secs(50);
    witness.expect_nothing();
    newer.vanish();
    world.advance_secs(11);
    witness.receives(QoS::AtMostOnce, "will", "gone");
    witness.expect_nothing();
}

#[test]
fn a_takeover_sends_a_will_without_delay() {
    let (world, witness) = world_with_witness();
    world.connect_with(delayed(100, 0));
    world.connect_with(delayed(100, 0));
    witness.receives(QoS::AtMostOnce, "will", "gone");
    witness.expect_nothing();
}

#[test]
fn a_takeover_that_ends_the_session_sends_the_will_whatever_its_delay() {
    for expiry_secs in [0, 100, u32::MAX] {
        let (world, witness) = world_with_witness();
        world.connect_with(delayed(expiry_secs, 1000));
        world.connect_with(connect(V5, "a"));
        witness.receives(QoS::AtMostOnce, "will", "gone");
        witness.expect_nothing();
    }
}

#[test]
fn clean_start_ends_a_stored_session_and_sends_its_will() {
    let (world, witness) = world_with_witness();
    world.connect_with(delayed(100, 50)).vanish();
    world.connect_with(connect(V5, "a"));
    witness.receives(QoS::AtMostOnce, "will", "gone");
    world.advance_secs(100);
    witness.expect_nothing();
}

#[test]
fn a_wills_message_expiry_counts_from_its_publication() {
    let (world, witness) = world_with_witness();
    let sleeper = world.connect_with(persistent(V5, "sleeper"));
    sleeper.subscribe("will", QoS::AtLeastOnce);
    sleeper.leave();
    let properties = props(&[Property::WillDelayInterval(10), Property::MessageExpiryInterval(20)]);
    let will = WillMessage { qos: QoS::AtLeastOnce, properties, ..will("will", "gone") };
    world.connect_with(Connect { will: Some(will), ..persistent(V5, "a") }).vanish();
    world.advance(Duration::from_secs(10) + LATE);
    let published = witness.receives(QoS::AtMostOnce, "will", "gone");
    assert_eq!(published.properties.message_expiry_interval(), Some(20));
    world.advance_secs(15);
    let sleeper = world.connect_with(persistent(V5, "sleeper"));
    let waited = sleeper.receives(QoS::AtLeastOnce, "will", "gone");
    assert_eq!(waited.properties.message_expiry_interval(), Some(5));
}

#[test]
fn a_delayed_will_survives_a_shutdown_unsent() {
    let (world, _) = world_with_witness();
    world.connect_with(delayed(100, 10)).vanish();
    world.input(|| Input::Drain);
    assert_eq!(world.count(|stats| stats.wills_published), 0);
    assert!(world.session("a").is_some());
}
