//! Messages between clients of one shard and of several.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::{Packet, QoS, ReasonCode};

use crate::harness::*;

versions! { V31, V311, V5 =>
    a_message_reaches_subscribers_on_every_shard,
    connect_subscribe_and_publish_in_one_write_are_handled_in_order,
}

const ALL_QOS: [QoS; 3] = [AtMostOnce, AtLeastOnce, ExactlyOnce];

fn a_message_reaches_subscribers_on_every_shard(version: ProtocolVersion) {
    let server = Server::with(|config, _| config.engine.shard_count = 3);
    let mut subscribers: Vec<_> = (0..6)
        .map(|number| server.connect(version, &server.name_at(number % 3, &format!("sub{number}-"))))
        .collect();
    for subscriber in &mut subscribers {
        subscriber.subscribe("cross/+", ExactlyOnce);
    }
    for shard in 0..3 {
        let mut publisher = server.connect(version, &server.name_at(shard, "pub"));
        for qos in ALL_QOS {
            publisher.publishes(qos, "cross/topic", "hello");
            for subscriber in &mut subscribers {
                subscriber.receives(qos, "cross/topic", "hello");
            }
        }
    }
}

/// Whoever publishes after somebody's SUBACK reaches that somebody, on whatever shard the two are.
#[test]
fn nothing_is_lost_that_is_published_after_suback() {
    let server = Server::with(|config, _| config.engine.shard_count = 4);
    let mut publishers: Vec<_> =
        (0..4).map(|shard| server.connect(V5, &server.name_at(shard, "pub"))).collect();
    for round in 0..50u16 {
        let mut subscriber = server.connect(V311, &server.name_at(round % 4, &format!("sub{round}-")));
        let topic = format!("t/{round}");
        subscriber.subscribe(&topic, ExactlyOnce);
        for (publisher, qos) in publishers.iter_mut().zip(ALL_QOS.into_iter().cycle()) {
            publisher.publishes(qos, &topic, "now");
            subscriber.receives(qos, &topic, "now");
        }
    }
}

/// A connection is accepted by any shard, and moves to its client's owner with all that was sent already.
fn connect_subscribe_and_publish_in_one_write_are_handled_in_order(version: ProtocolVersion) {
    let server = Server::with(|config, _| config.engine.shard_count = 3);
    for number in 0..30 {
        let client_id = format!("pipelined{number}");
        let mut client = server.open(version);
        let mut bytes = encode(version, connect(version, &client_id));
        bytes.extend(encode(version, subscribe(1, &[(&client_id, AtLeastOnce)])));
        bytes.extend(encode(version, publish(AtLeastOnce, 2, &client_id, b"me")));
        bytes.extend(encode(version, Packet::PingReq));
        client.send_bytes(&bytes);
        assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
        let mut seen = [client.packet(), client.packet(), client.packet(), client.packet()];
        seen.sort_by_key(|packet| packet.packet_type() as u8);
        let [Packet::Publish(message), Packet::PubAck(_), Packet::SubAck(_), Packet::PingResp] = &seen else {
            panic!("{seen:?}");
        };
        assert_eq!((message.topic, message.payload), (client_id.as_str(), b"me".as_slice()));
        client.acknowledge(message);
    }
    let shards: std::collections::BTreeSet<_> = server.clients().iter().map(|client| client.shard).collect();
    assert!(shards.len() <= 3);
}

/// A large message is shared between shards, not copied, and arrives whole.
#[test]
fn a_message_as_large_as_a_packet_may_be_reaches_every_shard() {
    let server = Server::start();
    let mut subscribers =
        [server.connect(V5, &server.name_at(0, "a")), server.connect(V311, &server.name_at(1, "b"))];
    for subscriber in &mut subscribers {
        subscriber.subscribe("large", AtMostOnce);
    }
    let payload = "x".repeat(1024 * 1024 - 100);
    server.connect(V5, "publisher").publishes(AtLeastOnce, "large", &payload);
    for subscriber in &mut subscribers {
        subscriber.receives(AtMostOnce, "large", &payload);
    }
}
