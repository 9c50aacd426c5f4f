//! Packets glued to a CONNECT, and connections that move to the engine of their client.

use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Packet, QoS, ReasonCode};

use super::harness::*;

versions! { V31, V311, V5 =>
    packets_behind_connect_are_handled_in_order_once_the_client_is_in,
    a_connection_moves_to_the_owner_with_all_it_has_sent,
    a_plain_client_needs_nothing_beyond_the_standard,
}

/// CONNECT and a session's worth of packets.
fn pipelined<'a>(connect: Connect<'a>) -> Vec<Packet<'a>> {
    vec![
        Packet::Connect(connect),
        Packet::Subscribe(subscribe(1, &[("t", options(QoS::AtLeastOnce))])),
        Packet::Publish(qos1(2, "t", "x")),
        Packet::PingReq,
        Packet::Unsubscribe(unsubscribe(3, &["t"])),
        Packet::Publish(qos0("t", "for nobody")),
    ]
}

fn expect_answers(client: &Client) {
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    let mut kinds = Vec::new();
    while let Some(packet) = client.poll() {
        kinds.push(packet.packet_type().number());
    }
    kinds.sort_unstable();
    // PUBLISH, PUBACK, SUBACK, UNSUBACK, PINGRESP.
    assert_eq!(kinds, [3, 4, 9, 11, 13]);
    assert!(client.is_open());
}

fn packets_behind_connect_are_handled_in_order_once_the_client_is_in(version: ProtocolVersion) {
    for pieces in [1, 2, 7, 1000] {
        let world = World::new();
        world.authenticate_by(|_| Answer::Later);
        let client = world.open(version);
        let bytes: Vec<u8> =
            pipelined(connect(version, "a")).into_iter().flat_map(|packet| client.encode(packet)).collect();
        let connect_len = client.encode(connect(version, "a")).len();
        let (first, rest) = bytes.split_at(connect_len + 5);
        client.send_bytes(first);
        for piece in rest.chunks(pieces) {
            client.send_bytes(piece);
        }
        client.expect_nothing();
        world.decide(&client, allow(Rights::all()));
        expect_answers(&client);
    }
}

fn a_connection_moves_to_the_owner_with_all_it_has_sent(version: ProtocolVersion) {
    for shard in 0..3 {
        for at in 0..3 {
            for pieces in [1, 3, 1000] {
                let world = World::with(|setup| setup.shards = 3);
                let name = world.name_at(shard, "a");
                let client = world.open_at(at, version);
                let packets = pipelined(persistent(version, name));
                let bytes: Vec<u8> = packets.into_iter().flat_map(|packet| client.encode(packet)).collect();
                for piece in bytes.chunks(pieces) {
                    client.send_bytes(piece);
                }
                expect_answers(&client);
                assert_eq!(world.connection(&client).0, usize::from(shard));
            }
        }
    }
}

#[test]
fn a_session_is_found_from_every_engine() {
    let world = World::with(|setup| setup.shards = 3);
    let mut older: Option<Client> = None;
    for round in 0..9 {
        let client = world.open_at(round % 3, V5);
        client.send(persistent(V5, "a"));
        assert_eq!(client.connack().session_present, round > 0);
        if let Some(older) = older.replace(client) {
            older.disconnected(ReasonCode::SESSION_TAKEN_OVER);
        }
    }
    assert_eq!(world.count(|stats| stats.sessions), 1);
}

#[test]
fn what_is_refused_before_the_move_is_refused_at_once() {
    let world = World::with(|setup| {
        setup.shards = 2;
        setup.limits.client_id_bytes_max = 20;
    });
    for at in 0..2 {
        let client = world.open_at(at, V5);
        client.send(connect(V5, &"x".repeat(21)));
        assert_eq!(client.connack().reason, ReasonCode::CLIENT_IDENTIFIER_NOT_VALID);
    }
    assert_eq!(world.count(|stats| stats.connects_refused), 2);
}

/// Byte by byte what the simplest client says and hears: no property, no option, no extension.
///
/// MQTT3-7.0.0-2
fn a_plain_client_needs_nothing_beyond_the_standard(version: ProtocolVersion) {
    let world = World::new();
    let client = world.open(version);
    let (connect, subscribe, publish, delivered): (&[u8], &[u8], &[u8], &[u8]) = match version {
        ProtocolVersion::V31 => (
            b"\x10\x0F\x00\x06MQIsdp\x03\x02\x00\x3C\x00\x01a",
            b"\x82\x06\x00\x01\x00\x01t\x00",
            b"\x30\x04\x00\x01tx",
            b"\x30\x04\x00\x01tx",
        ),
        ProtocolVersion::V311 => (
            b"\x10\x0D\x00\x04MQTT\x04\x02\x00\x3C\x00\x01a",
            b"\x82\x06\x00\x01\x00\x01t\x00",
            b"\x30\x04\x00\x01tx",
            b"\x30\x04\x00\x01tx",
        ),
        V5 => (
            b"\x10\x0E\x00\x04MQTT\x05\x02\x00\x3C\x00\x00\x01a",
            b"\x82\x07\x00\x01\x00\x00\x01t\x00",
            b"\x30\x05\x00\x01t\x00x",
            b"\x30\x05\x00\x01t\x00x",
        ),
    };
    client.send_bytes(connect);
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client.send_bytes(subscribe);
    client.suback();
    client.send_bytes(publish);
    assert_eq!(client.take_bytes(), delivered);
    client.send_bytes(b"\xC0\x00");
    assert_eq!(client.take_bytes(), b"\xD0\x00");
    client.send_bytes(b"\xE0\x00");
    client.closed();
}
