//! Reads a configuration file: what it says, value by value, each with the place where it stands.
//!
//! The syntax is HOCON as NanoMQ writes it, and what users of HOCON expect besides. Nothing is known here about keys:
//! a word stays a word, and which keys differ by case only is for the schema to say ([`Map::fold_case`]).
//!
//! All faults are collected: the reader goes on at the next member. Notes never hold a value, which may be a secret.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

mod cursor;
mod include;
mod map;
mod note;
mod parser;
mod path;
mod quoted;
mod resolve;
mod scalar;
mod tree;
mod word;
mod write;

pub(crate) use include::BYTE_ORDER_MARK;
pub use map::Map;
pub use note::{Note, Notes, Severity};
pub use path::key_path;
pub(crate) use scalar::{Alone, NAME, Scalar, errors, scalars};
pub use write::{Unwritable, write};
pub(crate) use write::{write_path, write_string};

use include::Files;
use resolve::Resolver;

/// Bytes of one file.
pub const FILE_SIZE_MAX: usize = 1024 * 1024;
/// Files that are read for one configuration, one that is included twice counted twice.
pub const FILES_MAX: usize = 64;
/// How deep files include files.
pub const INCLUDE_DEPTH_MAX: usize = 10;
/// How deep maps and lists stand in each other, each segment of a dotted key counted.
pub const DEPTH_MAX: usize = 64;

/// Where the text of files comes from.
pub trait Sources {
    /// The text of a file.
    ///
    /// # Errors
    /// `NotFound` when there is none, `InvalidData` when it is not UTF-8. Whoever reads from a disk should stop
    /// after [`FILE_SIZE_MAX`] bytes and one more. The message of any other error is told, and names no more than the
    /// include does.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// What was read.
#[derive(Clone, Debug)]
pub struct Read {
    /// What the file says: always a map, with what could be read of a file that has faults.
    pub root: Value,
    /// The files that were read, or were to be read, by the number in [`Place::file`]. The first one is the file
    /// itself.
    pub files: Vec<PathBuf>,
    /// What is wrong, and what deserves attention, by place.
    pub notes: Notes,
    /// Files that are not there and did not have to be. Each has a warning among the notes.
    pub missing: Vec<MissingInclude>,
    /// Optional references that brought nothing, where nothing else was said before.
    pub absent: Vec<Absent>,
    /// Where values stand that are made, wholly or in part, of variables of the environment.
    pub variables: BTreeSet<Place>,
}

/// `include "p"`, and there is no such file: HOCON reads it as an empty one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingInclude {
    /// The file.
    pub path: PathBuf,
    /// The keys of the map that includes it, from the root; of each map, where a reference copies it.
    pub within: Vec<Box<str>>,
    /// Where the include stands.
    pub place: Place,
}

/// `${?X}`, and there is no X: the member, the item or the part of a value is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// The keys that lead to it, from the root; those of the list, for what is in one.
    pub path: Vec<Box<str>>,
    /// Where the reference stands.
    pub place: Place,
}

/// A value, and where it stands.
#[derive(Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: Kind,
    /// Where it begins; where the reference stands, for what `${…}` brings.
    pub place: Place,
}

/// What a value is.
#[derive(Clone, PartialEq)]
pub enum Kind {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A word without quotes that is not one of the above: a number, a duration, a size, a name. Also what a
    /// variable of the environment says, whatever it says: see [`Value::as_bool`].
    Word(Box<str>),
    /// A string in quotes, or what is put together of several parts.
    Text(Box<str>),
    /// `[…]`
    List(Vec<Value>),
    /// `{…}`
    Map(Map),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key, one segment of it, as it is written.
    pub key: Box<str>,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub value: Value,
}

/// Where something stands: a file (by its number among those that were read), a line and a column, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: u16,
    /// The line.
    pub line: u32,
    /// The column, in characters.
    pub column: u32,
}

/// Reads the file at `path` and what it includes. `environment` answers `${NAME}`.
///
/// Never fails: what is wrong is among the notes.
pub fn read(path: &Path, sources: &dyn Sources, environment: &dyn Fn(&str) -> Option<String>) -> Read {
    let mut files = Files::new(sources);
    let tree = files.read_first(path);
    let Files { mut notes, paths, mut missing, .. } = files;
    let mut resolver = Resolver::new(&tree, environment, &mut notes, &missing);
    let map = resolver.table(&tree);
    let (copied, absent, variables) = (resolver.copied, resolver.absent, resolver.variables);
    missing.extend(copied);
    notes.sort();
    let root = Value { kind: Kind::Map(map), place: Place { file: 0, line: 1, column: 1 } };
    Read { root, files: paths, notes, missing, absent, variables }
}

// === impl MissingInclude ===

impl MissingInclude {
    /// Whether it stands below this key of the root, or may: one that the root itself includes could hold any key.
    pub fn is_within(&self, key: &str) -> bool {
        self.within.first().is_none_or(|first| first.eq_ignore_ascii_case(key))
    }
}

// === impl Value ===

impl Value {
    /// The members of a map.
    pub fn as_map(&self) -> Option<&Map> {
        match &self.kind {
            Kind::Map(map) => Some(map),
            Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_) | Kind::List(_) => None,
        }
    }

    /// The items of a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match &self.kind {
            Kind::List(items) => Some(items),
            Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_) | Kind::Map(_) => None,
        }
    }

    /// A string in quotes or a word: what is written, exactly.
    pub fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Word(text) | Kind::Text(text) => Some(text),
            Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) => None,
        }
    }

    /// `true` or `false`, written in the file without quotes or by a variable of the environment.
    pub fn as_bool(&self) -> Option<bool> {
        match &self.kind {
            Kind::Bool(value) => Some(*value),
            Kind::Word(word) if &**word == "true" => Some(true),
            Kind::Word(word) if &**word == "false" => Some(false),
            Kind::Null | Kind::Word(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => None,
        }
    }
}

// === impl Kind ===

impl Kind {
    /// What it is, for a message: `a list`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Word(_) => "a word",
            Self::Text(_) => "a string",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}
