//! What the process has: descriptors and memory. The broker runs in a process of its own, so that the clients
//! take nothing of what is measured.

use std::time::Duration;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use vouchmq_broker::ListenAddress;
use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::codec::{self, DecodeLimits};

use crate::harness::*;

/// Descriptors of the process that runs out of them; 256 of them are not for clients.
const DESCRIPTORS: u64 = 320;
/// Connections at once.
const TOGETHER: usize = 50;
/// Memory that a broker may take which many clients want more of.
const SMALL_MEMORY: u64 = 64 * 1024 * 1024;
/// Clients that want more than that, together.
const MANY: usize = 2000;

/// Row 5: CVE-2017-7654, and 2, 22, 28, 29 beside it. Nothing is left of 100,000 malformed CONNECTs.
#[test]
fn memory_and_descriptors_return_after_a_hundred_thousand_malformed_connects() {
    let Some(mut broker) =
        Child::new("process::memory_and_descriptors_return_after_a_hundred_thousand_malformed_connects")
    else {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("broker.sock");
        let server = Server::with(|config, _| {
            config.listeners = listeners([tcp(), ListenAddress::Unix(path.clone())])
        });
        return child::serve(&server, &path.display().to_string(), |_| String::new());
    };
    let path = broker.says();
    let malformed = malformed_connects();
    let attack = |count: usize| {
        let mut next = malformed.iter().cycle();
        for _ in 0..count / TOGETHER {
            let mut clients: Vec<_> = (0..TOGETHER).map(|_| Client::open_unix(path.as_ref(), V5)).collect();
            for (client, bytes) in clients.iter_mut().zip(&mut next) {
                // A reset is an answer, too.
                let _ = client.try_send(bytes);
            }
            for client in &mut clients {
                while client.poll_quietly() > 0 {}
            }
        }
    };
    let mut witness = Client::open(broker.address(), V5);
    witness.send(connect(V5, "witness"));
    witness.connack();
    let descriptors = broker.asks("descriptors");
    attack(20_000);
    let before: usize = broker.asks("memory").parse().unwrap();
    attack(80_000);
    witness.ping();
    let grown = broker.asks("memory").parse::<usize>().unwrap().saturating_sub(before);
    assert!(grown < 4 * 1024 * 1024, "80,000 more took {grown} bytes");
    until("the last connections are closed", || broker.asks("descriptors") == descriptors);
}

/// CONNECTs that are none, each in its own way.
fn malformed_connects() -> Vec<Vec<u8>> {
    let whole = encode(
        V5,
        vouchmq_mqtt::packet::Connect {
            will: Some(will("w", "payload")),
            username: Some("u"),
            password: Some(b"p"),
            properties: props(&[vouchmq_mqtt::Property::UserProperty("k", "v")]),
            ..connect(V5, "client")
        },
    );
    let mut all: Vec<Vec<u8>> = (2..whole.len())
        .map(|at| {
            let mut broken = whole.clone();
            broken[at] ^= 0xFF;
            broken
        })
        .collect();
    // The body is shorter than it says, and ends where its header says.
    all.extend(
        (2..whole.len() - 2).map(|len| [&[0x10, u8::try_from(len).unwrap()], &whole[2..2 + len]].concat()),
    );
    all.retain(|bytes| is_malformed(bytes));
    all
}

/// Complete, and no packet.
fn is_malformed(bytes: &[u8]) -> bool {
    match codec::frame(bytes) {
        Err(_) => true,
        Ok(None) => false,
        Ok(Some(header)) => bytes.get(header.header_len..header.packet_len()).is_some_and(|body| {
            codec::decode(header, body, V5, &DecodeLimits { user_properties_max: 64 }).is_err()
        }),
    }
}

