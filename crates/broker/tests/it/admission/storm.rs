//! More who connect than this machine can judge.

use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use vouchmq_identity::{Access, Anonymous, AuthRequest, Authenticator, Cost, Verdict};
use vouchmq_mqtt::ProtocolVersion::{V5, V311};
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::packet::Connect;

use crate::harness::*;

/// Lets everybody in: at once, and who gives a name after something that takes a thread.
struct Slow<F>(F);

impl<F: Fn() + Send + Sync> Authenticator for Slow<F> {
    fn cost(&self, request: &AuthRequest) -> Cost {
        if request.username.is_some() { Cost::Expensive } else { Cost::Cheap }
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        if request.username.is_some() {
            (self.0)();
        }
        Anonymous::everybody(Access::everything()).verify(request)
    }
}

fn server(slow: impl Fn() + Send + Sync + 'static, connect_deadline: Duration) -> Server {
    Server::with(|config, limits| {
        config.authenticator = Arc::new(Slow(slow));
        config.verify_threads = 1;
        limits.connect_deadline = connect_deadline;
    })
}

/// A client from one of many addresses, whose verdict takes a thread.
fn storm(server: &Server, number: u16) -> Client {
    let [high, low] = (number % 500).to_be_bytes();
    let version = if number.is_multiple_of(2) { V5 } else { V311 };
    let mut client = Client::open_from(IpAddr::from([127, 1, high, 1 + low / 2]), server.address(), version);
    let client_id = format!("c{number}");
    client.send(Connect { username: Some("u"), password: Some(b"p"), ..connect(version, &client_id) });
    client
}

#[test]
fn a_storm_ends_with_everybody_let_in_or_told_to_come_again() {
    const COUNT: u16 = 2000;
    // What a hash takes, on a machine that has one processor for it.
    let hash = || std::thread::park_timeout(Duration::from_millis(2));
    let server = server(hash, 3 * DEADLINE);
    let mut crowd: Vec<_> = (0..COUNT).map(|number| storm(&server, number)).collect();
    let mut let_in = 0;
    let mut one_by_one = crowd.iter_mut();
    for client in one_by_one.by_ref().take(100) {
        let_in += u32::from(client.connack().reason == ReasonCode::SUCCESS);
    }
    assert_eq!(let_in, 100, "who came first is let in");
    // Who is judged at once gets in meanwhile.
    server.connect(V5, "cheap").ping();
    for client in one_by_one {
        match client.connack().reason {
            ReasonCode::SUCCESS => let_in += 1,
            ReasonCode::SERVER_BUSY | ReasonCode::SERVER_UNAVAILABLE => client.expect_closed(),
            other => panic!("neither let in nor told to come again: {other:?}"),
        }
    }
    let stats = server.stats();
    assert_eq!(stats.verdicts.allowed, u64::from(let_in) + 1, "{stats:?}");
    assert_eq!(stats.verdicts.allowed + stats.verdicts.busy, u64::from(COUNT) + 1, "{stats:?}");
    assert_eq!((stats.verdicts.denied, stats.verdicts.took.count()), (0, u64::from(COUNT) + 1));
    assert_eq!(stats.verify_queue, 0);
}

/// A gate that whoever is judged has to pass, one by one.
fn gate() -> (impl Fn() + Send + Sync + 'static, Sender<()>) {
    let (open, gate): (Sender<()>, Receiver<()>) = channel();
    let gate = Mutex::new(gate);
    let pass = move || {
        // Once the other end is dropped, everybody passes.
        let _ = gate.lock().unwrap().recv();
    };
    (pass, open)
}

/// First accepting slows down, then who needs a thread is refused, who does not is let in, and all of it ends by itself.
#[test]
fn a_standing_queue_slows_down_then_refuses_then_is_over() {
    let (slow, open) = gate();
    let server = server(slow, Duration::from_secs(12));
    let mut witness = server.connect(V5, "witness");
    let (mut waiting, mut number) = (Vec::new(), 0);
    let mut until_one_more = |what: &str, holds: &dyn Fn() -> bool| {
        until(what, || {
            waiting.push(storm(&server, number));
            number += 1;
            std::thread::park_timeout(Duration::from_millis(50));
            holds()
        });
    };
    until_one_more("accepting slows down", &|| server.stats().accept_delays > 0);
    assert_eq!(server.stats().refused_overload, 0, "that comes first");
    assert!(server.stats().verify_queue > 0);
    until_one_more("who needs a thread is refused", &|| server.stats().refused_overload > 0);
    let stats = server.stats();
    assert!(stats.verify_queue_delay >= Duration::from_secs(3), "{stats:?}");
    assert!(stats.tarpitted > 0, "{stats:?}");
    server.connect(V5, "cheap").ping();
    witness.ping();
    let mut refused = waiting.pop().unwrap();
    assert!(matches!(refused.connack().reason, ReasonCode::SERVER_BUSY | ReasonCode::SERVER_UNAVAILABLE));
    drop(open);
    for client in &mut waiting {
        let reason = client.connack().reason;
        let is_told =
            matches!(reason, ReasonCode::SUCCESS | ReasonCode::SERVER_BUSY | ReasonCode::SERVER_UNAVAILABLE);
        assert!(is_told, "{reason:?}");
    }
    let mut late = storm(&server, 499);
    assert_eq!(late.connack().reason, ReasonCode::SUCCESS, "nobody waits any more");
    assert_eq!(server.stats().refused_overload, server.stats().verdicts.busy);
}

/// Who waits for somebody else does not wait for this machine.
#[test]
fn a_service_that_takes_long_slows_nobody_down() {
    /// Is asked, and does not answer.
    #[derive(Default)]
    struct Hung(Mutex<Vec<vouchmq_identity::Reply>>);

    impl Authenticator for Hung {
        fn cost(&self, request: &AuthRequest) -> Cost {
            if request.username.is_some() { Cost::Elsewhere } else { Cost::Cheap }
        }

        fn verify(&self, request: &AuthRequest) -> Verdict {
            Anonymous::everybody(Access::everything()).verify(request)
        }

        fn verify_elsewhere(&self, _: AuthRequest, reply: vouchmq_identity::Reply) {
            self.0.lock().unwrap().push(reply);
        }
    }

    let hung = Arc::new(Hung::default());
    let server = Server::with(|config, limits| {
        config.authenticator = hung.clone();
        limits.connect_deadline = Duration::from_secs(2);
    });
    let mut waiting: Vec<_> = (0..200).map(|number| storm(&server, number)).collect();
    until("all are asked about", || server.stats().elsewhere_in_flight == 200);
    for client in &mut waiting {
        assert_eq!(client.connack().reason, ReasonCode::SERVER_UNAVAILABLE, "told in time");
        server.connect(V311, "cheap").leave();
    }
    let stats = server.stats();
    assert_eq!((stats.accept_delays, stats.refused_overload, stats.tarpitted), (0, 0, 0), "{stats:?}");
    hung.0.lock().unwrap().clear();
    until("nothing is asked any more", || server.stats().elsewhere_in_flight == 0);
}
