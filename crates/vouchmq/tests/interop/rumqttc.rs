//! Rust's rumqttc, MQTT 3.1.1 and 5.
#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking, too")]

mod five;
mod three;

use std::collections::BTreeSet;
use std::sync::mpsc::Receiver;

use crate::process::DEADLINE;
use crate::server::Server;

/// What a client hears.
#[derive(Debug)]
pub(crate) enum Heard {
    Connected { session_present: bool },
    Subscribed,
    Message(Message),
}

/// A message as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) topic: String,
    pub(crate) payload: Vec<u8>,
    pub(crate) qos: u8,
    pub(crate) is_retained: bool,
}

/// How a client connects.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) keeps_session: bool,
    /// Topic and QoS.
    pub(crate) will: Option<(String, u8)>,
}

/// Topic, QoS, retain, payload.
type Publish = dyn Fn(&str, u8, bool, Vec<u8>);
/// Filter, QoS.
type Subscribe = dyn Fn(&str, u8);

/// A client of either version. Dropped, it leaves without DISCONNECT.
pub(crate) struct Peer {
    pub(crate) publish: Box<Publish>,
    pub(crate) subscribe: Box<Subscribe>,
    pub(crate) disconnect: Box<dyn Fn()>,
    pub(crate) heard: Receiver<Heard>,
    /// The connection ends with it.
    pub(crate) _alive: std::sync::Arc<()>,
}

type Connect = fn(&Server, &str, &Wishes) -> Peer;

impl Peer {
    fn connect(connect: Connect, server: &Server, id: &str) -> Self {
        let peer = connect(server, id, &Wishes::default());
        peer.connected();
        peer
    }

    #[track_caller]
    fn connected(&self) -> bool {
        let Heard::Connected { session_present } = self.hear() else { panic!("no CONNACK") };
        session_present
    }

    #[track_caller]
    fn subscribed(&self, filter: &str, qos: u8) {
        (self.subscribe)(filter, qos);
        let Heard::Subscribed = self.hear() else { panic!("no SUBACK") };
    }

    #[track_caller]
    fn take(&self, count: usize) -> Vec<Message> {
        let message = |_| {
            let Heard::Message(message) = self.hear() else { panic!("no message") };
            message
        };
        (0..count).map(message).collect()
    }

    #[track_caller]
    fn hear(&self) -> Heard {
        self.heard.recv_timeout(DEADLINE).unwrap()
    }
}

fn text(topic: &str, payload: &str, qos: u8) -> Message {
    Message { topic: topic.to_owned(), payload: payload.into(), qos, is_retained: false }
}

fn every_scenario(connect: Connect) {
    let scenarios = [qos, retained, will, resume, shared, large, topics];
    scenarios.iter().for_each(|scenario| scenario(connect, &Server::start(&[])));
}

fn qos(connect: Connect, server: &Server) {
    for qos in 0..=2 {
        let receiver = Peer::connect(connect, server, &format!("receiver{qos}"));
        receiver.subscribed("q/#", qos);
        let sender = Peer::connect(connect, server, &format!("sender{qos}"));
        (0..50).for_each(|number| (sender.publish)("q/x", qos, false, number.to_string().into()));
        let expected: Vec<Message> = (0..50).map(|number| text("q/x", &number.to_string(), qos)).collect();
        assert_eq!(receiver.take(50), expected);
    }
}

fn retained(connect: Connect, server: &Server) {
    let sender = Peer::connect(connect, server, "sender");
    (sender.publish)("r/a", 1, true, b"kept".to_vec());
    let late = loop {
        let late = Peer::connect(connect, server, "late");
        late.subscribed("r/+", 1);
        (sender.publish)("r/sign", 1, false, Vec::new());
        let first = late.take(1).remove(0);
        // The sign came first if the retained message was not there yet.
        if first.topic == "r/a" && first.is_retained {
            break first;
        }
    };
    assert_eq!(late, Message { is_retained: true, ..text("r/a", "kept", 1) });
}

