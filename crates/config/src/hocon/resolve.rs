//! What references mean: another place of the file, or a variable of the environment.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::include::shown;
use super::tree::{Entry, Form, Items, Node, Reference, Table};
use super::{Absent, DEPTH_MAX, Kind, Map, Member, MissingInclude, Note, Notes, Place, Severity, Value};

mod join;

/// How many references lead from one to the next.
const CHAIN_MAX: usize = 32;
/// What references may cost in one configuration: values and bytes that are copied, members that are merged, keys
/// that are followed.
const COPIES_MAX: usize = 1024 * 1024;
/// Values that references may make in one configuration: each takes some hundred bytes.
const VALUES_MAX: usize = 100_000;
/// Maps that hold a copy of what a missing file should have given.
const MISSING_MAX: usize = 1024;
/// Optional references that bring nothing, in one configuration.
const ABSENT_MAX: usize = 1024;

/// Turns the tree into values.
pub(super) struct Resolver<'r> {
    root: &'r Table,
    environment: &'r dyn Fn(&str) -> Option<String>,
    notes: &'r mut Notes,
    missing: &'r [MissingInclude],
    /// Maps that hold a copy of what a missing file should have given.
    pub(super) copied: Vec<MissingInclude>,
    /// Optional references that brought nothing.
    pub(super) absent: Vec<Absent>,
    /// Where values stand that are made of variables of the environment.
    pub(super) variables: BTreeSet<Place>,
    /// How often a variable was read.
    reads: usize,
    is_full_of_absent: bool,
    /// The keys of what is being resolved, from the root.
    keys: Vec<Box<str>>,
    depth: usize,
    copies: usize,
    /// Values that references have made.
    values: usize,
    /// The references that are being looked up.
    open: Vec<(Place, Rc<[Box<str>]>)>,
}

