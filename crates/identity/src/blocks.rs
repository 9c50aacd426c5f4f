//! Who may not connect: blocks of devices, credentials, names, addresses, networks and products.
//!
//! A [`Block`] keeps out whomever its [`BlockTarget`] names. [`Blocks`] is all of them, resident: a snapshot
//! that shards read and the control plane replaces. Asking takes a few table look-ups and one walk down a
//! trie, whatever the number of blocks; no list is scanned and no expression is run over what clients send.

use std::{collections::BTreeSet, fmt, sync::Arc};

use crate::UnixMillis;

mod block;
mod cidr;
mod index;
mod prefix;
mod target;
mod trie;

#[cfg(test)]
mod tests;

use index::{Index, Names};

pub use block::{Block, Subject};
pub use cidr::{AddressFault, Cidr, CidrFault, PeerAddress};
pub use target::{BlockFault, BlockKind, BlockName, BlockTarget, NameFault};

/// All blocks, at most one for each target.
///
/// # Cost
/// * [`Blocks::find`] allocates nothing: one look-up in each table that is not empty, and at most 129 nodes
///   of the trie of networks (one for each prefix length); among 100,000 networks at random it is some 20.
/// * A change costs as much as a search, plus `log n` where a block expires. Rarely, a removal that leaves
///   three quarters of the space unused rebuilds everything, once for many removals.
/// * A clone copies flat memory and counts references: the blocks themselves are shared. A network takes
///   up to 64 bytes of trie (two nodes) and 8 of the list, and an expiry 16; a name or address takes an
///   entry of a table. So a snapshot is changed by cloning it, changing the clone and publishing that: 7 to
///   9 MB for 100,000 networks of which half expire. Many changes at once deserve one clone.
#[derive(Clone)]
pub struct Blocks {
    /// Each block stays in its slot while its target is blocked.
    slots: Vec<Option<Arc<Block>>>,
    /// Slots to use again.
    vacant: Vec<u32>,
    index: Index,
    /// The slots of the blocks that expire, by when.
    expiries: BTreeSet<(UnixMillis, u32)>,
    len_max: usize,
}

/// As many targets are blocked as may be. Block a network instead of its addresses, a product instead of its
/// devices, or remove blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{len_max} targets are blocked, which is the most: remove some, or block a network or a product")]
pub struct BlocksFull {
    /// The bound.
    pub len_max: usize,
}

/// Fewer slots than this are never worth a rebuild.
const REBUILD_LEN_MIN: usize = 64;

// === impl Blocks ===

impl Blocks {
    /// The bound of [`Blocks::default`].
    pub const LEN_MAX: usize = 1_000_000;

    /// No blocks, and room for `len_max` (at most 2³⁰).
    #[must_use]
    pub fn with_len_max(len_max: usize) -> Self {
        // The trie has up to two nodes for each, and numbers them with 32 bits.
        let len_max = len_max.min(1 << 30);
        let index = Index::new();
        Self { slots: Vec::new(), vacant: Vec::new(), index, expiries: BTreeSet::new(), len_max }
    }

    /// The block that keeps this client out at `now`, if any.
    ///
    /// Of several it is the one of the most specific kind, in the order of [`BlockKind`], and of networks
    /// the smallest. A block that is not in force hides no other.
    #[must_use]
    pub fn find(&self, subject: &Subject<'_>, now: UnixMillis) -> Option<&Block> {
        let index = &self.index;
        self.find_name(&index.credentials, subject.credential, now)
            .or_else(|| self.find_name(&index.devices, subject.device, now))
            .or_else(|| self.find_name(&index.client_ids, subject.client_id, now))
            .or_else(|| self.find_name(&index.usernames, subject.username, now))
            .or_else(|| self.find_address(PeerAddress::from(subject.peer?), now))
            .or_else(|| self.find_name(&index.products, subject.product, now))
    }

    /// The block of exactly this target, in force or not.
    #[must_use]
    pub fn get(&self, target: &BlockTarget) -> Option<&Block> {
        self.block(self.index.get(target)?)
    }

