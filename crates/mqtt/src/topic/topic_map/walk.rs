use smallvec::SmallVec;

use super::{
    super::{FilterRef, arena::NONE},
    PathHashes, Progress, ROOT_HASH, TopicCursor, TopicMap,
    children::Place,
};

/// A depth-first walk through the part of the tree that a pattern can reach.
///
/// Its order is that of the places from the root to a node, compared one after the other. A node keeps its
/// places while it exists, so a cursor splits the nodes that stay into those seen and those not yet seen,
/// whatever else comes and goes.
pub(super) struct Walk<'a, V> {
    map: &'a TopicMap<V>,
    pattern: Pattern<'a>,
    cursor: &'a mut TopicCursor,
    /// The node whose children come next, at the depth of the cursor's path.
    index: u32,
    /// The name that leads to it.
    name: String,
    /// The hashes of the paths on the way to it, as far as the pattern has levels.
    hashes: PathHashes,
}

/// Which names are wanted.
pub(super) struct Pattern<'a> {
    /// The filter's levels without a final `#`.
    levels: SmallVec<[&'a str; 32]>,
    /// What lies below the last level matches too: the filter ends with `#`.
    reaches_below: bool,
    /// Names that start with `$` are hidden.
    hides_system: bool,
}

// === impl Pattern ===

impl<'a> Pattern<'a> {
    /// The names that `filter` matches.
    pub(super) fn new(filter: FilterRef<'a>) -> Self {
        let mut levels: SmallVec<[&str; 32]> = filter.levels().collect();
        let reaches_below = levels.last() == Some(&"#");
        if reaches_below {
            levels.pop();
        }
        Self { levels, reaches_below, hides_system: filter.starts_with_wildcard() }
    }

    /// Every name.
    pub(super) fn everything() -> Self {
        Self { levels: SmallVec::new(), reaches_below: true, hides_system: false }
    }

    /// Whether a name of `depth` levels, each of which is admitted, is wanted.
    fn ends_at(&self, depth: usize) -> bool {
        depth >= self.levels.len()
    }

    /// Whether `label` may follow `depth` admitted levels.
    fn admits(&self, depth: usize, label: &str) -> bool {
        match self.levels.get(depth) {
            Some(&"+") => !self.hides(depth, label),
            Some(level) => *level == label,
            None => self.reaches_below && !self.hides(depth, label),
        }
    }

    fn hides(&self, depth: usize, label: &str) -> bool {
        self.hides_system && depth == 0 && label.starts_with('$')
    }
}

// === impl Walk ===

impl<'a, V> Walk<'a, V> {
    /// A walk from where `cursor` stands.
    pub(super) fn resume(map: &'a TopicMap<V>, pattern: Pattern<'a>, cursor: &'a mut TopicCursor) -> Self {
        let path = std::mem::take(&mut cursor.path);
        let next = std::mem::replace(&mut cursor.next, 0);
        let (index, name, hashes) = (map.root, String::new(), PathHashes::new());
        let mut walk = Self { map, pattern, cursor, index, name, hashes };
        if walk.descend(&path) {
            walk.cursor.next = next;
        }
        walk
    }

    /// Looks at up to `step_count_max` places, at least one.
    pub(super) fn run(&mut self, step_count_max: usize, mut found: impl FnMut(&str, &V)) -> Progress {
        for _ in 0..step_count_max.max(1) {
            let place = self.cursor.next;
            match self.look(place) {
                Place::Gap => self.cursor.next = place.saturating_add(1),
                Place::Child(child) => {
                    if let Some(value) = self.enter(child) {
                        found(&self.name, value);
                    }
                }
                Place::End => {
                    if !self.leave() {
                        return Progress::Done;
                    }
                }
            }
        }
        Progress::More
    }

    /// Goes along `path` as far as it still exists; whether it did to the end.
    fn descend(&mut self, path: &[u32]) -> bool {
        for place in path {
            let child = match self.map.nodes.get(self.index).map(|node| node.children.at(*place)) {
                Some(Place::Child(child)) if self.admits(child) => child,
                // What the cursor was in is gone; whatever is at its place now is new.
                _ => {
                    self.cursor.next = place.saturating_add(1);
                    return false;
                }
            };
            self.enter(child);
        }
        true
    }

    /// What is at `place` below the current node, as far as the pattern can see.
    fn look(&self, place: u32) -> Place {
        let Some(node) = self.map.nodes.get(self.index) else { return Place::End };
        match self.pattern.levels.get(self.cursor.path.len()) {
            Some(&"+") => {}
            // One child at most, found by its name; behind place 0 it has been seen.
            Some(_) if place > 0 => return Place::End,
            Some(level) => return self.literal_child(level).map_or(Place::End, Place::Child),
            None if self.pattern.reaches_below => {}
            None => return Place::End,
        }
        match node.children.at(place) {
            Place::Child(child) if !self.admits(child) => Place::Gap,
            found @ (Place::Child(_) | Place::Gap | Place::End) => found,
        }
    }

    fn literal_child(&self, level: &str) -> Option<u32> {
        let hash = self.map.join(self.hashes.last().copied().unwrap_or(ROOT_HASH), level);
        self.map.child(self.index, level, hash)
    }

    /// Whether the pattern can see `child` below the current node.
    fn admits(&self, child: u32) -> bool {
        let depth = self.cursor.path.len();
        self.map.nodes.get(child).is_some_and(|node| self.pattern.admits(depth, node.label.as_str()))
    }

    /// Makes `child` the current node; its value, if it has one and the pattern wants it.
    fn enter(&mut self, child: u32) -> Option<&'a V> {
        let Some(node) = self.map.nodes.get(child) else {
            self.cursor.next = self.cursor.next.saturating_add(1);
            return None;
        };
        let label = node.label.as_str();
        if self.cursor.path.len() < self.pattern.levels.len() {
            let path = self.hashes.last().copied().unwrap_or(ROOT_HASH);
            self.hashes.push(self.map.join(path, label));
        }
        if !self.cursor.path.is_empty() {
            self.name.push('/');
        }
        self.name.push_str(label);
        self.cursor.path.push(node.place);
        self.cursor.next = 0;
        self.index = child;
        let wanted = self.pattern.ends_at(self.cursor.path.len());
        self.map.values.get(node.value).filter(|_| wanted)
    }

    /// Goes back to the parent; `false` at the root.
    fn leave(&mut self) -> bool {
        let Some(place) = self.cursor.path.pop() else { return false };
        let Some(node) = self.map.nodes.get(self.index) else { return false };
        let depth = self.cursor.path.len();
        let slash = usize::from(depth > 0);
        let length = self.name.len().saturating_sub(node.label.as_bytes().len().saturating_add(slash));
        self.name.truncate(length);
        self.hashes.truncate(depth);
        self.cursor.next = place.saturating_add(1);
        self.index = node.parent;
        self.index != NONE
    }
}
