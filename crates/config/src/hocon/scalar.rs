//! Where values stand in a text: to hide some of them.

use std::io;
use std::ops::Range;
use std::path::Path;

use super::include::Files;
use super::{Note, Notes, Place, Severity, Sources};

/// One value that is neither list nor map, or one part of it; or a comment.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// The keys that lead to it, from the root; those of the list, for what is in one.
    pub(crate) path: Vec<Box<str>>,
    /// What it says.
    pub(crate) text: Box<str>,
    /// The bytes of the file that say it.
    pub(crate) span: Range<usize>,
    pub(crate) place: Place,
    pub(crate) is_comment: bool,
}

/// One file that is a text, and no other.
pub(crate) struct Alone<'a>(pub(crate) &'a str);

impl Sources for Alone<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == Path::new(NAME) {
            return Ok(self.0.to_owned());
        }
        Err(io::Error::new(io::ErrorKind::PermissionDenied, "no file is included here"))
    }
}

/// What a text is called in which no file stands.
pub(crate) const NAME: &str = "text";

/// Every value of a text as it stands there, also those that do not count as another one stands behind. Includes
/// are not followed.
///
/// # Errors
/// The text cannot be understood, so that there may be more.
pub(crate) fn scalars(text: &str) -> Result<Vec<Scalar>, Notes> {
    let mut files = Files::new(&Outside);
    files.scalars = Some(Vec::new());
    let table = files.read_text(text);
    drop(table);
    let Files { notes, scalars, .. } = files;
    if notes.has_errors() { Err(notes) } else { Ok(scalars.unwrap_or_default()) }
}

/// Every file is empty: what stands in it is none of the text.
struct Outside;

impl Sources for Outside {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(String::new())
    }
}

/// A note about a place, in words.
pub(crate) fn told(note: &Note) -> (String, String) {
    let hint = note.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
    (format!("line {}", note.place.line), format!("{}{hint}", note.text))
}

/// The errors among notes, in words.
pub(crate) fn errors(notes: &Notes) -> Vec<(String, String)> {
    notes.iter().filter(|note| note.severity == Severity::Error).map(told).collect()
}
