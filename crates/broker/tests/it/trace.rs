//! A live trace: what one client sends and is sent, for who looks, and for nobody else.

use std::sync::Arc;
use std::time::Duration;

use vouchmq_broker::{TRACES_MAX, TraceEvent, TraceLimits, TraceStream, TraceTarget, Traced};
use vouchmq_identity::{Access, Anonymous};
use vouchmq_mqtt::ProtocolVersion::{self, V5, V31, V311};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::{Connect, WillMessage};
use vouchmq_mqtt::{Packet, Properties, PropertiesBuf, Property};

use crate::harness::*;

/// What stands where nothing may be told.
const CANARY: &str = "canary-7f3a-never-told";

fn of_client(client_id: &str) -> TraceTarget {
    TraceTarget::ClientId(client_id.into())
}

fn trace(server: &Server, target: TraceTarget) -> TraceStream {
    server.control.trace(target, TraceLimits::default()).unwrap()
}

/// Everything up to the end of so many connections.
fn told(stream: &mut TraceStream, ends: usize) -> Vec<TraceEvent> {
    let (mut events, mut ended) = (Vec::new(), 0);
    while ended < ends {
        let event = wait_for(stream.next()).expect("the trace goes on");
        ended += usize::from(matches!(event.what, Traced::Closed(_)));
        events.push(event);
    }
    events
}

/// Each event in a word: `>` from the client, `<` to it.
fn words(events: &[TraceEvent]) -> Vec<String> {
    let word = |event: &TraceEvent| match &event.what {
        Traced::Packet(packet) => {
            format!("{} {}", if packet.is_from_client { ">" } else { "<" }, packet.name)
        }
        Traced::Accepted(_) => "accepted".to_owned(),
        Traced::Found(_) => "found".to_owned(),
        Traced::Allowed => "allowed".to_owned(),
        Traced::Refused(reason) => format!("refused {reason}"),
        Traced::Closed(cause) => format!("closed {cause}"),
        Traced::Missed(count) => format!("missed {count}"),
    };
    events.iter().map(word).collect()
}

fn with_secrets(version: ProtocolVersion, client_id: &str) -> Connect<'_> {
    let will = WillMessage {
        qos: AtLeastOnce,
        retain: false,
        properties: Properties::EMPTY,
        topic: "last",
        payload: CANARY.as_bytes(),
    };
    Connect {
        username: Some("alice"),
        password: Some(CANARY.as_bytes()),
        will: Some(will),
        ..connect(version, client_id)
    }
}

#[test]
fn a_client_is_followed_from_its_connect_to_its_disconnect_and_no_secret_is_told() {
    let server = Server::start();
    for (version, level) in [(V31, 3), (V311, 4), (V5, 5)] {
        for shard in 0..2 {
            let client_id = server.name_at(shard, "c");
            let mut stream = trace(&server, of_client(&client_id));
            let mut client = server.connect_with(with_secrets(version, &client_id));
            client.subscribe("a/b", AtMostOnce);
            client.publishes(AtMostOnce, "a/b", CANARY);
            client.receives(AtMostOnce, "a/b", CANARY);
            client.publishes(AtLeastOnce, "c", CANARY);
            client.ping();
            client.leave();
            let events = told(&mut stream, 1);
            let expected = [
                "accepted",
                "> CONNECT",
                "allowed",
                "< CONNACK",
                "> SUBSCRIBE",
                "< SUBACK",
                "> PUBLISH",
                "< PUBLISH",
                "> PUBLISH",
                "< PUBACK",
                "> PINGREQ",
                "< PINGRESP",
                "> DISCONNECT",
                "closed the client disconnected",
            ];
            assert_eq!(words(&events), expected, "{version:?}");
            let all = format!("{events:?}");
            assert!(!all.contains(CANARY) && !all.contains(&format!("{:?}", CANARY.as_bytes())), "{all}");
            let Traced::Packet(connect) = &events[1].what else { panic!("a CONNECT") };
            let digest = connect.connect.as_ref().unwrap();
            assert_eq!((&*digest.client_id, digest.username.as_deref()), (&*client_id, Some("alice")));
            assert!(digest.has_password);
            assert_eq!(
                (digest.protocol_level, digest.will.as_ref().unwrap().payload_len),
                (level, CANARY.len())
            );
            let Traced::Packet(publish) = &events[8].what else { panic!("a PUBLISH") };
            assert_eq!((publish.topic.as_deref(), publish.payload_len), (Some("c"), Some(CANARY.len())));
            assert_eq!((publish.qos, publish.packet_id.is_some()), (Some(AtLeastOnce), true));
            assert!(events.iter().all(|event| event.connection == events[0].connection));
        }
    }
}

