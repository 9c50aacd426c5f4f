//! Every combination carries MQTT, to the shard that a client belongs to.

use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::{Packet, ReasonCode};

use super::{listener, serve};
use crate::harness::*;

/// Every combination of layers: a server, and the way to it.
fn combinations(papers: &Papers) -> Vec<(&'static str, Server, Tunnel)> {
    let websocket = Some("/mqtt");
    let tls = || Some(papers.client());
    vec![
        ("tls", serve(listener(Some(papers.options()), false)), Tunnel { tls: tls(), ..Tunnel::default() }),
        ("ws", serve(listener(None, true)), Tunnel { websocket, ..Tunnel::default() }),
        (
            "wss",
            serve(listener(Some(papers.options()), true)),
            Tunnel { tls: tls(), websocket, ..Tunnel::default() },
        ),
    ]
}

fn connected(server: &Server, tunnel: &Tunnel, version: ProtocolVersion, client_id: &str) -> Client {
    let mut client = Client::open_through(tunnel, server.address(), version);
    client.send(connect(version, client_id));
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    client
}

#[test]
fn clients_over_every_layer_are_served_by_every_shard() {
    let papers = Papers::new();
    for (layers, server, tunnel) in combinations(&papers) {
        let mut clients: Vec<_> = (0..2)
            .flat_map(|shard| (0..4).map(move |number| (shard, format!("{number}"))))
            .map(|(shard, name)| connected(&server, &tunnel, V5, &server.name_at(shard, &name)))
            .collect();
        for (number, client) in clients.iter_mut().enumerate() {
            client.subscribe(&format!("t/{number}"), ExactlyOnce);
        }
        for from in 0..clients.len() {
            let to = (from + 3) % clients.len();
            clients[from].publishes(AtLeastOnce, &format!("t/{to}"), layers);
            clients[to].receives(AtLeastOnce, &format!("t/{to}"), layers);
        }
        clients.into_iter().for_each(Client::leave);
        server.expect_nobody();
        assert_eq!(server.stats().handshakes.completed, 8, "{layers}");
    }
}

/// What follows a CONNECT at once goes with its connection, wherever that moves.
#[test]
fn pipelined_packets_move_with_their_connection() {
    let papers = Papers::new();
    for (layers, server, tunnel) in combinations(&papers) {
        for shard in [0, 1, 0, 1, 0, 1] {
            let client_id = server.name_at(shard, "pipelined");
            let mut client = Client::open_through(&tunnel, server.address(), V311);
            let mut bytes = encode(V311, connect(V311, &client_id));
            bytes.extend(encode(V311, subscribe(1, &[("p", AtMostOnce)])));
            for number in 0..200_u8 {
                bytes.extend(encode(V311, publish(AtMostOnce, 0, "p", &[number; 300])));
            }
            client.send_bytes(&bytes);
            client.connack();
            // SUBACK waits for the other shard; messages do not.
            let (mut publishes, mut suback_count) = (0..200_u8, 0);
            while suback_count == 0 || !publishes.is_empty() {
                let packet = client.packet();
                if matches!(packet, Packet::SubAck(_)) {
                    suback_count += 1;
                    continue;
                }
                let expected = [publishes.next().unwrap(); 300];
                assert_eq!(packet, publish(AtMostOnce, 0, "p", &expected).to_packet(), "{layers}");
            }
            client.leave();
        }
    }
}

/// Payloads larger than any buffer of a layer, to one who reads late, with others in between.
#[test]
fn large_messages_wait_for_slow_readers_and_arrive_whole() {
    let papers = Papers::new();
    let payload: Vec<u8> = (0..900_000_u32).map(|number| number.to_be_bytes()[3] ^ 0x5A).collect();
    for (layers, server, tunnel) in combinations(&papers) {
        let mut slow = connected(&server, &tunnel, V5, &server.name_at(0, "slow"));
        slow.subscribe("large", AtLeastOnce);
        let mut publisher = connected(&server, &tunnel, V5, &server.name_at(1, "publisher"));
        for packet_id in 1..=8 {
            publisher.send(publish(AtLeastOnce, packet_id, "large", &payload));
            publisher.puback();
        }
        publisher.ping();
        for _ in 1..=8 {
            let received = slow.publish();
            assert!(received.payload == payload, "{layers}");
            slow.acknowledge(&received);
        }
        slow.ping();
    }
}

/// A receiver over TLS that takes nothing is bounded as one over TCP is, and nobody else's trouble.
#[test]
fn a_reader_that_takes_nothing_is_closed_over_every_layer() {
    let papers = Papers::new();
    for (layers, mut server, tunnel) in combinations(&papers) {
        drop(server);
        let listeners =
            vec![listener(tunnel.tls.is_some().then(|| papers.options()), tunnel.websocket.is_some())];
        server = Server::with(|config, limits| {
            config.listeners = listeners;
            limits.stalled_receiver = std::time::Duration::from_millis(500);
        });
        let mut stuck = connected(&server, &tunnel, V311, "stuck");
        stuck.subscribe("flood", AtMostOnce);
        let mut publisher = connected(&server, &tunnel, V311, "publisher");
        until(layers, || {
            for _ in 0..16 {
                publisher.send(publish(AtMostOnce, 0, "flood", &[0; 32 * 1024]));
            }
            publisher.ping();
            server.stats().engines.stalled_receivers == 1
        });
        assert!(server.client("stuck").is_none());
        publisher.ping();
        until("its socket is closed too", || server.stats().connections == 1);
        drop(stuck);
    }
}
