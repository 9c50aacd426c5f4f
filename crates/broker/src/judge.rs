//! Whose certificates are good at a listener: by its name, so that who came by it is judged on when it has another
//! address, is closed, or speaks no TLS for a while.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use vouchmq_tls::{Refusal, Server, ServerOptions, Vouched};

use crate::transport::{Layered, Standing};

/// What judges those who come by a listener of one name, as long as one of them is connected.
#[derive(Debug)]
pub(crate) struct Judge {
    /// No other judge of the process has or had it.
    pub(crate) id: u64,
    bench: ArcSwapOption<Bench>,
    /// How often it changed whose certificates are good.
    judgement: AtomicU64,
}

/// By what certificates are judged.
#[derive(Clone, Debug)]
pub(crate) struct Bench {
    pub(crate) server: Server,
    /// What it was read from last.
    pub(crate) options: ServerOptions,
    /// Which state of its authorities and lists.
    judgement: u64,
}

impl Bench {
    /// That of a listener with TLS.
    pub(crate) fn of(server: Option<&Server>, options: Option<&ServerOptions>) -> Option<Self> {
        let (server, options) = (server?.clone(), options?.clone());
        let judgement = server.judgement();
        Some(Self { server, options, judgement })
    }

    fn judges_as(&self, other: &Self) -> bool {
        self.judgement == other.judgement && self.server.is(&other.server)
    }
}

impl Judge {
    pub(crate) fn new(id: u64, bench: Option<Bench>) -> Self {
        Self { id, bench: ArcSwapOption::new(bench.map(Into::into)), judgement: AtomicU64::new(0) }
    }

    /// By what it judges now; `None`: everybody stays.
    pub(crate) fn bench(&self) -> Option<Bench> {
        self.bench.load().as_deref().cloned()
    }

    /// Judges by this from now on; `true` when somebody may be judged otherwise than before.
    pub(crate) fn change(&self, bench: Option<Bench>) -> bool {
        let is_same = match (self.bench.load().as_deref(), &bench) {
            (Some(before), Some(after)) => before.judges_as(after),
            (_, None) => true,
            (None, Some(_)) => false,
        };
        self.bench.store(bench.map(Into::into));
        if !is_same {
            // after what it stands for: who is judged by the number of before is judged again
            self.judgement.fetch_add(1, Ordering::SeqCst);
        }
        !is_same
    }

    /// Judges the certificate of a client, unless it was judged by what holds now.
    pub(crate) fn vouch(&self, layers: &mut Layered, now: SystemTime) -> Result<(), Refusal> {
        if layers.certificates().is_empty() {
            return Ok(());
        }
        let judgement = self.judgement.load(Ordering::SeqCst);
        if layers.standing.is_some_and(|standing| standing.judgement == judgement) {
            return Ok(());
        }
        let Some(bench) = &*self.bench.load() else { return Ok(()) };
        match bench.server.vouch(layers.certificates(), now) {
            Ok(Vouched { authority }) => {
                layers.standing = Some(Standing { judgement, authority });
                Ok(())
            }
            // Where nobody is asked for one any more, less is wanted than before.
            Err(Refusal::NotAsked) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }
}
