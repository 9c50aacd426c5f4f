//! What was written, before references are looked up.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::map::repeated;
use super::{Kind, Note, Notes, Place, Severity};

/// One segment of a key, and where it stands.
pub(super) type Key = (Box<str>, Place);

#[derive(Debug)]
pub(super) struct Node {
    pub(super) form: Form,
    pub(super) place: Place,
}

#[derive(Debug)]
pub(super) enum Form {
    /// Neither a list nor a map.
    Scalar(Kind),
    List(Items),
    Map(Table),
    Reference(Reference),
    /// Parts that make one value; without a blank between them also one word.
    Joined {
        parts: Vec<Node>,
        is_glued: bool,
    },
}

/// The items of a list; those of `+=` go to the list that is there.
#[derive(Debug)]
pub(super) struct Items {
    pub(super) nodes: Vec<Node>,
    pub(super) is_appended: bool,
}

/// `${path}` or `${?path}`
#[derive(Clone, Debug)]
pub(super) struct Reference {
    pub(super) path: Rc<[Box<str>]>,
    pub(super) is_optional: bool,
    /// The keys of the map into which the file of the reference is included: it is looked up there first.
    pub(super) base: Rc<[Box<str>]>,
}

/// Members in the order in which they first occur.
#[derive(Debug, Default)]
pub(super) struct Table {
    entries: Vec<Entry>,
    index: BTreeMap<Box<str>, usize>,
}

/// All that is said about a key.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Box<str>,
    pub(super) place: Place,
    /// One layer, or several when it takes a reference to know what they come to.
    pub(super) layers: Vec<Node>,
}

// === impl Node ===

impl Node {
    pub(super) fn new(form: Form, place: Place) -> Self {
        Self { form, place }
    }

    /// `a.b.c = node` as `a { b { c = node } }`; the first key comes back beside it.
    fn wrapped(self, keys: Vec<Key>) -> Option<(Key, Self)> {
        let mut keys = keys.into_iter();
        let first = keys.next()?;
        let node = keys.rev().fold(self, |node, (key, place)| {
            let entry = Entry { key: key.clone(), place, layers: vec![node] };
            let index = BTreeMap::from([(key, 0)]);
            Self::new(Form::Map(Table { entries: vec![entry], index }), place)
        });
        Some((first, node))
    }
}

// === impl Table ===

impl Table {
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(*self.index.get(key)?)
    }

    /// Says something about a key, dotted keys in segments.
    pub(super) fn insert(&mut self, keys: Vec<Key>, node: Node, notes: &mut Notes) {
        if let Some(((key, place), node)) = node.wrapped(keys) {
            self.put(key, place, node, notes);
        }
    }

    fn put(&mut self, key: Box<str>, place: Place, node: Node, notes: &mut Notes) {
        let at = self.index.get(&key).copied();
        if let Some(entry) = at.and_then(|at| self.entries.get_mut(at)) {
            entry.add(place, node, notes);
        } else {
            self.index.insert(key.clone(), self.entries.len());
            self.entries.push(Entry { key, place, layers: vec![node] });
        }
    }
}

// === impl Entry ===

impl Entry {
    /// What is said later goes before what was said earlier; maps merge.
    fn add(&mut self, place: Place, node: Node, notes: &mut Notes) {
        let earlier = self.layers.last_mut();
        match (earlier.map(|earlier| &mut earlier.form), node.form) {
            (Some(Form::Map(table)), Form::Map(later)) => {
                for entry in later.entries {
                    for layer in entry.layers {
                        table.put(entry.key.clone(), entry.place, layer, notes);
                    }
                }
            }
            (Some(Form::List(items)), Form::List(later)) if later.is_appended => {
                items.nodes.extend(later.nodes);
            }
            (Some(Form::Scalar(_) | Form::Map(_)), Form::List(later)) if later.is_appended => {
                let note = Note::new(Severity::Error, place, "`+=` to what is not a list");
                notes.push(note.related(self.place));
            }
            // what a reference brings is known later only
            (Some(_), form @ (Form::Reference(_) | Form::Joined { .. })) => {
                self.layers.push(Node::new(form, node.place));
            }
            (Some(Form::Reference(_) | Form::Joined { .. }), form @ (Form::Map(_) | Form::List(_))) if !matches!(&form, Form::List(items) if !items.is_appended) =>
            {
                self.layers.push(Node::new(form, node.place));
            }
            (_, form) => {
                notes.push(repeated(&self.key, self.place, place));
                self.place = place;
                self.layers = vec![Node::new(form, node.place)];
            }
        }
    }
}
