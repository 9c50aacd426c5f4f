//! Keys alone, as they stand on a command line or in a request.

use super::DEPTH_MAX;
use super::cursor::Cursor;
use super::quoted::{is_quote, quoted};
use super::word::is_of_key;

/// The segments of a dotted key: `auth.password."a.b"` has three.
///
/// # Errors
/// It is no key: what is wrong with it, for people.
pub fn key_path(text: &str) -> Result<Vec<Box<str>>, String> {
    let mut cursor = Cursor::new(text, 0);
    let mut segments: Vec<Box<str>> = Vec::new();
    loop {
        let segment: Box<str> = match cursor.peek() {
            Some(quote) if is_quote(quote) => quoted(&mut cursor).map_err(|note| note.text)?.text.into(),
            Some(_) | None => cursor.take_while(is_of_key).into(),
        };
        if segment.is_empty() {
            return Err("a segment of it is empty, or has letters that need quotes".to_owned());
        }
        segments.push(segment);
        if segments.len() >= DEPTH_MAX {
            return Err(format!("it has {DEPTH_MAX} segments or more"));
        }
        if !cursor.take(".") {
            break;
        }
    }
    match cursor.peek() {
        None => Ok(segments),
        Some(letter) => Err(format!("`{}` needs quotes, as auth.password.\"a.b\"", letter.escape_debug())),
    }
}
