//! What the broker itself does and sees: messages of its own, clients and their subscriptions.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::engine::Input;
use vouchmq_mqtt::packet::{Connect, Subscribe, SubscriptionOptions};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Message, Properties, Property, Publication, PublisherId, QoS};

use super::harness::*;

versions! { V31, V311, V5 => a_message_of_the_broker_reaches_everybody_once }

/// A message as the broker publishes it: `$SYS`, or what an operator says.
fn of_broker<'a>(topic: &'a str, payload: &'a str, qos: QoS, retain: bool) -> Publication<'a> {
    Publication {
        topic,
        properties: Properties::EMPTY,
        payload: payload.as_bytes(),
        qos,
        retain,
        publisher: PublisherId::BROKER,
        expires_at: Timestamp::NEVER,
    }
}

fn a_message_of_the_broker_reaches_everybody_once(version: ProtocolVersion) {
    let world = World::with(|setup| setup.shards = 3);
    let subscribers = [0, 1, 2].map(|shard| {
        let client = world.connect(version, world.name_at(shard, "a"));
        client.subscribe("$SYS/#", QoS::AtLeastOnce);
        client.subscribe("#", QoS::AtLeastOnce);
        client
    });
    for from in 0..3 {
        let message = Message::new(&of_broker("$SYS/uptime", "1", QoS::AtLeastOnce, true));
        world.input_at(from, Input::Publish(message));
        for client in &subscribers {
            assert!(!client.receives(QoS::AtLeastOnce, "$SYS/uptime", "1").retain);
            client.expect_nothing();
        }
    }
    let late = world.connect(version, "late");
    late.subscribe("$SYS/+", QoS::AtMostOnce);
    assert!(late.receives(QoS::AtMostOnce, "$SYS/uptime", "1").retain);
    let empty = Message::new(&of_broker("$SYS/uptime", "", QoS::AtMostOnce, true));
    world.input_at(0, Input::Publish(empty));
    late.receives(QoS::AtMostOnce, "$SYS/uptime", "");
    late.subscribe("$SYS/+", QoS::AtMostOnce);
    late.expect_nothing();
}

#[test]
fn clients_and_subscriptions_are_shown_as_they_are() {
    let world = World::new();
    let no_local = SubscriptionOptions { no_local: true, ..options(QoS::AtLeastOnce) };
    let client = world.connect_with(persistent(V5, "a"));
    client.send(Subscribe {
        properties: props(&[Property::SubscriptionIdentifier(7)]),
        ..subscribe(1, &[("t/+", no_local), ("$share/g/t/#", options(QoS::ExactlyOnce))])
    });
    client.suback();
    let shown = world.session("a").expect("a session");
    assert!(shown.connection.is_some());
    assert_eq!((shown.session_expiry_secs, shown.subscription_count), (KEPT_SECS, 2));
    let mut subscriptions = world.state().engines[0].subscriptions("a");
    subscriptions.sort_by(|a, b| a.filter.cmp(&b.filter));
    let rows: Vec<_> =
        subscriptions.iter().map(|one| (one.filter.as_str(), one.options, one.identifier)).collect();
    assert_eq!(rows, [("$share/g/t/#", options(QoS::ExactlyOnce), 7), ("t/+", no_local, 7)]);

    let publisher = world.connect(V311, "publisher");
    publisher.publishes(QoS::AtLeastOnce, "t/x", "12345");
    assert_eq!(world.session("a").expect("a session").in_flight_count, 2, "its own and the group's");
    client.vanish();
    publisher.publishes(QoS::AtLeastOnce, "t/x", "12345");
    let shown = world.session("a").expect("a session");
    assert_eq!(shown.connection, None);
    assert_eq!((shown.in_flight_count, shown.queued_count, shown.queued_bytes), (2, 2, 16));
    assert_eq!(world.state().engines[0].clients().count(), 2);
    assert!(world.state().engines[0].subscriptions("nobody").is_empty());
}

#[test]
fn what_is_counted_adds_up() {
    let world = World::with(|setup| setup.shards = 3);
    let clients: Vec<Client> = (0..6).map(|number| world.connect(V5, &format!("c{number}"))).collect();
    for client in &clients {
        client.subscribe("t", QoS::AtMostOnce);
    }
    for client in &clients {
        client.send(qos0("t", "x"));
    }
    assert_eq!(world.count(|stats| stats.connects), 6);
    assert_eq!(world.count(|stats| stats.clients), 6);
    assert_eq!(world.count(|stats| stats.subscriptions), 6);
    assert_eq!(world.count(|stats| stats.publishes_received), 6);
    assert_eq!(world.count(|stats| stats.publishes_sent), 36);
    clients[0].send(qos0("u", "nobody wants it"));
    assert_eq!(world.count(|stats| stats.unmatched), 1);
    for client in &clients {
        client.take_bytes();
        client.leave();
    }
    assert_eq!(world.count(|stats| stats.clients + stats.sessions + stats.subscriptions), 0);
    world.advance_secs(120);
    world.expect_nothing_held();
}

#[test]
fn an_idle_client_with_a_kept_session_costs_one_timer() {
    let world = World::new();
    let client = world.connect_with(Connect { keep_alive_secs: 60, ..persistent(V5, "a") });
    for _ in 0..1000 {
        client.send(vouchmq_mqtt::Packet::PingReq);
        world.advance_secs(5);
    }
    let timers = world.state().engines[0].census().timers;
    assert!(timers <= 3, "{timers} timers");
}
