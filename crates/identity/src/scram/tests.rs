//! Client and server against each other, and what the tests of both need.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use zeroize::Zeroizing;

use super::*;
use crate::{AllowAll, Allowance, AuthRequest, Denial, Entropy, ExchangeMethod, Principal, Step, Verdict};

/// Counts upwards instead of being random.
pub(super) struct Counting(pub(super) u8);

/// Fails.
pub(super) struct Broken;

/// A registry. It admits everybody who proves a name, but not those called `blocked…`.
#[derive(Default)]
pub(super) struct Users(Mutex<BTreeMap<String, ScramLookup>>);

/// Numbers that are the same in every run: what fails once fails again.
pub(super) struct Random(pub(super) u64);

impl Entropy for Counting {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for byte in bytes {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

impl Entropy for Broken {
    fn fill(&mut self, _: &mut [u8]) -> Result<(), NoEntropy> {
        Err(NoEntropy)
    }
}

impl Users {
    pub(super) fn set(&self, name: &str, found: ScramLookup) {
        self.0.lock().unwrap().insert(name.to_owned(), found);
    }

    pub(super) fn with(self: Arc<Self>, name: &str, password: &str) -> Arc<Self> {
        self.set(name, found(password));
        self
    }
}

impl ScramCredentials for Users {
    fn find(&self, username: &str) -> ScramLookup {
        self.0.lock().unwrap().get(username).cloned().unwrap_or(ScramLookup::Unknown)
    }

    fn admit(&self, request: &AuthRequest, _: &ScramVerifier) -> Admitted {
        let name = request.username.as_deref().unwrap();
        if name.starts_with("blocked") {
            // Stands for a block: a denial that is told as "not allowed".
            return Admitted::Now(Verdict::Deny(Denial::NoCredential));
        }
        let principal = Principal::User(name.into());
        let authorize = Arc::new(AllowAll);
        Admitted::Now(Verdict::Allow(Allowance { principal, authorize, expires_at: None }))
    }
}

impl Random {
    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }

    pub(super) fn bytes(&mut self, len_max: usize) -> Vec<u8> {
        (0..self.below(len_max + 1)).map(|_| self.below(256) as u8).collect()
    }

    /// Text that a user name or a password may be, of up to 60 characters.
    fn text(&mut self) -> String {
        let alphabet: Vec<char> = "aZ09,=,= n=2C=3D%\"\\ÿ漢🦀\u{301}".chars().collect();
        (0..=self.below(60)).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }
}

pub(super) fn found(password: &str) -> ScramLookup {
    let verifier = ScramVerifier::create(password, Iterations::default(), &mut Counting(100)).unwrap();
    ScramLookup::Found(Arc::new(verifier))
}

pub(super) fn request(username: Option<&str>) -> AuthRequest {
    AuthRequest {
        client_id: "c1".into(),
        username: username.map(Into::into),
        password: None,
        peer: None,
        certificate: None,
        arrival: Default::default(),
    }
}

pub(super) fn server(users: &Arc<Users>) -> ScramServer {
    let key = Zeroizing::new([9; 32]);
    ScramServer::new(users.clone(), key, Iterations::default(), Box::new(Counting(0)))
}

pub(super) fn challenge_of(step: Step) -> Vec<u8> {
    match step {
        Step::Continue(challenge) => challenge,
        over @ (Step::Done(..) | Step::Later(..)) => panic!("{over:?}"),
    }
}

/// What a step comes to, short enough to compare.
pub(super) fn short(step: Step) -> String {
    match step {
        Step::Continue(_) => "continue".to_owned(),
        Step::Later(..) => "later".to_owned(),
        Step::Done(Verdict::Allow(allowance), Some(_)) => allowance.principal.to_string(),
        Step::Done(Verdict::Allow(_), None) => "no proof of the server".to_owned(),
        Step::Done(_, Some(_)) => "proof of the server for a stranger".to_owned(),
        Step::Done(Verdict::Deny(denial), None) => format!("{denial:?}"),
        Step::Done(Verdict::NotMine, None) => "not mine".to_owned(),
        Step::Done(Verdict::Unavailable(reason), None) => format!("{reason:?}"),
    }
}

/// The client's messages, and what happens to them on the way.
struct Login<'a> {
    username: &'a str,
    password: &'a str,
    client_first: Change,
    client_final: Change,
}

/// What somebody in between makes of a message.
type Change = fn(String) -> String;

impl Login<'_> {
    const ALICE: Self = Login {
        username: "alice",
        password: "secret",
        client_first: |message| message,
        client_final: |message| message,
    };

    fn run(&self, server: &ScramServer) -> String {
        let (message, client) = ScramClient::begin(self.username, self.password, &mut Counting(50)).unwrap();
        let mut exchange = server.begin(&request(None));
        let first = (self.client_first)(String::from_utf8(message).unwrap());
        let challenge = match exchange.step(first.as_bytes()) {
            Step::Continue(challenge) => challenge,
            over @ (Step::Done(..) | Step::Later(..)) => return short(over),
        };
        let (message, client) = client.answer(&challenge).unwrap();
        let last = (self.client_final)(String::from_utf8(message).unwrap());
        let done = exchange.step(last.as_bytes());
        if let Step::Done(Verdict::Allow(_), Some(proof)) = &done {
            client.verify(proof).unwrap();
        }
        short(done)
    }
}

