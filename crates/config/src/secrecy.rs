//! The text of a configuration file without what is secret in it, and whether such a text comes back.

use crate::hocon::{BYTE_ORDER_MARK, Scalar, errors, scalars, write_string};
use crate::schema::{Kind, Shape};
use crate::url::{MASK, masked};
use crate::value::HIDDEN;

/// What stands for a secret in the text of a file, as NanoMQ writes it.
const MARKER: &str = "******";
/// Shorter secrets are not looked for in comments: they would be part of words.
const SEARCHED_MIN: usize = 4;
/// Words before a colon that make a comment look like a key that is switched off.
const TELLING: &[&str] = &["pass", "secret", "token", "key", "cred", "psk", "database", "user", "auth"];

/// Where something stands, and what: for people.
type Told = Vec<(String, String)>;

/// Whether a value only stands for a secret.
pub(crate) fn is_marker(text: &str) -> bool {
    matches!(text.trim(), HIDDEN | MARKER)
}

/// Whether a part of a value only stands for something that is not shown.
pub(crate) fn is_masked(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.contains(MASK))
}

/// The text with `******` for secrets, for what the table does not know, and for what comments say that looks like a
/// value.
///
/// # Errors
/// Each mistake, with its line: what cannot be understood may hold a secret anywhere.
pub fn without_secrets(text: &str) -> Result<String, Told> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let scalars = scalars(text).map_err(|notes| errors(&notes))?;
    let secrets: Vec<&str> = scalars
        .iter()
        .filter(|scalar| !scalar.is_comment && scalar.text.len() >= SEARCHED_MIN && is_secret(&scalar.path))
        .map(|scalar| &*scalar.text)
        .collect();
    let mut shown = String::with_capacity(text.len());
    let (mut end, mut hidden_line) = (0, 0);
    for scalar in &scalars {
        let line = scalar.place.line;
        let Some(instead) = instead(scalar, &secrets, line == hidden_line) else { continue };
        if !scalar.is_comment {
            hidden_line = line + u32::try_from(scalar.text.matches('\n').count()).unwrap_or(u32::MAX - line);
        }
        shown.push_str(text.get(end..scalar.span.start).unwrap_or_default());
        shown.push_str(&instead);
        end = scalar.span.end;
    }
    shown.push_str(text.get(end..).unwrap_or_default());
    Ok(shown)
}

/// What is written instead of a value or a comment; `None` if it is shown as it is. `is_behind` is whether a secret
/// stands before it in its line.
fn instead(scalar: &Scalar, secrets: &[&str], is_behind: bool) -> Option<String> {
    if scalar.is_comment {
        let is_told = is_behind || secrets.iter().any(|secret| scalar.text.contains(secret));
        return if is_told { Some(format!("# {MARKER}")) } else { uncommented(&scalar.text) };
    }
    if is_secret(&scalar.path) {
        return (!scalar.text.is_empty()).then(|| format!("\"{MARKER}\""));
    }
    let masked = masked(&scalar.text);
    (*masked != *scalar.text).then(|| write_string(&masked).unwrap_or_else(|_| format!("\"{MARKER}\"")))
}

/// A comment that looks like a key and its value, without the value.
fn uncommented(comment: &str) -> Option<String> {
    let at = comment.char_indices().find_map(|(at, letter)| {
        let before = comment.get(..at).unwrap_or_default().trim_end().to_ascii_lowercase();
        let is_key = |word: &str| TELLING.iter().any(|telling| word.contains(telling));
        let is_told = match letter {
            '=' => true,
            ':' => before.rsplit(char::is_whitespace).next().is_some_and(is_key),
            _ => false,
        };
        is_told.then_some(at + 1)
    })?;
    Some(format!("{} {MARKER}", comment.get(..at)?))
}

/// Places where a text has what only stands for a secret: each line, with its key.
///
/// # Errors
/// Each mistake, with its line.
pub fn hidden_left(text: &str) -> Result<Told, Told> {
    let scalars = scalars(text).map_err(|notes| errors(&notes))?;
    let is_left = |scalar: &&Scalar| {
        !scalar.is_comment && (is_secret(&scalar.path) && is_marker(&scalar.text) || is_masked(&scalar.text))
    };
    let left = scalars.iter().filter(is_left);
    Ok(left.map(|scalar| (format!("line {}", scalar.place.line), scalar.path.join("."))).collect())
}

/// Whether what stands at these keys is not shown: secrets, and what the table does not know.
fn is_secret(path: &[Box<str>]) -> bool {
    let mut shape = Shape::whole();
    for key in path {
        match shape.row.map(|row| row.kind) {
            Some(Kind::Anything) => return true,
            // Conditions of rules.
            Some(Kind::List(Kind::Anything)) => return false,
            Some(_) | None => {}
        }
        let Some(below) = shape.member(key).or_else(|| shape.item()?.member(key)) else { return true };
        shape = below;
    }
    shape.row.is_none_or(|row| matches!(row.kind, Kind::Secret | Kind::Anything | Kind::List(Kind::Secret)))
}
