//! Where values come from: files, then what the API changed, then the environment, then flags. One list of origins,
//! and every value's place names one of them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

use crate::guarded::{Guarded, Said};
use crate::hocon::{Absent, MissingInclude, Note, Notes, Place, Read, Severity};
use crate::schema::{Kind, Shape, nearest, rows};
use crate::tree::{Node, Replacing, What, moved};

/// HTTP authentication outside of `auth`, where articles have it, and where it is meant to be.
pub(crate) const OUTSIDE: &str = "http_auth";
pub(crate) const WITHIN: &[&str] = &["auth", "http_auth"];

/// Where values come from, the strongest last.
#[derive(Clone, Debug)]
pub struct Layers {
    pub(crate) root: Node,
    pub(crate) origins: Vec<Origin>,
    pub(crate) notes: Notes,
    pub(crate) missing: Vec<MissingInclude>,
    pub(crate) absent: Vec<Absent>,
    pub(crate) guarded: Guarded,
    pub(crate) unshown: Unshown,
}

/// What is not told to everybody who may see a configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Unshown {
    /// Origins that are files which another one includes: perhaps no configuration at all.
    pub(crate) included: BTreeSet<u16>,
    /// Where values stand that are made of variables of the environment.
    pub(crate) variables: BTreeSet<Place>,
}

/// One of the things that values come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A file, or one that it includes.
    File(PathBuf),
    /// What the API has changed: `<data>/overrides.conf`.
    Overrides(PathBuf),
    /// A variable of the environment.
    Variable(Box<str>),
    /// A flag.
    Flag(Box<str>),
}

