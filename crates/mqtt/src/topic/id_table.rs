use hashbrown::HashTable;

#[cfg(test)]
mod tests;

/// A hash table of arena indexes; the keys stay in the arena.
///
/// Each entry keeps 32 bits of its hash, so that growing touches no key and a lookup that finds nothing
/// rarely touches one: 8 bytes an entry. A large table is split into parts that grow each on its own, so
/// that no insertion waits for a million entries to move.
#[derive(Default)]
pub(super) struct IdTable {
    /// None, one, or [`PART_COUNT`].
    parts: Vec<HashTable<Entry>>,
    len: usize,
}

#[derive(Clone, Copy)]
struct Entry {
    id: u32,
    hash: u32,
}

/// How many parts a large table has.
const PART_COUNT: usize = 64;
/// A table with more entries is split.
const SPLIT_LEN: usize = 28_672;
/// A split table with fewer entries is joined.
const JOIN_LEN: usize = SPLIT_LEN / 8;
/// The bits of the hash that choose the part: neither the lowest, which choose the bucket, nor the highest,
/// which tell the entries of a bucket apart.
const PART_SHIFT: u32 = 19;
/// Below this capacity a part is never shrunk.
const SHRINK_CAPACITY_MIN: usize = 64;

impl IdTable {
    #[inline]
    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The entry with this hash for which `is` holds.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let hash = fold(hash);
        let part = self.parts.get(part_of(hash, self.parts.len()))?;
        part.find(spread(hash), |entry| entry.hash == hash && is(entry.id)).map(|entry| entry.id)
    }

    /// Adds `id`, which must not be present.
    pub(super) fn insert(&mut self, hash: u64, id: u32) {
        if self.parts.is_empty() {
            self.parts.push(HashTable::new());
        } else if self.parts.len() == 1 && self.len >= SPLIT_LEN {
            self.rebuild(PART_COUNT);
        }
        let hash = fold(hash);
        self.len = self.len.saturating_add(1);
        insert_into(&mut self.parts, Entry { id, hash });
    }

    /// Takes `id` out and gives memory back when three quarters are unused.
    pub(super) fn remove(&mut self, hash: u64, id: u32) {
        let hash = fold(hash);
        let part = part_of(hash, self.parts.len());
        let Some(part) = self.parts.get_mut(part) else { return };
        let Ok(entry) = part.find_entry(spread(hash), |entry| entry.id == id) else { return };
        entry.remove();
        self.len = self.len.saturating_sub(1);
        let (len, capacity) = (part.len(), part.capacity());
        if capacity > SHRINK_CAPACITY_MIN && len < capacity / 4 {
            part.shrink_to(len.saturating_mul(2), |entry| spread(entry.hash));
        }
        if self.parts.len() > 1 && self.len < JOIN_LEN {
            self.rebuild(1);
        }
    }

    fn rebuild(&mut self, part_count: usize) {
        let capacity = self.len / part_count;
        let mut parts = Vec::new();
        parts.resize_with(part_count, || HashTable::with_capacity(capacity));
        for entry in self.parts.iter().flatten() {
            insert_into(&mut parts, *entry);
        }
        self.parts = parts;
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.parts.iter().map(HashTable::capacity).sum()
    }
}

fn insert_into(parts: &mut [HashTable<Entry>], entry: Entry) {
    if let Some(part) = parts.get_mut(part_of(entry.hash, parts.len())) {
        part.insert_unique(spread(entry.hash), entry, |entry| spread(entry.hash));
    }
}

/// The part that holds entries with this hash; `part_count` is a power of two, or 0.
#[inline]
const fn part_of(hash: u32, part_count: usize) -> usize {
    (hash >> PART_SHIFT) as usize & part_count.saturating_sub(1)
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
