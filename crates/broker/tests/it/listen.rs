//! Listeners: IPv4, IPv6, Unix sockets; one broker for one address.

use std::collections::BTreeSet;

use vouchmq_broker::{ListenAddress, StartError};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::engine::ShardId;

use crate::harness::*;

#[test]
fn clients_over_ipv6_are_served() {
    let server = Server::with(|config, _| config.listeners = listeners(["[::1]:0".parse().unwrap()]));
    assert!(server.address().is_ipv6());
    let mut client = server.connect(V5, "six");
    client.subscribe("t", AtLeastOnce);
    client.publishes(AtMostOnce, "t", "over six");
    client.receives(AtMostOnce, "t", "over six");
    assert_eq!(server.client("six").unwrap().peer.unwrap().ip(), server.address().ip());
}

/// A Unix listener accepts on one shard and hands each client to its owner.
#[test]
fn clients_over_a_unix_socket_are_served_by_every_shard() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker.sock");
    let server = Server::with(|config, _| {
        config.engine.shard_count = 3;
        config.listeners = listeners([ListenAddress::Unix(path.clone()), tcp()]);
    });
    let mut over_tcp = server.connect(V5, "tcp");
    over_tcp.subscribe("t/#", AtLeastOnce);
    let mut clients = Vec::new();
    for shard in 0..3 {
        let client_id = server.name_at(shard, "unix");
        let mut client = Client::open_unix(&path, V311);
        client.send(connect(V311, &client_id));
        client.connack();
        client.publishes(AtLeastOnce, "t/x", "from a path");
        over_tcp.receives(AtLeastOnce, "t/x", "from a path");
        let status = server.client(&client_id).unwrap();
        assert_eq!((status.shard, status.peer), (ShardId(shard), None));
        clients.push(client);
    }
}

/// SO_REUSEPORT would let a second broker take half of the clients.
#[test]
fn a_second_broker_on_the_same_address_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = ListenAddress::Unix(folder.path().join("broker.sock"));
    let server = Server::with(|config, _| config.listeners = listeners([tcp(), path.clone()]));
    for address in [ListenAddress::Tcp(server.address()), path] {
        let second = Server::try_with(|config, _| config.listeners = listeners([address.clone()]));
        let Err(StartError::Listen { address: named, source }) = second else { panic!("{address} is taken") };
        assert_eq!(named, address);
        assert_eq!(source.kind(), std::io::ErrorKind::AddrInUse);
    }
    server.connect(V5, "the first broker is untouched").ping();
}

#[test]
fn the_socket_of_a_broker_that_is_gone_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("broker.sock");
    for _ in 0..2 {
        let server =
            Server::with(|config, _| config.listeners = listeners([ListenAddress::Unix(path.clone())]));
        let mut client = Client::open_unix(&path, V5);
        client.send(connect(V5, "a"));
        client.connack();
        drop(server);
    }
}

/// Whichever shard accepts a connection, the client ends up where its identifier belongs.
#[test]
fn clients_are_where_they_belong() {
    let server = Server::with(|config, _| config.engine.shard_count = 4);
    let clients: Vec<_> = (0..40).map(|number| server.connect(V5, &format!("client{number}"))).collect();
    let shards: BTreeSet<_> = server.clients().into_iter().map(|client| client.shard).collect();
    assert_eq!(shards.len(), 4, "every shard has some of {} clients", clients.len());
}