    /// Adds a block, or replaces the one of the same target, which it returns.
    ///
    /// # Errors
    /// [`BlocksFull`]: the target is new and there is no room; nothing changed.
    pub fn insert(&mut self, block: Block) -> Result<Option<Arc<Block>>, BlocksFull> {
        if let Some(slot) = self.index.get(&block.target) {
            return Ok(self.put(slot, Arc::new(block)));
        }
        if self.len() >= self.len_max {
            return Err(BlocksFull { len_max: self.len_max });
        }
        self.add(Arc::new(block));
        Ok(None)
    }

    /// Takes the block of exactly this target out.
    pub fn remove(&mut self, target: &BlockTarget) -> Option<Arc<Block>> {
        let slot = self.index.remove(target)?;
        let block = self.slots.get_mut(slot as usize)?.take()?;
        self.vacant.push(slot);
        if let Some(until) = block.until {
            self.expiries.remove(&(until, slot));
        }
        self.rebuild_if_sparse();
        Some(block)
    }

    /// Takes out every block that is no longer in force at `now`, the one that expired first first.
    pub fn remove_expired(&mut self, now: UnixMillis) -> Vec<Arc<Block>> {
        let mut expired = Vec::new();
        while let Some((_, slot)) = self.expiries.first().copied().filter(|(until, _)| *until <= now) {
            let target = self.block(slot).map(|block| block.target.clone());
            let Some(block) = target.and_then(|target| self.remove(&target)) else { break };
            expired.push(block);
        }
        expired
    }

    /// Every block, in force or not. The same changes give the same order.
    pub fn iter(&self) -> impl Iterator<Item = &Block> {
        self.slots.iter().filter_map(|slot| slot.as_deref())
    }

    /// The number of blocks, in force or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len().saturating_sub(self.vacant.len())
    }

    /// Whether there is no block.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When the next block expires: the earliest [`Block::until`], also if that is past because
    /// [`Blocks::remove_expired`] was not called since. `None` if no block expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<UnixMillis> {
        self.expiries.first().map(|(until, _)| *until)
    }

    #[inline]
    fn find_name(&self, names: &Names, name: Option<&str>, now: UnixMillis) -> Option<&Block> {
        self.block(*names.get(name?)?).filter(|block| block.is_in_force(now))
    }

    fn find_address(&self, address: PeerAddress, now: UnixMillis) -> Option<&Block> {
        let exact = self.index.addresses.get(&address).and_then(|slot| self.block(*slot));
        exact.filter(|block| block.is_in_force(now)).or_else(|| {
            let networks = self.index.networks.covering(address.bits());
            networks
                .filter(|(len, _)| *len >= address.prefix_len_min())
                .filter_map(|(_, slot)| self.block(slot).filter(|block| block.is_in_force(now)))
                .last()
        })
    }

    #[inline]
    fn block(&self, slot: u32) -> Option<&Block> {
        self.slots.get(slot as usize)?.as_deref()
    }

    /// Adds a block of a new target.
    fn add(&mut self, block: Arc<Block>) {
        let slot = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // `len_max` keeps the count far below 2³².
            u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(u32::MAX)
        });
        self.index.insert(&block.target, slot);
        self.put(slot, block);
    }

    /// Fills a slot that the index has for this target, and returns what was there.
    fn put(&mut self, slot: u32, block: Arc<Block>) -> Option<Arc<Block>> {
        let until = block.until;
        let old = self.slots.get_mut(slot as usize)?.replace(block);
        if let Some(until) = old.as_ref().and_then(|old| old.until) {
            self.expiries.remove(&(until, slot));
        }
        if let Some(until) = until {
            self.expiries.insert((until, slot));
        }
        old
    }

    /// Gives memory back where most of it is unused, so that a peak does not stay for ever in every clone.
    fn rebuild_if_sparse(&mut self) {
        if self.slots.len() < REBUILD_LEN_MIN || self.len() > self.slots.len() / 4 {
            return;
        }
        let mut dense = Self::with_len_max(self.len_max);
        for block in self.slots.drain(..).flatten() {
            dense.add(block);
        }
        *self = dense;
    }
}

impl Default for Blocks {
    /// No blocks, and room for [`Blocks::LEN_MAX`].
    fn default() -> Self {
        Self::with_len_max(Self::LEN_MAX)
    }
}

impl fmt::Debug for Blocks {
    /// Not the blocks: there may be a million.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocks")
            .field("len", &self.len())
            .field("next_expiry", &self.next_expiry())
            .finish_non_exhaustive()
    }
}
