use super::prefix::Prefix;

#[cfg(test)]
mod tests;

/// Small numbers under prefixes: a binary radix trie, path-compressed, in one flat arena.
///
/// A node stands where a number does or where two ways part, so `n` numbers take at most `2n` nodes of 32
/// bytes. Deeper nodes have longer prefixes, so no way down meets more than 129 nodes (lengths 0 to 128). A
/// clone copies the arena and nothing else. A node that was removed is used again; the arena never shrinks.
#[derive(Clone)]
pub(super) struct PrefixTrie {
    /// The first is the root, of no bits, which is always there.
    nodes: Vec<Node>,
    /// Nodes to use again.
    vacant: Vec<u32>,
}

/// One node. The fields of its [`Prefix`] lie apart, for 32 bytes instead of 48.
#[derive(Clone, Copy)]
struct Node {
    bits: u128,
    /// The nodes whose next bit is 0 and 1, or `NONE`.
    children: [u32; 2],
    /// The number that stands here, or `NONE`.
    value: u32,
    len: u8,
}

/// The way from the root to an address. At most one node is looked at that is not handed out: the last.
struct Way<'a> {
    trie: &'a PrefixTrie,
    bits: u128,
    next: u32,
}

/// The number that no node has and that cannot be stored.
const NONE: u32 = u32::MAX;
const ROOT: u32 = 0;

// === impl PrefixTrie ===

impl PrefixTrie {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::new(Prefix::EMPTY, NONE)], vacant: Vec::new() }
    }

    /// The numbers of all prefixes of `bits`, with their lengths, the shortest first. Allocates nothing.
    #[inline]
    pub(super) fn covering(&self, bits: u128) -> impl Iterator<Item = (u8, u32)> {
        self.way(bits).filter(|node| node.value != NONE).map(|node| (node.len, node.value))
    }

    /// The number of exactly this prefix.
    pub(super) fn get(&self, key: Prefix) -> Option<u32> {
        self.covering(key.bits()).find(|(len, _)| *len == key.len()).map(|(_, value)| value)
    }

    /// Stores `value`, below 2³² − 1, under `key`, and returns what it replaces.
    pub(super) fn insert(&mut self, key: Prefix, value: u32) -> Option<u32> {
        let mut at = ROOT;
        loop {
            // Covers the key, and so does every node above it.
            let node = self.node_mut(at)?;
            if node.len == key.len() {
                return Some(std::mem::replace(&mut node.value, value)).filter(|old| *old != NONE);
            }
            let next = node.child(key.bits());
            match self.node(next).map(|child| child.prefix()) {
                Some(child) if child.common(key) == child => at = next,
                Some(child) => {
                    self.part(at, next, child.common(key), key, value);
                    return None;
                }
                None => {
                    let leaf = self.add(Node::new(key, value));
                    self.link(at, key.bits(), leaf);
                    return None;
                }
            }
        }
    }

    /// Takes the number of exactly this prefix out.
    pub(super) fn remove(&mut self, key: Prefix) -> Option<u32> {
        let (mut grandparent, mut parent, mut at) = (NONE, NONE, ROOT);
        while let Some(node) = self.node(at).filter(|node| node.len < key.len()) {
            (grandparent, parent, at) = (parent, at, node.child(key.bits()));
        }
        let node = self.node_mut(at).filter(|node| node.prefix() == key)?;
        let value = std::mem::replace(&mut node.value, NONE);
        if value == NONE {
            return None;
        }
        // Without the leaf, its parent may no longer part two ways.
        self.prune(parent, at);
        self.prune(grandparent, parent);
        Some(value)
    }

    fn way(&self, bits: u128) -> Way<'_> {
        Way { trie: self, bits, next: ROOT }
    }

    /// Puts a node for `common` between `parent` and `child`, which `key` does not pass: the node of the key
    /// itself, or one where the two ways part.
    fn part(&mut self, parent: u32, child: u32, common: Prefix, key: Prefix, value: u32) {
        let Some(child_bits) = self.node(child).map(|node| node.bits) else { return };
        let mut between = Node::new(common, NONE);
        *between.child_mut(child_bits) = child;
        if common == key {
            between.value = value;
        } else {
            *between.child_mut(key.bits()) = self.add(Node::new(key, value));
        }
        let between = self.add(between);
        self.link(parent, key.bits(), between);
    }

    /// Takes a node out that has no number and parts no ways; never the root.
    fn prune(&mut self, parent: u32, at: u32) {
        let Some(node) = self.node(at).copied().filter(|node| node.value == NONE) else { return };
        let ([NONE, rest] | [rest, NONE]) = node.children else { return };
        if self.node(parent).is_some() {
            self.link(parent, node.bits, rest);
            self.vacant.push(at);
        }
    }

    fn add(&mut self, node: Node) -> u32 {
        if let Some(index) = self.vacant.pop()
            && let Some(place) = self.node_mut(index)
        {
            *place = node;
            return index;
        }
        // `Blocks::LEN_MAX` keeps the count far below 2³².
        let index = u32::try_from(self.nodes.len()).unwrap_or(NONE);
        self.nodes.push(node);
        index
    }

    /// Makes `child` the node below `parent` on the way to `bits`.
    fn link(&mut self, parent: u32, bits: u128, child: u32) {
        if let Some(parent) = self.node_mut(parent) {
            *parent.child_mut(bits) = child;
        }
    }

    /// `None` for `NONE`, which no arena reaches.
    #[inline]
    fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(index as usize)
    }

    fn node_mut(&mut self, index: u32) -> Option<&mut Node> {
        self.nodes.get_mut(index as usize)
    }
}

// === impl Node ===

impl Node {
    fn new(prefix: Prefix, value: u32) -> Self {
        Self { bits: prefix.bits(), children: [NONE; 2], value, len: prefix.len() }
    }

    #[inline]
    fn prefix(&self) -> Prefix {
        Prefix::of(self.bits, self.len)
    }

    /// The next node on the way to `bits`, or `NONE`. Behind 128 bits there is none.
    #[inline]
    fn child(&self, bits: u128) -> u32 {
        let [zero, one] = self.children;
        if self.turns_to_one(bits) { one } else { zero }
    }

    fn child_mut(&mut self, bits: u128) -> &mut u32 {
        let turns_to_one = self.turns_to_one(bits);
        let [zero, one] = &mut self.children;
        if turns_to_one { one } else { zero }
    }

    /// Whether the first bit of `bits` behind this node's prefix is 1.
    #[inline]
    fn turns_to_one(&self, bits: u128) -> bool {
        bits.checked_shl(u32::from(self.len)).unwrap_or(0).leading_ones() > 0
    }
}

// === impl Way ===

impl<'a> Iterator for Way<'a> {
    type Item = &'a Node;

    #[inline]
    fn next(&mut self) -> Option<&'a Node> {
        let node = self.trie.node(self.next).filter(|node| node.prefix().covers(self.bits))?;
        self.next = node.child(self.bits);
        Some(node)
    }
}