impl<'r> Resolver<'r> {
    pub(super) fn new(
        root: &'r Table,
        environment: &'r dyn Fn(&str) -> Option<String>,
        notes: &'r mut Notes,
        missing: &'r [MissingInclude],
    ) -> Self {
        let (copied, absent, keys, open) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            root,
            environment,
            notes,
            missing,
            copied,
            absent,
            variables: BTreeSet::new(),
            reads: 0,
            is_full_of_absent: false,
            keys,
            depth: 0,
            copies: 0,
            values: 0,
            open,
        }
    }

    pub(super) fn table(&mut self, table: &Table) -> Map {
        let mut members = Vec::new();
        for entry in table.entries() {
            self.keys.push(entry.key.clone());
            let value = self.entry(entry);
            self.keys.pop();
            members.extend(value.map(|value| Member { key: entry.key.clone(), place: entry.place, value }));
        }
        members.into_iter().collect()
    }

    /// What all layers come to; nothing when they are optional references to nothing.
    fn entry(&mut self, entry: &Entry) -> Option<Value> {
        let reads = self.reads;
        let value = self.layered(entry)?;
        self.mark(reads, value.place);
        Some(value)
    }

    fn layered(&mut self, entry: &Entry) -> Option<Value> {
        if let [only] = entry.layers.as_slice() {
            return self.node(only);
        }
        let mut value: Option<Value> = None;
        let mut later = Vec::new();
        let before = self.absent.len();
        for layer in &entry.layers {
            let is_appended = matches!(&layer.form, Form::List(Items { is_appended: true, .. }));
            let absent = self.absent.len();
            let Some(next) = self.node(layer) else {
                if value.is_some() {
                    // What was said before is the default.
                    self.absent.truncate(absent);
                }
                continue;
            };
            if !is_appended && !matches!(next.kind, Kind::Map(_)) {
                // Nothing that was said before counts any more.
                self.absent.drain(before..absent);
            }
            match (&mut value, next) {
                (Some(Value { kind: Kind::List(items), .. }), Value { kind: Kind::List(more), .. })
                    if is_appended =>
                {
                    items.extend(more);
                }
                (Some(Value { kind: Kind::Map(_), .. }), Value { kind: Kind::Map(map), .. }) => {
                    later.push(map)
                }
                (Some(_), _) if is_appended => {
                    self.error(layer.place, "`+=` to what is not a list".to_owned())
                }
                (_, next) => {
                    later.clear();
                    value = Some(next);
                }
            }
        }
        if let Some(Value { kind: Kind::Map(map), place }) = &mut value {
            self.spend(map.len() + later.iter().map(Map::len).sum::<usize>(), *place)?;
            map.merge(later);
        }
        value
    }

    fn node(&mut self, node: &Node) -> Option<Value> {
        if self.depth > DEPTH_MAX {
            self.error(node.place, format!("references make maps and lists more than {DEPTH_MAX} deep"));
            return None;
        }
        self.depth += 1;
        let reads = self.reads;
        let value = self.form(node);
        self.depth -= 1;
        self.mark(reads, node.place);
        value
    }

    fn form(&mut self, node: &Node) -> Option<Value> {
        self.count(node)?;
        let kind = match &node.form {
            Form::Scalar(kind) => kind.clone(),
            Form::List(items) => Kind::List(items.nodes.iter().filter_map(|item| self.node(item)).collect()),
            Form::Map(table) => Kind::Map(self.table(table)),
            Form::Reference(reference) => return self.reference(reference, node.place),
            Form::Joined { parts, is_glued } => return self.joined(parts, *is_glued, node.place),
        };
        Some(Value { kind, place: node.place })
    }

    /// Notes that what stands here is made of variables, if one was read since.
    fn mark(&mut self, reads: usize, place: Place) {
        if self.reads > reads {
            self.variables.insert(place);
        }
    }

    /// Counts what is copied; nothing more is when that is too much.
    fn count(&mut self, node: &Node) -> Option<()> {
        if self.open.is_empty() {
            return Some(());
        }
        let bytes = match &node.form {
            Form::Scalar(Kind::Word(text) | Kind::Text(text)) => text.len(),
            Form::Scalar(_) | Form::List(_) | Form::Map(_) | Form::Reference(_) | Form::Joined { .. } => 0,
        };
        self.values += 1;
        if self.values > VALUES_MAX {
            // Too much of anything ends all of it.
            return self.spend(COPIES_MAX, node.place);
        }
        self.spend(bytes + 1, node.place)
    }

    /// Counts work that references make; nothing more is done when that is too much.
    fn spend(&mut self, amount: usize, place: Place) -> Option<()> {
        let before = self.copies;
        self.copies = before.saturating_add(amount);
        if self.copies <= COPIES_MAX {
            return Some(());
        }
        if before <= COPIES_MAX {
            self.error(place, "references copy too much".to_owned());
        }
        None
    }

    // --- references

    fn reference(&mut self, reference: &Reference, place: Place) -> Option<Value> {
        if self.copies > COPIES_MAX {
            return None;
        }
        self.spend(reference.base.len() + reference.path.len(), place)?;
        let identity = (place, reference.base.clone());
        if self.open.contains(&identity) {
            self.error(place, format!("`{}` refers to itself", written(reference)));
            return None;
        }
        if self.open.len() >= CHAIN_MAX {
            self.error(place, format!("more than {CHAIN_MAX} references lead from one to the next"));
            return None;
        }
        self.open.push(identity);
        let faults = self.notes.errors();
        let found = self.find(reference);
        let is_faulty = self.notes.errors() > faults || self.copies > COPIES_MAX;
        self.open.pop();
        let Some(kind) = found else {
            let inner: Vec<_> = reference.base.iter().chain(reference.path.iter()).cloned().collect();
            let held = |within: &[_]| reference.path.starts_with(within) || inner.starts_with(within);
            self.note_missing(place, |missing| held(&missing.within).then_some(&[]));
            if reference.is_optional {
                self.lack(place);
            } else if !is_faulty {
                let text =
                    format!("`{}` is neither a key of the file nor in the environment", written(reference));
                let hint =
                    "set the variable; `${?NAME}` leaves the member out; a text with `${…}` needs quotes";
                self.notes.push(Note::new(Severity::Error, place, text).hint(hint));
            }
            return None;
        };
        Some(Value { kind, place })
    }

    /// In the map into which the file is included, then in the root, then in the environment.
    fn find(&mut self, reference: &Reference) -> Option<Kind> {
        let mut found = None;
        if !reference.base.is_empty() {
            let path: Vec<_> = reference.base.iter().chain(reference.path.iter()).cloned().collect();
            found = self.look_up(&path);
        }
        let found = found.or_else(|| self.look_up(&reference.path));
        found.or_else(|| {
            let text = (self.environment)(&reference.path.join("."))?;
            self.copies = self.copies.saturating_add(text.len());
            self.reads += 1;
            Some(Kind::Word(text.into()))
        })
    }

    /// What is absent from what was not found, or beside what was, is nobody's loss.
    fn look_up(&mut self, path: &[Box<str>]) -> Option<Kind> {
        let absent = self.absent.len();
        let found = self.looked_up(path);
        if found.is_none() {
            self.absent.truncate(absent);
        }
        found
    }

    fn looked_up(&mut self, path: &[Box<str>]) -> Option<Kind> {
        let absent = self.absent.len();
        let mut table = self.root;
        let mut path_left = path.iter();
        while let Some(key) = path_left.next() {
            let entry = table.get(key)?;
            if let ([Node { form: Form::Map(below), .. }], true) =
                (entry.layers.as_slice(), path_left.len() > 0)
            {
                table = below;
                continue;
            }
            let mut value = self.entry(entry)?;
            let inner = path_left.as_slice();
            self.keep_below(absent, inner);
            for key in path_left {
                let Kind::Map(map) = value.kind else { return None };
                value = map.into_iter().find(|member| member.key == *key)?.value;
            }
            self.note_missing(value.place, |missing| missing.within.strip_prefix(path));
            return Some(value.kind);
        }
        None
    }

    /// A copy of a map lacks what a missing file should have given; what was not found may lack altogether. `below`
    /// says whether a missing file matters here, and where below the copy.
    fn note_missing(&mut self, place: Place, below: impl Fn(&'r MissingInclude) -> Option<&'r [Box<str>]>) {
        for missing in self.missing {
            let Some(below) = below(missing) else { continue };
            if self.copied.len() >= MISSING_MAX {
                return self.error(place, "too many references need files that are not there".to_owned());
            }
            let within = self.keys.iter().chain(below).cloned().collect();
            self.copied.push(MissingInclude { within, ..missing.clone() });
        }
    }

    /// Notes that an optional reference brings nothing here.
    fn lack(&mut self, place: Place) {
        if self.absent.len() < ABSENT_MAX {
            self.absent.push(Absent { path: self.keys.clone(), place });
        } else if !self.is_full_of_absent {
            self.is_full_of_absent = true;
            self.error(place, format!("more than {ABSENT_MAX} optional references have no value"));
        }
    }

    /// Of what was absent from `first` on, only what is below `inner` of the value counts, and stands where the value
    /// goes.
    fn keep_below(&mut self, first: usize, inner: &[Box<str>]) {
        if inner.is_empty() {
            return;
        }
        let at = self.keys.len();
        let recent = self.absent.split_off(first);
        self.absent.extend(recent.into_iter().filter_map(|Absent { mut path, place }| {
            let is_below = path.get(at..).is_some_and(|below| below.starts_with(inner));
            is_below.then(|| {
                path.drain(at..at + inner.len());
                Absent { path, place }
            })
        }));
    }

    fn error(&mut self, place: Place, text: String) {
        self.notes.push(Note::new(Severity::Error, place, text));
    }
}

fn written(reference: &Reference) -> String {
    let mark = if reference.is_optional { "?" } else { "" };
    format!("${{{mark}{}}}", shown(&reference.path.join(".")))
}
