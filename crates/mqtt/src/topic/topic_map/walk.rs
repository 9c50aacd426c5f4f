use smallvec::SmallVec;

use super::{
    super::{FilterRef, arena::NONE},
    Node, Progress, TopicCursor, TopicMap,
    children::Place,
};

/// A depth-first walk through the part of the tree that a filter can reach.
///
/// Its order is that of the places from the root to a node, compared one after the other. A node keeps its
/// places while it exists, so a cursor splits the nodes that stay into those seen and those not yet seen,
/// whatever else comes and goes.
pub(super) struct Walk<'a, V> {
    map: &'a TopicMap<V>,
    cursor: &'a mut TopicCursor,
    /// The filter's levels without a final `#`.
    levels: SmallVec<[&'a str; 32]>,
    /// What lies below the last level matches too: the filter ends with `#`.
    reaches_below: bool,
    /// Names that start with `$` are hidden.
    hides_system: bool,
    /// The node whose children come next, at the depth of the cursor's path.
    index: u32,
    /// The name that leads to it.
    name: String,
}

impl<'a, V> Walk<'a, V> {
    /// A walk through what `filter` matches, from where `cursor` stands.
    pub(super) fn resume(map: &'a TopicMap<V>, filter: FilterRef<'a>, cursor: &'a mut TopicCursor) -> Self {
        let mut levels: SmallVec<[&str; 32]> = filter.levels().collect();
        let reaches_below = levels.last() == Some(&"#");
        if reaches_below {
            levels.pop();
        }
        let hides_system = filter.starts_with_wildcard();
        Self { map, cursor, levels, reaches_below, hides_system, index: map.root, name: String::new() }
            .descend()
    }

    /// A walk through every name.
    pub(super) fn everything(map: &'a TopicMap<V>, cursor: &'a mut TopicCursor) -> Self {
        let (levels, name) = (SmallVec::new(), String::new());
        Self { map, cursor, levels, reaches_below: true, hides_system: false, index: map.root, name }
            .descend()
    }

    /// Looks at up to `step_count_max` places, at least one.
    pub(super) fn run(&mut self, step_count_max: usize, mut found: impl FnMut(&str, &V)) -> Progress {
        for _ in 0..step_count_max.max(1) {
            let place = self.cursor.next;
            match self.look(place) {
                Place::Gap => self.cursor.next = place.saturating_add(1),
                Place::Child(child) => {
                    let Some(node) = self.map.nodes.get(child) else { return Progress::Done };
                    self.enter(child, node);
                    if self.ends_here()
                        && let Some(value) = self.map.values.get(node.value)
                    {
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

    /// Goes where the cursor's path leads, as far as it still exists.
    fn descend(mut self) -> Self {
        let path = std::mem::take(&mut self.cursor.path);
        let next = std::mem::replace(&mut self.cursor.next, 0);
        for place in path {
            let child = self.map.nodes.get(self.index).map(|node| node.children.at(place));
            match child {
                Some(Place::Child(child)) if self.admits(child) => {
                    let Some(node) = self.map.nodes.get(child) else { return self };
                    self.cursor.next = place;
                    self.enter(child, node);
                }
                // What the cursor was in is gone; whatever is at its place now is new.
                _ => {
                    self.cursor.next = place.saturating_add(1);
                    return self;
                }
            }
        }
        self.cursor.next = next;
        self
    }

    /// What is at `place` below the current node, as far as the filter can see.
    fn look(&self, place: u32) -> Place {
        let Some(node) = self.map.nodes.get(self.index) else { return Place::End };
        match self.levels.get(self.cursor.path.len()) {
            Some(&"+") => {}
            // One child at most, found by its name; behind place 0 it has been seen.
            Some(_) if place > 0 => return Place::End,
            Some(level) => return self.literal_child(level).map_or(Place::End, Place::Child),
            None if self.reaches_below => {}
            None => return Place::End,
        }
        match node.children.at(place) {
            Place::Child(child) if self.is_hidden(child) => Place::Gap,
            place => place,
        }
    }

    fn literal_child(&self, level: &str) -> Option<u32> {
        if self.cursor.path.is_empty() {
            return self.map.child(self.index, level, level);
        }
        let path = format!("{}/{level}", self.name);
        self.map.child(self.index, level, &path)
    }

    /// Whether the filter can see `child` below the current node.
    fn admits(&self, child: u32) -> bool {
        match self.levels.get(self.cursor.path.len()) {
            Some(&"+") => !self.is_hidden(child),
            Some(level) => self.map.nodes.get(child).is_some_and(|node| node.label.as_str() == *level),
            None => self.reaches_below && !self.is_hidden(child),
        }
    }

    fn is_hidden(&self, child: u32) -> bool {
        self.hides_system
            && self.cursor.path.is_empty()
            && self.map.nodes.get(child).is_some_and(|node| node.label.as_bytes().starts_with(b"$"))
    }

    /// Whether the filter matches the name that leads to the current node.
    fn ends_here(&self) -> bool {
        let depth = self.cursor.path.len();
        depth == self.levels.len() || (self.reaches_below && depth > self.levels.len())
    }

    fn enter(&mut self, child: u32, node: &Node) {
        if !self.cursor.path.is_empty() {
            self.name.push('/');
        }
        self.name.push_str(node.label.as_str());
        self.cursor.path.push(node.place);
        self.cursor.next = 0;
        self.index = child;
    }

    /// Goes back to the parent; `false` at the root.
    fn leave(&mut self) -> bool {
        let Some(place) = self.cursor.path.pop() else { return false };
        self.cursor.next = place.saturating_add(1);
        let Some(node) = self.map.nodes.get(self.index) else { return false };
        let slash = usize::from(!self.cursor.path.is_empty());
        let length = self.name.len().saturating_sub(node.label.as_bytes().len().saturating_add(slash));
        self.name.truncate(length);
        self.index = node.parent;
        self.index != NONE
    }
}
