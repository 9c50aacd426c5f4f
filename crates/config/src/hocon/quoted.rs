//! Strings in quotes: `"…"` with escapes, `'…'` and `"""…"""` as they are.

use super::cursor::Cursor;
use super::{Note, Place, Severity};

/// A string that was in quotes.
#[derive(Debug)]
pub(super) struct Quoted {
    pub(super) text: String,
    /// The first escape that NanoMQ reads otherwise, and the letter that it keeps.
    pub(super) doubt: Option<(Place, char)>,
}

/// Whether a string in quotes comes.
pub(super) fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '\'')
}

/// Reads the string that begins here.
///
/// # Errors
/// It does not end, or has an escape that means nothing; the cursor then stands at the end of a line.
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<Quoted, Note> {
    if cursor.starts_with("\"\"\"") {
        triple(cursor)
    } else if cursor.peek() == Some('\'') {
        single(cursor)
    } else {
        double(cursor)
    }
}

impl Quoted {
    fn plain(text: &str) -> Self {
        Self { text: text.to_owned(), doubt: None }
    }

    /// What to say about an escape that NanoMQ reads otherwise.
    pub(super) fn note(&self) -> Option<Note> {
        self.doubt.map(|(place, letter)| {
            let shown = letter.escape_debug();
            let text = match letter {
                'n' | 't' | 'r' | 'b' | 'f' | 'u' => {
                    format!(
                        "`\\{shown}` is read as in JSON; NanoMQ drops the backslash and keeps the `{shown}`"
                    )
                }
                _ => format!("`\\{shown}` means nothing: the backslash is dropped"),
            };
            Note::new(Severity::Warning, place, text).hint("write `\\\\` for a backslash, or single quotes")
        })
    }
}

fn unclosed(place: Place, hint: &str) -> Note {
    Note::new(Severity::Error, place, "the string is not closed").hint(hint)
}

/// `'…'`: no escapes, any number of lines.
fn single(cursor: &mut Cursor<'_>) -> Result<Quoted, Note> {
    let opening = *cursor;
    cursor.bump();
    let text = cursor.take_while(|letter| letter != '\'');
    if cursor.bump().is_none() {
        *cursor = opening;
        cursor.skip_line();
        return Err(unclosed(opening.place(), "a string that begins with ' ends with '"));
    }
    Ok(Quoted::plain(text))
}

/// `"""…"""`: no escapes, any number of lines; of more than three quotes at its end, the last three end it.
fn triple(cursor: &mut Cursor<'_>) -> Result<Quoted, Note> {
    let opening = *cursor;
    cursor.advance(3);
    let start = *cursor;
    loop {
        cursor.take_while(|letter| letter != '"');
        let quotes = cursor.take_while(|letter| letter == '"').len();
        if quotes >= 3 {
            let text = cursor.since(&start);
            return Ok(Quoted::plain(text.get(..text.len() - 3).unwrap_or_default()));
        }
        if quotes == 0 {
            *cursor = opening;
            cursor.skip_line();
            return Err(unclosed(opening.place(), "a string that begins with \"\"\" ends with \"\"\""));
        }
    }
}

/// `"…"`: the escapes of JSON, one line. Of any other escape the backslash is dropped, as NanoMQ does.
fn double(cursor: &mut Cursor<'_>) -> Result<Quoted, Note> {
    let opening = cursor.place();
    cursor.bump();
    let mut found = Quoted::plain("");
    loop {
        let place = cursor.place();
        match cursor.peek() {
            None | Some('\n') => {
                return Err(unclosed(opening, "close it on its line; \"\"\" holds several lines"));
            }
            Some('"') => {
                cursor.bump();
                return Ok(found);
            }
            Some('\\') => {
                cursor.bump();
                escape(cursor, place, &mut found).inspect_err(|_| cursor.skip_line())?;
            }
            Some('\r') if cursor.peek_second() == Some('\n') => cursor.advance(1),
            Some(letter) if letter.is_control() && letter != '\t' => {
                cursor.skip_line();
                let text = format!("a control character in a string (U+{:04X})", u32::from(letter));
                return Err(Note::new(Severity::Error, place, text).hint("write it as \\uXXXX"));
            }
            Some(letter) => {
                cursor.bump();
                found.text.push(letter);
            }
        }
    }
}

fn escape(cursor: &mut Cursor<'_>, place: Place, found: &mut Quoted) -> Result<(), Note> {
    let letter = match cursor.peek() {
        None | Some('\n' | '\r') => return Ok(()), // the string is not closed, which is noticed next
        Some(letter) => letter,
    };
    cursor.bump();
    let meant = match letter {
        '"' | '\\' | '/' => {
            found.text.push(letter);
            return Ok(());
        }
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'u' => unicode(cursor, place)?,
        other => other,
    };
    found.text.push(meant);
    found.doubt.get_or_insert((place, letter));
    Ok(())
}

/// What stands behind `\u`: four hexadecimal digits, or twice that for what UTF-16 writes as a pair.
fn unicode(cursor: &mut Cursor<'_>, place: Place) -> Result<char, Note> {
    let first = hexadecimal(cursor);
    let code = match first {
        Some(high @ 0xD800..=0xDBFF) if cursor.take("\\u") => match hexadecimal(cursor) {
            Some(low @ 0xDC00..=0xDFFF) => Some(0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00)),
            Some(_) | None => None,
        },
        other => other,
    };
    code.and_then(char::from_u32).filter(|letter| *letter != '\0').ok_or_else(|| {
        let text = "`\\u` is not followed by four hexadecimal digits that are a character";
        Note::new(Severity::Error, place, text).hint("write `\\\\u` for a backslash and a u")
    })
}

fn hexadecimal(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut code = 0;
    for _ in 0..4 {
        let digit = cursor.peek()?.to_digit(16)?;
        cursor.bump();
        code = code * 16 + digit;
    }
    Some(code)
}
