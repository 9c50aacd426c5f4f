//! The control handle: what an operator sees and does.

use std::sync::Arc;

use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::time::Timestamp;
use vouchmq_mqtt::{Message, Properties, Publication, PublisherId, ReasonCode};

use crate::harness::*;

#[test]
fn clients_and_their_subscriptions_are_shown() {
    let server = Server::start();
    let mut client = server.connect_with(persistent(V5, "here"));
    client.subscribe("a/+", AtLeastOnce);
    client.subscribe("$share/g/b", ExactlyOnce);
    let peer = server.client("here").unwrap().peer.unwrap();
    assert_eq!(peer.ip(), server.address().ip());
    let mut gone = server.connect_with(persistent(V311, "gone"));
    gone.subscribe("c", AtMostOnce);
    gone.leave();
    until("the client has left", || server.stats().engines.clients == 1);

    let mut known: Vec<_> = server.clients().into_iter().map(|client| client.client).collect();
    known.sort_by(|a, b| a.client_id.cmp(&b.client_id));
    let said: Vec<_> = known
        .iter()
        .map(|client| (&*client.client_id, client.connection.is_some(), client.subscription_count))
        .collect();
    assert_eq!(said, [("gone", false, 1), ("here", true, 2)]);
    let mut filters: Vec<_> = wait_for(server.control.subscriptions("here"))
        .into_iter()
        .map(|subscription| (subscription.filter, subscription.options.qos))
        .collect();
    filters.sort();
    assert_eq!(filters, [("$share/g/b".to_owned(), ExactlyOnce), ("a/+".to_owned(), AtLeastOnce)]);
    assert!(server.client("nobody").is_none());
    assert!(wait_for(server.control.subscriptions("nobody")).is_empty());
}

#[test]
fn an_operator_disconnects_a_client_and_only_that_one() {
    let server = Server::start();
    let (mut five, mut three) = (server.connect(V5, "five"), server.connect(V311, "three"));
    let mut other = server.connect(V5, "other");
    server.control.disconnect("five", ReasonCode::ADMINISTRATIVE_ACTION);
    server.control.disconnect("three", ReasonCode::ADMINISTRATIVE_ACTION);
    server.control.disconnect("nobody", ReasonCode::ADMINISTRATIVE_ACTION);
    five.expect_disconnect(ReasonCode::ADMINISTRATIVE_ACTION);
    three.expect_closed();
    other.ping();
}

#[test]
fn a_message_of_the_broker_reaches_every_shard_and_is_retained() {
    let server = Server::with(|config, _| config.engine.shard_count = 3);
    let mut subscribers: Vec<_> =
        (0..3).map(|shard| server.connect(V5, &server.name_at(shard, "s"))).collect();
    for subscriber in &mut subscribers {
        subscriber.subscribe("news", AtLeastOnce);
    }
    server.control.publish(retained_message("news")).unwrap();
    for subscriber in &mut subscribers {
        subscriber.receives(AtLeastOnce, "news", "from the broker");
    }
    assert_eq!(server.stats().retained, 1);
    let mut late = server.connect(V5, "late");
    late.subscribe("news", AtMostOnce);
    assert!(late.receives(AtMostOnce, "news", "from the broker").retain);
}

/// A message of the broker itself.
fn retained_message(topic: &str) -> Arc<Message> {
    Message::new(&Publication {
        topic,
        properties: Properties::EMPTY,
        payload: b"from the broker",
        qos: AtLeastOnce,
        retain: true,
        publisher: PublisherId::BROKER,
        expires_at: Timestamp::NEVER,
    })
}

/// A client that got such a message, or a store that kept it, would break.
#[test]
fn a_message_without_a_topic_name_is_not_published() {
    let server = Server::start();
    let mut client = server.connect(V5, "client");
    client.subscribe("#", AtMostOnce);
    for topic in ["", "a/+", "#", "a\0b", &"x".repeat(65_536)] {
        assert!(server.control.publish(retained_message(topic)).is_err(), "{topic:?}");
    }
    server.control.publish(retained_message("a/b")).unwrap();
    client.receives(AtMostOnce, "a/b", "from the broker");
    assert_eq!(server.stats().retained, 1);
}

#[test]
fn statistics_count_what_happened_on_all_shards() {
    let server = Server::start();
    let mut clients =
        [server.connect(V5, &server.name_at(0, "a")), server.connect(V5, &server.name_at(1, "b"))];
    for client in &mut clients {
        client.subscribe("t", AtMostOnce);
    }
    clients[0].publishes(AtMostOnce, "t", "x");
    for client in &mut clients {
        client.receives(AtMostOnce, "t", "x");
    }
    let stats = server.stats();
    assert_eq!((stats.connections, stats.accepted), (2, 2));
    assert_eq!((stats.engines.clients, stats.engines.sessions, stats.engines.subscriptions), (2, 2, 2));
    assert_eq!((stats.engines.publishes_received, stats.engines.publishes_sent), (1, 2));
    let [a, b] = clients;
    a.leave();
    b.leave();
    server.expect_nobody();
}
