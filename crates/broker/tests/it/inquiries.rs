//! Rights that have to be asked for: answers come from another thread, in time, too late, or never.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use vouchmq_identity::acl::Names;
use vouchmq_identity::{Access, Allowance, AuthRequest, Authenticator, Cost, Principal, Verdict};
use vouchmq_mqtt::Inquired::{self, Granted, Unavailable};
use vouchmq_mqtt::ProtocolVersion::{self, V5, V311};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Attempt, Authorize, FilterRef, Grant, InquiryReply, Permission, ReasonCode};

use crate::harness::*;

versions! { V311, V5 =>
    an_answer_lets_a_message_through_when_it_comes,
    what_was_sent_before_a_goodbye_is_asked_about_still,
    who_gets_no_answer_is_told_so_in_time,
    a_client_that_is_gone_wants_no_answer,
    a_will_waits_for_its_answer,
}

const ALLOWED: Inquired = Granted(Grant::Whole);

/// A service that says what may be done below `asked`, when it is told to.
#[derive(Default)]
struct Service(Mutex<Vec<(String, InquiryReply)>>);

impl Service {
    /// What it was asked and has not answered, in order.
    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(attempt, _)| attempt.clone()).collect()
    }

    /// Waits until it is asked so much.
    fn until_asked(&self, expected: &[&str]) {
        until(&format!("{expected:?} is asked"), || self.asked() == expected);
    }

    fn take_all(&self) -> Vec<InquiryReply> {
        std::mem::take(&mut *self.0.lock().unwrap()).into_iter().map(|(_, reply)| reply).collect()
    }

    /// Answers everything alike, on a thread of its own.
    fn answer_all(&self, inquired: Inquired) {
        let replies = self.take_all();
        let answer = move || replies.into_iter().for_each(|reply| reply.answer(inquired));
        std::thread::spawn(answer).join().unwrap();
    }
}

/// Rights of one client; it remembers no answer.
struct Rights(Arc<Service>);

impl Authorize for Rights {
    fn publish(&self, topic: &str, _: QoS, _: bool) -> Permission {
        if topic.starts_with("asked/") { Permission::Asked } else { Permission::Allowed }
    }

    fn subscribe(&self, filter: FilterRef<'_>, _: Option<&str>) -> Grant {
        if filter.as_str().starts_with("asked/") { Grant::Asked } else { Grant::Whole }
    }

    fn receive(&self, _: &str) -> Permission {
        Permission::Allowed
    }

    fn inquire(&self, attempt: Attempt<'_>, reply: InquiryReply) {
        let (words, is_bug) = match attempt {
            Attempt::Publish { topic, .. } => (format!("publish {topic}"), topic == "asked/bug"),
            Attempt::Subscribe { filter, .. } => (format!("subscribe {filter}"), false),
        };
        assert!(!is_bug, "a bug, for the test");
        self.0.0.lock().unwrap().push((words, reply));
    }
}

/// Lets everybody in; others have to be asked about all but the witness.
struct Doorman(Arc<Service>);

impl Authenticator for Doorman {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let authorize: Arc<dyn Authorize> = match &*request.client_id {
            "witness" => {
                Access::everything().of(&Names { client_id: &request.client_id, ..Names::default() })
            }
            _ => Arc::new(Rights(self.0.clone())),
        };
        Verdict::Allow(Allowance { principal: Principal::Anonymous, authorize, expires_at: None })
    }
}

fn serve(connect_deadline: Duration) -> (Arc<Service>, Server) {
    let service = Arc::new(Service::default());
    let server = Server::with(|config, limits| {
        config.authenticator = Arc::new(Doorman(service.clone()));
        limits.connect_deadline = connect_deadline;
    });
    (service, server)
}

fn witness_of(server: &Server, version: ProtocolVersion) -> Client {
    let mut witness = server.connect(version, "witness");
    witness.subscribe("#", AtMostOnce);
    witness
}

fn an_answer_lets_a_message_through_when_it_comes(version: ProtocolVersion) {
    let (service, server) = serve(3 * DEADLINE);
    let mut witness = witness_of(&server, version);
    let mut client = server.connect(version, "c");
    client.send_bytes(
        &[
            encode(version, publish(AtLeastOnce, 1, "asked/1", b"1")),
            encode(version, publish(AtLeastOnce, 2, "open/2", b"2")),
            encode(
                version,
                subscribe(3, &[("asked/a", AtMostOnce), ("open/b", AtMostOnce), ("asked/c", AtMostOnce)]),
            ),
        ]
        .concat(),
    );
    service.until_asked(&["publish asked/1"]);
    let stats = server.stats();
    assert_eq!(
        (stats.inquiries.asked, stats.inquiries.in_flight, stats.engines.publishes_received),
        (1, 1, 0)
    );
    // Others are served meanwhile.
    witness.ping();
    service.answer_all(ALLOWED);
    witness.receives(AtMostOnce, "asked/1", "1");
    witness.receives(AtMostOnce, "open/2", "2");
    for packet_id in [1, 2] {
        assert_eq!(client.puback().packet_id, id(packet_id));
    }
    service.until_asked(&["subscribe asked/a", "subscribe asked/c"]);
    let [first, last] = <[_; 2]>::try_from(service.take_all()).unwrap();
    last.answer(ALLOWED);
    first.answer(Granted(Grant::Denied));
    let denied = if version == V5 { 0x87 } else { 0x80 };
    assert_eq!(client.suback().reasons.as_bytes(), [denied, 0, 0]);
    let inquiries = server.stats().inquiries;
    assert_eq!((inquiries.asked, inquiries.allowed, inquiries.denied), (3, 2, 1));
    assert_eq!((inquiries.unavailable, inquiries.in_flight), (0, 0));
    client.ping();
}

