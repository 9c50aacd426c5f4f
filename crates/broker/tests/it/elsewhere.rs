//! Verdicts that come from somewhere else, in time, too late, or never.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vouchmq_identity::{
    Access, Anonymous, AuthRequest, Authenticator, Chain, Cost, Denial, Exchange, ExchangeMethod,
    FileAuthenticator, HashCost, Inquiry, PasswordFile, PasswordHash, Reply, Step, Verdict,
};
use vouchmq_mqtt::ProtocolVersion::{self, V5};
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::{Property, ReasonCode};

use crate::harness::*;
use crate::verification::Fixed;

versions! { V311, V5 =>
    an_answer_lets_the_client_in_when_it_comes,
    who_gets_no_answer_is_told_that_it_is_not_its_fault,
    who_has_gone_is_not_judged,
    what_was_said_before_leaving_is_done,
}

/// A database that answers when it is told to.
#[derive(Default)]
struct Database {
    asked: Mutex<Vec<(AuthRequest, Reply)>>,
}

impl Database {
    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn take_all(&self) -> Vec<(AuthRequest, Reply)> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    /// What it says to somebody whom it knows.
    fn allow(request: &AuthRequest) -> Verdict {
        Anonymous::everybody(Access::everything()).verify(request)
    }
}

impl Authenticator for Database {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Elsewhere
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        panic!("it would have to wait")
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        self.asked.lock().unwrap().push((request, reply));
    }
}

fn server_with(database: &Arc<Database>, connect_deadline: Duration) -> Server {
    Server::with(|config, limits| {
        config.authenticator = database.clone();
        limits.connect_deadline = connect_deadline;
    })
}

fn an_answer_lets_the_client_in_when_it_comes(version: ProtocolVersion) {
    let database = Arc::new(Database::default());
    let server = server_with(&database, 3 * DEADLINE);
    let (mut good, mut bad, mut lost) = (server.open(version), server.open(version), server.open(version));
    for (client, name) in [(&mut good, "good"), (&mut bad, "bad"), (&mut lost, "lost")] {
        client.send(Connect { username: Some(name), password: Some(b"p"), ..connect(version, name) });
    }
    until("all are asked about", || database.count() == 3);
    assert_eq!(server.stats().elsewhere_in_flight, 3);
    for (request, reply) in database.take_all() {
        match request.username.as_deref() {
            Some("good") => reply.answer(Database::allow(&request)),
            Some("bad") => reply.answer(Verdict::Deny(Denial::WrongPassword)),
            _ => drop(reply),
        }
    }
    assert_eq!(good.connack().reason, ReasonCode::SUCCESS);
    assert_eq!(bad.connack().reason, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
    assert_eq!(lost.connack().reason, ReasonCode::SERVER_UNAVAILABLE);
    assert_eq!(server.stats().elsewhere_in_flight, 0);
    good.ping();
}

fn who_gets_no_answer_is_told_that_it_is_not_its_fault(version: ProtocolVersion) {
    let database = Arc::new(Database::default());
    let server = server_with(&database, Duration::from_millis(300));
    let mut client = server.open(version);
    client.send(connect(version, "c"));
    assert_eq!(client.connack().reason, ReasonCode::SERVER_UNAVAILABLE);
    client.expect_closed();
    server.expect_nobody();
    let [(request, reply)] = <[_; 1]>::try_from(database.take_all()).unwrap();
    assert!(!reply.is_wanted(), "nobody waits any more");
    assert_eq!(server.stats().elsewhere_in_flight, 1, "it is asked still");
    // Too late, and to nobody.
    reply.answer(Database::allow(&request));
    until("it is not asked any more", || server.stats().elsewhere_in_flight == 0);
    assert_eq!(server.stats().engines.connects, 0);
}

fn who_has_gone_is_not_judged(version: ProtocolVersion) {
    let database = Arc::new(Database::default());
    let server = server_with(&database, 3 * DEADLINE);
    let mut client = server.open(version);
    client.send(connect(version, "c"));
    until("it is asked about", || database.count() == 1);
    drop(client);
    let [(_, reply)] = <[_; 1]>::try_from(database.take_all()).unwrap();
    until("nobody waits any more", || !reply.is_wanted());
    drop(reply);
    server.expect_nobody();
}

/// Who says all that it has to say with its CONNECT may leave before it is let in.
fn what_was_said_before_leaving_is_done(version: ProtocolVersion) {
    let database = Arc::new(Database::default());
    let server = server_with(&database, 3 * DEADLINE);
    let mut client = server.open(version);
    let said = [encode(version, connect(version, "c")), encode(version, publish(AtMostOnce, 0, "t", b"x"))];
    client.send_bytes(&said.concat());
    drop(client);
    until("it is asked about", || database.count() == 1);
    for (request, reply) in database.take_all() {
        reply.answer(Database::allow(&request));
    }
    until("its message is there", || server.stats().engines.publishes_received == 1);
}

/// One address has its share, whatever others ask.
#[test]
fn a_fleet_behind_one_address_may_wait_for_somebody_else() {
    let database = Arc::new(Database::default());
    let server = server_with(&database, 3 * DEADLINE);
    let ask = |last, name: &str| {
        let mut client = Client::open_from([127, 0, 0, last].into(), server.address(), V5);
        client.send(connect(V5, name));
        client
    };
    // More than may wait for the pool; how many at most is tested where it is counted.
    let mut waiting: Vec<_> = (0..600).map(|number| ask(2, &format!("c{number}"))).collect();
    until("so many are asked about", || database.count() == 600);
    let mut other = ask(3, "other");
    until("another address has its own", || database.count() == 601);
    for (request, reply) in database.take_all() {
        reply.answer(Database::allow(&request));
    }
    for client in waiting.iter_mut().chain([&mut other]) {
        assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    }
    assert_eq!(server.stats().elsewhere_in_flight, 0);
    let mut late = ask(2, "late");
    until("there is room again", || database.count() == 1);
    for (request, reply) in database.take_all() {
        reply.answer(Database::allow(&request));
    }
    assert_eq!(late.connack().reason, ReasonCode::SUCCESS);
}

/// Somebody whom the database does not know is a user of the file: its hash belongs on the pool.
#[test]
fn what_is_left_to_compute_is_left_to_the_pool() {
    let mut file = PasswordFile::parse("", Path::new("users")).unwrap();
    let hash = PasswordHash::create(b"right", HashCost::new(8, 1, 1).unwrap(), &mut Fixed).unwrap();
    file.set("u", hash).unwrap();
    let database = Arc::new(Database::default());
    let chain = Chain::new(vec![
        Box::new(database.clone()),
        Box::new(FileAuthenticator::new(file, Access::everything())),
    ]);
    let server = Server::with(|config, limits| {
        config.authenticator = Arc::new(chain);
        limits.connect_deadline = 3 * DEADLINE;
    });
    for (password, reason) in
        [(b"right", ReasonCode::SUCCESS), (b"wrong", ReasonCode::BAD_USER_NAME_OR_PASSWORD)]
    {
        let mut client = server.open(V5);
        client.send(Connect { username: Some("u"), password: Some(password), ..connect(V5, "c") });
        until("it is asked about", || database.count() == 1);
        for (_, reply) in database.take_all() {
            reply.answer(Verdict::NotMine);
        }
        assert_eq!(client.connack().reason, reason);
    }
    until("nothing is asked any more", || server.stats().elsewhere_in_flight == 0);
}

/// Its only step waits for the database.
struct Slow(Arc<Database>);

impl ExchangeMethod for Slow {
    fn name(&self) -> &'static str {
        "SLOW"
    }

    fn begin(&self, _: &AuthRequest) -> Box<dyn Exchange> {
        Box::new(Self(self.0.clone()))
    }
}

