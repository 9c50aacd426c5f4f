//! A whole broker on a free port, with what only a test does to it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use vouchmq_identity::{Access, Anonymous, AuthRequest, Authenticator, Cost, Verdict};
use vouchmq_mqtt::engine::{EngineOptions, ShardId};

use crate::broker::{Part, spawn};
use crate::shard::mailbox::Message;
use crate::{Bound, BrokerConfig, BrokerSettings, Ended, ListenAddress, ListenerOptions};

mod guessing;

/// CONNECT of MQTT 3.1.1 with the client id "a".
const CONNECT: &[u8] = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01a";

/// Stands in for a bug in what runs on a shard.
struct Panicking;

impl Authenticator for Panicking {
    fn cost(&self, _: &AuthRequest) -> Cost {
        panic!("a bug, for the test")
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        Verdict::NotMine
    }
}

pub(crate) fn config(shard_count: u16) -> BrokerConfig {
    BrokerConfig {
        listeners: vec![ListenerOptions::plain("tcp", ListenAddress::Tcp(([127, 0, 0, 1], 0).into()))],
        engine: EngineOptions::new(shard_count),
        authenticator: Arc::new(Anonymous::everybody(Access::everything())),
        exchange_methods: Vec::new(),
        settings: BrokerSettings { sys_interval_secs: 0, ..BrokerSettings::default() },
        heap_bytes_in_use: || None,
        verify_threads: 1,
    }
}

pub(crate) fn connect(bound: &Bound) -> TcpStream {
    let Some(ListenAddress::Tcp(address)) = bound.addresses().first() else { panic!("no TCP address") };
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

/// Without the overseer nothing bounds memory: the broker must not go on as if nothing had happened.
#[test]
fn a_panic_of_any_thread_is_told() {
    for part in [Part::Overseer, Part::Shard(ShardId(7))] {
        let (tell_end, mut ended) = tokio::sync::mpsc::unbounded_channel();
        let thread = spawn(part, tell_end, || panic!("a bug, for the test")).unwrap();
        assert_eq!(ended.blocking_recv(), Some(Ended::Failed(part)));
        thread.join().unwrap();
    }
}

#[tokio::test]
async fn a_panic_in_the_task_of_a_connection_ends_the_broker() {
    let bound = Bound::bind(BrokerConfig { authenticator: Arc::new(Panicking), ..config(2) }).unwrap();
    let (mut bad, mut good) = (connect(&bound), connect(&bound));
    let mut broker = bound.start().unwrap();
    bad.write_all(CONNECT).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(10), broker.failed()).await.unwrap();
    assert!(matches!(ended, Ended::Failed(_)), "{ended:?}");
    let drained = tokio::task::spawn_blocking(move || broker.drain()).await.unwrap();
    assert_eq!(drained, ended);
    assert_eq!(good.read(&mut [0; 16]).unwrap_or(0), 0, "everybody is let go");
}

