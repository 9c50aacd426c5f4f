//! What must hold, judged from what clients see and what the driver is told; nothing here asks the engine
//! what it thinks it owes.
//!
//! Everything is written down with intervals, because nobody outside knows the instant at which an engine
//! acts: a subscription is *sure* from its SUBACK on, and *possible* from its SUBSCRIBE on. A promise is
//! judged by what was sure throughout, a transgression by what was not even possible.

mod acknowledge;
mod closing;
mod delivery;
mod engine;
mod message;
mod order;
mod rest;
mod retained;
mod session;
mod shared;
mod solicited;
mod subscription;
mod will;

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::Limits;
use vouchmq_mqtt::time::Timestamp;

use crate::client::ClientNo;
use crate::coverage::{Behaviour, Coverage};
use crate::network::LinkId;
use crate::plan::Plan;

pub(crate) use acknowledge::Answer;
pub(crate) use closing::Silence;
pub(crate) use delivery::Received;
pub(crate) use engine::MESSAGE_BYTES_MAX;
pub(crate) use message::{Facts, MessageNo, Origin, number_in, payload_of};
pub(crate) use session::{ConnectFacts, EpochNo, Ruling, WillFacts};
pub(crate) use subscription::Wish;

/// A timer of the engine fires at most a tick late, and its driver a little later.
const TICK: Duration = Duration::from_millis(200);

/// What must not have happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When it was noticed, in simulated time.
    pub at: Timestamp,
    /// What is wrong.
    pub what: String,
}

/// Judges one run.
#[derive(Debug)]
pub(crate) struct Oracle {
    pub(crate) coverage: Coverage,
    violation: Option<Violation>,
    rules: Rules,
    messages: Vec<message::Message>,
    streams: order::Streams,
    clients: Vec<session::Client>,
    links: BTreeMap<LinkId, session::Link>,
    epochs: Vec<session::Epoch>,
    silences: BTreeMap<LinkId, Silence>,
    /// Whose Client Identifier it is, as the broker calls it.
    ids: BTreeMap<Rc<str>, ClientNo>,
    farewells: subscription::Farewells,
    groups: Vec<shared::Group>,
    wills: will::Wills,
    shards: Vec<engine::Shard>,
    /// Messages that have reached everybody at that time.
    settling: Vec<(Timestamp, MessageNo)>,
    retained_refused_at: Option<Timestamp>,
    is_draining: bool,
}

/// What the plan says about right and wrong.
#[derive(Debug)]
struct Rules {
    limits: Limits,
    propagation: Duration,
    closes_denied: bool,
}

impl Oracle {
    pub(crate) fn new(plan: &Plan) -> Self {
        let limits = Limits::clone(&plan.options.settings.limits);
        Self {
            coverage: Coverage::default(),
            violation: None,
            messages: Vec::new(),
            streams: order::Streams::default(),
            clients: plan.clients.iter().map(session::Client::new).collect(),
            links: BTreeMap::new(),
            epochs: Vec::new(),
            silences: BTreeMap::new(),
            ids: BTreeMap::new(),
            farewells: subscription::Farewells::new(),
            groups: Vec::new(),
            wills: will::Wills::default(),
            shards: (0..plan.options.shard_count).map(|_| engine::Shard::default()).collect(),
            settling: Vec::new(),
            retained_refused_at: None,
            is_draining: false,
            rules: Rules {
                limits,
                propagation: plan.propagation(),
                closes_denied: plan.options.settings.deny_action
                    == vouchmq_mqtt::engine::DenyAction::Disconnect,
            },
        }
    }

    /// The first thing that was wrong.
    pub(crate) fn violation(&self) -> Option<&Violation> {
        self.violation.as_ref()
    }

    /// Something is wrong; only the first is kept, the rest may follow from it.
    pub(crate) fn fail(&mut self, now: Timestamp, what: impl Into<String>) {
        if self.violation.is_none() {
            self.violation = Some(Violation { at: now, what: what.into() });
        }
    }

    pub(crate) fn hit(&mut self, behaviour: Behaviour) {
        self.coverage.hit(behaviour);
    }

    /// Messages that nobody acknowledges, and when they will have reached everybody.
    pub(crate) fn take_settling(&mut self) -> Vec<(Timestamp, MessageNo)> {
        std::mem::take(&mut self.settling)
    }

    /// From now on no will is due and no session ends: the broker goes down.
    pub(crate) fn draining(&mut self) {
        self.is_draining = true;
    }
}
