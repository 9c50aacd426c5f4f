//! How a broker goes down: everybody is told, nobody holds it up.

use std::net::TcpStream;
use std::time::Duration;

use vouchmq_broker::Ended;
use vouchmq_mqtt::ProtocolVersion::{V5, V31, V311};
use vouchmq_mqtt::ReasonCode;

use crate::harness::*;

#[test]
fn clients_are_told_where_their_version_has_words_for_it() {
    let mut server = Server::start();
    let address = server.address();
    let mut clients: Vec<_> =
        [V31, V311, V5].map(|version| server.connect(version, &format!("{version:?}"))).into();
    let mut silent = server.open(V5);
    assert_eq!(server.drain(), Ended::Drained);
    for client in &mut clients {
        client.expect_disconnect(ReasonCode::SERVER_SHUTTING_DOWN);
    }
    silent.expect_closed();
    assert!(TcpStream::connect_timeout(&address, DEADLINE).is_err(), "nobody listens any more");
}

/// What was sent before the end still arrives, in front of DISCONNECT.
#[test]
fn what_waits_is_delivered_first() {
    let mut server = Server::start();
    let mut subscriber = server.connect(V5, "subscriber");
    subscriber.subscribe("t", AtLeastOnce);
    let mut publisher = server.connect(V5, "publisher");
    for number in 0..100 {
        publisher.publishes(AtLeastOnce, "t", &number.to_string());
    }
    assert_eq!(server.drain(), Ended::Drained);
    for number in 0..100 {
        assert_eq!(subscriber.publish().payload, number.to_string().as_bytes());
    }
    subscriber.expect_disconnect(ReasonCode::SERVER_SHUTTING_DOWN);
}

#[test]
fn a_client_that_never_reads_holds_nobody_up() {
    let mut server = Server::with(|config, _| config.settings.drain_timeout = Duration::from_millis(500));
    let mut stuck = server.connect(V311, "stuck");
    stuck.subscribe("flood", AtMostOnce);
    let mut other = server.connect(V5, "other");
    fill(&server, "flood");
    let (tell, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(server.drain()));
    assert_eq!(ended.recv_timeout(DEADLINE), Ok(Ended::Drained), "whoever does not read is left behind");
    other.expect_disconnect(ReasonCode::SERVER_SHUTTING_DOWN);
}

#[test]
fn a_will_is_kept_when_the_broker_goes_down() {
    let mut server = Server::start();
    let mut witness = server.connect(V5, "witness");
    witness.subscribe("will", AtMostOnce);
    let mut client = server.connect_with(vouchmq_mqtt::packet::Connect {
        will: Some(will("will", "gone")),
        ..persistent(V5, "client")
    });
    server.drain();
    client.expect_disconnect(ReasonCode::SERVER_SHUTTING_DOWN);
    witness.expect_disconnect(ReasonCode::SERVER_SHUTTING_DOWN);
}

/// Publishes until the subscribers of `topic` have more to read than sockets hold.
fn fill(server: &Server, topic: &str) {
    let mut publisher = server.connect(V5, "filler");
    let payload = vec![b'x'; 64 * 1024];
    until("the receiver lags", || {
        for _ in 0..16 {
            publisher.send(publish(AtMostOnce, 0, topic, &payload));
        }
        publisher.ping();
        server.stats().engines.dropped_lagging > 0
    });
}
