use hashbrown::HashTable;

/// A hash table of arena indexes; the keys stay in the arena.
///
/// Each entry keeps 32 bits of its hash, so that growing touches no key and a lookup that finds nothing
/// rarely touches one: 8 bytes an entry.
#[derive(Default)]
pub(super) struct IdTable {
    table: HashTable<Entry>,
}

#[derive(Clone, Copy)]
struct Entry {
    id: u32,
    hash: u32,
}

/// Below this capacity a table is never shrunk.
const SHRINK_CAPACITY_MIN: usize = 64;

impl IdTable {
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// The entry with this hash for which `is` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let hash = fold(hash);
        self.table.find(spread(hash), |entry| entry.hash == hash && is(entry.id)).map(|entry| entry.id)
    }

    /// Adds `id`, which must not be present.
    pub(super) fn insert(&mut self, hash: u64, id: u32) {
        let hash = fold(hash);
        self.table.insert_unique(spread(hash), Entry { id, hash }, |entry| spread(entry.hash));
    }

    /// Takes `id` out and gives memory back when three quarters are unused.
    pub(super) fn remove(&mut self, hash: u64, id: u32) {
        let hash = fold(hash);
        if let Ok(entry) = self.table.find_entry(spread(hash), |entry| entry.id == id) {
            entry.remove();
        }
        let (len, capacity) = (self.table.len(), self.table.capacity());
        if capacity > SHRINK_CAPACITY_MIN && len < capacity / 4 {
            self.table.shrink_to(len.saturating_mul(2), |entry| spread(entry.hash));
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.table.capacity()
    }
}

/// The part of a hash that is kept.
#[inline]
const fn fold(hash: u64) -> u32 {
    hash as u32
}

/// A hash as the table needs it: it takes the bucket from the low bits and a tag from the high seven.
#[inline]
const fn spread(hash: u32) -> u64 {
    let hash = hash as u64;
    (hash << 32) | hash
}
