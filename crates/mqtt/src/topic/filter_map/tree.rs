use smallvec::SmallVec;

use super::super::{
    FilterRef, HashSeed,
    arena::{Arena, NONE},
    id_table::IdTable,
    text::Text,
};

/// Filters with wildcards, as a tree of levels.
///
/// Children under a literal level are found through one table for the whole tree, keyed by (parent, level);
/// the child under `+` and the filter that ends with `#` are fields. The tree is empty, without even a root,
/// while there are no filters.
pub(super) struct Tree {
    nodes: Arena<Node>,
    edges: IdTable,
    root: u32,
}

struct Node {
    /// The level that leads here; empty for the root and under `+`.
    label: Text,
    parent: u32,
    /// The child under `+`, or `NONE`.
    plus: u32,
    /// The filter that ends with this level, or `NONE`.
    ends_here: u32,
    /// The filter that ends with `#` below this level, or `NONE`.
    ends_below: u32,
    /// Children under literal levels.
    literal_count: u32,
}

/// How many alternatives may wait without an allocation: one for each level of a topic.
const DEPTH_INLINE: usize = 32;

// === impl Tree ===

impl Tree {
    pub(super) fn new() -> Self {
        Self { nodes: Arena::new(), edges: IdTable::default(), root: NONE }
    }

    /// Calls `found` for every filter that matches `topic`.
    ///
    /// Depth first: at most one alternative waits for each level of the topic.
    #[inline]
    pub(super) fn for_each_match(&self, seed: &HashSeed, topic: &str, found: impl FnMut(u32)) {
        if let Some(root) = self.nodes.get(self.root) {
            self.walk(seed, root, topic, found);
        }
    }

    fn walk(&self, seed: &HashSeed, root: &Node, topic: &str, mut found: impl FnMut(u32)) {
        // Wildcards in the first level see no topic that starts with `$`.
        let mut wild = !topic.starts_with('$');
        let mut waiting: SmallVec<[(&Node, u32, Option<&str>); DEPTH_INLINE]> = SmallVec::new();
        let mut next = Some((root, self.root, Some(topic)));
        while let Some((node, index, rest)) = next.or_else(|| waiting.pop()) {
            if wild && node.ends_below != NONE {
                found(node.ends_below);
            }
            next = None;
            let Some(rest) = rest else {
                if node.ends_here != NONE {
                    found(node.ends_here);
                }
                continue;
            };
            let (level, rest) = split_level(rest);
            if node.literal_count > 0 {
                let child = self.child(index, level, seed.hash(level.as_bytes()));
                next = child.map(|(child, index)| (child, index, rest));
            }
            if wild && let Some(plus) = self.nodes.get(node.plus) {
                match next {
                    Some(_) => waiting.push((plus, node.plus, rest)),
                    None => next = Some((plus, node.plus, rest)),
                }
            }
            wild = true;
        }
    }

    /// The filter that is exactly this one.
    pub(super) fn find(&self, seed: &HashSeed, filter: FilterRef<'_>) -> Option<u32> {
        let mut index = self.root;
        for level in filter.levels() {
            let node = self.nodes.get(index)?;
            index = match level {
                "#" => return Some(node.ends_below).filter(|id| *id != NONE),
                "+" => node.plus,
                level => self.child(index, level, seed.hash(level.as_bytes()))?.1,
            };
        }
        Some(self.nodes.get(index)?.ends_here).filter(|id| *id != NONE)
    }

    /// Adds `filter`, which must not be present, as `id`; the node where it ends, or `None` when full.
    pub(super) fn insert(&mut self, seed: &HashSeed, filter: FilterRef<'_>, id: u32) -> Option<u32> {
        if self.root == NONE {
            self.root = self.nodes.insert(Node::new(NONE, Text::EMPTY))?;
        }
        let mut index = self.root;
        for level in filter.levels() {
            let node = self.nodes.get_mut(index)?;
            if level == "#" {
                node.ends_below = id;
                return Some(index);
            }
            let Some(child) = self.child_or_new(seed, index, level) else {
                self.prune(seed, index);
                return None;
            };
            index = child;
        }
        self.nodes.get_mut(index)?.ends_here = id;
        Some(index)
    }

