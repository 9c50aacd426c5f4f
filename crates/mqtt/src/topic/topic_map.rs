use smallvec::SmallVec;

use super::{
    FilterRef, HashSeed, TopicName,
    arena::{Arena, NONE},
    id_table::IdTable,
    text::Text,
};

mod children;
mod walk;

#[cfg(test)]
mod tests;

use children::Children;
use walk::{Pattern, Walk};

/// A map from topic names to values that finds all names a filter matches: the retained messages.
///
/// A name is found by one hash of the whole. The names also form a tree of levels: a lookup by filter visits
/// the part of the tree that the filter can reach. Nothing recurses.
///
/// A name costs about 64 bytes for each level that no other name shares, the size of `V`, and 9 to 18 bytes
/// of table. Holds up to 2³¹ levels; a name beyond that is not stored.
///
/// # Examples
/// ```
/// # use vouchmq_mqtt::topic::{FilterRef, HashSeed, Progress, TopicCursor, TopicMap, TopicName};
/// let mut map = TopicMap::new(HashSeed::new([1, 2])); // random in production
/// for name in ["dev/1/up", "dev/2/up", "$SYS/uptime"] {
///     map.insert(TopicName::new(name)?, name.len());
/// }
/// let mut cursor = TopicCursor::default();
/// let mut found = 0;
/// while map.matching_from(FilterRef::ALL, &mut cursor, 2, |_, _| found += 1) == Progress::More {
///     // Something else may happen here, also to the map.
/// }
/// assert_eq!(found, 2);
/// # Ok::<_, vouchmq_mqtt::topic::TopicFault>(())
/// ```
pub struct TopicMap<V> {
    nodes: Arena<Node>,
    values: Arena<V>,
    /// Nodes by the hash of the name that leads to them.
    paths: IdTable,
    root: u32,
    seed: HashSeed,
}

/// One level of one or more names.
struct Node {
    label: Text,
    children: Children,
    parent: u32,
    /// Where this node stands among its parent's children.
    place: u32,
    /// The value of the name that ends here, or `NONE`.
    value: u32,
}

/// The hashes of the paths from the root to a node, one for each level.
type PathHashes = SmallVec<[u64; 32]>;

/// The hash of the path to the root, which has no level.
const ROOT_HASH: u64 = 0;

/// Where a lookup by filter has come to; see [`TopicMap::matching_from`].
///
/// It holds no reference into the map, so that the map may change between two portions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicCursor {
    /// The places among siblings that lead to the node whose children come next.
    path: SmallVec<[u32; 6]>,
    /// The first place among them that has not been looked at.
    next: u32,
}

/// Whether a portion was the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// The limit ended this portion: ask again with the same cursor.
    More,
    /// Every match has been seen.
    Done,
}

// === impl TopicCursor ===

impl TopicCursor {
    /// A cursor of these places, as [`places`](Self::places) gives them. Any numbers are a cursor: where they lead
    /// to nothing, the lookup goes on behind.
    pub fn at(path: impl IntoIterator<Item = u32>, next: u32) -> Self {
        Self { path: path.into_iter().collect(), next }
    }

    /// The places among siblings that lead to where it stands, and the first one there that comes next.
    pub fn places(&self) -> (&[u32], u32) {
        (&self.path, self.next)
    }
}

// === impl TopicMap ===

impl<V> TopicMap<V> {
    /// An empty map; it allocates with the first name.
    pub fn new(seed: HashSeed) -> Self {
        Self { nodes: Arena::new(), values: Arena::new(), paths: IdTable::default(), root: NONE, seed }
    }

    /// How many names the map holds.
    pub const fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the map holds no name.
    pub const fn is_empty(&self) -> bool {
        self.values.len() == 0
    }

    /// Stores `value` under `name` and returns the value it replaces.
    pub fn insert(&mut self, name: TopicName<'_>, value: V) -> Option<V> {
        let index = self.node_or_new(name.as_str())?;
        let node = self.nodes.get_mut(index)?;
        if let Some(present) = self.values.get_mut(node.value) {
            return Some(std::mem::replace(present, value));
        }
        match self.values.insert(value) {
            Some(id) => node.value = id,
            None => self.prune(index, self.hashes(name.as_str())),
        }
        None
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&V> {
        self.values.get(self.nodes.get(self.find(name)?)?.value)
    }

    /// The value of `name`.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut V> {
        let index = self.find(name)?;
        self.values.get_mut(self.nodes.get(index)?.value)
    }

    /// Takes `name` out and gives back the memory that nothing else needs.
    pub fn remove(&mut self, name: &str) -> Option<V> {
        let index = self.find(name)?;
        let node = self.nodes.get_mut(index)?;
        let value = self.values.remove(node.value)?;
        node.value = NONE;
        self.prune(index, self.hashes(name));
        Some(value)
    }

    /// Calls `found` for every name that `filter` matches, in no particular order.
    pub fn matching(&self, filter: FilterRef<'_>, mut found: impl FnMut(&str, &V)) {
        let mut cursor = TopicCursor::default();
        while self.matching_from(filter, &mut cursor, usize::MAX, &mut found) == Progress::More {}
    }

