//! Writes values so that reading them gives the same: nothing in a text is ever taken for syntax.

use std::fmt::Write as _;

use super::{Kind, Map, Value};

/// Why a value cannot stand in a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwritable {
    /// A key has no letter.
    #[error("a key is empty")]
    EmptyKey,
    /// A text holds a NUL.
    #[error("a NUL cannot stand in a configuration file")]
    Nul,
}

/// Spaces by which what is in a block stands behind it.
const INDENT: usize = 2;

/// The members of a file, each on lines of its own. What has been a word of other letters than numbers, sizes and
/// names have stands in quotes.
///
/// # Errors
/// [`Unwritable`]: no file could hold it.
pub fn write(map: &Map) -> Result<String, Unwritable> {
    let mut text = String::new();
    members(map, 0, &mut text)?;
    Ok(text)
}

/// A string between quotes.
///
/// # Errors
/// [`Unwritable::Nul`].
pub(crate) fn write_string(string: &str) -> Result<String, Unwritable> {
    let mut text = String::new();
    quoted(string, &mut text)?;
    Ok(text)
}

/// A dotted key, as [`key_path`](super::key_path) reads it.
pub(crate) fn write_path(path: &[Box<str>]) -> String {
    let segment = |segment: &str| {
        let mut text = String::new();
        // Nobody could have set one that cannot be written.
        if key(segment, &mut text).is_err() { "?".to_owned() } else { text }
    };
    path.iter().map(|key| segment(key)).collect::<Vec<_>>().join(".")
}

fn members(map: &Map, depth: usize, text: &mut String) -> Result<(), Unwritable> {
    for member in map {
        indent(depth, text);
        key(&member.key, text)?;
        if member.value.as_map().is_none() {
            text.push_str(" =");
        }
        text.push(' ');
        value(&member.value, depth, text)?;
        text.push('\n');
    }
    Ok(())
}

fn value(value: &Value, depth: usize, text: &mut String) -> Result<(), Unwritable> {
    match &value.kind {
        Kind::Null => text.push_str("null"),
        Kind::Bool(switch) => text.push_str(if *switch { "true" } else { "false" }),
        Kind::Word(word) if is_plain(word) => text.push_str(word),
        Kind::Word(string) | Kind::Text(string) => quoted(string, text)?,
        Kind::List(items) => list(items, depth, text)?,
        Kind::Map(map) if map.is_empty() => text.push_str("{}"),
        Kind::Map(map) => {
            text.push_str("{\n");
            members(map, depth + 1, text)?;
            indent(depth, text);
            text.push('}');
        }
    }
    Ok(())
}

fn list(items: &[Value], depth: usize, text: &mut String) -> Result<(), Unwritable> {
    if items.is_empty() {
        text.push_str("[]");
        return Ok(());
    }
    text.push_str("[\n");
    for item in items {
        indent(depth + 1, text);
        value(item, depth + 1, text)?;
        text.push_str(",\n");
    }
    indent(depth, text);
    text.push(']');
    Ok(())
}

fn indent(depth: usize, text: &mut String) {
    text.extend(std::iter::repeat_n(' ', depth * INDENT));
}

fn key(key: &str, text: &mut String) -> Result<(), Unwritable> {
    if key.is_empty() {
        return Err(Unwritable::EmptyKey);
    }
    let is_plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    // That word is a statement.
    if is_plain && key != "include" {
        text.push_str(key);
        return Ok(());
    }
    quoted(key, text)
}

/// Whether a word is read as itself without quotes, wherever it stands.
fn is_plain(word: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    !word.is_empty() && word.bytes().all(is_letter) && !matches!(word, "true" | "false" | "null")
}

/// A string in those quotes in which it needs no escape about which readers differ.
fn quoted(string: &str, text: &mut String) -> Result<(), Unwritable> {
    if string.contains('\0') {
        return Err(Unwritable::Nul);
    }
    let has_control = string.contains(|letter: char| letter.is_control() && letter != '\t');
    // A carriage return never stands in a file but at the end of a line.
    let is_raw = has_control && !string.contains('\r');
    if is_raw && !string.contains('\'') {
        let _ = write!(text, "'{string}'");
    } else if is_raw && !string.contains("\"\"\"") {
        let _ = write!(text, "\"\"\"{string}\"\"\"");
    } else {
        text.push('"');
        string.chars().for_each(|letter| escaped(letter, text));
        text.push('"');
    }
    Ok(())
}

fn escaped(letter: char, text: &mut String) {
    match letter {
        '"' => text.push_str("\\\""),
        '\\' => text.push_str("\\\\"),
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        letter if letter.is_control() && letter != '\t' => {
            // Control characters have at most two hexadecimal digits.
            let _ = write!(text, "\\u{:04x}", u32::from(letter));
        }
        letter => text.push(letter),
    }
}