    /// Takes out the filter `id`, which ends at the node `index`.
    pub(super) fn remove(&mut self, seed: &HashSeed, index: u32, id: u32) {
        if let Some(node) = self.nodes.get_mut(index) {
            if node.ends_here == id {
                node.ends_here = NONE;
            } else {
                node.ends_below = NONE;
            }
        }
        self.prune(seed, index);
    }

    /// The filter `id`, which ends at the node `index`, put together again.
    pub(super) fn filter(&self, index: u32, id: u32) -> String {
        let mut levels: SmallVec<[&str; DEPTH_INLINE]> = SmallVec::new();
        let mut index = index;
        if self.nodes.get(index).is_some_and(|node| node.ends_below == id) {
            levels.push("#");
        }
        while let Some(node) = self.nodes.get(index).filter(|node| node.parent != NONE) {
            let under_plus = self.nodes.get(node.parent).is_some_and(|parent| parent.plus == index);
            levels.push(if under_plus { "+" } else { node.label.as_str() });
            index = node.parent;
        }
        levels.reverse();
        levels.join("/")
    }

    /// The child of the node `parent` under a literal level with the hash `hash`.
    #[inline]
    fn child(&self, parent: u32, level: &str, hash: u64) -> Option<(&Node, u32)> {
        let mut child = None;
        let index = self.edges.find(edge_hash(parent, hash), |index| {
            child = self.nodes.get(index);
            child.is_some_and(|child| child.parent == parent && child.label.as_bytes() == level.as_bytes())
        })?;
        Some((child?, index))
    }

    #[cfg(test)]
    pub(super) fn slot_capacity(&self) -> usize {
        self.nodes.slot_capacity()
    }

    #[cfg(test)]
    pub(super) const fn root(&self) -> u32 {
        self.root
    }

    fn child_or_new(&mut self, seed: &HashSeed, parent: u32, level: &str) -> Option<u32> {
        if level == "+" {
            let plus = self.nodes.get(parent)?.plus;
            if plus != NONE {
                return Some(plus);
            }
            let plus = self.nodes.insert(Node::new(parent, Text::EMPTY))?;
            self.nodes.get_mut(parent)?.plus = plus;
            return Some(plus);
        }
        let hash = seed.hash(level.as_bytes());
        if let Some((_, index)) = self.child(parent, level, hash) {
            return Some(index);
        }
        let index = self.nodes.insert(Node::new(parent, Text::new(level)))?;
        self.edges.insert(edge_hash(parent, hash), index);
        let node = self.nodes.get_mut(parent)?;
        node.literal_count = node.literal_count.saturating_add(1);
        Some(index)
    }

    /// Removes the node `index` if nothing needs it, then its parent, and so on.
    fn prune(&mut self, seed: &HashSeed, index: u32) {
        let mut index = index;
        while self.nodes.get(index).is_some_and(Node::is_unused) {
            let Some(node) = self.nodes.remove(index) else { return };
            match self.nodes.get_mut(node.parent) {
                None => self.root = NONE,
                Some(parent) if parent.plus == index => parent.plus = NONE,
                Some(parent) => {
                    parent.literal_count = parent.literal_count.saturating_sub(1);
                    let hash = seed.hash(node.label.as_bytes());
                    self.edges.remove(edge_hash(node.parent, hash), index);
                }
            }
            index = node.parent;
        }
    }
}

// === impl Node ===

impl Node {
    const fn new(parent: u32, label: Text) -> Self {
        Self { label, parent, plus: NONE, ends_here: NONE, ends_below: NONE, literal_count: 0 }
    }

    const fn is_unused(&self) -> bool {
        self.plus == NONE && self.ends_here == NONE && self.ends_below == NONE && self.literal_count == 0
    }
}

/// The first level of `path`, and the path behind it, if there is one.
#[inline]
fn split_level(path: &str) -> (&str, Option<&str>) {
    let slash = memchr::memchr(b'/', path.as_bytes());
    match slash.and_then(|at| path.split_at_checked(at)) {
        Some((level, rest)) => (level, rest.get(1..)),
        None => (path, None),
    }
}

/// The hash of the edge from the node `parent` under the level with the hash `level`.
#[inline]
const fn edge_hash(parent: u32, level: u64) -> u64 {
    HashSeed::join(parent as u64, level)
}
