//! What no honest peer does: regressions of what fuzzing and hostile tests found in the engine.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::engine::Input;
use vouchmq_mqtt::packet::Publish;
use vouchmq_mqtt::{QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    a_verdict_that_nobody_awaits_changes_nothing,
    a_repetition_is_not_acknowledged_before_other_engines_have_the_message,
}

fn a_verdict_that_nobody_awaits_changes_nothing(version: ProtocolVersion) {
    let world = World::new();
    let client = world.connect(version, "a");
    world.decide(&client, refuse(ReasonCode::NOT_AUTHORIZED));
    world.decide(&client, allow(Rights::all()));
    client.expect_nothing();
    assert!(client.is_open());
}

/// MQTT5-3.14.4-1
#[test]
fn a_suback_that_was_held_up_does_not_follow_a_disconnect() {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(V5, "a");
    world.hold_mail();
    client.send(subscribe(1, &[("t", options(QoS::AtMostOnce))]));
    client.expect_nothing();
    client.stop_reading();
    client.send(connect(V5, "a"));
    world.release_mail();
    client.read_on();
    client.disconnected(ReasonCode::PROTOCOL_ERROR);
}

#[test]
fn a_refusal_of_a_connect_says_a_code_that_connack_has() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    for (reason, said) in [
        (ReasonCode::ADMINISTRATIVE_ACTION, ReasonCode::NOT_AUTHORIZED),
        (ReasonCode::SERVER_SHUTTING_DOWN, ReasonCode::SERVER_UNAVAILABLE),
        (ReasonCode::KEEP_ALIVE_TIMEOUT, ReasonCode::UNSPECIFIED_ERROR),
    ] {
        let client = world.open(V5);
        client.send(connect(V5, "a"));
        let (shard, id) = world.connection(&client);
        world.input_at(shard, Input::Disconnect(id, reason));
        assert_eq!(client.connack().reason, said, "{reason}");
        client.closed();
    }
}

#[test]
fn a_disconnect_says_a_code_that_it_has() {
    let world = World::new();
    for (reason, said) in [
        (ReasonCode::BANNED, ReasonCode::NOT_AUTHORIZED),
        (ReasonCode::BAD_USER_NAME_OR_PASSWORD, ReasonCode::NOT_AUTHORIZED),
        (ReasonCode::SERVER_UNAVAILABLE, ReasonCode::SERVER_BUSY),
        (ReasonCode::PACKET_IDENTIFIER_IN_USE, ReasonCode::UNSPECIFIED_ERROR),
    ] {
        let client = world.connect(V5, "a");
        world.input(|| Input::DisconnectClient("a".into(), reason));
        assert_eq!(client.disconnect_packet().reason, said, "{reason}");
        client.closed();
    }
}

/// MQTT5-4.3.3-8
fn a_repetition_is_not_acknowledged_before_other_engines_have_the_message(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let subscriber = world.connect(version, world.name_at(1, "subscriber"));
    subscriber.subscribe("t", QoS::AtMostOnce);
    let publisher = persistent(version, world.name_at(0, "a"));
    let client = world.connect_with(publisher.clone());
    world.hold_mail();
    client.send(qos2(1, "t", "x"));
    client.vanish();
    let client = world.connect_with(publisher);
    client.send(Publish { dup: true, ..qos2(1, "t", "x") });
    client.expect_nothing();
    world.release_mail();
    client.expect(pubrec(id(1), ReasonCode::SUCCESS));
    subscriber.receives(QoS::AtMostOnce, "t", "x");
    subscriber.expect_nothing();
}
