//! Deterministic simulation of the protocol core.
//!
//! One seed is one world: a few engines with mailboxes between them, a journal, an authenticator, an operator,
//! a network that delays, cuts and breaks, and clients that behave. Everything that is random comes from the
//! seed, so that whatever goes wrong goes wrong again. Oracles judge what clients see; see [`run`].

mod agenda;
mod client;
mod coverage;
mod network;
mod oracle;
mod plan;
mod rights;
mod runner;
mod seed;
pub mod terminal;
mod trace;
mod workload;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};

use vouchmq_mqtt::time::Timestamp;

pub use coverage::{Behaviour, Coverage};
pub use oracle::Violation;
pub use runner::run_all;
pub use seed::{Finding, Rng, findings};
pub use trace::Sink;
pub use world::Sabotage;

use trace::Trace;
use world::World;

/// How one run went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// What was wrong first, if anything was.
    pub violation: Option<Violation>,
    /// What was exercised.
    pub coverage: Coverage,
    /// Events that happened.
    pub steps: u64,
    /// Tells whether two runs were the same.
    pub digest: u64,
}

/// Runs the world of a seed; `sink` is told what happens.
pub fn run(seed: u64, sink: Option<Sink>) -> Report {
    simulate(seed, sink, None)
}

/// Runs the world of a seed with a broker that is broken on purpose.
pub fn run_broken(seed: u64, sabotage: Sabotage) -> Report {
    simulate(seed, None, Some(sabotage))
}

fn simulate(seed: u64, sink: Option<Sink>, sabotage: Option<Sabotage>) -> Report {
    let world = AssertUnwindSafe(|| World::new(seed, Trace::new(sink), sabotage).run());
    match catch_unwind(world) {
        Ok(outcome) => Report {
            seed,
            violation: outcome.violation,
            coverage: outcome.coverage,
            steps: outcome.steps,
            digest: outcome.digest,
        },
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no text");
            let violation = Violation { at: Timestamp::NEVER, what: format!("panic: {text}") };
            let coverage = Coverage::default();
            Report { seed, violation: Some(violation), coverage, steps: 0, digest: 0 }
        }
    }
}
