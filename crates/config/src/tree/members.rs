//! The members of a map, in the order of the file, each found by its key.

use std::collections::BTreeMap;
use std::ops::Deref;

use super::Entry;

/// No two have the same key.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    list: Vec<Entry>,
    index: BTreeMap<Box<str>, usize>,
}

impl Members {
    pub(crate) const fn new() -> Self {
        Self { list: Vec::new(), index: BTreeMap::new() }
    }

    pub(super) fn one(entry: Entry) -> Self {
        let mut members = Self::new();
        members.push(entry);
        members
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.list.get(*self.index.get(key)?)
    }

    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Entry> {
        self.list.get_mut(*self.index.get(key)?)
    }

    /// Adds one whose key is not there yet.
    pub(super) fn push(&mut self, entry: Entry) {
        self.index.insert(entry.key.clone(), self.list.len());
        self.list.push(entry);
    }

    /// Takes one out.
    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let at = self.index.remove(key)?;
        let entry = self.list.remove(at);
        self.index.values_mut().filter(|index| **index > at).for_each(|index| *index -= 1);
        Some(entry)
    }

    pub(super) fn into_list(self) -> Vec<Entry> {
        self.list
    }
}

impl Deref for Members {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        &self.list
    }
}
