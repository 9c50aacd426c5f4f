//! What is wrong with a file, and what deserves attention.

use super::Place;

/// Notes of one severity that are kept; what comes later is counted only.
const NOTES_MAX: usize = 200;

/// Something about a place in a file. Holds keys, never values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// How bad it is.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What, in one line.
    pub text: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Another place that this is about: where the same key stands before, where something was opened.
    pub related: Option<Place>,
}

/// How bad a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file cannot be used.
    Error,
    /// It can, and perhaps does not mean what its author thinks.
    Warning,
}

/// Notes, as many as anybody reads: errors and warnings have a bound each, so that many of the one never hide the
/// other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    list: Vec<Note>,
    errors: usize,
    warnings: usize,
}

// === impl Note ===

impl Note {
    /// A note without hint.
    pub fn new(severity: Severity, place: Place, text: impl Into<String>) -> Self {
        Self { severity, place, text: text.into(), hint: None, related: None }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same about two places.
    #[must_use]
    pub fn related(self, place: Place) -> Self {
        Self { related: Some(place), ..self }
    }
}

// === impl Notes ===

impl Notes {
    /// Adds a note, or only counts it when there are enough of its severity.
    pub fn push(&mut self, note: Note) {
        let count = match note.severity {
            Severity::Error => &mut self.errors,
            Severity::Warning => &mut self.warnings,
        };
        *count += 1;
        if *count <= NOTES_MAX {
            self.list.push(note);
        }
    }

    /// Adds an error without hint.
    pub fn error(&mut self, place: Place, text: impl Into<String>) {
        self.push(Note::new(Severity::Error, place, text));
    }

    /// Adds a warning without hint.
    pub fn warning(&mut self, place: Place, text: impl Into<String>) {
        self.push(Note::new(Severity::Warning, place, text));
    }

    /// Whether the file cannot be used.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// How many errors there are, those that were not kept included.
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many warnings there are, those that were not kept included.
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// How many were not kept.
    pub fn dropped(&self) -> usize {
        self.errors + self.warnings - self.list.len()
    }

    /// What was kept, in the order of [`Self::push`] or [`Self::sort`].
    pub fn iter(&self) -> std::slice::Iter<'_, Note> {
        self.list.iter()
    }

    /// Orders them by file, line and column.
    pub fn sort(&mut self) {
        self.list.sort_by_key(|note| note.place);
    }
}

impl<'a> IntoIterator for &'a Notes {
    type Item = &'a Note;
    type IntoIter = std::slice::Iter<'a, Note>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.iter()
    }
}

impl Extend<Note> for Notes {
    fn extend<T: IntoIterator<Item = Note>>(&mut self, notes: T) {
        notes.into_iter().for_each(|note| self.push(note));
    }
}
