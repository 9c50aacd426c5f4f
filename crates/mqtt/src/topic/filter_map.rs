use std::borrow::Cow;

use super::{FilterRef, HashSeed, arena::Arena, id_table::IdTable, text::Text};

mod tree;

#[cfg(test)]
mod tests;

use tree::Tree;

/// A map from topic filters to values that finds all filters matching a topic.
///
/// A filter without wildcards is found by one hash of the whole topic. Filters with wildcards form a tree
/// of levels, which is not touched while there are none; a walk visits the nodes whose path matches a
/// beginning of the topic, however many others there are. Matching does not allocate for topics of up to 32
/// levels and never recurses.
///
/// An entry without wildcards costs about 24 bytes, the size of `V`, and 9 to 18 bytes of table; a filter of
/// more than 22 bytes adds its own length. Holds up to 2³² − 256 filters; one more is not stored.
///
/// # Examples
/// ```
/// # use vouchmq_mqtt::topic::{FilterMap, FilterRef, HashSeed};
/// let mut map = FilterMap::new(HashSeed::new([1, 2])); // random in production
/// for filter in ["dev/1/up", "dev/+/up", "dev/#", "+/1/down"] {
///     map.get_or_insert_with(FilterRef::new(filter)?, || filter.len());
/// }
/// let mut found = Vec::new();
/// map.matching_ids("dev/1/up", &mut found);
/// assert_eq!(found.len(), 3);
/// # Ok::<_, vouchmq_mqtt::topic::TopicFault>(())
/// ```
pub struct FilterMap<V> {
    entries: Arena<Entry<V>>,
    exact: IdTable,
    tree: Tree,
    seed: HashSeed,
}

/// Names an entry of one [`FilterMap`] until that entry is removed; afterwards it may name another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilterId(u32);

struct Entry<V> {
    key: Key,
    value: V,
}

enum Key {
    /// A filter without wildcards.
    Exact(Text),
    /// The node of the tree at which a filter with wildcards ends (for `…/#`, the node before).
    Wild { node: u32 },
}

// === impl FilterId ===

impl FilterId {
    /// The number itself, small enough for an array index: removed numbers are used again first.
    pub const fn value(self) -> u32 {
        self.0
    }
}

// === impl FilterMap ===

impl<V> FilterMap<V> {
    /// An empty map; it allocates with the first filter.
    pub fn new(seed: HashSeed) -> Self {
        Self { entries: Arena::new(), exact: IdTable::default(), tree: Tree::new(), seed }
    }

    /// How many filters the map holds.
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether the map holds no filter.
    pub const fn is_empty(&self) -> bool {
        self.entries.len() == 0
    }

    /// The entry of `filter`, which gets `value()` if it is new.
    pub fn get_or_insert_with(&mut self, filter: FilterRef<'_>, value: impl FnOnce() -> V) -> FilterId {
        if let Some(id) = self.find(filter) {
            return id;
        }
        let id = if filter.has_wildcard() {
            self.insert_wild(filter, value())
        } else {
            self.insert_exact(filter, value())
        };
        FilterId(id.unwrap_or(super::arena::NONE))
    }

    /// The entry of exactly this filter.
    pub fn find(&self, filter: FilterRef<'_>) -> Option<FilterId> {
        let id = if filter.has_wildcard() {
            self.tree.find(&self.seed, filter)
        } else {
            self.find_exact(filter.as_str())
        };
        id.map(FilterId)
    }

    /// The value of an entry.
    #[inline]
    pub fn get(&self, id: FilterId) -> Option<&V> {
        self.entries.get(id.0).map(|entry| &entry.value)
    }

    /// The value of an entry.
    #[inline]
    pub fn get_mut(&mut self, id: FilterId) -> Option<&mut V> {
        self.entries.get_mut(id.0).map(|entry| &mut entry.value)
    }

    /// The filter of an entry: borrowed without wildcards, put together with them.
    pub fn filter(&self, id: FilterId) -> Option<Cow<'_, str>> {
        self.entries.get(id.0).map(|entry| self.filter_of(id.0, &entry.key))
    }

    /// Takes an entry out and gives back the memory that nothing else needs.
    pub fn remove(&mut self, id: FilterId) -> Option<V> {
        let entry = self.entries.remove(id.0)?;
        match entry.key {
            Key::Exact(text) => self.exact.remove(self.seed.hash(text.as_bytes()), id.0),
            Key::Wild { node } => self.tree.remove(&self.seed, node, id.0),
        }
        Some(entry.value)
    }

    /// Every entry with its filter, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (FilterId, Cow<'_, str>, &V)> {
        self.entries.iter().map(|(id, entry)| (FilterId(id), self.filter_of(id, &entry.key), &entry.value))
    }

    /// Calls `found` for every filter that matches `topic`, in no particular order.
    #[inline]
    pub fn for_each_match(&self, topic: &str, mut found: impl FnMut(FilterId, &V)) {
        self.for_each_id(topic, |id| {
            if let Some(entry) = self.entries.get(id) {
                found(FilterId(id), &entry.value);
            }
        });
    }

    /// Adds every filter that matches `topic` to `into`, which may be kept and reused between calls.
    #[inline]
    pub fn matching_ids(&self, topic: &str, into: &mut impl Extend<FilterId>) {
        self.for_each_id(topic, |id| into.extend([FilterId(id)]));
    }

    #[inline]
    fn for_each_id(&self, topic: &str, mut found: impl FnMut(u32)) {
        if let Some(id) = self.find_exact(topic) {
            found(id);
        }
        self.tree.for_each_match(&self.seed, topic, found);
    }

    #[inline]
    fn find_exact(&self, topic: &str) -> Option<u32> {
        if self.exact.is_empty() {
            return None;
        }
        self.exact.find(self.seed.hash(topic.as_bytes()), |id| {
            self.entries.get(id).is_some_and(|entry| entry.key.is_exactly(topic))
        })
    }

    fn insert_exact(&mut self, filter: FilterRef<'_>, value: V) -> Option<u32> {
        let key = Key::Exact(Text::new(filter.as_str()));
        let id = self.entries.insert(Entry { key, value })?;
        self.exact.insert(self.seed.hash(filter.as_str().as_bytes()), id);
        Some(id)
    }

    fn insert_wild(&mut self, filter: FilterRef<'_>, value: V) -> Option<u32> {
        let id = self.entries.insert(Entry { key: Key::Wild { node: super::arena::NONE }, value })?;
        let Some(node) = self.tree.insert(&self.seed, filter, id) else {
            self.entries.remove(id);
            return None;
        };
        self.entries.get_mut(id)?.key = Key::Wild { node };
        Some(id)
    }

    fn filter_of<'a>(&'a self, id: u32, key: &'a Key) -> Cow<'a, str> {
        match key {
            Key::Exact(text) => Cow::Borrowed(text.as_str()),
            Key::Wild { node } => Cow::Owned(self.tree.filter(*node, id)),
        }
    }
}

impl<V> std::fmt::Debug for FilterMap<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FilterMap").field("len", &self.len()).finish_non_exhaustive()
    }
}

// === impl Key ===

impl Key {
    #[inline]
    fn is_exactly(&self, topic: &str) -> bool {
        match self {
            Self::Exact(text) => text.as_bytes() == topic.as_bytes(),
            Self::Wild { .. } => false,
        }
    }
}