#[test]
fn a_payload_is_told_up_to_what_was_asked_for() {
    let server = Server::start();
    let limits = TraceLimits { payload_bytes_max: 5, ..TraceLimits::default() };
    let mut stream = server.control.trace(of_client("c"), limits).unwrap();
    let mut client = server.connect(V311, "c");
    client.publishes(AtMostOnce, "t", "hello world");
    // Larger than what is kept of a packet, and in pieces.
    client.publishes(AtMostOnce, "t", &"x".repeat(200_000));
    client.leave();
    let events = told(&mut stream, 1);
    let payloads: Vec<_> = events
        .iter()
        .filter_map(|event| {
            let Traced::Packet(packet) = &event.what else { return None };
            Some((packet.payload_len?, packet.payload.clone()))
        })
        .collect();
    assert_eq!(payloads, [(11, b"hello".to_vec()), (200_000, b"xxxxx".to_vec())]);
}

#[test]
fn authentication_data_is_not_told() {
    let server = Server::start();
    let mut stream = trace(&server, of_client("c"));
    let mut properties = PropertiesBuf::new();
    properties.push(Property::AuthenticationMethod("NONE-SUCH"));
    properties.push(Property::AuthenticationData(CANARY.as_bytes()));
    let mut client = server.open(V5);
    client.send(Connect { properties: properties.as_properties(), ..connect(V5, "c") });
    assert_eq!(client.connack().reason, ReasonCode::BAD_AUTHENTICATION_METHOD);
    client.expect_closed();
    let events = told(&mut stream, 1);
    let all = format!("{events:?}");
    assert!(!all.contains(CANARY) && !all.contains(&format!("{:?}", CANARY.as_bytes())), "{all}");
    assert!(all.contains("<secret>") && all.contains("NONE-SUCH"), "{all}");
    assert!(words(&events).iter().any(|word| word.starts_with("refused bad authentication")), "{events:?}");
}

#[test]
fn a_client_that_is_refused_is_traced_by_its_id_its_name_and_its_address() {
    let server = Server::with(|config, _| {
        config.authenticator = Arc::new(Anonymous::without_user_name(Access::everything()));
    });
    let address = server.address().ip();
    let targets = [of_client("c"), TraceTarget::Username("alice".into()), TraceTarget::Address(address)];
    let mut streams = targets.map(|target| trace(&server, target));
    let mut others =
        [of_client("other"), TraceTarget::Username("bob".into())].map(|target| trace(&server, target));
    let mut client = server.open(V311);
    client.send(with_secrets(V311, "c"));
    assert!(client.connack().reason.is_error());
    client.expect_closed();
    for stream in &mut streams {
        let events = told(stream, 1);
        let words = words(&events);
        assert_eq!(words[..2], ["accepted", "> CONNECT"]);
        assert!(words[2].starts_with("refused ") && words[3] == "< CONNACK", "{words:?}");
        assert!(!format!("{events:?}").contains(CANARY));
    }
    for stream in &mut others {
        let next = async { tokio::time::timeout(Duration::from_millis(20), stream.next()).await };
        assert!(wait_for(next).is_err(), "nobody else is told");
    }
}

