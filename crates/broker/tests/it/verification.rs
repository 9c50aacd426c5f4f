//! Verification that takes long stays off the shards.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use vouchmq_identity::{
    Access, Anonymous, AuthRequest, Authenticator, Chain, Cost, Entropy, FileAuthenticator, HashCost,
    NoEntropy, PasswordFile, PasswordHash, Reconsidered, Standing, Verdict,
};
use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::Connect;

use crate::harness::*;

/// Randomness that is none.
pub(crate) struct Fixed;

impl Entropy for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(7);
        Ok(())
    }
}

/// Knows the user `u` with the password `right`, and lets in who gives no name.
fn users() -> Chain {
    let mut file = PasswordFile::parse("", Path::new("users")).unwrap();
    let hash = PasswordHash::create(b"right", HashCost::default(), &mut Fixed).unwrap();
    file.set("u", hash).unwrap();
    let users = FileAuthenticator::new(file, Access::everything());
    let anonymous = Anonymous::without_user_name(Access::everything());
    Chain::new(vec![Box::new(users), Box::new(anonymous)])
}

/// A broker that judges by this, with so many threads for what takes long.
fn server_with(authenticator: Arc<dyn Authenticator>, verify_threads: usize) -> Server {
    Server::with(|config, limits| {
        config.authenticator = authenticator;
        config.verify_threads = verify_threads;
        // A busy machine may take long for all of them.
        limits.connect_deadline = 3 * DEADLINE;
    })
}

fn login<'a>(client_id: &'a str, password: &'a [u8]) -> Connect<'a> {
    Connect { username: Some("u"), password: Some(password), ..connect(V5, client_id) }
}

/// Judges by another; some clients stand at a gate meanwhile, each on a thread of the pool.
struct Gated<A> {
    judge: A,
    is_stopped: fn(&AuthRequest) -> bool,
    gate: Mutex<Gate>,
    changed: Condvar,
}

#[derive(Default)]
struct Gate {
    /// Clients that are to be judged, whether they stop or not.
    asked: usize,
    /// Those that came to the gate.
    arrived: usize,
    /// How many of these may pass.
    passes: usize,
}

impl<A> Gated<A> {
    fn new(judge: A, is_stopped: fn(&AuthRequest) -> bool) -> Arc<Self> {
        Arc::new(Self { judge, is_stopped, gate: Mutex::default(), changed: Condvar::new() })
    }

    fn asked(&self) -> usize {
        self.gate.lock().unwrap().asked
    }

    fn arrived(&self) -> usize {
        self.gate.lock().unwrap().arrived
    }

    /// Lets the first so many pass, or whoever comes.
    fn let_pass(&self, count: usize) {
        self.gate.lock().unwrap().passes = count;
        self.changed.notify_all();
    }
}

