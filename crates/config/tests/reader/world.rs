//! Files and an environment in memory, and what was read as one line.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use vouchmq_config::hocon::{self, Kind, Note, Read, Severity, Sources, Value};

/// The file with which everything begins.
pub(crate) const MAIN: &str = "/etc/vouchmq.conf";

/// What there is to read.
#[derive(Default)]
pub(crate) struct World {
    files: BTreeMap<PathBuf, Result<String, io::ErrorKind>>,
    environment: BTreeMap<String, String>,
}

impl World {
    pub(crate) fn new(text: &str) -> Self {
        Self::default().file(MAIN, text)
    }

    pub(crate) fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), Ok(text.to_owned()));
        self
    }

    pub(crate) fn unreadable(mut self, path: &str, error: io::ErrorKind) -> Self {
        self.files.insert(path.into(), Err(error));
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    pub(crate) fn read(&self) -> Read {
        hocon::read(Path::new(MAIN), self, &|name| self.environment.get(name).cloned())
    }
}

impl Sources for World {
    fn read(&self, path: &Path) -> io::Result<String> {
        match self.files.get(path) {
            Some(Ok(text)) => Ok(text.clone()),
            Some(Err(kind)) => Err((*kind).into()),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }
}

/// What one file says, and the notes about it.
pub(crate) fn outcome(text: &str) -> (String, Vec<String>) {
    let read = World::new(text).read();
    (line(&read.root), read.notes.iter().map(note).collect())
}

/// A value in one line: words as they are, strings in quotes.
pub(crate) fn line(value: &Value) -> String {
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Word(word) => word.to_string(),
        Kind::Text(text) => format!("{text:?}"),
        Kind::List(items) => format!("[{}]", items.iter().map(line).collect::<Vec<_>>().join(", ")),
        Kind::Map(map) => {
            let members = map.iter().map(|member| format!("{}: {}", member.key, line(&member.value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
    }
}

/// `error 1:3 text`, with the number of the file if it is not the first one.
pub(crate) fn note(note: &Note) -> String {
    let severity = match note.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let place = |place: hocon::Place| match place.file {
        0 => format!("{}:{}", place.line, place.column),
        file => format!("{file}:{}:{}", place.line, place.column),
    };
    let related = note.related.map(|related| format!(" (see {})", place(related))).unwrap_or_default();
    format!("{severity} {} {}{related}", place(note.place), note.text)
}
