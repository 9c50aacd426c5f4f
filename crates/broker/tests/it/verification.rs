//! Verification that takes long stays off the shards.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use vouchmq_broker::Monotonic;
use vouchmq_identity::{
    Access, Anonymous, Chain, Entropy, FileAuthenticator, HashCost, NoEntropy, PasswordFile, PasswordHash,
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