fn will(connect: Connect, server: &Server) {
    let watcher = Peer::connect(connect, server, "watcher");
    watcher.subscribed("w/#", 2);
    for qos in 0..=2 {
        let wishes = Wishes { will: Some((format!("w/{qos}"), qos)), ..Wishes::default() };
        let dying = connect(server, "dying", &wishes);
        dying.connected();
        drop(dying);
        assert_eq!(watcher.take(1), [text(&format!("w/{qos}"), "bye", qos)]);
    }
}

fn resume(connect: Connect, server: &Server) {
    let wishes = Wishes { keeps_session: true, ..Wishes::default() };
    let keeper = connect(server, "keeper", &wishes);
    assert!(!keeper.connected());
    keeper.subscribed("s/1", 1);
    keeper.subscribed("s/2", 2);
    (keeper.disconnect)();
    // The connection is over when nothing more can be heard.
    while keeper.heard.recv_timeout(DEADLINE).is_ok() {}
    let echo = Peer::connect(connect, server, "echo");
    echo.subscribed("s/#", 1);
    let sender = Peer::connect(connect, server, "sender");
    (0..100_u8).for_each(|number| {
        (sender.publish)(&format!("s/{}", 1 + number % 2), 1 + number % 2, false, vec![number]);
    });
    echo.take(100);
    let again = connect(server, "keeper", &wishes);
    assert!(again.connected());
    let taken = again.take(100);
    for (topic, start) in [("s/1", 0), ("s/2", 1)] {
        let of_topic = taken.iter().filter(|message| message.topic == topic);
        let numbers: Vec<u8> = of_topic.map(|message| message.payload[0]).collect();
        assert_eq!(numbers, (start..100).step_by(2).collect::<Vec<u8>>(), "{topic}");
    }
}

fn shared(connect: Connect, server: &Server) {
    let members: Vec<Peer> = (0..3)
        .map(|number| {
            let member = Peer::connect(connect, server, &format!("member{number}"));
            member.subscribed("$share/group/jobs/#", 1);
            member
        })
        .collect();
    let sender = Peer::connect(connect, server, "sender");
    (0..60_u8).for_each(|number| (sender.publish)("jobs/x", 1, false, vec![number]));
    let taken: BTreeSet<u8> =
        members.iter().flat_map(|member| member.take(20)).map(|message| message.payload[0]).collect();
    assert_eq!(taken, (0..60).collect());
}

fn large(connect: Connect, server: &Server) {
    let receiver = Peer::connect(connect, server, "receiver");
    receiver.subscribed("large", 2);
    let sender = Peer::connect(connect, server, "sender");
    let payload: Vec<u8> = (0..1_000_000_u32).map(|number| number.to_le_bytes()[0]).collect();
    for qos in 0..=2 {
        (sender.publish)("large", qos, false, payload.clone());
        assert!(receiver.take(1)[0].payload == payload, "QoS {qos}");
    }
}

fn topics(connect: Connect, server: &Server) {
    let every = Peer::connect(connect, server, "every");
    every.subscribed("many/#", 1);
    let some = Peer::connect(connect, server, "some");
    (0..1000).for_each(|number| some.subscribed(&format!("many/{number}/x"), 1));
    let sender = Peer::connect(connect, server, "sender");
    (0..3000).for_each(|number| (sender.publish)(&format!("many/{number}/x"), 1, false, Vec::new()));
    let names = |messages: Vec<Message>| -> BTreeSet<String> {
        messages.into_iter().map(|message| message.topic).collect()
    };
    assert_eq!(names(every.take(3000)), (0..3000).map(|number| format!("many/{number}/x")).collect());
    assert_eq!(names(some.take(1000)), (0..1000).map(|number| format!("many/{number}/x")).collect());
}

#[test]
fn mqtt_3_1_1() {
    let _ = crate::tool::tool("VOUCHMQ_BIN");
    every_scenario(three::connect);
}

#[test]
fn mqtt_5() {
    let _ = crate::tool::tool("VOUCHMQ_BIN");
    every_scenario(five::connect);
}