    /// Calls `found` for a portion of the names that `filter` matches and moves `cursor` behind it.
    ///
    /// Start with `TopicCursor::default()`, and call again with the same filter and cursor until
    /// [`Progress::Done`]. `step_count_max` bounds the work of one call, not the matches: each place of the
    /// tree that is looked at counts one, so a filter that reaches a million names and matches none holds
    /// the caller no longer than one that matches all. At least one step is made.
    ///
    /// The map may change in between. A name present from the first call to the last is found exactly once;
    /// one that is inserted or removed meanwhile is found or not; one that is removed and inserted again
    /// may be found again. The value is the one at the time of the call.
    pub fn matching_from(
        &self,
        filter: FilterRef<'_>,
        cursor: &mut TopicCursor,
        step_count_max: usize,
        found: impl FnMut(&str, &V),
    ) -> Progress {
        Walk::resume(self, Pattern::new(filter), cursor).run(step_count_max, found)
    }

    /// Calls `found` for a portion of all names, also those that start with `$`, as
    /// [`matching_from`](Self::matching_from) does.
    pub fn all_from(
        &self,
        cursor: &mut TopicCursor,
        step_count_max: usize,
        found: impl FnMut(&str, &V),
    ) -> Progress {
        Walk::resume(self, Pattern::everything(), cursor).run(step_count_max, found)
    }

    /// How many levels of names the map holds, those that names share counted once.
    pub const fn level_count(&self) -> usize {
        self.nodes.len()
    }

    /// The node to which exactly this path leads.
    fn find(&self, path: &str) -> Option<u32> {
        let hash = path.split('/').fold(ROOT_HASH, |hash, level| self.join(hash, level));
        self.paths.find(hash, |index| self.leads_to(path, index))
    }

    /// Whether the levels of `path` are those from the root to the node `index`.
    fn leads_to(&self, path: &str, index: u32) -> bool {
        let mut index = index;
        for level in path.rsplit('/') {
            match self.nodes.get(index) {
                Some(node) if node.parent != NONE && node.label.as_bytes() == level.as_bytes() => {
                    index = node.parent;
                }
                _ => return false,
            }
        }
        index == self.root
    }

    /// The child of the node `parent` under `level`; `hash` is that of the path to the child.
    fn child(&self, parent: u32, level: &str, hash: u64) -> Option<u32> {
        self.paths.find(hash, |index| {
            self.nodes
                .get(index)
                .is_some_and(|node| node.parent == parent && node.label.as_bytes() == level.as_bytes())
        })
    }

    /// The hash of the path that continues the path hashed `path` by `level`.
    fn join(&self, path: u64, level: &str) -> u64 {
        HashSeed::join(path, self.seed.hash(level.as_bytes()))
    }

    fn node_or_new(&mut self, name: &str) -> Option<u32> {
        if let Some(index) = self.find(name) {
            return Some(index);
        }
        if self.root == NONE {
            self.root = self.nodes.insert(Node::new(NONE, Text::EMPTY))?;
        }
        let mut index = self.root;
        let mut hashes = PathHashes::new();
        for level in name.split('/') {
            let hash = self.join(hashes.last().copied().unwrap_or(ROOT_HASH), level);
            let child = self.child(index, level, hash).or_else(|| self.new_child(index, level, hash));
            let Some(child) = child else {
                self.prune(index, hashes);
                return None;
            };
            hashes.push(hash);
            index = child;
        }
        Some(index)
    }

    fn new_child(&mut self, parent: u32, level: &str, hash: u64) -> Option<u32> {
        let index = self.nodes.insert(Node::new(parent, Text::new(level)))?;
        if !Children::admits(index) {
            self.nodes.remove(index);
            return None;
        }
        let place = self.nodes.get_mut(parent)?.children.insert(index);
        self.nodes.get_mut(index)?.place = place;
        self.paths.insert(hash, index);
        Some(index)
    }

    /// The hashes of all beginnings of `path` that end with a level.
    fn hashes(&self, path: &str) -> PathHashes {
        let mut hash = ROOT_HASH;
        path.split('/')
            .map(|level| {
                hash = self.join(hash, level);
                hash
            })
            .collect()
    }

    /// Removes the node `index` if nothing needs it, then its parent, and so on; `hashes` are those of the
    /// paths from the root to it.
    fn prune(&mut self, index: u32, hashes: PathHashes) {
        let mut index = index;
        let mut hashes = hashes.into_iter().rev();
        while self.nodes.get(index).is_some_and(Node::is_unused) {
            let Some(node) = self.nodes.remove(index) else { return };
            if let Some(hash) = hashes.next() {
                self.paths.remove(hash, index);
            }
            match self.nodes.get_mut(node.parent) {
                Some(parent) => parent.children.remove(node.place),
                None => self.root = NONE,
            }
            index = node.parent;
        }
    }
}

impl<V> std::fmt::Debug for TopicMap<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TopicMap").field("len", &self.len()).finish_non_exhaustive()
    }
}

// === impl Node ===

impl Node {
    const fn new(parent: u32, label: Text) -> Self {
        Self { label, children: Children::new(), parent, place: NONE, value: NONE }
    }

    const fn is_unused(&self) -> bool {
        self.value == NONE && self.children.is_empty()
    }
}
