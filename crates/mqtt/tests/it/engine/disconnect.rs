//! DISCONNECT, both ways, and nothing after it.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::{CloseCause, Input};
use vouchmq_mqtt::packet::{Connect, Disconnect};
use vouchmq_mqtt::{Packet, Property, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    nothing_is_handled_after_disconnect,
    nothing_is_sent_after_a_connection_is_over,
    an_operator_may_disconnect_a_client,
    a_shutdown_closes_everybody,
    a_shutdown_refuses_whoever_is_not_in_yet,
}

fn nothing_is_handled_after_disconnect(version: ProtocolVersion) {
    let world = World::new();
    let witness = world.connect(version, "witness");
    witness.subscribe("#", QoS::AtMostOnce);
    let client = world.connect_with(persistent(version, "a"));
    client.send_all([
        Packet::Publish(qos0("before", "x")),
        Packet::Disconnect(disconnect(ReasonCode::SUCCESS)),
        Packet::Subscribe(subscribe(1, &[("t", options(QoS::AtMostOnce))])),
        Packet::Unsubscribe(unsubscribe(2, &["t"])),
        Packet::Publish(qos0("after", "x")),
        Packet::Connect(connect(version, "b")),
    ]);
    client.send(qos0("later still", "x"));
    client.send_bytes(&[0xFF; 100]);
    assert_eq!(client.closed(), CloseCause::Disconnected(ReasonCode::SUCCESS));
    witness.receives(QoS::AtMostOnce, "before", "x");
    witness.expect_nothing();
    assert_eq!(world.session("a").expect("a session").subscription_count, 0);
    assert!(world.session("b").is_none());
    assert_eq!(world.count(|stats| stats.violations), 0);
}

/// MQTT5-3.14.4-1 MQTT5-3.14.4-2
fn nothing_is_sent_after_a_connection_is_over(version: ProtocolVersion) {
    let world = World::new();
    let publisher = world.connect(version, "publisher");
    let client = world.connect_with(persistent(version, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    world.hold_journal();
    client.send(qos1(7, "t", "its acknowledgement is due"));
    client.publish();
    client.stop_reading();
    publisher.send(qos0("t", "last"));
    world.input(|| Input::DisconnectClient("a".into(), ReasonCode::ADMINISTRATIVE_ACTION));
    world.release_journal();
    publisher.publishes(QoS::AtLeastOnce, "t", "waits in the session");
    client.send(Packet::PingReq);
    client.read_on();
    client.expect(qos0("t", "last"));
    let cause = client.disconnected(ReasonCode::ADMINISTRATIVE_ACTION);
    assert_eq!(cause, CloseCause::Administrative(ReasonCode::ADMINISTRATIVE_ACTION));
    assert_eq!(world.session("a").expect("a session").queued_count, 1);
}

fn an_operator_may_disconnect_a_client(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 2);
    let client = world.connect(version, "a");
    let other = world.connect(version, "b");
    world.input(|| Input::DisconnectClient("a".into(), ReasonCode::ADMINISTRATIVE_ACTION));
    world.input(|| Input::DisconnectClient("nobody".into(), ReasonCode::ADMINISTRATIVE_ACTION));
    client.disconnected(ReasonCode::ADMINISTRATIVE_ACTION);
    other.expect_nothing();
    let (shard, connection) = world.connection(&other);
    world.input_at(shard, Input::Disconnect(connection, ReasonCode::NOT_AUTHORIZED));
    other.disconnected(ReasonCode::NOT_AUTHORIZED);
}

fn a_shutdown_closes_everybody(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 3);
    let clients: Vec<Client> = (0..9).map(|number| world.connect(version, &format!("c{number}"))).collect();
    let stranger = world.open(version);
    world.input(|| Input::Drain);
    for client in clients {
        let cause = client.disconnected(ReasonCode::SERVER_SHUTTING_DOWN);
        assert_eq!(cause, CloseCause::ShuttingDown);
    }
    assert_eq!(stranger.closed(), CloseCause::ShuttingDown);
    assert_eq!(world.count(|stats| stats.clients), 0);
}

