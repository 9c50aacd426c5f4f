//! What a configuration says, held against the table: what is not known, not possible, or has no effect.

use std::collections::{BTreeMap, BTreeSet};

use crate::hocon::{Note, Notes, Place, Severity};
use crate::layers::unknown;
use crate::schema::{Effect, Kind, Row, Shape, nearest};
use crate::tree::{Entry, Node, What};
use crate::value::{self, HIDDEN};

/// A value that stands somewhere.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) path: String,
    pub(crate) place: Place,
    pub(crate) row: &'static Row,
    /// The value as it is shown.
    pub(crate) shown: String,
    /// Tells two values apart that are shown alike.
    pub(crate) mark: Box<[u8]>,
}

/// Errors after which nobody is told what was probably meant.
const NEAREST_MAX: usize = 100;

/// Walks a configuration and the table side by side.
pub(crate) struct Inspector<'a> {
    notes: &'a mut Notes,
    /// Where values stand that are not shown, whatever the table says.
    hidden: &'a BTreeSet<Place>,
    found: Vec<Found>,
    /// What waits for a feature: the first place, and how many keys.
    waiting: BTreeMap<&'static str, (Place, String, usize)>,
}

impl<'a> Inspector<'a> {
    /// Everything that stands in `root` and is known.
    pub(crate) fn inspect(root: &Node, hidden: &'a BTreeSet<Place>, notes: &'a mut Notes) -> Vec<Found> {
        let mut inspector = Self { notes, hidden, found: Vec::new(), waiting: BTreeMap::new() };
        if let Some(entries) = root.map() {
            inspector.block(entries, Shape::whole(), "");
        }
        for (feature, (place, key, count)) in inspector.waiting {
            let text = match count {
                1 => format!("{key} waits for {feature}, and has no effect yet"),
                2 => format!("{key} and one more key wait for {feature}, and have no effect yet"),
                _ => format!("{key} and {} more keys wait for {feature}, and have no effect yet", count - 1),
            };
            inspector.notes.push(Note::new(Severity::Warning, place, text));
        }
        inspector.found
    }

    fn block(&mut self, entries: &[Entry], shape: &Shape, path: &str) {
        for Entry { key, place, node } in entries {
            let path = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
            if matches!(node.what, What::Null) {
                continue;
            }
            // A name has a block below it, unless the values are what is named.
            let is_possible =
                |below: &&Shape| shape.named(key).is_some() || below.row.is_some() || node.map().is_some();
            match shape.member(key).filter(is_possible) {
                Some(below) => self.value(node, below, &path, *place),
                None => self.unknown(shape, &path, key, *place),
            }
        }
    }

    fn value(&mut self, node: &Node, shape: &Shape, path: &str, place: Place) {
        match (shape.row, &node.what) {
            (Some(row), _) if row.kind == Kind::Anything => self.leaf(node, row, path, place),
            (_, What::Map(entries)) if shape.is_block() => self.block(entries, shape, path),
            (_, What::List(items)) if shape.item().is_some() => {
                for item in items {
                    self.item(item, shape, path);
                }
            }
            (Some(row), _) => self.leaf(node, row, path, place),
            (None, _) => {
                let expected =
                    if shape.item().is_some() { "a list of blocks: [ { … } ]" } else { "a block: { … }" };
                let text = format!("{path}: this is no block");
                let severity = if shape.acts { Severity::Error } else { Severity::Warning };
                self.notes
                    .push(Note::new(severity, node.place, text).hint(format!("expected is {expected}")));
            }
        }
    }

    fn item(&mut self, item: &Node, shape: &Shape, path: &str) {
        let path = format!("{path}[]");
        match (item.map(), shape.item()) {
            (Some(entries), Some(shape)) => self.block(entries, shape, &path),
            _ => {
                let text = format!("{path}: this is no block");
                let severity = if shape.acts { Severity::Error } else { Severity::Warning };
                self.notes.push(Note::new(severity, item.place, text).hint("expected is { … }"));
            }
        }
    }

    fn leaf(&mut self, node: &Node, row: &'static Row, path: &str, place: Place) {
        match row.effect {
            Effect::Acts => value::check(node, row, path, self.notes),
            Effect::Warns(why) => {
                let text = format!("{path} has no effect: {why}");
                self.notes.push(Note::new(Severity::Warning, place, text));
            }
            Effect::NotYet(feature) => {
                let first = self.waiting.entry(feature).or_insert_with(|| (place, path.to_owned(), 0));
                first.2 += 1;
                if place < first.0 {
                    (first.0, first.1) = (place, path.to_owned());
                }
            }
        }
        if row.effect != Effect::Acts {
            value::warn_of_time(node, row, path, self.notes);
        }
        let is_hidden = self.hidden.contains(&node.place);
        let shown = if is_hidden { HIDDEN.to_owned() } else { value::show(node, row) };
        let path = path.to_owned();
        let mark = value::mark(node);
        self.found.push(Found { path, place: node.place, row, shown, mark });
    }

    /// Where nothing acts, an unknown key does no harm.
    fn unknown(&mut self, shape: &Shape, path: &str, key: &str, place: Place) {
        if !shape.acts {
            let text = format!("{path} has no effect: it is no key");
            self.notes.push(Note::new(Severity::Warning, place, text));
            return;
        }
        if self.notes.errors() >= NEAREST_MAX {
            return self.notes.error(place, format!("`{path}` is no key"));
        }
        let note = match nearest(&key.to_ascii_lowercase(), shape.keys()) {
            Some(near) => {
                let meant = format!("{}{near}", path.strip_suffix(key).unwrap_or_default());
                let note = Note::new(Severity::Error, place, format!("`{path}` is no key"));
                note.hint(format!("did you mean {meant}?"))
            }
            None => unknown(path, place, shape),
        };
        self.notes.push(note);
    }
}