/// Without a descriptor left, accepting pauses: who is there is served, and who waits is accepted later.
#[test]
fn without_descriptors_accepting_pauses_and_goes_on() {
    let Some(mut broker) = Child::new("process::without_descriptors_accepting_pauses_and_goes_on") else {
        setrlimit(Resource::RLIMIT_NOFILE, DESCRIPTORS, DESCRIPTORS).unwrap();
        let server = Server::start();
        let mut held = Vec::new();
        return child::serve(&server, "", |command| {
            match command {
                "take all" => {
                    while let Ok(file) = std::fs::File::open("/dev/null") {
                        held.push(file);
                    }
                    held.truncate(held.len() - 2);
                }
                "give back" => held.clear(),
                _ => {}
            }
            server.stats().accept_pauses.to_string()
        });
    };
    broker.says();
    let mut early = Client::open(broker.address(), V5);
    early.send(connect(V5, "early"));
    early.connack();
    assert_eq!(broker.asks("take all"), "0");
    let mut late: Vec<_> = (0..10)
        .map(|number| {
            let mut client = Client::open(broker.address(), V311);
            client.send(connect(V311, &format!("late{number}")));
            client
        })
        .collect();
    until("accepting pauses", || {
        early.ping();
        broker.asks("pauses") != "0"
    });
    let spent = broker.processor_time_of(|| {
        std::thread::park_timeout(Duration::from_secs(1));
        early.ping();
    });
    assert!(spent < Duration::from_millis(300), "a second of pause took {spent:?}");
    broker.asks("give back");
    for client in &mut late {
        client.connack();
        client.ping();
    }
    early.ping();
}

/// Thousands of strangers who begin a large CONNECT and never end it take a bounded part of the memory, and no place
/// from anybody.
#[test]
fn strangers_without_number_lock_nobody_out() {
    let Some(mut broker) = Child::new("process::strangers_without_number_lock_nobody_out") else {
        return serve_with_small_memory();
    };
    broker.says();
    let begun = beginning(0x10, b"\x00\x04MQTT\x05\x02\x00\x00");
    let mut strangers = many(&broker, |_, _| ());
    for stranger in &mut strangers {
        // Being closed is an answer, too.
        let _ = stranger.try_send(&begun);
    }
    assert_eq!(refusal(&broker), None, "while they are there");
    let memory: u64 = broker.asks("memory").parse().unwrap();
    assert!(memory < SMALL_MEMORY, "{} strangers take {memory} bytes", strangers.len());
    assert!(broker.asks("strangers refused").parse::<usize>().unwrap() > MANY / 2);
    // Those who found room are not disturbed: they wait for their deadline.
    strangers.truncate(10);
    assert_eq!(refusal(&broker), None);
    assert_eq!(broker.asks("short"), "0");
}

/// Clients that fill the memory keep newcomers out for as long as they are there, and no longer: what they held is
/// given back.
#[test]
fn memory_is_enough_again_when_those_who_took_it_have_left() {
    let Some(mut broker) = Child::new("process::memory_is_enough_again_when_those_who_took_it_have_left")
    else {
        return serve_with_small_memory();
    };
    broker.says();
    let begun = beginning(0x30, b"\x00\x01t\x00");
    let mut greedy = many(&broker, |client, number| {
        client.send(connect(V5, &format!("greedy{number}")));
        client.connack();
    });
    greedy.iter_mut().for_each(|client| client.send_bytes(&begun));
    until("memory is short", || refusal(&broker) == Some(ReasonCode::SERVER_BUSY));
    drop(greedy);
    until("a newcomer is let in", || refusal(&broker).is_none());
    until("the log says so", || broker.asks("enough") == "1");
}

/// 60 KB of a packet that announces 64 KB.
fn beginning(first: u8, header: &[u8]) -> Vec<u8> {
    let mut bytes = [&[first, 0xFF, 0xFF, 0x03], header].concat();
    bytes.resize(60 * 1024, 0);
    bytes
}

/// A broker with little memory, which tells what it did.
fn serve_with_small_memory() {
    keep_log();
    let server = Server::with(|config, _| config.settings.memory_bytes_max = Some(SMALL_MEMORY));
    child::serve(&server, "", |question| match question {
        "strangers refused" => server.stats().refused_strangers.to_string(),
        "short" => log_lines("memory is short").len().to_string(),
        _ => log_lines("memory is enough again").len().to_string(),
    });
}

/// Many clients, each of which does this at first.
fn many(broker: &Child, mut begin: impl FnMut(&mut Client, usize)) -> Vec<Client> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most, most).unwrap();
    (0..MANY)
        .map(|number| {
            let mut client = Client::open(broker.address(), V5);
            begin(&mut client, number);
            client
        })
        .collect()
}

/// What a newcomer is refused with; `None` when it is let in.
fn refusal(broker: &Child) -> Option<ReasonCode> {
    let mut newcomer = Client::open(broker.address(), V5);
    newcomer.send(connect(V5, ""));
    Some(newcomer.connack().reason).filter(|reason| reason.is_error())
}