impl Exchange for Slow {
    fn step(&mut self, _: &[u8]) -> Step {
        let database = self.0.clone();
        let request = AuthRequest {
            client_id: "c".into(),
            username: None,
            password: None,
            peer: None,
            certificate: None,
            arrival: Default::default(),
        };
        let inquiry = Inquiry::new(move |reply| database.verify_elsewhere(request, reply));
        Step::Later(inquiry, Some(b"proof".to_vec()))
    }
}

/// More of them than there are threads: none keeps one, and each is told in the end.
#[test]
fn an_exchange_that_waits_keeps_no_thread() {
    const COUNT: usize = 8;
    let database = Arc::new(Database::default());
    let server = Server::with(|config, limits| {
        config.exchange_methods = vec![Arc::new(Slow(database.clone()))];
        limits.connect_deadline = 3 * DEADLINE;
    });
    let properties = props(&[Property::AuthenticationMethod("SLOW")]);
    let mut waiting: Vec<_> = (0..COUNT)
        .map(|number| {
            let mut client = server.open(V5);
            client.send(Connect { properties, ..connect(V5, &format!("c{number}")) });
            client
        })
        .collect();
    until("all are asked about", || database.count() == COUNT);
    assert_eq!(server.stats().elsewhere_in_flight, COUNT as u64);
    for (place, (request, reply)) in database.take_all().into_iter().enumerate() {
        if place == 0 {
            reply.answer(Verdict::Deny(Denial::WrongPassword));
        } else {
            reply.answer(Database::allow(&request));
        }
    }
    let mut reasons: Vec<_> = waiting
        .iter_mut()
        .map(|client| {
            let connack = client.connack();
            (connack.reason, connack.properties.authentication_data().map(<[u8]>::to_vec))
        })
        .collect();
    reasons.sort_by_key(|(reason, _)| *reason != ReasonCode::SUCCESS);
    let (refused, let_in) = reasons.split_last().unwrap();
    assert_eq!(*refused, (ReasonCode::BAD_USER_NAME_OR_PASSWORD, None));
    assert!(let_in.iter().all(|told| *told == (ReasonCode::SUCCESS, Some(b"proof".to_vec()))), "{let_in:?}");
    assert_eq!(server.stats().elsewhere_in_flight, 0);
}
