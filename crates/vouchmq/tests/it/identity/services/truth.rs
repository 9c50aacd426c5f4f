//! What is right, and callers that hold each answer against it.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use super::super::fleet::eventually;
use super::Stop;
use super::asking::{ALL, Asking, Client, Told};

/// A login, and what is to be said to it.
#[derive(Debug)]
pub(super) struct Truth {
    pub(super) name: String,
    pub(super) password: String,
    is_good: bool,
    is_unknown: bool,
    /// A revocation is under way: either answer may be right.
    pub(super) is_ending: AtomicBool,
    /// Every service denies it.
    pub(super) is_over: AtomicBool,
    /// Whoever has followed the log to here denies it.
    pub(super) ends_at: AtomicU64,
}

impl Truth {
    pub(super) fn good(name: &str, password: &str) -> Self {
        Self { is_good: true, ..Self::wrong(name, password) }
    }

    pub(super) fn wrong(name: &str, password: &str) -> Self {
        Self {
            name: name.to_owned(),
            password: password.to_owned(),
            is_good: false,
            is_unknown: false,
            is_ending: AtomicBool::default(),
            is_over: AtomicBool::default(),
            ends_at: AtomicU64::new(u64::MAX),
        }
    }

    pub(super) fn unknown(name: &str, password: &str) -> Self {
        Self { is_unknown: true, ..Self::wrong(name, password) }
    }

    /// Whether the answer to a question that is asked from here on is right.
    pub(super) fn holds(&self, told: &Told) -> bool {
        let is_over = self.is_over.load(Ordering::SeqCst);
        self.is_right(told, is_over)
    }

    /// `was_over`: every service denied it before the question was asked.
    fn is_right(&self, told: &Told, was_over: bool) -> bool {
        let is_known_to_be_over = told.as_of >= Some(self.ends_at.load(Ordering::SeqCst));
        if !self.is_good || was_over || is_known_to_be_over {
            return !told.is_allowed && (told.is_denied || self.is_unknown) && told.status < 500;
        }
        told.is_allowed || (self.is_ending.load(Ordering::SeqCst) && told.is_denied)
    }
}

/// Everybody who asks.
pub(super) struct Load {
    pub(super) truths: Vec<Truth>,
    /// The first service dies.
    pub(super) addresses: [String; 2],
    /// Whether it does from here on.
    pub(super) is_dead: AtomicBool,
    is_over: AtomicBool,
    /// Answers of each service to each form.
    answers: [[AtomicUsize; ALL.len()]; 2],
    moved: AtomicUsize,
}

impl Load {
    pub(super) fn new(truths: Vec<Truth>, addresses: [String; 2]) -> Self {
        Self {
            truths,
            addresses,
            is_dead: AtomicBool::default(),
            is_over: AtomicBool::default(),
            answers: Default::default(),
            moved: AtomicUsize::default(),
        }
    }

    pub(super) fn stop_at_the_end(&self) -> Stop<'_> {
        Stop(&self.is_over)
    }

    /// Asks in one form about everything in turn, until it is over; goes to the other service when its own dies.
    pub(super) fn call(&self, asking: Asking, mut which: usize) {
        let mut client = Client::dial(&self.addresses[which], asking).unwrap();
        let mut follows_at = None;
        for truth in self.truths.iter().cycle() {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let was_over = truth.is_over.load(Ordering::SeqCst);
            match client.ask(truth) {
                Ok(told) => {
                    assert!(truth.is_right(&told, was_over), "service {which} {asking:?} {truth:?} {told:?}");
                    assert!(told.as_of >= follows_at, "a service goes back: {told:?} after {follows_at:?}");
                    follows_at = told.as_of;
                    self.answers[which][asking as usize].fetch_add(1, Ordering::SeqCst);
                }
                Err(error) => {
                    let may_fail = which == 0 && self.is_dead.load(Ordering::SeqCst);
                    assert!(may_fail, "service {which} {asking:?}: {error}");
                    (which, follows_at) = (1, None);
                    client = Client::dial(&self.addresses[which], asking).unwrap();
                    self.moved.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }

    /// Waits for so many more answers to each form, from these services.
    #[track_caller]
    pub(super) fn wait_for_more(&self, what: &str, count: usize, services: &[usize]) {
        let asked = || services.iter().flat_map(|which| &self.answers[*which]);
        let before: Vec<_> = asked().map(|answers| answers.load(Ordering::SeqCst)).collect();
        let has_more =
            |(answers, before): (&AtomicUsize, &usize)| answers.load(Ordering::SeqCst) >= before + count;
        eventually(what, || asked().zip(&before).all(has_more));
    }

    /// Each caller of the service that died went on with the other.
    #[track_caller]
    pub(super) fn expect_everybody_moved(&self) {
        assert_eq!(self.moved.load(Ordering::SeqCst), ALL.len());
    }
}