#[test]
fn what_is_no_connect_is_traced_by_its_address_only() {
    let server = Server::start();
    let mut by_address = trace(&server, TraceTarget::Address(server.address().ip()));
    let mut by_id = trace(&server, of_client("c"));
    let mut client = server.open(V311);
    client.send_bytes(b"\x00\x01hello");
    client.expect_closed();
    let words = words(&told(&mut by_address, 1));
    assert_eq!(words[..2], ["accepted", "> ?"]);
    let mut known = server.connect(V311, "c");
    known.ping();
    known.leave();
    assert_eq!(told(&mut by_id, 1)[0].peer.map(|peer| peer.ip()), Some(server.address().ip()));
}

#[test]
fn a_client_that_is_connected_already_is_traced_from_then_on() {
    let server = Server::start();
    for (shard, version) in [(0, V311), (1, V5)] {
        let client_id = server.name_at(shard, "c");
        let mut client = server.connect(version, &client_id);
        // Half a packet, whose rest comes when it is traced.
        client.send_bytes(b"\xc0\x00\xc0");
        client.expect(Packet::PingResp);
        let mut stream = trace(&server, of_client(&client_id));
        let found = wait_for(stream.next()).unwrap();
        assert!(matches!(found.what, Traced::Found(_)), "{found:?}");
        client.send_bytes(b"\x00");
        client.expect(Packet::PingResp);
        client.publishes(AtLeastOnce, "t", "x");
        // Another one takes over: both are told, each by its number.
        let second = server.connect(version, &client_id);
        second.leave();
        let events = told(&mut stream, 2);
        let of_first: Vec<_> =
            events.iter().filter(|event| event.connection == found.connection).cloned().collect();
        let mut expected = vec!["> PINGREQ", "< PINGRESP", "> PUBLISH", "< PUBACK"];
        expected.extend((version == V5).then_some("< DISCONNECT"));
        expected.push("closed the client connected again");
        assert_eq!(words(&of_first), expected);
        let of_second: Vec<_> =
            events.iter().filter(|event| event.connection != found.connection).cloned().collect();
        assert_eq!(words(&of_second)[..2], ["accepted", "> CONNECT"]);
        // Two shards, one of which may have got it first: nothing is told twice.
        assert_eq!(words(&of_second).iter().filter(|word| *word == "accepted").count(), 1);
    }
}

#[test]
fn a_trace_that_nobody_reads_slows_nobody_and_counts_what_it_misses() {
    let server = Server::start();
    let mut stream = trace(&server, of_client("busy"));
    let mut client = server.connect(V311, "busy");
    for number in 0..5_000 {
        client.publishes(AtMostOnce, "t", &number.to_string());
    }
    client.ping();
    client.leave();
    until("the client has left", || server.stats().engines.clients == 0);
    let (mut known, mut missed) = (0, 0);
    loop {
        let next = async { tokio::time::timeout(Duration::from_millis(50), stream.next()).await };
        match wait_for(next) {
            Ok(Some(TraceEvent { what: Traced::Missed(count), .. })) => missed += count,
            Ok(Some(_)) => known += 1,
            Ok(None) | Err(_) => break,
        }
    }
    // accepted, allowed, CONNECT, CONNACK, 5,000 PUBLISH, PINGREQ, PINGRESP, DISCONNECT, closed.
    assert_eq!((known, known + missed), (1024, 5_008));
    assert_eq!(stream.missed(), missed);
}

#[test]
fn traces_are_few_and_end() {
    let server = Server::start();
    let mut streams: Vec<_> = (0..TRACES_MAX).map(|_| trace(&server, of_client("c"))).collect();
    assert!(server.control.trace(of_client("c"), TraceLimits::default()).is_err());
    assert_eq!(server.stats().traces, 8);
    streams.pop();
    let limits = TraceLimits { lifetime: Duration::from_millis(5), ..TraceLimits::default() };
    let mut short = server.control.trace(of_client("d"), limits).unwrap();
    assert_eq!(wait_for(short.next()), None);
    drop((short, streams));
    assert_eq!(server.stats().traces, 0);
    // A client that is traced no more is as every other.
    let mut client = server.connect(V5, "c");
    client.ping();
}