impl<A: Authenticator> Authenticator for Gated<A> {
    fn cost(&self, request: &AuthRequest) -> Cost {
        self.gate.lock().unwrap().asked += 1;
        if (self.is_stopped)(request) { Cost::Expensive } else { self.judge.cost(request) }
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        if (self.is_stopped)(request) {
            let mut gate = self.gate.lock().unwrap();
            gate.arrived += 1;
            let place = gate.arrived;
            drop(self.changed.wait_while(gate, |gate| gate.passes < place).unwrap());
        }
        self.judge.verify(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.judge.reconsider(standing)
    }
}

/// A verification on a shard would keep its clients from being answered until it is over, which here is never.
#[test]
fn a_flood_of_logins_delays_no_client() {
    const THREADS: usize = 2;
    let gated = Gated::new(users(), |request| request.username.is_some());
    let server = server_with(gated.clone(), THREADS);
    let mut witnesses =
        [server.connect(V5, &server.name_at(0, "w")), server.connect(V5, &server.name_at(1, "w"))];
    let mut logins: Vec<_> = (0..200).map(|_| server.open(V5)).collect();
    for (number, client) in logins.iter_mut().enumerate() {
        let password = if number % 2 == 0 { b"right".as_slice() } else { b"wrong" };
        client.send(login(&format!("client{number}"), password));
    }
    until("all of them are to be judged", || gated.asked() == witnesses.len() + logins.len());
    until("every thread is busy", || gated.arrived() == THREADS);
    for _ in 0..20 {
        witnesses.iter_mut().for_each(Client::ping);
    }
    assert_eq!(gated.arrived(), THREADS, "nobody was let go meanwhile");
    gated.let_pass(usize::MAX);
    for (number, client) in logins.iter_mut().enumerate() {
        let expected =
            if number % 2 == 0 { ReasonCode::SUCCESS } else { ReasonCode::BAD_USER_NAME_OR_PASSWORD };
        assert_eq!(client.connack().reason, expected, "login {number}");
    }
}

/// T9, T13: however many passwords are computed or wait, who has a generated secret is let in meanwhile.
#[test]
fn a_secret_is_judged_while_every_thread_is_busy_with_passwords() {
    const THREADS: usize = 2;
    let mut registry = Registry::new();
    let secrets: Vec<_> = (0..8).map(|number| registry.add(&format!("d{number}"))).collect();
    let resident = registry.resident.clone();
    let gated = Gated::new(resident, |request| request.username.as_deref() == Some("slow"));
    let server = server_with(gated.clone(), THREADS);
    let mut waiting: Vec<_> = (0..50).map(|_| server.open(V5)).collect();
    for (number, client) in waiting.iter_mut().enumerate() {
        let client_id = format!("slow{number}");
        client.send(Connect { username: Some("slow"), password: Some(b"x"), ..connect(V5, &client_id) });
    }
    until("every thread is busy", || gated.arrived() == THREADS);
    for (number, secret) in secrets.iter().enumerate() {
        let id = format!("d{number}");
        let mut client = server.open(V5);
        client.send(crate::harness::login(V5, &id, secret));
        assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
        let mut client = server.open(V5);
        let password = Some(b"vmq1_guess".as_slice());
        client.send(Connect { username: Some(&id), password, ..connect(V5, &id) });
        assert_eq!(client.connack().reason, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
    }
    assert_eq!(gated.arrived(), THREADS, "nobody was let go meanwhile");
    gated.let_pass(usize::MAX);
    for mut client in waiting {
        assert_eq!(client.connack().reason, ReasonCode::NOT_AUTHORIZED, "nobody of that name is known");
    }
}

/// Strangers at one address fill the queue; whoever comes from another waits behind one of them.
#[test]
fn logins_of_one_address_do_not_hold_up_those_of_another() {
    let gated = Gated::new(users(), |request| request.peer == Some([127, 0, 0, 2].into()));
    let server = server_with(gated.clone(), 1);
    let mut witnesses =
        [server.connect(V5, &server.name_at(0, "w")), server.connect(V5, &server.name_at(1, "w"))];
    // A shard that answers has put into the queue whom it was asked about before.
    let mut until_queued = |count: usize| {
        until("so many are to be judged", || gated.asked() == 2 + count);
        witnesses.iter_mut().for_each(Client::ping);
    };
    let mut strangers: Vec<_> =
        (0..256).map(|_| Client::open_from([127, 0, 0, 2].into(), server.address(), V5)).collect();
    for (number, stranger) in strangers.iter_mut().enumerate() {
        stranger.send(login(&format!("stranger{number}"), b"wrong"));
    }
    until_queued(256);
    until("the thread is busy", || gated.arrived() == 1);
    let mut client = server.open(V5);
    client.send(login("client", b"right"));
    until_queued(257);
    // The one that is judged, and one whose turn it is.
    gated.let_pass(2);
    assert_eq!(client.connack().reason, ReasonCode::SUCCESS);
    until("the next stranger has its turn", || gated.arrived() == 3);
    drop(strangers);
    gated.let_pass(usize::MAX);
}

/// CVE-2016-9877 (row 30): a name without its password is not enough.
#[test]
fn a_user_name_without_a_password_is_refused() {
    let server = server_with(Arc::new(users()), 2);
    for password in [None, Some(b"".as_slice()), Some(b"wrong")] {
        let mut client = server.open(V5);
        client.send(Connect { username: Some("u"), password, ..connect(V5, "c") });
        assert_eq!(client.connack().reason, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
        client.expect_closed();
    }
    server.connect_with(login("c", b"right")).ping();
}
