//! The run of one seed: engines, their drivers, the network, the clients, and the order of events.

mod authenticator;
mod driver;
mod env;
mod finish;
mod inquire;
mod operator;
mod sabotage;
mod shard;

use std::rc::Rc;
use std::time::Duration;

use vouchmq_mqtt::engine::{Input, ShardId};
use vouchmq_mqtt::time::Timestamp;

use crate::agenda::{Agenda, Event};
use crate::client::{Client, ClientNo, Errand};
use crate::coverage::Behaviour;
use crate::network::{Direction, Network};
use crate::oracle::{Oracle, Violation};
use crate::plan::Plan;
use crate::seed::Rng;
use crate::trace::Trace;
use shard::Shard;

pub(crate) use env::Env;
pub use sabotage::Sabotage;

/// Events of one run at most: whoever needs more is going round in circles.
const STEPS_MAX: u64 = 3_000_000;
/// Time between two looks at the state of everything.
const AUDIT: Duration = Duration::from_millis(500);

/// Everything that one seed simulates.
pub(crate) struct World {
    env: Env,
    shards: Vec<Shard>,
    clients: Vec<Client>,
    saboteur: sabotage::Saboteur,
    /// What the registry does, drawn apart: what older seeds tell stays mostly the same story.
    registry: Rng,
    /// What those do who are asked about rights, drawn apart as well; in most worlds nobody is.
    others: Option<Rng>,
    steps: u64,
}

/// What came out of a run.
pub(crate) struct Outcome {
    pub(crate) violation: Option<Violation>,
    pub(crate) coverage: crate::coverage::Coverage,
    pub(crate) steps: u64,
    pub(crate) digest: u64,
}

impl World {
    pub(crate) fn new(seed: u64, trace: Trace, sabotage: Option<Sabotage>) -> Self {
        let mut rng = Rng::new(seed);
        let plan = Plan::new(&mut rng);
        let shard_count = plan.options.shard_count;
        let shards = (0..shard_count).map(|number| Shard::new(ShardId(number), &plan)).collect();
        let profiles = plan.clients.iter().enumerate();
        let clients =
            profiles.map(|(number, profile)| Client::new(ClientNo::new(number), profile.clone())).collect();
        let env = Env {
            now: Timestamp::from_micros(1_000_000),
            rng,
            agenda: Agenda::default(),
            network: Network::new(plan.weather.clone()),
            oracle: Oracle::new(&plan),
            trace,
            shard_count: usize::from(shard_count),
            is_resting: false,
            is_over: false,
            is_leaving: false,
            probe: None,
            plan: Rc::new(plan),
        };
        let (saboteur, registry) = (sabotage::Saboteur::new(sabotage), Rng::new(!seed));
        let mut others = Rng::new(seed.rotate_left(32));
        let others = others.chance(300).then_some(others);
        Self { env, shards, clients, saboteur, registry, others, steps: 0 }
    }

    /// Lets everything happen, and judges it.
    pub(crate) fn run(mut self) -> Outcome {
        let plan = self.env.plan.clone();
        self.env.note(|| format!("{plan:#?}"));
        // The last client is the probe, which waits for the end.
        let workers = self.clients.len() - 1;
        for client in self.clients.iter().take(workers) {
            let pause = Duration::from_micros(self.env.rng.below(2_000_000));
            self.env.plan_client(client.number, pause, Errand::Connect);
            self.env.plan_client(client.number, pause, Errand::Act);
        }
        self.env.agenda.plan(self.env.now.after(AUDIT), Event::Audit);
        self.env.agenda.plan(self.env.now, Event::Operator);
        let end = self.env.now.after(plan.active);
        self.run_until(end);
        self.finish();
        Outcome {
            violation: self.env.oracle.violation().cloned(),
            coverage: self.env.oracle.coverage.clone(),
            steps: self.steps,
            digest: self.env.trace.digest(),
        }
    }

    /// Lets everything happen that is due until `end`; `false` when something was wrong.
    fn run_until(&mut self, end: Timestamp) -> bool {
        loop {
            if self.env.oracle.violation().is_some() {
                return false;
            }
            if self.steps >= STEPS_MAX {
                self.env.fail("there is no end to it: too many events");
                return false;
            }
            let Some((at, event)) = self.env.agenda.next() else { return true };
            if at > end {
                self.env.agenda.plan(at, event);
                self.env.now = end;
                return true;
            }
            self.steps += 1;
            self.env.now = at;
            self.handle(event);
            self.env.plan_settling();
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrival(link, to) => {
                self.env.network.arrive(link, to);
                match to {
                    Direction::ToBroker => self.read(link),
                    Direction::ToClient => self.client_looks(link),
                }
            }
            Event::Accepted(link, shard) => self.accept(link, shard, &[]),
            Event::Adopted(link, shard, bytes) => self.accept(link, shard, &bytes),
            Event::BrokerReads(link) => self.read(link),
            Event::BrokerWrites(link) => self.write_on(link),
            Event::ClientReads(link) => self.client_looks(link),
            Event::Flush(shard) => self.flush(shard),
            Event::Persisted(shard, upto, flushed_at) => self.persisted(shard, upto, flushed_at),
            Event::Timer(shard) => self.fire(shard),
            Event::Mail { from, to } => self.deliver_mail(from, to),
            Event::Decided(shard, connection, decision, ruling) => {
                self.decided(shard, connection, *decision, ruling);
            }
            Event::Inquired(shard, inquiry, answers) => {
                self.input(shard, Input::Inquired(inquiry, answers));
            }
            Event::Client(number, errand) => {
                if let Some(client) = self.clients.get_mut(number.index()) {
                    client.run(errand, &mut self.env);
                }
            }
            Event::Operator => self.operate(),
            Event::Settled(message) => self.env.oracle.settle(message, self.env.now),
            Event::Audit => self.audit(),
        }
    }

    fn client_looks(&mut self, link: crate::network::LinkId) {
        let number = self.env.network.link(link).client;
        if let Some(client) = self.clients.get_mut(number.index()) {
            client.look(link, &mut self.env);
        }
    }

    fn audit(&mut self) {
        self.observe_links();
        let engines: Vec<_> = self.shards.iter().map(|shard| &shard.engine).collect();
        self.env.oracle.audit(&engines, self.env.now);
        self.env.agenda.plan(self.env.now.after(AUDIT), Event::Audit);
        self.env.oracle.hit(Behaviour::Audited);
    }
}
