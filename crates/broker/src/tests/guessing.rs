//! How often an address may guess, however it spreads its guesses. Loopback is never blocked, so that these clients
//! come by Unix sockets and are said to come from elsewhere.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretSlice};
use vouchmq_identity::{
    AllowAll, Allowance, AuthRequest, Authenticator, Cost, Denial, Principal, Reply, Verdict,
};
use vouchmq_mqtt::time::Timestamp;

use super::config;
use crate::broker::Broker;
use crate::shard::mailbox::{Message, Moved};
use crate::transport::{Detached, DetachedWire, Peer};
use crate::{Bound, BrokerConfig, Monotonic};

const SUCCESS: u8 = 0;
const BAD_PASSWORD: u8 = 0x86;
const UNAVAILABLE: u8 = 0x88;
const BUSY: u8 = 0x89;
const BANNED: u8 = 0x8A;

/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Knows nobody's password, and says so no sooner than the gate is opened.
struct Gated {
    cost: Cost,
    gate: Mutex<mpsc::Receiver<()>>,
    asked: Mutex<Vec<Reply>>,
    verified_count: AtomicUsize,
}

impl Gated {
    /// The other end opens the gate when it is dropped.
    fn new(cost: Cost) -> (Arc<Self>, mpsc::Sender<()>) {
        let (open, gate) = mpsc::channel();
        let (gate, asked) = (Mutex::new(gate), Mutex::default());
        (Arc::new(Self { cost, gate, asked, verified_count: AtomicUsize::new(0) }), open)
    }
}

impl Authenticator for Gated {
    fn cost(&self, _: &AuthRequest) -> Cost {
        self.cost
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        self.verified_count.fetch_add(1, Ordering::Relaxed);
        let _ = self.gate.lock().unwrap().recv();
        Verdict::Deny(Denial::WrongPassword)
    }

    fn verify_elsewhere(&self, _: AuthRequest, reply: Reply) {
        self.asked.lock().unwrap().push(reply);
    }
}

/// Lets in who presents this.
struct Knows(&'static [u8]);

impl Authenticator for Knows {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let is_right = |password: &SecretSlice<u8>| password.expose_secret() == self.0;
        if request.password.as_ref().is_some_and(is_right) {
            let authorize = Arc::new(AllowAll);
            return Verdict::Allow(Allowance {
                principal: Principal::Anonymous,
                authorize,
                expires_at: None,
            });
        }
        Verdict::Deny(Denial::WrongPassword)
    }
}

fn start(authenticator: &Arc<impl Authenticator + 'static>, connect_deadline: Duration) -> Broker {
    let mut config =
        BrokerConfig { listeners: Vec::new(), authenticator: authenticator.clone(), ..config(1) };
    Arc::make_mut(&mut config.engine.settings.limits).connect_deadline = connect_deadline;
    Bound::bind(config).unwrap().start().unwrap()
}

fn offender() -> Peer {
    Peer::Address(([192, 0, 2, 1], 1).into())
}

/// So often that each further attempt of the offender is delayed.
fn fail_thirty_times(broker: &Broker) {
    (0..30).for_each(|_| broker.control().admission.login_failed(Timestamp::ZERO, offender()));
}

/// Connects so many clients of the offender, each with a password.
fn guess(broker: &Broker, count: u16) -> Vec<UnixStream> {
    (0..count).map(|number| connect(broker, number, b"p")).collect()
}

/// Connects a client of the offender with this password.
fn connect(broker: &Broker, number: u16, password: &[u8]) -> UnixStream {
    let control = broker.control();
    let (ours, theirs) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    theirs.set_nonblocking(true).unwrap();
    let seat = control.admission.admit(Timestamp::ZERO, offender()).unwrap();
    let transport = Detached::Plain(DetachedWire::Unix(theirs));
    control.mailboxes[0].send(Message::Adopt(Box::new(Moved {
        transport,
        seat,
        bytes: Vec::new(),
        tap: None,
    })));
    let mut body = b"\x00\x04MQTT\x05\xC2\x00\x00\x00\x00\x02".to_vec();
    body.extend(number.to_be_bytes().map(|byte| byte % 64 + b'0'));
    body.extend(b"\x00\x01u");
    body.extend(u16::try_from(password.len()).unwrap().to_be_bytes());
    body.extend(password);
    (&ours).write_all(&[&[0x10, u8::try_from(body.len()).unwrap()][..], &body].concat()).unwrap();
    ours
}