/// A tool that publishes and leaves at once.
fn what_was_sent_before_a_goodbye_is_asked_about_still(version: ProtocolVersion) {
    let (service, server) = serve(3 * DEADLINE);
    let mut witness = witness_of(&server, version);
    let mut client = server.connect(version, "c");
    let packets = [publish(AtMostOnce, 0, "asked/1", b"1"), publish(AtMostOnce, 0, "asked/2", b"2")];
    let mut bytes = packets.map(|packet| encode(version, packet)).concat();
    bytes.extend(encode(version, disconnect(ReasonCode::SUCCESS)));
    client.send_bytes(&bytes);
    drop(client);
    for (topic, payload) in [("asked/1", "1"), ("asked/2", "2")] {
        service.until_asked(&[&format!("publish {topic}")]);
        service.answer_all(ALLOWED);
        witness.receives(AtMostOnce, topic, payload);
    }
    witness.leave();
    server.expect_nobody();
}

fn who_gets_no_answer_is_told_so_in_time(version: ProtocolVersion) {
    let (service, server) = serve(Duration::from_millis(300));
    let mut client = server.connect(version, "c");
    client.send(subscribe(1, &[("asked/t", AtMostOnce)]));
    let unavailable = if version == V5 { 0x83 } else { 0x80 };
    assert_eq!(client.suback().reasons.as_bytes(), [unavailable]);
    let [reply] = <[_; 1]>::try_from(service.take_all()).unwrap();
    assert!(!reply.is_wanted(), "nobody waits any more");
    assert_eq!(server.stats().inquiries.in_flight, 1, "it is asked still");
    // Too late, and to nobody.
    reply.answer(ALLOWED);
    until("it is not asked any more", || server.stats().inquiries.in_flight == 0);
    client.send(publish(AtLeastOnce, 2, "asked/t", b"x"));
    match version {
        V5 => assert_eq!(client.puback().reason, ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR),
        ProtocolVersion::V31 | V311 => client.expect_closed(),
    }
    assert_eq!(server.stats().engines.violations, 0);
}

fn a_client_that_is_gone_wants_no_answer(version: ProtocolVersion) {
    let (service, server) = serve(3 * DEADLINE);
    let mut witness = witness_of(&server, version);
    let mut older = server.connect(version, "c");
    older.send(publish(AtLeastOnce, 1, "asked/older", b"x"));
    service.until_asked(&["publish asked/older"]);
    let [reply] = <[_; 1]>::try_from(service.take_all()).unwrap();
    assert!(reply.is_wanted());
    let mut client = server.connect(version, "c");
    until("nobody waits any more", || !reply.is_wanted());
    client.send(publish(AtMostOnce, 0, "asked/newer", b"x"));
    service.until_asked(&["publish asked/newer"]);
    reply.answer(ALLOWED);
    service.answer_all(Granted(Grant::Denied));
    client.ping();
    client.publishes(AtLeastOnce, "open", "x");
    witness.receives(AtMostOnce, "open", "x");
}

fn a_will_waits_for_its_answer(version: ProtocolVersion) {
    let (service, server) = serve(3 * DEADLINE);
    let mut witness = witness_of(&server, version);
    for (name, answer) in [("denied", Granted(Grant::Denied)), ("lost", Unavailable), ("allowed", ALLOWED)] {
        let will = Some(will("asked/will", name));
        drop(server.connect_with(Connect { will, ..connect(version, name) }));
        service.until_asked(&["publish asked/will"]);
        service.answer_all(answer);
    }
    witness.receives(AtMostOnce, "asked/will", "allowed");
    until("all are answered", || server.stats().inquiries.in_flight == 0);
    let stats = server.stats();
    assert_eq!((stats.engines.publishes_denied, stats.engines.publishes_undecided), (1, 1));
}

/// One address has its share, whatever others ask.
#[test]
fn questions_about_rights_are_bounded() {
    let (service, server) = serve(3 * DEADLINE);
    let names: Vec<String> = (0..64).map(|number| format!("asked/{number}")).collect();
    let filters: Vec<_> = names.iter().map(|name| (name.as_str(), AtMostOnce)).collect();
    let ask = |last, name: &str| {
        let mut client = Client::open_from([127, 0, 0, last].into(), server.address(), V5);
        client.send(connect(V5, name));
        assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
        client.send(subscribe(1, &filters));
        client
    };
    let mut waiting: Vec<_> = (0..16).map(|number| ask(2, &format!("c{number}"))).collect();
    until("so many are asked about", || service.asked().len() == 1024);
    let refused = ask(2, "more").suback();
    assert!(refused.reasons.iter().all(|reason| reason == ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR));
    let inquiries = server.stats().inquiries;
    assert_eq!((inquiries.asked, inquiries.unavailable, inquiries.in_flight), (1088, 64, 1024));
    let mut other = ask(3, "other");
    until("another address has its own", || service.asked().len() == 1088);
    service.answer_all(ALLOWED);
    for client in waiting.iter_mut().chain([&mut other]) {
        assert!(client.suback().reasons.iter().all(|reason| reason == ReasonCode::SUCCESS));
    }
    let mut late = ask(2, "late");
    until("there is room again", || service.asked().len() == 64);
    service.answer_all(ALLOWED);
    late.suback();
}

#[test]
fn rights_that_panic_allow_nothing() {
    let (service, server) = serve(3 * DEADLINE);
    let mut client = server.connect(V5, "c");
    client.send(publish(AtLeastOnce, 1, "asked/bug", b"x"));
    assert_eq!(client.puback().reason, ReasonCode::IMPLEMENTATION_SPECIFIC_ERROR);
    client.publishes(AtLeastOnce, "open", "x");
    assert_eq!((service.asked().len(), server.stats().inquiries.unavailable), (0, 1));
}