#[test]
fn a_burst_of_qos_0_reaches_a_receiver_that_takes_it() {
    const COUNT: usize = 3000;
    let bound = Bound::bind(config(1)).unwrap();
    let (mut receiver, mut publisher) = (connect(&bound), connect(&bound));
    let broker = bound.start().unwrap();
    receiver.write_all(CONNECT).unwrap();
    receiver.write_all(b"\x82\x06\x00\x01\x00\x01t\x00").unwrap();
    receiver.read_exact(&mut [0; 4 + 5]).unwrap();
    publisher.write_all(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x00\x00\x01b").unwrap();
    publisher.read_exact(&mut [0; 4]).unwrap();

    let mut packet = b"\x30\x83\x08\x00\x01t".to_vec();
    packet.resize(3 + 1027, b'x');
    let (burst, total) = (packet.repeat(COUNT), COUNT * packet.len());
    // The shard stands still until as much waits for it as the system takes.
    let (go_on, stand_still) = std::sync::mpsc::channel::<()>();
    let pause = Message::Inspect(Box::new(move |_| stand_still.recv().unwrap()));
    broker.control().mailboxes.first().unwrap().send(pause);
    publisher.set_nonblocking(true).unwrap();
    let mut written = 0;
    while let Ok(count) = publisher.write(&burst[written..]) {
        written += count;
        if written == total {
            break;
        }
    }
    let reading = std::thread::spawn(move || receiver.read_exact(&mut vec![0; total]));
    go_on.send(()).unwrap();
    publisher.set_nonblocking(false).unwrap();
    publisher.write_all(&burst[written..]).unwrap();
    reading.join().unwrap().unwrap();
    assert_eq!(broker.drain(), Ended::Drained);
}

/// CONNECT of MQTT 5.0 with the client id "a".
const CONNECT_5: &[u8] = b"\x10\x0e\x00\x04MQTT\x05\x02\x00\x00\x00\x00\x01a";

#[test]
fn a_client_for_whom_there_is_no_room_is_told_so() {
    let bound = Bound::bind(BrokerConfig {
        settings: BrokerSettings { connections_max: 1, ..BrokerSettings::default() },
        ..config(2)
    })
    .unwrap();
    let mut first = connect(&bound);
    let addresses = bound.addresses().to_vec();
    let broker = bound.start().unwrap();
    first.write_all(CONNECT).unwrap();
    first.read_exact(&mut [0; 4]).unwrap();
    for (connect, answer) in [(CONNECT_5, &b"\x20\x03\x00\x89\x00"[..]), (CONNECT, b"\x20\x02\x00\x03")] {
        let Some(ListenAddress::Tcp(address)) = addresses.first() else { panic!("no TCP address") };
        let mut second = TcpStream::connect(address).unwrap();
        second.write_all(connect).unwrap();
        let mut received = Vec::new();
        second.read_to_end(&mut received).unwrap();
        assert_eq!(received, answer);
    }
    drop(first);
    assert_eq!(broker.drain(), Ended::Drained);
}

#[test]
fn a_client_that_is_still_sending_sees_why_its_connection_ends() {
    let bound = Bound::bind(config(1)).unwrap();
    let mut client = connect(&bound);
    let broker = bound.start().unwrap();
    client.write_all(CONNECT_5).unwrap();
    let mut connack = [0; 2];
    client.read_exact(&mut connack).unwrap();
    client.read_exact(&mut vec![0; usize::from(connack[1])]).unwrap();
    // PUBLISH of 4 MiB and more, of which the broker takes no more than the fixed header.
    let mut publish = b"\x30\x80\x80\x80\x02".to_vec();
    publish.resize(4 * 1024 * 1024, 0);
    client.write_all(&publish).unwrap();
    let mut received = Vec::new();
    client.read_to_end(&mut received).unwrap();
    assert!(received.starts_with(b"\xe0") && received.get(2) == Some(&0x95), "{received:02x?}");
    drop(client);
    assert_eq!(broker.drain(), Ended::Drained);
}

#[test]
fn little_is_read_of_a_stranger_that_is_refused() {
    let bound = Bound::bind(BrokerConfig {
        settings: BrokerSettings { connections_max: 1, ..BrokerSettings::default() },
        ..config(1)
    })
    .unwrap();
    let (mut first, mut stranger) = (connect(&bound), connect(&bound));
    socket2::SockRef::from(&stranger).set_send_buffer_size(64 * 1024).unwrap();
    let broker = bound.start().unwrap();
    first.write_all(CONNECT).unwrap();
    first.read_exact(&mut [0; 4]).unwrap();
    stranger.write_all(CONNECT).unwrap();
    stranger.read_exact(&mut [0; 4]).unwrap();
    // It goes on sending until the broker has closed.
    let (mut sent, noise) = (0, [0; 64 * 1024]);
    while let Ok(count) = stranger.write(&noise) {
        sent += count;
    }
    assert!(sent < 8 * 1024 * 1024, "{sent} bytes");
    drop((first, stranger));
    assert_eq!(broker.drain(), Ended::Drained);
}
