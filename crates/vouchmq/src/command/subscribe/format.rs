//! The format strings of `-F`, as mosquitto_sub documents them.

mod field;
mod time;

use std::iter::Peekable;
use std::str::Chars;

use vouchmq_mqtt::packet::Publish;

use super::json;
use crate::clock::Utc;
use field::Field;
pub(super) use field::subscription_ids;

/// A parsed format string.
#[derive(Debug)]
pub(super) struct Format {
    pieces: Vec<Piece>,
    is_pretty: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field, Width),
    Time(char),
    Json,
    /// The payload is JSON itself.
    JsonOfJson,
}

/// How wide a field is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Width {
    is_left: bool,
    is_zero_padded: bool,
    least: usize,
    most: Option<usize>,
}

impl Format {
    /// Parses a format string; the error says what is wrong with it.
    pub(super) fn parse(text: &str, is_pretty: bool) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut chars = text.chars().peekable();
        while let Some(c) = chars.next() {
            let piece = match c {
                '%' => percent(&mut chars)?,
                '@' => at(chars.next())?,
                '\\' => Piece::Text(escape(chars.next())?.to_string()),
                other => Piece::Text(other.to_string()),
            };
            if let Piece::Text(text) = &piece {
                plain.push_str(text);
                continue;
            }
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(piece);
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Ok(Self { pieces, is_pretty })
    }

    /// Appends a message; the error says why it cannot be expressed.
    pub(super) fn write(&self, publish: &Publish<'_>, now: &Utc, out: &mut Vec<u8>) -> Result<(), String> {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text.as_bytes()),
                Piece::Field(field, width) => width.put(&field.value(publish, now), field.is_number(), out),
                Piece::Time(letter) => time::put(*letter, now, out),
                Piece::Json => json::put(publish, now, json::Payload::Text, self.is_pretty, out)?,
                Piece::JsonOfJson => json::put(publish, now, json::Payload::Json, self.is_pretty, out)?,
            }
        }
        Ok(())
    }
}

/// What follows a `%`.
fn percent(chars: &mut Peekable<Chars<'_>>) -> Result<Piece, String> {
    let mut width = Width::default();
    while let Some(flag) = chars.next_if(|c| matches!(c, '-' | '0')) {
        if flag == '-' { width.is_left = true } else { width.is_zero_padded = true }
    }
    width.least = number(chars).unwrap_or(0);
    if chars.next_if_eq(&'.').is_some() {
        width.most = Some(number(chars).unwrap_or(0));
    }
    let letter = chars.next().ok_or("something is missing behind the last %")?;
    match letter {
        '%' => Ok(Piece::Text("%".to_owned())),
        'j' => Ok(Piece::Json),
        'J' => Ok(Piece::JsonOfJson),
        _ => match Field::of(letter) {
            Some(field) => Ok(Piece::Field(field, width)),
            None => Err(format!("there is no %{letter}; 'vouchmq sub --help' lists what there is")),
        },
    }
}

/// What follows an `@`.
fn at(letter: Option<char>) -> Result<Piece, String> {
    match letter {
        None => Err("something is missing behind the last @".to_owned()),
        Some('@') => Ok(Piece::Text("@".to_owned())),
        Some(letter) if time::LETTERS.contains(letter) => Ok(Piece::Time(letter)),
        Some(letter) => Err(format!("there is no @{letter}; there are @ and one of {}", time::LETTERS)),
    }
}

/// What follows a backslash.
fn escape(letter: Option<char>) -> Result<char, String> {
    match letter {
        Some('\\') => Ok('\\'),
        Some('0') => Ok('\0'),
        Some('a') => Ok('\u{7}'),
        Some('e') => Ok('\u{1b}'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('v') => Ok('\u{b}'),
        Some(other) => Err(format!("there is no \\{other}; there are \\\\ \\0 \\a \\e \\n \\r \\t \\v")),
        None => Err("something is missing behind the last \\".to_owned()),
    }
}

/// Digits, up to what a terminal can be wide.
fn number(chars: &mut Peekable<Chars<'_>>) -> Option<usize> {
    let mut value = None;
    while let Some(digit) = chars.peek().and_then(|c| c.to_digit(10)) {
        chars.next();
        let digit = usize::try_from(digit).unwrap_or(0);
        value = Some((value.unwrap_or(0_usize) * 10 + digit).min(10_000));
    }
    value
}

// === impl Width ===

impl Width {
    /// Appends a value; widths count characters, or bytes where there are none.
    fn put(self, value: &[u8], is_number: bool, out: &mut Vec<u8>) {
        let text = std::str::from_utf8(value).ok();
        let value = match (self.most, text) {
            (None, _) => value,
            (Some(most), Some(text)) => {
                let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
                value.get(..end).unwrap_or(value)
            }
            (Some(most), None) => value.get(..most).unwrap_or(value),
        };
        let length = std::str::from_utf8(value).map_or(value.len(), |text| text.chars().count());
        let padding = self.least.saturating_sub(length);
        let filler = if self.is_zero_padded && is_number && !self.is_left { b'0' } else { b' ' };
        if !self.is_left {
            out.extend(std::iter::repeat_n(filler, padding));
        }
        out.extend_from_slice(value);
        if self.is_left {
            out.extend(std::iter::repeat_n(b' ', padding));
        }
    }
}

#[cfg(test)]
mod tests;
