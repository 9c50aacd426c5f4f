//! The judges of listeners that are, and of those that are gone while somebody is connected by them.

use std::sync::{Arc, Weak};

use vouchmq_tls::{Reload, Server, TlsFault};

use super::change::{Change, ListenerChange};
use super::{Listeners, Listening};
use crate::ListenAddress;
use crate::clock::system_time;
use crate::judge::{Bench, Judge};

/// The judge of a listener that is gone, or has another judge.
#[derive(Debug)]
pub(super) struct Former {
    pub(super) name: Box<str>,
    pub(super) address: ListenAddress,
    pub(super) judge: Weak<Judge>,
}

/// A judge whose listener may be another after a change.
#[derive(Clone, Debug)]
pub(super) struct Seated {
    pub(super) name: Box<str>,
    pub(super) address: ListenAddress,
    pub(super) judge: Arc<Judge>,
}

/// A judge whose listener is gone, with its files read again.
#[derive(Debug)]
pub(super) struct Orphan {
    pub(super) id: u64,
    pub(super) reload: Result<Reload, TlsFault>,
}

impl Listeners {
    /// Judges of listeners that are, and then of those that are gone.
    pub(super) fn judges(&self) -> Vec<Seated> {
        let own = |listening: &Listening| Seated {
            name: listening.options.name.clone(),
            address: listening.bound.clone(),
            judge: listening.door.spoken().judge.clone(),
        };
        let former = |former: &Former| {
            let Former { name, address, judge } = former;
            Some(Seated { name: name.clone(), address: address.clone(), judge: judge.upgrade()? })
        };
        self.all.iter().map(own).chain(self.former.iter().filter_map(former)).collect()
    }
}

impl Orphan {
    /// Reads again what the judge was read from, if it judges anybody.
    pub(super) fn of(seated: &Seated) -> Option<Self> {
        let Bench { server, options, .. } = seated.judge.bench()?;
        if !server.asks_for_certificates() {
            return None;
        }
        Some(Self { id: seated.judge.id, reload: server.prepare(&options, system_time()) })
    }
}

/// Tells the judges of before who are not `own` of a listener any more by what to judge: as the listener that has
/// their name now, or by their own files. Those that judge otherwise than before are yielded.
pub(super) fn pass_on(
    judges: &[Seated],
    mut orphans: Vec<Orphan>,
    after: &mut Listeners,
    changes: &mut Vec<ListenerChange>,
) -> Vec<u64> {
    let mut rejudged = Vec::new();
    after.former.clear();
    for Seated { name, address, judge } in judges {
        if after.all.iter().any(|listening| listening.door.spoken().judge.id == judge.id) {
            continue;
        }
        let heir = after.all.iter().find(|listening| listening.options.name == *name);
        let bench = match (heir, orphans.iter().position(|orphan| orphan.id == judge.id)) {
            (Some(heir), _) => heir.bench(),
            (None, None) => judge.bench(),
            (None, Some(at)) => {
                match orphans.swap_remove(at).reload {
                    Ok(reload) => drop(reload.apply()),
                    Err(fault) => {
                        tracing::warn!(listener = %name, "who came by it is judged as before: {fault}");
                        let change = Change::Unjudged { why: fault.to_string().into() };
                        changes.push(ListenerChange { name: name.clone(), address: address.clone(), change });
                    }
                }
                judge.bench().and_then(|bench| Bench::of(Some(&bench.server), Some(&bench.options)))
            }
        };
        rejudged.extend(judge.change(bench).then_some(judge.id));
        let judge = Arc::downgrade(judge);
        after.former.push(Former { name: name.clone(), address: address.clone(), judge });
    }
    rejudged
}

impl Listening {
    /// Tells its judge by what to judge; `true` when that is otherwise than before.
    pub(crate) fn sit(&self) -> bool {
        self.door.spoken().judge.change(self.bench())
    }

    /// As [`sit`](Self::sit), with a judge of before; yields it where it judges otherwise.
    pub(super) fn takes_over(&self, judges: &[Seated]) -> Option<u64> {
        let id = self.door.spoken().judge.id;
        (self.sit() && judges.iter().any(|seated| seated.judge.id == id)).then_some(id)
    }

    fn bench(&self) -> Option<Bench> {
        let spoken = self.door.spoken();
        let server: Option<&Server> = spoken.tls.as_ref();
        Bench::of(server, self.options.tls.as_ref())
    }
}
