//! One client, two connections: the newer wins.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::engine::{CloseCause, Credentials};
use vouchmq_mqtt::{QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_client_that_connects_again_takes_over,
    the_session_goes_on_where_the_older_connection_left_it,
    whoever_is_refused_takes_nothing_over,
}

/// MQTT5-3.1.4-3 MQTT3-3.1.4-2
fn a_client_that_connects_again_takes_over(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let older = world.connect(version, "a");
    let newer = world.connect(version, "a");
    assert_eq!(older.disconnected(ReasonCode::SESSION_TAKEN_OVER), CloseCause::TakenOver);
    newer.publishes(QoS::AtLeastOnce, "t", "alive");
    assert_eq!(world.count(|stats| stats.takeovers), 1);
    assert_eq!(world.count(|stats| stats.clients), 1);
}

fn the_session_goes_on_where_the_older_connection_left_it(version: ProtocolVersion) {
    let world = World::new();
    let older = world.connect_with(persistent(version, "a"));
    older.subscribe("t", QoS::AtLeastOnce);
    let publisher = world.connect(version, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t", "1");
    publisher.publishes(QoS::AtLeastOnce, "t", "2");
    assert_eq!(older.publish().payload, b"1");
    older.receives(QoS::AtLeastOnce, "t", "2");
    let newer = world.connect_with(persistent(version, "a"));
    older.disconnected(ReasonCode::SESSION_TAKEN_OVER);
    let again = newer.publish();
    assert_eq!((again.payload, again.dup), (&b"1"[..], true));
    newer.acknowledge(&again);
    newer.expect_nothing();
}

fn whoever_is_refused_takes_nothing_over(version: ProtocolVersion) {
    let world = World::new();
    let owner = world.connect(version, "a");
    world.authenticate_by(|presented| match &presented.credentials {
        Credentials::Password(Some(_)) => Answer::Now(allow(Rights::all())),
        Credentials::Password(None) | Credentials::Begin { .. } => {
            Answer::Now(refuse(ReasonCode::BAD_USER_NAME_OR_PASSWORD))
        }
        Credentials::Continue(_) | Credentials::Again { .. } => Answer::Later,
    });
    let thief = world.open(version);
    thief.send(connect(version, "a"));
    assert_eq!(thief.connack().reason, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
    owner.publishes(QoS::AtLeastOnce, "t", "alive");
}

#[test]
fn of_two_that_wait_for_their_verdicts_the_later_one_wins() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let (first, second) = (world.open(V5), world.open(V5));
    first.send(connect(V5, "a"));
    second.send(connect(V5, "a"));
    world.decide(&second, allow(Rights::all()));
    second.connack();
    world.decide(&first, allow(Rights::all()));
    first.connack();
    second.disconnected(ReasonCode::SESSION_TAKEN_OVER);
    first.publishes(QoS::AtLeastOnce, "t", "alive");
    assert_eq!(world.count(|stats| stats.sessions), 1);
}

#[test]
fn an_acknowledgement_that_the_older_connection_awaited_does_not_reach_the_newer() {
    let world = World::new();
    let older = world.connect_with(persistent(V5, "a"));
    world.hold_journal();
    older.send(qos1(1, "t", "x"));
    let newer = world.connect_with(persistent(V5, "a"));
    world.release_journal();
    newer.expect_nothing();
    newer.publishes(QoS::AtLeastOnce, "t", "y");
}

#[test]
fn a_storm_of_takeovers_leaves_one_connection_and_one_session() {
    let world = World::with(|setup| setup.shards = 3);
    let publisher = world.connect(V5, "publisher");
    for round in 0..100 {
        let client = world.connect_with(persistent(V5, "a"));
        let filter = if round % 2 == 0 { "t/+" } else { "t/#" };
        client.send(subscribe(1, &[(filter, options(QoS::AtLeastOnce))]));
        publisher.publishes(QoS::AtLeastOnce, "t/x", "storm");
    }
    assert_eq!(world.count(|stats| stats.clients), 2);
    assert_eq!(world.count(|stats| stats.sessions), 2);
    assert_eq!(world.count(|stats| stats.takeovers), 99);
}