impl Origin {
    /// Whether it is what the API has changed.
    pub(crate) const fn is_overrides(&self) -> bool {
        matches!(self, Self::Overrides(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) | Self::Overrides(path) => path.display().fmt(f),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

// === impl Layers ===

impl Layers {
    /// Nothing is said.
    pub fn new() -> Self {
        Self {
            root: Node::empty(),
            origins: Vec::new(),
            notes: Notes::default(),
            missing: Vec::new(),
            absent: Vec::new(),
            guarded: Guarded::default(),
            unshown: Unshown::default(),
        }
    }

    /// Lays what a configuration file says above what there is.
    pub fn file(&mut self, read: Read) {
        self.guarded.file = self.read(read, Origin::File);
    }

    /// Lays what the API has changed above what there is.
    pub fn overrides(&mut self, read: Read) {
        self.guarded.overrides = self.read(read, Origin::Overrides);
    }

    fn read(&mut self, read: Read, origin: impl Fn(PathBuf) -> Origin) -> Said {
        let Read { root, files, notes, missing, absent, variables } = read;
        let first = self.next();
        self.origins.extend(files.into_iter().map(origin));
        self.unshown.included.extend(first.saturating_add(1)..self.next());
        self.unshown.variables.extend(variables.into_iter().map(|place| moved(place, first)));
        for note in &notes {
            let place = moved(note.place, first);
            let related = note.related.map(|place| moved(place, first));
            self.notes.push(Note { place, related, ..note.clone() });
        }
        self.missing.extend(missing.into_iter().map(|one| {
            let place = moved(one.place, first);
            MissingInclude { place, ..one }
        }));
        self.absent.extend(absent.into_iter().map(|one| {
            let place = moved(one.place, first);
            Absent { place, ..one }
        }));
        let shape = Some(Shape::whole());
        let mut root = Node::of(root, first, shape, &mut self.notes);
        match root.relocate(OUTSIDE, WITHIN) {
            Ok(None) => {}
            Ok(Some(outside)) => {
                let text = "http_auth: it is read as auth.http_auth; NanoMQ does not see it here, and asks no service";
                let note = Note::new(Severity::Warning, outside, text);
                self.notes.push(note.hint("move it into auth"));
            }
            Err([outside, within]) => {
                let text = "http_auth: it stands in auth, too: which is meant?";
                let note = Note::new(Severity::Error, outside, text);
                self.notes.push(note.hint("take one of them out").related(within));
            }
        }
        let said = Said::by(&root);
        self.root.overlay(root, shape, Replacing::Silent, &mut self.notes);
        said
    }

    /// Lays variables that are of the table above what there is; others are not looked at.
    pub fn environment(&mut self, variables: impl Iterator<Item = (OsString, OsString)>) {
        for (name, value) in variables {
            let Some(name) = name.to_str().filter(|name| name.starts_with("VOUCHMQ_")) else { continue };
            let Some(row) = rows().find(|row| row.variable().as_deref() == Some(name)) else { continue };
            let key = row.path.replace("(.*)", "");
            let origin = Origin::Variable(name.into());
            match value.to_str() {
                Some(value) => self.assign(origin, &key, value),
                None => {
                    let place = self.add(origin);
                    self.notes.error(place, format!("{key}: it is not UTF-8"));
                }
            }
        }
    }

    /// Lays `KEY=VALUE` of a flag above what there is.
    pub fn set(&mut self, flag: &str, text: &str) {
        let origin = Origin::Flag(flag.into());
        match text.split_once('=') {
            Some((key, value)) => self.assign(origin, key.trim(), value.trim()),
            None => {
                let place = self.add(origin);
                let hint = "write KEY=VALUE, as mqtt.max_packet_size=2MB";
                self.notes
                    .push(Note::new(Severity::Error, place, format!("`{text}` says nothing")).hint(hint));
            }
        }
    }

    /// Lays one value above what there is. A list is written with commas, with or without brackets.
    pub fn assign(&mut self, origin: Origin, key: &str, value: &str) {
        let place = self.add(origin);
        let Some(row) = Shape::whole().row_of(key) else {
            self.notes.push(no_key(key, place));
            return;
        };
        let what = if matches!(row.kind, Kind::List(_)) {
            let inner = value.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(value);
            let items = inner.split(',').map(str::trim).filter(|item| !item.is_empty());
            What::List(items.map(|item| Node { place, what: What::Word(item.into()) }).collect())
        } else {
            What::Word(value.into())
        };
        let mut path: Vec<&str> = key.split('.').collect();
        if path.first().is_some_and(|first| first.eq_ignore_ascii_case(OUTSIDE)) {
            path.splice(..1, WITHIN.iter().copied());
        }
        let node = Node::at(&path, place, Node { place, what });
        self.root.overlay(node, Some(Shape::whole()), Replacing::Silent, &mut self.notes);
    }

    /// Where the value of a key comes from, given by its segments.
    pub(crate) fn origin(&self, path: &[Box<str>]) -> Option<&Origin> {
        let node = path.iter().try_fold(&self.root, |node, key| node.get(key))?;
        self.origins.get(usize::from(node.place.file))
    }

    /// The data directory that these layers say, as long as no more are added: where overrides are.
    pub fn data(&self) -> PathBuf {
        let said = self.root.find("system.data").and_then(Node::text);
        said.map_or_else(|| crate::SystemOptions::default().data, PathBuf::from)
    }

    /// Whether a configuration file was read: what the API has changed is none.
    pub(crate) fn has_file(&self) -> bool {
        self.origins.iter().any(|origin| matches!(origin, Origin::File(_)))
    }

    fn add(&mut self, origin: Origin) -> Place {
        let file = self.next();
        self.origins.push(origin);
        Place { file, line: 0, column: 0 }
    }

    fn next(&self) -> u16 {
        u16::try_from(self.origins.len()).unwrap_or(u16::MAX)
    }
}

impl Default for Layers {
    fn default() -> Self {
        Self::new()
    }
}

/// Says that a whole key is none, and what was probably meant.
pub(crate) fn no_key(key: &str, place: Place) -> Note {
    match nearest(key, rows().filter(|row| row.variable().is_some()).map(|row| row.path)) {
        Some(near) => Note::new(Severity::Error, place, format!("`{key}` is no key"))
            .hint(format!("did you mean {near}?")),
        None => unknown(key, place, Shape::whole()),
    }
}

/// Says what was probably meant, or what may stand there. `beside` is what may stand where the key stands.
pub(crate) fn unknown(key: &str, place: Place, beside: &Shape) -> Note {
    let last = |key: &str| key.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let keys: Vec<String> =
        rows().filter(|row| row.variable().is_some()).map(|row| row.path.replace("(.*)", "")).collect();
    let same = keys.iter().map(String::as_str).filter(|known| last(known) == last(key));
    let meant: Vec<&str> = same.take(NAMED_MAX).collect();
    let allowed: Vec<&str> = beside.keys().collect();
    let note = Note::new(Severity::Error, place, format!("`{key}` is no key"));
    if !meant.is_empty() {
        note.hint(format!("did you mean {}?", meant.join(" or ")))
    } else if (1..=ALLOWED_MAX).contains(&allowed.len()) {
        note.hint(format!("allowed here: {}", allowed.join(", ")))
    } else {
        note.hint("'vouchmq config schema' lists all keys")
    }
}

/// Keys that are named as meant, and as allowed.
const NAMED_MAX: usize = 3;
const ALLOWED_MAX: usize = 16;