/// How many clients were told what.
fn told(clients: Vec<UnixStream>) -> BTreeMap<u8, usize> {
    let mut told = BTreeMap::new();
    for mut client in clients {
        let mut connack = [0; 4];
        client.read_exact(&mut connack).unwrap();
        *told.entry(connack[3]).or_default() += 1;
    }
    told
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let clock = Monotonic::start();
    while !is_so() {
        assert!(clock.now().since(Timestamp::ZERO) < Duration::from_secs(20), "in time: {what}");
        std::thread::park_timeout(Duration::from_millis(2));
    }
}

fn stats(broker: &Broker) -> crate::BrokerStats {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(broker.control().stats())
}

#[test]
fn guesses_that_were_delayed_together_count_together() {
    let (gated, open) = Gated::new(Cost::Cheap);
    drop(open);
    let broker = start(&gated, PATIENCE);
    fail_thirty_times(&broker);
    assert_eq!(told(guess(&broker, 50)), [(BAD_PASSWORD, 30), (BANNED, 20)].into());
    assert_eq!(gated.verified_count.load(Ordering::Relaxed), 30);
    let stats = stats(&broker);
    assert_eq!((stats.delayed_logins, stats.blocked_logins, stats.delayed_waiting), (50, 20, 0));
    broker.drain();
}

#[test]
fn verdicts_that_come_together_are_told_no_further_than_to_the_block() {
    for cost in [Cost::Expensive, Cost::Elsewhere] {
        let (gated, open) = Gated::new(cost);
        let broker = start(&gated, PATIENCE);
        let clients = guess(&broker, 100);
        if cost == Cost::Elsewhere {
            until("all are asked about", || gated.asked.lock().unwrap().len() == 100);
        } else {
            until("all have connected", || stats(&broker).engines.bytes_received == 100 * 23);
        }
        drop(open);
        for reply in std::mem::take(&mut *gated.asked.lock().unwrap()) {
            reply.answer(Verdict::Deny(Denial::WrongPassword));
        }
        assert_eq!(told(clients), [(BAD_PASSWORD, 60), (BANNED, 40)].into(), "{cost:?}");
        assert_eq!(stats(&broker).blocked_logins, 40);
        broker.drain();
    }
}

#[test]
fn who_has_the_right_generated_secret_gets_in_from_where_others_guess() {
    const RIGHT: &[u8] = b"vmq1_AAAAAAAA_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_Em_7Dw";
    const MISTYPED: &[u8] = b"vmq1_AAAAAAAA_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8_Em_7Dx";
    let told_of = |knows: &'static [u8], presented: &[u8]| {
        let broker = start(&Arc::new(Knows(knows)), PATIENCE);
        (0..60).for_each(|_| broker.control().admission.login_failed(Timestamp::ZERO, offender()));
        let told = told(vec![connect(&broker, 0, presented)]);
        broker.drain();
        told.into_keys().next().unwrap()
    };
    assert_eq!(told_of(RIGHT, RIGHT), SUCCESS);
    assert_eq!(told_of(b"another", RIGHT), BANNED, "whether it is right is told to who has it");
    assert_eq!(told_of(MISTYPED, MISTYPED), BANNED, "what anybody may have chosen is not even looked at");
}

#[test]
fn an_offender_has_no_more_verified_at_once_than_it_may_still_fail() {
    let (gated, open) = Gated::new(Cost::Expensive);
    let broker = start(&gated, PATIENCE);
    fail_thirty_times(&broker);
    let clients = guess(&broker, 100);
    // One may have left the queue for the thread.
    until("most are refused", || {
        let stats = stats(&broker);
        stats.delayed_waiting == 0 && stats.engines.connects_refused >= 69
    });
    drop(open);
    let told = told(clients);
    assert!((69..=70).contains(&told[&BUSY]) && told[&BAD_PASSWORD] == 30, "{told:?}");
    broker.drain();
}

#[test]
fn the_password_of_a_delayed_client_goes_with_its_connection() {
    let (gated, open) = Gated::new(Cost::Cheap);
    drop(open);
    let broker = start(&gated, Duration::from_millis(200));
    fail_thirty_times(&broker);
    assert_eq!(told(guess(&broker, 20)), [(UNAVAILABLE, 20)].into(), "none is judged in time");
    until("all are gone", || stats(&broker).connections == 0);
    let stats = stats(&broker);
    assert_eq!((stats.delayed_logins, stats.delayed_waiting), (20, 0));
    assert_eq!(gated.verified_count.load(Ordering::Relaxed), 0);
    broker.drain();
}
