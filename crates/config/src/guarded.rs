//! What says who may come in, and what is read or written where.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::outcome::Outcome;
use crate::schema::Shape;
use crate::tree::{Node, What};
use crate::value;

/// Guarded values, of all layers together and of what can be written over the management API: what something stronger
/// hides today counts tomorrow.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guarded {
    pub(crate) file: Said,
    pub(crate) overrides: Said,
    pub(crate) whole: Said,
}

/// Guarded values by their place: segments, and numbers in lists. Each has its key as it is told.
#[derive(Clone, Default)]
pub(crate) struct Said(BTreeMap<Vec<Segment>, (String, Box<[u8]>)>);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Key(Box<str>),
    Number(usize),
}

impl Said {
    /// What stands there. Defaults do not: written out, they hold whatever becomes of them elsewhere.
    pub(crate) fn by(root: &Node) -> Self {
        let mut said = Self::default();
        said.walk(root, Some(Shape::whole()), "", &mut Vec::new());
        said
    }

    fn walk(&mut self, node: &Node, shape: Option<&Shape>, key: &str, at: &mut Vec<Segment>) {
        let (items, block) = (shape.and_then(Shape::item), shape.filter(|shape| shape.is_block()));
        match &node.what {
            What::Map(entries) if let (Some(shape), false) = (block, entries.is_empty()) => {
                for entry in entries.iter() {
                    let key =
                        if key.is_empty() { entry.key.to_string() } else { format!("{key}.{}", entry.key) };
                    at.push(Segment::Key(entry.key.clone()));
                    self.walk(&entry.node, shape.member(&entry.key), &key, at);
                    at.pop();
                }
            }
            What::List(all) if let (Some(shape), false) = (items, all.is_empty()) => {
                for (number, item) in all.iter().enumerate() {
                    at.push(Segment::Number(number));
                    self.walk(item, Some(shape), &format!("{key}[]"), at);
                    at.pop();
                }
            }
            // Blocks and lists that are there and empty may mean something, too; what is not known is guarded.
            What::Null | What::Bool(_) | What::Word(_) | What::Text(_) | What::List(_) | What::Map(_) => {
                let is_file = at.is_empty();
                if !is_file && shape.is_none_or(|shape| shape.is_guarded) {
                    self.0.insert(at.clone(), (key.to_owned(), value::mark(node)));
                }
            }
        }
    }

    /// Keys whose values differ.
    fn differing<'a>(&'a self, other: &'a Self, keys: &mut BTreeSet<&'a str>) {
        let not_in = |one: &'a Self, other: &'a Self| {
            let differs =
                |(at, said): &(&Vec<Segment>, &(String, Box<[u8]>))| other.0.get(*at) != Some(*said);
            one.0.iter().filter(differs).map(|(_, (key, _))| key.as_str()).collect::<Vec<_>>()
        };
        keys.extend(not_in(self, other));
        keys.extend(not_in(other, self));
    }
}

impl Outcome {
    /// Guarded keys that differ from another configuration, also where something stronger hides them.
    pub fn guarded_changes(&self, before: &Self) -> Vec<String> {
        let (now, before) = (&self.guarded, &before.guarded);
        let mut keys = BTreeSet::new();
        now.file.differing(&before.file, &mut keys);
        now.overrides.differing(&before.overrides, &mut keys);
        now.whole.differing(&before.whole, &mut keys);
        keys.into_iter().map(str::to_owned).collect()
    }
}

/// Values may be secrets.
impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.values().map(|(key, _)| key)).finish()
    }
}
