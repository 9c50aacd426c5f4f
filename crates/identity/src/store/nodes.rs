use std::time::Duration;

use async_trait::async_trait;

use super::{LogId, StoreFault};
use crate::model::NodeId;

/// Where the processes that follow one change log tell each other how far they are.
///
/// This is apart from the [`Store`](super::Store), as nothing of it is a change: no entry of a log tells of it,
/// no command waits behind it, and what fails here keeps nobody out and lets nobody in.
#[async_trait]
pub trait Nodes: Send + Sync {
    /// Writes what a node says of itself in place of what it said before; it was seen now.
    async fn put(&self, node: &Node) -> Result<(), StoreFault>;

    /// What every node said last, in the order of their ids.
    async fn all(&self) -> Result<Vec<SeenNode>, StoreFault>;

    /// A node goes, and says so: it is forgotten at once.
    async fn remove(&self, id: NodeId) -> Result<(), StoreFault>;

    /// Forgets the nodes that have said nothing for longer than this.
    async fn forget(&self, silent: Duration) -> Result<(), StoreFault>;
}

/// What a node says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Which one: another one with each start of a process.
    pub id: NodeId,
    /// Which log it follows.
    pub log: LogId,
    /// The last entry that it has applied.
    pub sequence: u64,
    /// The last entries that ended connections of it, each with how many; some 128 at most.
    pub closed: Vec<(u64, u64)>,
}

/// What a node said last, and how long ago by the clock of the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenNode {
    /// What it said.
    pub node: Node,
    /// For how long it has said nothing.
    pub silent: Duration,
}

// === impl Node ===

impl Node {
    /// Whether it has applied this entry of this log.
    pub fn has_applied(&self, log: LogId, sequence: u64) -> bool {
        self.log == log && self.sequence >= sequence
    }

    /// How many connections it ended for this entry, as far as it remembers.
    pub fn closed_by(&self, sequence: u64) -> u64 {
        self.closed.iter().filter(|(known, _)| *known == sequence).map(|(_, count)| count).sum()
    }
}