/// CONNACK has no code for a shutdown: the server is unavailable.
fn a_shutdown_refuses_whoever_is_not_in_yet(version: ProtocolVersion) {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let waiting = world.open(version);
    waiting.send(connect(version, "a"));
    world.input(|| Input::Drain);
    assert_eq!(waiting.connack().reason, ReasonCode::SERVER_UNAVAILABLE);
    waiting.closed();
    let late = world.open(version);
    late.send(connect(version, "b"));
    assert_eq!(late.connack().reason, ReasonCode::SERVER_UNAVAILABLE);
    late.closed();
}

/// MQTT5-3.14.0-1
#[test]
fn disconnect_is_sent_only_to_those_who_were_let_in() {
    let world = World::new();
    world.authenticate_by(|_| Answer::Later);
    let ends: [fn(&World, &Client); 4] = [
        |world, client| {
            let (shard, connection) = world.connection(client);
            world.input_at(shard, Input::Disconnect(connection, ReasonCode::ADMINISTRATIVE_ACTION));
        },
        |world, _| world.advance_secs(11),
        |world, client| world.decide(client, refuse(ReasonCode::NOT_AUTHORIZED)),
        |world, _| world.input(|| Input::Drain),
    ];
    for end in ends {
        let client = world.open(V5);
        client.send_bytes(&[client.encode(connect(V5, "a")), vec![0xC0, 0]].concat());
        end(&world, &client);
        match client.poll() {
            None => {}
            Some(Packet::ConnAck(connack)) => assert!(connack.reason.is_error()),
            Some(other) => panic!("{other:?}"),
        }
        client.closed();
    }
    let stranger = world.open(V5);
    stranger.send(Packet::PingReq);
    stranger.closed();
}

/// MQTT5-3.14.4-1
#[test]
fn messages_and_acknowledgements_do_not_follow_a_disconnect() {
    let world = World::new();
    let older = world.connect_with(persistent(V5, "a"));
    older.subscribe("t", QoS::AtLeastOnce);
    world.hold_journal();
    older.send(qos1(1, "u", "x"));
    world.connect_with(persistent(V5, "a"));
    world.release_journal();
    world.connect(V5, "publisher").publishes(QoS::AtLeastOnce, "t", "x");
    older.disconnected(ReasonCode::SESSION_TAKEN_OVER);
}

#[test]
fn a_client_of_311_is_just_closed() {
    let world = World::new();
    let client = world.connect(V311, "a");
    client.send(connect(V311, "a"));
    assert_eq!(client.take_bytes(), b"");
    client.closed();
}

#[test]
fn a_clean_disconnect_keeps_the_session_for_as_long_as_it_asked() {
    let world = World::new();
    let client = world.connect_with(persistent(V5, "a"));
    client.subscribe("t", QoS::AtLeastOnce);
    client.leave();
    world.connect(V5, "publisher").publishes(QoS::AtLeastOnce, "t", "x");
    let client = world.connect_with(Connect { clean_start: false, ..persistent(V5, "a") });
    client.receives(QoS::AtLeastOnce, "t", "x");
}

/// Where the server keeps no sessions, a client that asked for one in its CONNECT may still say for how long.
#[test]
fn a_disconnect_may_ask_for_a_session_that_the_server_does_not_keep() {
    let world = World::with(|setup| setup.limits.session_expiry_max_secs = 0);
    let client = world.connect_with(persistent(V5, "a"));
    let properties = props(&[Property::SessionExpiryInterval(60)]);
    client.send(Disconnect { properties, ..disconnect(ReasonCode::SUCCESS) });
    assert_eq!(client.closed(), CloseCause::Disconnected(ReasonCode::SUCCESS));
    assert!(world.session("a").is_none());
}
