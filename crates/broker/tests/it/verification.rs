//! Verification that takes long stays off the shards.

use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use vouchmq_broker::Monotonic;
use vouchmq_identity::resident::Resident;
use vouchmq_identity::{
    Access, Anonymous, AuthRequest, Authenticator, Chain, Cost, Entropy, FileAuthenticator, HashCost,
    NoEntropy, PasswordFile, PasswordHash, Reconsidered, Standing, Verdict,
};
use vouchmq_mqtt::ProtocolVersion::V5;
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::Connect;
use vouchmq_mqtt::time::Timestamp;

use crate::harness::*;

/// Randomness that is none.
pub(crate) struct Fixed;

impl Entropy for Fixed {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        bytes.fill(7);
        Ok(())
    }
}

/// A broker that knows the user `u` with the password `right`, and lets in who gives no name.
fn server_with_users() -> Server {
    let mut file = PasswordFile::parse("", Path::new("users")).unwrap();
    let hash = PasswordHash::create(b"right", HashCost::default(), &mut Fixed).unwrap();
    file.set("u", hash).unwrap();
    let users = FileAuthenticator::new(file, Access::everything());
    let anonymous = Anonymous::without_user_name(Access::everything());
    let chain = Chain::new(vec![Box::new(users), Box::new(anonymous)]);
    Server::with(|config, limits| {
        config.authenticator = Arc::new(chain);
        // A busy machine may take long for all of them.
        limits.connect_deadline = 3 * DEADLINE;
    })
}

fn login<'a>(client_id: &'a str, password: &'a [u8]) -> Connect<'a> {
    Connect { username: Some("u"), password: Some(password), ..connect(V5, client_id) }
}

#[test]
fn a_flood_of_logins_delays_no_client() {
    let server = server_with_users();
    let mut witnesses =
        [server.connect(V5, &server.name_at(0, "w")), server.connect(V5, &server.name_at(1, "w"))];
    let mut logins: Vec<_> = (0..200).map(|_| server.open(V5)).collect();
    for (number, client) in logins.iter_mut().enumerate() {
        let password = if number % 2 == 0 { b"right".as_slice() } else { b"wrong" };
        client.send(login(&format!("client{number}"), password));
    }
    let answers = thread::spawn(move || {
        let reasons: Vec<_> = logins.iter_mut().map(|client| client.connack().reason).collect();
        (logins, reasons)
    });
    let clock = Monotonic::start();
    let (mut longest, mut ping_count) = (Duration::ZERO, 0);
    while !answers.is_finished() {
        for witness in &mut witnesses {
            let sent = clock.now();
            witness.ping();
            longest = longest.max(clock.now().since(sent));
            ping_count += 1;
        }
    }
    let (logins, reasons) = answers.join().unwrap();
    for (number, reason) in reasons.into_iter().enumerate() {
        let expected =
            if number % 2 == 0 { ReasonCode::SUCCESS } else { ReasonCode::BAD_USER_NAME_OR_PASSWORD };
        assert_eq!(reason, expected, "login {number}");
    }
    // One verification on a shard would hold up its clients for its whole time.
    assert!(longest < DEADLINE / 20, "one of {ping_count} answers took {longest:?}");
    assert!(ping_count > 20, "{ping_count} answers beside {} logins", logins.len());
}

/// Judges by the registry; whoever is called `slow` stands at a gate on a thread of the pool.
struct Gated {
    resident: Arc<Resident>,
    /// How many stand there, and whether it is open.
    gate: Mutex<(usize, bool)>,
    changed: Condvar,
}

impl Authenticator for Gated {
    fn cost(&self, request: &AuthRequest) -> Cost {
        let is_slow = request.username.as_deref() == Some("slow");
        if is_slow { Cost::Expensive } else { self.resident.cost(request) }
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        if request.username.as_deref() == Some("slow") {
            let mut gate = self.gate.lock().unwrap();
            gate.0 += 1;
            drop(self.changed.wait_while(gate, |(_, is_open)| !*is_open).unwrap());
        }
        self.resident.verify(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.resident.reconsider(standing)
    }
}

/// T9, T13: however many passwords are computed or wait, who has a generated secret is let in meanwhile.
#[test]
fn a_secret_is_judged_while_every_thread_is_busy_with_passwords() {
    const THREADS: usize = 2;
    let mut registry = Registry::new();
    let secrets: Vec<_> = (0..8).map(|number| registry.add(&format!("d{number}"))).collect();
    let resident = registry.resident.clone();
    let gated = Arc::new(Gated { resident, gate: Mutex::default(), changed: Condvar::new() });
    let server = Server::with(|config, limits| {
        config.authenticator = gated.clone();
        config.verify_threads = THREADS;
        limits.connect_deadline = 3 * DEADLINE;
    });
    let mut waiting: Vec<_> = (0..50).map(|_| server.open(V5)).collect();
    for (number, client) in waiting.iter_mut().enumerate() {
        let client_id = format!("slow{number}");
        client.send(Connect { username: Some("slow"), password: Some(b"x"), ..connect(V5, &client_id) });
    }
    until("every thread is busy", || gated.gate.lock().unwrap().0 == THREADS);
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
    assert_eq!(gated.gate.lock().unwrap().0, THREADS, "nobody was let go meanwhile");
    gated.gate.lock().unwrap().1 = true;
    gated.changed.notify_all();
    for mut client in waiting {
        assert_eq!(client.connack().reason, ReasonCode::NOT_AUTHORIZED, "nobody of that name is known");
    }
}

/// Strangers at one address fill the queue; whoever comes from another does not wait behind them.
#[test]
fn logins_of_one_address_do_not_hold_up_those_of_another() {
    let server = server_with_users();
    let mut strangers: Vec<_> =
        (0..256).map(|_| Client::open_from([127, 0, 0, 2].into(), server.address(), V5)).collect();
    for (number, stranger) in strangers.iter_mut().enumerate() {
        stranger.send(login(&format!("stranger{number}"), b"wrong"));
    }
    let mut late = strangers.pop().unwrap();
    let clock = Monotonic::start();
    server.connect_with(login("client", b"right")).ping();
    let waited = clock.now();
    assert_eq!(late.connack().reason, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
    let flood = clock.now();
    assert!(waited.since(Timestamp::ZERO) < flood.since(Timestamp::ZERO) / 4, "{waited:?} of {flood:?}");
}

/// CVE-2016-9877 (row 30): a name without its password is not enough.
#[test]
fn a_user_name_without_a_password_is_refused() {
    let server = server_with_users();
    for password in [None, Some(b"".as_slice()), Some(b"wrong")] {
        let mut client = server.open(V5);
        client.send(Connect { username: Some("u"), password, ..connect(V5, "c") });
        assert_eq!(client.connack().reason, ReasonCode::BAD_USER_NAME_OR_PASSWORD);
        client.expect_closed();
    }
    server.connect_with(login("c", b"right")).ping();
}
