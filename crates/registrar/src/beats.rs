//! What a node says of itself, for others who wait until it has applied a change: that it is there, and how far.
//!
//! Nothing waits for this but answers: when it fails, the node is not waited for after a while.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use vouchmq_identity::store::{Node, StoreFault};

use crate::peers::Neighbours;
use crate::progress::State;

/// A node that tells of itself; it stops when this is dropped, and goes in an orderly way by [`Self::leave`].
#[derive(Debug)]
pub(crate) struct Beating {
    task: JoinHandle<()>,
    leave: Option<oneshot::Sender<()>>,
}

struct Beats {
    neighbours: Arc<Neighbours>,
    state: watch::Receiver<State>,
    /// The last entry that was told of.
    told: u64,
    /// When a word was last said, or tried to be.
    at: Instant,
    /// Until when nothing is said, whatever happens.
    pause: Duration,
    leaving: oneshot::Receiver<()>,
}

/// Between two words of a node that moves.
const PAUSE: Duration = Duration::from_millis(25);
/// Words in the time after which a node is stale.
const WORDS: u32 = 4;
/// How long a word may take.
const WORD_MAX: Duration = Duration::from_secs(2);
/// After so many times the time after which it is stale a node is forgotten.
const FORGET: u32 = 60;

impl Beating {
    /// Tells of this node from now on; the first word is said when this returns, if the database takes it.
    pub(crate) async fn begin(neighbours: Arc<Neighbours>, state: watch::Receiver<State>) -> Self {
        let (leave, leaving) = oneshot::channel();
        let (told, at) = (0, Instant::now());
        let mut beats = Beats { neighbours, state, told, at, pause: PAUSE, leaving };
        beats.say().await;
        Self { task: tokio::spawn(beats.run()), leave: Some(leave) }
    }

    /// Says that this node goes.
    pub(crate) async fn leave(&mut self) {
        if self.leave.take().is_some_and(|leave| leave.send(()).is_ok()) {
            // Without an answer the node is stale soon.
            let _ = timeout(2 * WORD_MAX, &mut self.task).await;
        }
    }
}

impl Drop for Beating {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Beats {
    async fn run(mut self) {
        let interval = self.neighbours.peers.stale_after / WORDS;
        loop {
            let (told, regular) = (self.told, self.at + interval);
            tokio::select! {
                () = next(&mut self.state, told, self.at + self.pause, regular) => {}
                left = &mut self.leaving => {
                    if left.is_ok() {
                        let _ = timeout(WORD_MAX, self.neighbours.peers.nodes.remove(self.neighbours.own)).await;
                    }
                    return;
                }
            }
            let is_regular = Instant::now() >= regular;
            self.say().await;
            if is_regular {
                let old = self.neighbours.peers.stale_after * FORGET;
                let _ = timeout(WORD_MAX, self.neighbours.peers.nodes.forget(old)).await;
            }
        }
    }

    /// Says how far this node is. When that fails, it is tried again, less and less often.
    async fn say(&mut self) {
        let node = {
            let state = self.state.borrow_and_update();
            let Neighbours { own, log, .. } = *self.neighbours;
            Node { id: own, log, sequence: state.sequence, closed: state.closed() }
        };
        let sequence = node.sequence;
        self.at = Instant::now();
        let said = timeout(WORD_MAX, self.neighbours.peers.nodes.put(&node)).await;
        let lost = || StoreFault::Unavailable("no answer in time".into());
        match said.unwrap_or_else(|_| Err(lost())) {
            Ok(()) => {
                self.told = sequence;
                self.pause = PAUSE;
            }
            Err(fault) => {
                if self.pause == PAUSE {
                    tracing::warn!(%fault, "other nodes are not told how far this one is");
                }
                self.pause = (self.pause * 2).min(self.neighbours.peers.stale_after / WORDS);
            }
        }
    }
}

/// When something is to be said: at the `regular` time, or before it when this node has moved on from `told`, but
/// not before `earliest`.
async fn next(state: &mut watch::Receiver<State>, told: u64, earliest: Instant, regular: Instant) {
    sleep_until(earliest).await;
    let moved = async { state.wait_for(|state| state.sequence != told).await.is_ok() };
    if matches!(timeout_at(regular, moved).await, Ok(false)) {
        // Nothing is followed any more, and the node is still there.
        sleep_until(regular).await;
    }
}