fn users() -> Arc<Users> {
    let users = Arc::<Users>::default().with("alice", "secret").with("a,b=c", "pä ss");
    users.set("by certificate", ScramLookup::WithoutVerifier);
    users.set("anybody", ScramLookup::Unavailable(crate::Unavailable::TimedOut));
    users.with("blocked", "secret")
}

#[test]
fn who_knows_the_password_is_let_in_and_nobody_else() {
    let server = server(&users());
    let cases = [
        ("alice", "secret", "user \"alice\""),
        ("a,b=c", "pä ss", "user \"a,b=c\""),
        ("alice", "Secret", "WrongPassword"),
        ("alice", "secret ", "WrongPassword"),
        ("Alice", "secret", "UnknownUser"),
        ("mallory", "secret", "UnknownUser"),
        ("by certificate", "secret", "NoScramCredential"),
        ("blocked", "secret", "NoCredential"),
        ("blocked", "wrong", "WrongPassword"),
        ("anybody", "secret", "TimedOut"),
    ];
    for (username, password, expected) in cases {
        let login = Login { username, password, ..Login::ALICE };
        assert_eq!(login.run(&server), expected, "{username} {password}");
    }
}

#[test]
fn a_message_that_was_changed_on_the_way_is_refused() {
    let server = server(&users());
    let firsts: [(Change, &str); 10] = [
        (|m| m.replace("n,,", "y,,"), "Scram(ChannelBinding)"),
        (|m| m.replace("n,,", "p=tls-exporter,,"), "Scram(ChannelBinding)"),
        (|m| m.replace("n,,", "n,a=bob,"), "Scram(AuthorizationIdentity)"),
        // Allowed, but the client repeats another header under its proof.
        (|m| m.replace("n,,", "n,a=alice,"), "Scram(ChannelBinding)"),
        (|m| m.replace("n,,", "n,,m=x,"), "Scram(MandatoryExtension)"),
        (|m| m.replace("alice", ""), "Scram(Malformed)"),
        (|m| m.replace(",r=", ",r=\u{e4}"), "Scram(Nonce)"),
        (|_| String::new(), "Scram(NotText)"),
        // What the proof covers is not what the client wrote.
        (|m| m + ",x=y", "WrongPassword"),
        (|m| m.replace("alice", "mallory"), "UnknownUser"),
    ];
    let finals: [(Change, &str); 9] = [
        (|m| m.replace("c=biws", "c=eSws"), "Scram(ChannelBinding)"),
        (|m| m.replace("c=biws", "c=biwsYQ=="), "Scram(ChannelBinding)"),
        (|m| m.replace(",r=", ",r=X"), "Scram(Nonce)"),
        (|m| m.replace(",p=", "X,p="), "Scram(Nonce)"),
        (|m| m[..m.len() - 1].to_owned(), "Scram(Proof)"),
        (|m| m[..m.len() - 48].to_owned(), "Scram(Malformed)"),
        (|m| m.replace(",p=", ",x=y,p="), "WrongPassword"),
        (|m| m[..m.len() - 44].to_owned() + &"A".repeat(43) + "=", "WrongPassword"),
        (|_| String::new(), "Scram(NotText)"),
    ];
    for (client_first, expected) in firsts {
        assert_eq!(Login { client_first, ..Login::ALICE }.run(&server), expected);
    }
    for (client_final, expected) in finals {
        assert_eq!(Login { client_final, ..Login::ALICE }.run(&server), expected);
    }
}

#[test]
fn client_and_server_agree_whatever_name_and_password() {
    for seed in 1..=100 {
        let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
        let (name, password, other) = (random.text(), random.text(), random.text());
        let server = server(&Arc::<Users>::default().with(&name, &password));
        let login = Login { username: &name, password: &password, ..Login::ALICE };
        assert_eq!(login.run(&server), Principal::User(name.as_str().into()).to_string(), "seed {seed}");
        if other != password {
            let wrong = Login { password: &other, ..login };
            assert_eq!(wrong.run(&server), "WrongPassword", "seed {seed}");
        }
    }
}

#[test]
fn iterations_have_bounds() {
    for (count, is_allowed) in
        [(0, false), (4_095, false), (4_096, true), (1_000_000, true), (1_000_001, false), (u32::MAX, false)]
    {
        assert_eq!(Iterations::new(count).map(Iterations::count), is_allowed.then_some(count));
        assert_eq!(Iterations::parse(&count.to_string()), Iterations::new(count));
    }
    for text in ["", "04096", "+4096", " 4096", "4096.0", "99999999999999999999"] {
        assert_eq!(Iterations::parse(text), None, "{text:?}");
    }
    assert_eq!(Iterations::default().count(), 4_096);
}
