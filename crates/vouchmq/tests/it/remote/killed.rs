//! Two servers of one service, of which one dies under load.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use super::asking;
use crate::configured::Configured;
use crate::identity::fleet::eventually;
use crate::identity::wire::{Login, VERSIONS, Wire};
use crate::stub::Stub;

/// Threads, and CONNECTs that each of them has in flight.
const CROWDS: usize = 8;
const CROWD: usize = 32;
/// CONNECTs that each phase waits for.
const PHASE: usize = 1_500;

#[derive(Default)]
struct Counts {
    answered: AtomicUsize,
    /// 0x88 and 3.
    cannot_say: AtomicUsize,
    is_over: AtomicBool,
}

impl Counts {
    /// Connects in crowds until it is over, each client once; a third of them with a wrong password.
    fn crowd(&self, address: &str, crowd: usize) {
        for round in 0.. {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let knock = |number: usize| {
                let password = if number.is_multiple_of(3) { "wrong" } else { "right" };
                let version = VERSIONS[number % 2];
                let login = Login::of(version, &format!("device-{crowd}-{round}-{number}"), password);
                (Wire::knock(address, &login), login)
            };
            for (mut wire, login) in (0..CROWD).map(knock).collect::<Vec<_>>() {
                let code = wire.answer().unwrap();
                let expected = if login.password == b"right" { 0 } else { login.version.code(0x86) };
                if code == login.version.code(0x88) {
                    self.cannot_say.fetch_add(1, Ordering::SeqCst);
                } else {
                    assert_eq!(code, expected, "{login:?}");
                }
                self.answered.fetch_add(1, Ordering::SeqCst);
            }
        }
    }

    fn answered(&self) -> usize {
        self.answered.load(Ordering::SeqCst)
    }

    fn wait_for_more(&self, what: &str) {
        let goal = self.answered() + PHASE;
        eventually(what, || self.answered() >= goal);
    }
}

/// The scope ends when its threads do, and they when this is dropped.
struct End<'a>(&'a Counts);

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.0.is_over.store(true, Ordering::SeqCst);
    }
}

#[test]
fn a_server_that_dies_under_load_costs_nobody_the_right_verdict() {
    let flags = ["--password", "right", "--delay", "10ms"];
    let [dying, other] = [Stub::start(&flags), Stub::start(&flags)];
    let urls = [&dying, &other].map(|stub| format!("\"http://{}/mqtt/login\"", stub.address)).join(", ");
    let params = "params = { clientid = \"%c\", username = \"%u\", password = \"%P\" }";
    let broker = Configured::start(&asking(&format!("auth_req {{ urls = [{urls}], {params} }}")));
    let (counts, address) = (Counts::default(), broker.address());
    thread::scope(|scope| {
        let _end = End(&counts);
        for crowd in 0..CROWDS {
            let (counts, address) = (&counts, &address);
            scope.spawn(move || counts.crowd(address, crowd));
        }
        counts.wait_for_more("both are asked");
        for stub in [&dying, &other] {
            assert_ne!(stub.counts()["requests"]["login"], 0, "both are asked");
        }
        let place = dying.kill();
        counts.wait_for_more("the other one is asked");
        let again = Stub::start_at(&place, &flags);
        eventually("who is back is asked again", || !again.counts()["requests"]["login"].is_null());
        counts.wait_for_more("both are asked again");
    });
    let (answered, lost) = (counts.answered(), counts.cannot_say.load(Ordering::SeqCst));
    assert!(lost * 1_000 < answered, "{lost} of {answered} were told that nobody can say");
}
