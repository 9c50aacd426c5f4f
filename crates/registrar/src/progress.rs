use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::peers::{Neighbours, Reach};

/// How far the resident set of this process is, what the other nodes say of theirs, and what following came to: for those who wait until a
/// change is applied.
#[derive(Clone, Debug)]
pub struct Progress {
    state: watch::Receiver<State>,
    applied: watch::Receiver<u64>,
    neighbours: Option<Arc<Neighbours>>,
}

/// What a change came to here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Whether it is applied: nobody is connected, or will be, who should not be.
    pub is_applied: bool,
    /// Connections that it ended.
    pub sessions_closed: usize,
}

/// How far following is.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) sequence: u64,
    /// The last entries that ended connections, with how many.
    closed: Arc<VecDeque<(u64, usize)>>,
    /// Whether following works.
    pub(crate) is_healthy: bool,
}

/// Entries of which it is remembered how many connections they ended.
const CLOSED_MAX: usize = 1024;
/// Entries of which other nodes are told how many connections they ended here.
const CLOSED_TOLD_MAX: usize = 128;

impl Progress {
    pub(crate) const fn new(
        state: watch::Receiver<State>,
        applied: watch::Receiver<u64>,
        neighbours: Option<Arc<Neighbours>>,
    ) -> Self {
        Self { state, applied, neighbours }
    }

    /// Tells of each entry that is applied; the last of several is enough.
    pub fn applied(&self) -> watch::Receiver<u64> {
        self.applied.clone()
    }

    /// Waits until an entry of the change log is applied here and on all other nodes that are heard of, at most
    /// so long.
    pub async fn wait_everywhere(&self, sequence: u64, timeout: Duration) -> Reach {
        let others = async {
            match &self.neighbours {
                Some(neighbours) => neighbours.wait(sequence, Instant::now() + timeout).await,
                None => Reach::default(),
            }
        };
        let (here, others) = tokio::join!(self.wait(sequence, timeout), others);
        Reach {
            acked: others.acked + u64::from(here.is_applied),
            total: others.total + 1,
            stale: others.stale,
            sessions_closed: others.sessions_closed + here.sessions_closed as u64,
        }
    }

    /// Waits until an entry of the change log is applied here, at most so long.
    pub async fn wait(&self, sequence: u64, timeout: Duration) -> Applied {
        let mut receiver = self.state.clone();
        let reached = receiver.wait_for(|state| state.sequence >= sequence);
        match tokio::time::timeout(timeout, reached).await {
            Ok(Ok(state)) => Applied { is_applied: true, sessions_closed: state.closed_by(sequence) },
            Ok(Err(_)) | Err(_) => Applied { is_applied: false, sessions_closed: 0 },
        }
    }

    /// The last entry that is applied.
    pub fn sequence(&self) -> u64 {
        self.state.borrow().sequence
    }

    /// Whether the resident set follows the database.
    pub fn is_healthy(&self) -> bool {
        self.state.borrow().is_healthy
    }
}

impl State {
    pub(crate) fn at(sequence: u64) -> Self {
        Self { sequence, is_healthy: true, ..Self::default() }
    }

    /// Entries up to `sequence` are applied, and these ended connections.
    pub(crate) fn advance(&mut self, sequence: u64, closed: &[(u64, usize)]) {
        self.sequence = sequence;
        if !closed.is_empty() {
            let known = Arc::make_mut(&mut self.closed);
            known.extend(closed);
            let surplus = known.len().saturating_sub(CLOSED_MAX);
            known.drain(..surplus);
        }
    }

    /// The last entries that ended connections, as other nodes are told of them.
    pub(crate) fn closed(&self) -> Vec<(u64, u64)> {
        let skipped = self.closed.len().saturating_sub(CLOSED_TOLD_MAX);
        self.closed.iter().skip(skipped).map(|(sequence, count)| (*sequence, *count as u64)).collect()
    }

    fn closed_by(&self, sequence: u64) -> usize {
        self.closed.iter().filter(|(known, _)| *known == sequence).map(|(_, count)| count).sum()
    }
}
