//! The other processes that follow the same change log: how far each is, for who waits until all are.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use vouchmq_identity::model::NodeId;
use vouchmq_identity::store::{LogId, Nodes, SeenNode};

/// Where the other nodes on the same database are to be found.
#[derive(Clone)]
pub struct Peers {
    /// Where they tell how far they are.
    pub nodes: Arc<dyn Nodes>,
    /// A node that has said nothing for longer than this is not waited for any more. It may still run: all that
    /// is known is that it does not reach the database. The same on all nodes, which speak four times as often.
    pub stale_after: Duration,
}

/// How far a change has come on all nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// Nodes that have applied it.
    pub acked: u64,
    /// Nodes that are heard of. Where nobody can be asked, one more than this one.
    pub total: u64,
    /// Nodes that were heard of, and are not any more: nothing is known of them, and they count nowhere else.
    pub stale: u64,
    /// Connections that were ended for it by those that have applied it.
    pub sessions_closed: u64,
}

/// The others, as one node sees them.
#[derive(Debug)]
pub(crate) struct Neighbours {
    pub(crate) peers: Peers,
    pub(crate) own: NodeId,
    pub(crate) log: LogId,
    /// What all said last, and when they began to be asked: who asks meanwhile shares the answer.
    last: Mutex<Option<(Instant, Arc<[SeenNode]>)>>,
}

/// How often the others are asked while somebody waits.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// How long they may take to answer.
const LOOK_MAX: Duration = Duration::from_millis(500);

// === impl Neighbours ===

impl Neighbours {
    pub(crate) fn new(peers: Peers, own: NodeId, log: LogId) -> Self {
        Self { peers, own, log, last: Mutex::new(None) }
    }

    /// Waits until all others have applied an entry, at most until `deadline`; asks them once in any case.
    pub(crate) async fn wait(&self, sequence: u64, deadline: Instant) -> Reach {
        let mut reach = None;
        loop {
            let begun = Instant::now();
            // With the time that it takes to get to ask: those who wait for a database that hangs do so side by side.
            if let Ok(Some(seen)) = timeout(LOOK_MAX, self.look(begun)).await {
                let found = self.reach(&seen, sequence);
                reach = Some(found);
                if found.acked == found.total {
                    break;
                }
            }
            if begun >= deadline {
                break;
            }
            sleep_until(deadline.min(begun + LOOK_INTERVAL)).await;
        }
        reach.unwrap_or(Reach { total: 1, ..Reach::default() })
    }

    /// What all have said, asked after `since`: who is new by then is among them.
    async fn look(&self, since: Instant) -> Option<Arc<[SeenNode]>> {
        let mut last = self.last.lock().await;
        match &*last {
            Some((begun, seen)) if *begun > since => Some(seen.clone()),
            Some(_) | None => {
                let begun = Instant::now();
                let seen: Arc<[SeenNode]> = self.peers.nodes.all().await.ok()?.into();
                *last = Some((begun, seen.clone()));
                Some(seen)
            }
        }
    }

    fn reach(&self, seen: &[SeenNode], sequence: u64) -> Reach {
        let mut reach = Reach::default();
        for SeenNode { node, silent } in seen.iter().filter(|seen| seen.node.id != self.own) {
            if *silent > self.peers.stale_after {
                reach.stale += 1;
                continue;
            }
            reach.total += 1;
            if node.has_applied(self.log, sequence) {
                reach.acked += 1;
                reach.sessions_closed += node.closed_by(sequence);
            }
        }
        reach
    }
}

impl std::fmt::Debug for Peers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Peers").field("stale_after", &self.stale_after).finish_non_exhaustive()
    }
}
