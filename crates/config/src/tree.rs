//! A configuration put together of layers: what stands later counts, keys are in lower case, names as they are.

use crate::hocon::{Kind, Note, Notes, Place, Severity, Value};
use crate::schema::Shape;

mod members;

pub(crate) use members::Members;

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) what: What,
}

/// What a value is. Like [`Kind`], but maps merge by the schema.
#[derive(Clone)]
pub(crate) enum What {
    Null,
    Bool(bool),
    Word(Box<str>),
    Text(Box<str>),
    List(Vec<Node>),
    Map(Members),
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Box<str>,
    pub(crate) place: Place,
    pub(crate) node: Node,
}

/// Whether a value that counts no longer deserves a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replacing {
    /// Within a layer.
    Warned,
    /// A layer above another.
    Silent,
}

// === impl Node ===

impl Node {
    /// A configuration that says nothing.
    pub(crate) const fn empty() -> Self {
        Self { place: Place { file: 0, line: 0, column: 0 }, what: What::Map(Members::new()) }
    }

    /// What a file says. `first_file` is the number of its first file among those of all layers.
    pub(crate) fn of(value: Value, first_file: u16, shape: Option<&Shape>, notes: &mut Notes) -> Self {
        let place = moved(value.place, first_file);
        let what = match value.kind {
            Kind::Null => What::Null,
            Kind::Bool(value) => What::Bool(value),
            Kind::Word(text) => What::Word(text),
            Kind::Text(text) => What::Text(text),
            Kind::List(items) => {
                let shape = shape.and_then(Shape::item);
                What::List(items.into_iter().map(|item| Self::of(item, first_file, shape, notes)).collect())
            }
            Kind::Map(map) => {
                let mut node = Self { place, what: What::Map(Members::new()) };
                for member in map {
                    let below = shape.and_then(|shape| shape.member(&member.key));
                    let value = Self::of(member.value, first_file, below, notes);
                    node.put(
                        member.key,
                        moved(member.place, first_file),
                        value,
                        shape,
                        Replacing::Warned,
                        notes,
                    );
                }
                return node;
            }
        };
        Self { place, what }
    }

    /// Lays a layer above this one.
    pub(crate) fn overlay(
        &mut self,
        over: Self,
        shape: Option<&Shape>,
        replacing: Replacing,
        notes: &mut Notes,
    ) {
        if over.map().is_none() || self.map().is_none() {
            *self = over;
            return;
        }
        let What::Map(entries) = over.what else { return };
        for Entry { key, place, node } in entries.into_list() {
            self.put(key, place, node, shape, replacing, notes);
        }
    }

    fn put(
        &mut self,
        key: Box<str>,
        place: Place,
        node: Self,
        shape: Option<&Shape>,
        replacing: Replacing,
        notes: &mut Notes,
    ) {
        let What::Map(entries) = &mut self.what else { return };
        let is_named = shape.is_some_and(|shape| shape.named(&key).is_some());
        let key = if is_named { key.to_ascii_lowercase().into() } else { key };
        let below = shape.and_then(|shape| shape.member(&key));
        match entries.get_mut(&key) {
            None => entries.push(Entry { key, place, node }),
            Some(entry) => {
                let is_merged = entry.node.map().is_some() && node.map().is_some();
                if !is_merged && replacing == Replacing::Warned {
                    let text = format!("`{key}` is set twice: the last one counts");
                    let note = Note::new(Severity::Warning, place, text).hint("remove one of them");
                    notes.push(note.related(entry.place));
                }
                if !is_merged {
                    entry.place = place;
                }
                entry.node.overlay(node, below, replacing, notes);
            }
        }
    }

    /// Sets the value of a dotted path.
    pub(crate) fn at(path: &[&str], place: Place, value: Self) -> Self {
        path.iter().rev().fold(value, |node, key| Self {
            place,
            what: What::Map(Members::one(Entry { key: (*key).into(), place, node })),
        })
    }

    /// Puts what stands at `key` to where `path` leads, unless something that is no block is in the way. Where it
    /// stood, if there is such a key.
    ///
    /// # Errors
    /// Something stands there already: the places of both.
    pub(crate) fn relocate(&mut self, key: &str, path: &[&str]) -> Result<Option<Place>, [Place; 2]> {
        let What::Map(members) = &mut self.what else { return Ok(None) };
        let Some(from) = members.get(key).map(|entry| entry.place) else { return Ok(None) };
        let mut node = &*self;
        for (depth, key) in path.iter().enumerate() {
            let What::Map(members) = &node.what else { return Ok(Some(from)) };
            match members.get(key) {
                Some(entry) if depth + 1 == path.len() => return Err([from, entry.place]),
                Some(entry) => node = &entry.node,
                None => break,
            }
        }
        let What::Map(members) = &mut self.what else { return Ok(Some(from)) };
        if let Some(entry) = members.take(key) {
            let node = Self::at(path, entry.place, entry.node);
            self.overlay(node, None, Replacing::Silent, &mut Notes::default());
        }
        Ok(Some(from))
    }

    /// The value of a key of the table; nothing if it is `null`.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let What::Map(members) = &self.what else { return None };
        let entry = members.get(key)?;
        (!matches!(entry.node.what, What::Null)).then_some(&entry.node)
    }

    /// The value of a key some blocks below, as `jwt.public.keyfile`.
    pub(crate) fn find(&self, path: &str) -> Option<&Self> {
        path.split('.').try_fold(self, Self::get)
    }

    /// The members of a map.
    pub(crate) fn map(&self) -> Option<&[Entry]> {
        match &self.what {
            What::Map(entries) => Some(entries),
            What::Null | What::Bool(_) | What::Word(_) | What::Text(_) | What::List(_) => None,
        }
    }

    /// The items of a list.
    pub(crate) fn list(&self) -> Option<&[Self]> {
        match &self.what {
            What::List(items) => Some(items),
            What::Null | What::Bool(_) | What::Word(_) | What::Text(_) | What::Map(_) => None,
        }
    }

    /// A string in quotes or a word.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.what {
            What::Word(text) | What::Text(text) => Some(text),
            What::Null | What::Bool(_) | What::List(_) | What::Map(_) => None,
        }
    }

    /// `true` or `false`.
    pub(crate) fn switch(&self) -> Option<bool> {
        match &self.what {
            What::Bool(value) => Some(*value),
            What::Word(word) if &**word == "true" => Some(true),
            What::Word(word) if &**word == "false" => Some(false),
            What::Null | What::Word(_) | What::Text(_) | What::List(_) | What::Map(_) => None,
        }
    }
}

/// What is in it may be a secret.
impl std::fmt::Debug for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("Null"),
            Self::Bool(value) => value.fmt(f),
            Self::Word(_) => f.write_str("Word(..)"),
            Self::Text(_) => f.write_str("Text(..)"),
            Self::List(items) => items.fmt(f),
            Self::Map(members) => f.debug_list().entries(members.iter()).finish(),
        }
    }
}

/// A place, with its file counted among those of all layers.
pub(crate) fn moved(place: Place, first_file: u16) -> Place {
    Place { file: place.file.saturating_add(first_file), ..place }
}
