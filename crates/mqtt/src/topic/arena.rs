#[cfg(test)]
mod tests;

/// The index that no element has.
pub(super) const NONE: u32 = u32::MAX;

/// Elements under stable 32-bit indexes, in chunks of 256.
///
/// Growing never moves an element and never doubles the memory; an empty chunk gives its memory back, also
/// in the middle. An index is reused after its element was removed.
pub(super) struct Arena<T> {
    chunks: Vec<Chunk<T>>,
    /// Chunks with room, each at most once; the last one is filled first.
    roomy: Vec<u32>,
    len: usize,
}

struct Chunk<T> {
    slots: Vec<Slot<T>>,
    /// The first free slot, or `NONE`.
    free: u32,
    full_count: u32,
    is_roomy: bool,
}

enum Slot<T> {
    Free { next: u32 },
    Full(T),
}

const CHUNK_BITS: u32 = 8;
const CHUNK_LEN: usize = 1 << CHUNK_BITS;
/// The chunk that would contain `NONE` does not exist.
const CHUNKS_MAX: usize = (NONE >> CHUNK_BITS) as usize;

// === impl Arena ===

impl<T> Arena<T> {
    pub(super) const fn new() -> Self {
        Self { chunks: Vec::new(), roomy: Vec::new(), len: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn get(&self, index: u32) -> Option<&T> {
        let (chunk, offset) = split(index);
        match self.chunks.get(chunk)?.slots.get(offset)? {
            Slot::Full(value) => Some(value),
            Slot::Free { .. } => None,
        }
    }

    #[inline]
    pub(super) fn get_mut(&mut self, index: u32) -> Option<&mut T> {
        let (chunk, offset) = split(index);
        match self.chunks.get_mut(chunk)?.slots.get_mut(offset)? {
            Slot::Full(value) => Some(value),
            Slot::Free { .. } => None,
        }
    }

    /// Stores `value` and says where; `None` (and `value` is dropped) when 2³² − 256 are stored.
    pub(super) fn insert(&mut self, value: T) -> Option<u32> {
        let number = self.chunk_with_room()?;
        let chunk = self.chunks.get_mut(number)?;
        let offset = chunk.insert(value)?;
        if !chunk.has_room() {
            chunk.is_roomy = false;
            self.roomy.pop();
        }
        self.len = self.len.saturating_add(1);
        u32::try_from(number << CHUNK_BITS | offset).ok()
    }

    /// Takes the element at `index` out.
    pub(super) fn remove(&mut self, index: u32) -> Option<T> {
        let (number, offset) = split(index);
        let chunk = self.chunks.get_mut(number)?;
        let value = chunk.remove(offset)?;
        self.len = self.len.saturating_sub(1);
        if !chunk.is_roomy {
            chunk.is_roomy = true;
            self.roomy.push(index >> CHUNK_BITS);
        }
        if self.chunks.last().is_some_and(Chunk::is_empty) {
            self.trim();
        }
        Some(value)
    }

    /// All elements with their indexes, in the order of the indexes.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0_u32..).zip(&self.chunks).flat_map(|(number, chunk)| {
            (0_u32..).zip(&chunk.slots).filter_map(move |(offset, slot)| match slot {
                Slot::Full(value) => Some((number << CHUNK_BITS | offset, value)),
                Slot::Free { .. } => None,
            })
        })
    }

    /// The number of a chunk with room, which is the last of `roomy`.
    fn chunk_with_room(&mut self) -> Option<usize> {
        if let Some(number) = self.roomy.last() {
            return usize::try_from(*number).ok();
        }
        let number = self.chunks.len();
        if number >= CHUNKS_MAX {
            return None;
        }
        self.chunks.push(Chunk { slots: Vec::new(), free: NONE, full_count: 0, is_roomy: true });
        self.roomy.push(u32::try_from(number).ok()?);
        Some(number)
    }

    /// Forgets the empty chunks at the end.
    fn trim(&mut self) {
        while self.chunks.pop_if(|chunk| chunk.is_empty()).is_some() {}
        let count = self.chunks.len();
        self.roomy.retain(|number| usize::try_from(*number).is_ok_and(|number| number < count));
        self.chunks.shrink_to(count.saturating_mul(2));
        self.roomy.shrink_to(count.saturating_mul(2));
    }

    #[cfg(test)]
    pub(super) fn slot_capacity(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.slots.capacity()).sum()
    }
}

// === impl Chunk ===

impl<T> Chunk<T> {
    const fn is_empty(&self) -> bool {
        self.full_count == 0
    }

    const fn has_room(&self) -> bool {
        self.free != NONE || self.slots.len() < CHUNK_LEN
    }

    fn insert(&mut self, value: T) -> Option<usize> {
        let offset = if self.free == NONE {
            let offset = self.slots.len();
            self.slots.push(Slot::Full(value));
            offset
        } else {
            let offset = usize::try_from(self.free).ok()?;
            let slot = self.slots.get_mut(offset)?;
            if let Slot::Free { next } = slot {
                self.free = *next;
            }
            *slot = Slot::Full(value);
            offset
        };
        self.full_count = self.full_count.saturating_add(1);
        Some(offset)
    }

    fn remove(&mut self, offset: usize) -> Option<T> {
        let slot = self.slots.get_mut(offset)?;
        if matches!(slot, Slot::Free { .. }) {
            return None;
        }
        let Slot::Full(value) = std::mem::replace(slot, Slot::Free { next: self.free }) else { return None };
        self.free = u32::try_from(offset).ok()?;
        self.full_count = self.full_count.saturating_sub(1);
        if self.is_empty() {
            self.slots = Vec::new();
            self.free = NONE;
        }
        Some(value)
    }
}

/// The chunk and the place in it.
#[inline]
const fn split(index: u32) -> (usize, usize) {
    ((index >> CHUNK_BITS) as usize, index as usize & (CHUNK_LEN - 1))
}
