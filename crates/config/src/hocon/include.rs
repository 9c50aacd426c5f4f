//! Files, and files that include files.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::cursor::Cursor;
use super::parser::Parser;
use super::scalar::{NAME, Scalar};
use super::tree::Table;
use super::{
    FILE_SIZE_MAX, FILES_MAX, INCLUDE_DEPTH_MAX, MissingInclude, Note, Notes, Place, Severity, Sources,
};

/// Reads files, one inside the other.
pub(super) struct Files<'s> {
    sources: &'s dyn Sources,
    pub(super) notes: Notes,
    /// By number.
    pub(super) paths: Vec<PathBuf>,
    pub(super) missing: Vec<MissingInclude>,
    /// The values of the first file as they stand there, for whoever wants them.
    pub(super) scalars: Option<Vec<Scalar>>,
    /// How many were read.
    reads: usize,
    /// Those that are being read, by number.
    open: Vec<u16>,
}

/// What an include statement asks for.
#[derive(Debug)]
pub(super) struct Include {
    pub(super) path: String,
    pub(super) is_required: bool,
    pub(super) place: Place,
}

impl<'s> Files<'s> {
    pub(super) fn new(sources: &'s dyn Sources) -> Self {
        Self {
            sources,
            notes: Notes::default(),
            paths: Vec::new(),
            missing: Vec::new(),
            scalars: None,
            reads: 0,
            open: Vec::new(),
        }
    }

    /// Reads the file with which everything begins.
    pub(super) fn read_first(&mut self, path: &Path) -> Table {
        let mut table = Table::default();
        let place = Place { file: 0, line: 1, column: 1 };
        self.paths.push(path.to_owned());
        match self.sources.read(path) {
            Ok(text) => self.parse(&text, 0, &mut table, &mut Vec::new(), 0),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.notes.error(place, "there is no such file");
            }
            Err(error) => self.notes.push(unreadable(place, "the file", &error)),
        }
        table
    }

    /// Reads a text that stands in no file.
    pub(super) fn read_text(&mut self, text: &str) -> Table {
        let mut table = Table::default();
        self.paths.push(PathBuf::from(NAME));
        self.parse(text, 0, &mut table, &mut Vec::new(), 0);
        table
    }

    /// Reads a file into the map that includes it, which stands below `keys`.
    ///
    /// # Errors
    /// It is not there and must be, or cannot be read.
    pub(super) fn include(
        &mut self,
        include: &Include,
        table: &mut Table,
        keys: &mut Vec<Box<str>>,
        depth: usize,
    ) -> Result<(), Note> {
        let error = |text: String| Note::new(Severity::Error, include.place, text);
        let shown = shown(&include.path);
        if self.open.len() > INCLUDE_DEPTH_MAX {
            return Err(error(format!("files include files more than {INCLUDE_DEPTH_MAX} deep")));
        }
        self.reads += 1;
        if self.reads >= FILES_MAX {
            return Err(error(format!("more than {FILES_MAX} files are included")));
        }
        let path = self.beside(Path::new(&include.path));
        let known = self.paths.iter().position(|other| *other == path);
        let number = u16::try_from(known.unwrap_or(self.paths.len())).unwrap_or(u16::MAX);
        if self.open.contains(&number) {
            return Err(error(format!("`{shown}` includes itself")));
        }
        let text = match self.sources.read(&path) {
            Ok(text) => text,
            Err(fault) if fault.kind() == io::ErrorKind::NotFound && !include.is_required => {
                let note = Note::new(Severity::Warning, include.place, format!("`{shown}` is not there"));
                self.notes.push(note.hint("it is read as an empty file; include required(…) refuses that"));
                self.missing.push(MissingInclude { path, within: keys.clone(), place: include.place });
                return Ok(());
            }
            Err(fault) => return Err(unreadable(include.place, &format!("`{shown}`"), &fault)),
        };
        if known.is_none() {
            self.paths.push(path);
        }
        self.parse(&text, number, table, keys, depth);
        Ok(())
    }

    /// A path as the file that is being read means it.
    fn beside(&self, path: &Path) -> PathBuf {
        let including = self.open.last().and_then(|number| self.paths.get(usize::from(*number)));
        match including.and_then(|file| file.parent()) {
            Some(folder) => folder.join(path),
            None => path.to_owned(),
        }
    }

    fn parse(&mut self, text: &str, number: u16, table: &mut Table, keys: &mut Vec<Box<str>>, depth: usize) {
        if text.len() > FILE_SIZE_MAX {
            let place = Place { file: number, line: 1, column: 1 };
            let text = format!("the file has {} bytes: more than {FILE_SIZE_MAX}", text.len());
            return self.notes.error(place, text);
        }
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        if let Some(note) = forbidden(text, number) {
            return self.notes.push(note);
        }
        self.open.push(number);
        let base: Rc<[Box<str>]> = keys.as_slice().into();
        Parser::new(Cursor::new(text, number), self, base, keys, depth).file(table);
        self.open.pop();
    }
}

/// What some editors put before a text.
pub(crate) const BYTE_ORDER_MARK: char = '\u{feff}';

/// What a configuration file never holds: a file with it is something else, or would read otherwise than it looks.
fn forbidden(text: &str, number: u16) -> Option<Note> {
    let mut cursor = Cursor::new(text, number);
    loop {
        cursor.take_while(|letter| !matches!(letter, '\0' | '\r'));
        match cursor.peek()? {
            '\r' if cursor.peek_second().is_none_or(|next| next != '\n') => {
                let note = Note::new(Severity::Error, cursor.place(), "a carriage return that ends no line");
                return Some(note.hint("end lines with a line feed, or both"));
            }
            '\0' => {
                return Some(Note::new(Severity::Error, cursor.place(), "a NUL: this is not a text file"));
            }
            _ => cursor.advance(1),
        }
    }
}

fn unreadable(place: Place, what: &str, error: &io::Error) -> Note {
    if error.kind() == io::ErrorKind::NotFound {
        return Note::new(Severity::Error, place, format!("{what} is not there"));
    }
    if error.kind() == io::ErrorKind::InvalidData {
        let note = Note::new(Severity::Error, place, format!("{what} is not UTF-8"));
        return note.hint("save it as UTF-8, with `iconv -t UTF-8`");
    }
    Note::new(Severity::Error, place, format!("{what} cannot be read: {error}"))
}

/// A key or a path as a message shows it.
pub(super) fn shown(text: &str) -> String {
    const LENGTH_MAX: usize = 80;
    let mut shown: String = text.chars().take(LENGTH_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(LENGTH_MAX).is_some() {
        shown.push('…');
    }
    shown
}
