//! What is done again and again, whether anybody asks for it or not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use vouchmq_identity::Uses;
use vouchmq_identity::registry::{Actor, Chore, Command, Refusal, Registry, Sweep, Swept, TouchCredentials};
use vouchmq_identity::store::StoreFault;

/// How often last uses are written down.
const USES_INTERVAL: Duration = Duration::from_secs(5);
/// How often it is looked for what is over.
const SWEEP_INTERVAL: Duration = Duration::from_secs(60);
/// Last uses that are written at once.
const USES_PORTION: usize = 2_000;
/// Faults that are remembered, so that each is told once.
const TOLD_MAX: usize = 4_096;

/// Writes last uses down, and does what time brings about: a portion after the other, as long as there is more.
/// Never ends: what fails or panics is told, and tried again in the next round.
pub(crate) async fn keep_house(registry: Arc<Registry>, uses: Arc<Uses>) {
    let mut write_uses = tokio::time::interval(USES_INTERVAL);
    let mut sweep = tokio::time::interval(SWEEP_INTERVAL);
    let mut told = Told::default();
    loop {
        tokio::select! {
            _ = write_uses.tick() => {
                for portion in uses.take().chunks(USES_PORTION) {
                    let command = TouchCredentials(portion.to_vec());
                    if let Err(fault) = apart(&registry, command).await {
                        tracing::debug!(%fault, "last uses were not written down");
                    }
                }
            }
            _ = sweep.tick() => if do_chores(&registry, &mut told).await {
                sweep.reset_immediately();
            },
        }
    }
}

/// Does a portion of each chore; whether there is more to do at once.
async fn do_chores(registry: &Arc<Registry>, told: &mut Told) -> bool {
    let mut all = Swept::default();
    for chore in Chore::ALL {
        match apart(registry, Sweep(chore)).await {
            Ok(swept) => all.add(swept),
            Err(Fault::Refused(Refusal::Store(fault @ StoreFault::Corrupt { .. }))) => {
                all.corrupt.push(fault)
            }
            Err(Fault::Refused(fault)) => tracing::debug!(?chore, %fault, "nothing was swept"),
            Err(fault @ Fault::Panicked) => tracing::error!(?chore, %fault, "what is over was not taken out"),
        }
    }
    told.tell(&all);
    all.is_more
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("housekeeping panicked: this is a bug")]
    Panicked,
}

/// Executes a command in a task of its own, which ends with this one: if it panics, that is over.
async fn apart<C: Command>(registry: &Arc<Registry>, command: C) -> Result<C::Outcome, Fault> {
    let registry = registry.clone();
    let mut task = JoinSet::new();
    task.spawn(async move { registry.execute(Actor::system(), command).await });
    match task.join_next().await {
        Some(Ok(done)) => Ok(done?.outcome),
        Some(Err(_)) | None => Err(Fault::Panicked),
    }
}

/// What was told already.
#[derive(Default)]
struct Told(BTreeSet<String>);

impl Told {
    fn tell(&mut self, swept: &Swept) {
        let faults = swept.corrupt.iter().map(ToString::to_string);
        let faults: BTreeSet<String> = faults.take(TOLD_MAX).collect();
        for fault in faults.difference(&self.0) {
            tracing::error!(%fault, "a row is not what was written: housekeeping passes over it");
        }
        self.0 = faults;
        let Swept {
            credential_count: unused, expired_count: expired, registration_count: registrations, ..
        } = *swept;
        let Swept { block_count: blocks, forgotten_count: forgotten, .. } = *swept;
        if unused + expired + registrations + blocks > 0 || forgotten > 0 {
            tracing::info!(unused, expired, registrations, blocks, forgotten, "what is over was taken out");
        }
    }
}
