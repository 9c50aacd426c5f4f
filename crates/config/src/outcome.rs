//! What came of a configuration.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use crate::config::Config;
use crate::effective::{Effective, Entry};
use crate::guarded::Guarded;
use crate::hocon::{Note, Notes, Place, Severity};
use crate::layers::{Origin, Unshown};
use crate::resolve::Reference;

/// What came of a configuration: what is told about it, where values come from, and what it means.
#[derive(Debug)]
pub struct Outcome {
    /// What it means; `None` if anything is wrong with it.
    pub config: Option<Config>,
    /// What is wrong, and what deserves attention, by place.
    pub notes: Notes,
    pub(crate) entries: Vec<Entry>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) references: Vec<Reference>,
    pub(crate) guarded: Guarded,
    pub(crate) unshown: Unshown,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: String,
    /// What, and what to do.
    pub text: String,
    /// Whether the text may hold what no client of an API is told: what stands in an included file, which need be no
    /// configuration, and what a variable of the environment says.
    pub is_guarded: bool,
}

impl Outcome {
    /// Has each file looked at that the configuration names. `look` says why one cannot be read. One that is
    /// wanted is an error, one that nothing reads a warning.
    pub fn check_files(&mut self, look: &dyn Fn(&Path) -> io::Result<()>) {
        for Reference { path, place, key, is_active } in &self.references {
            let Err(fault) = look(path) else { continue };
            let severity = if *is_active { Severity::Error } else { Severity::Warning };
            let text = format!("{key}: cannot read {}: {fault}", path.display());
            let hint =
                if *is_active { "make the file, or correct the path" } else { "nothing reads it as it is" };
            self.notes.push(Note::new(severity, *place, text).hint(hint));
        }
        self.notes.sort();
        if self.notes.has_errors() {
            self.config = None;
        }
    }

    /// A place, as editors and terminals understand it: `nanomq.conf:12:3`.
    pub fn place(&self, place: Place) -> String {
        let Some(origin) = self.origins.get(usize::from(place.file)) else {
            return "configuration".to_owned();
        };
        if place.line == 0 { origin.to_string() } else { format!("{origin}:{}:{}", place.line, place.column) }
    }

    /// The report: a line for each note, and one for its hint.
    pub fn report(&self) -> String {
        let mut text = String::new();
        for note in &self.notes {
            let severity = match note.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            };
            let _ = writeln!(text, "{}: {severity}: {}", self.place(note.place), note.text);
            if let Some(place) = note.related {
                let _ = writeln!(text, "    see {}", self.place(place));
            }
            if let Some(hint) = &note.hint {
                let _ = writeln!(text, "    {hint}");
            }
        }
        if self.notes.dropped() > 0 {
            let _ = writeln!(text, "and {} more", self.notes.dropped());
        }
        text
    }

    /// The errors: where each is, and what is wrong and what to do.
    pub fn mistakes(&self) -> impl Iterator<Item = Fault> {
        let errors = self.notes.iter().filter(|note| note.severity == Severity::Error);
        errors.map(|note| {
            let hint = note.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
            let (place, is_guarded) = (self.place(note.place), self.is_guarded(note));
            Fault { place, text: format!("{}{hint}", note.text), is_guarded }
        })
    }

    /// The errors, each in one line.
    pub fn errors(&self) -> impl Iterator<Item = String> {
        let errors = self.notes.iter().filter(|note| note.severity == Severity::Error);
        errors.map(|note| {
            let hint = note.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
            format!("{}: {}{hint}", self.place(note.place), note.text)
        })
    }

    /// Whether a note may hold what no client of an API is told.
    fn is_guarded(&self, note: &Note) -> bool {
        let Unshown { included, variables } = &self.unshown;
        included.contains(&note.place.file) || variables.contains(&note.place)
    }

    /// The warnings that a client of an API is told, each in one line.
    pub fn warnings_told(&self) -> impl Iterator<Item = String> {
        let warnings = self.notes.iter().filter(|note| note.severity == Severity::Warning);
        warnings.map(|note| {
            let told = "something deserves attention here, which 'vouchmq check FILE' tells on this machine";
            format!("{}: {}", self.place(note.place), if self.is_guarded(note) { told } else { &note.text })
        })
    }

    /// The warnings, each in one line.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        let warnings = self.notes.iter().filter(|note| note.severity == Severity::Warning);
        warnings.map(|note| format!("{}: {}", self.place(note.place), note.text))
    }

    /// Whether a configuration file says anything: of one that does not, all is as it is without it.
    pub fn has_said(&self) -> bool {
        let origins = self.entries.iter().filter_map(|entry| self.origins.get(usize::from(entry.file()?)));
        origins.into_iter().any(|origin| matches!(origin, Origin::File(_)))
    }

    /// The values in effect, and where each comes from.
    pub fn effective(&self) -> impl Iterator<Item = Effective<'_>> {
        self.entries.iter().map(|entry| entry.shown(|place| self.place(place)))
    }
}
