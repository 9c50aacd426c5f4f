//! Words without quotes: numbers, durations, names, and addresses and paths where they cannot be mistaken.

use super::Kind;
use super::cursor::Cursor;

/// Characters in which an address in brackets is looked for; longer ones are lists.
const ADDRESS_MAX: usize = 64;

/// Whether a key may have this character without quotes.
pub(super) fn is_of_key(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-' | '@')
}

/// Whether a value may have this character without quotes. `:` and `#` have rules of their own.
pub(super) fn is_of_word(letter: char) -> bool {
    is_of_key(letter) || matches!(letter, '.' | '/' | '+' | '*' | '%' | '?' | '&' | '~' | '!')
}

/// Takes the word that begins here; empty when none does.
///
/// A colon belongs to it when something follows (`127.0.0.1:1883`, `0.0.0.0:${PORT}`), `//` only behind `scheme:`.
pub(super) fn word<'t>(cursor: &mut Cursor<'t>) -> &'t str {
    let start = *cursor;
    if is_address(cursor) {
        cursor.take_while(|letter| letter != ']');
        cursor.bump();
    }
    while let Some(letter) = cursor.peek() {
        let is_part = match letter {
            ':' => {
                cursor.peek_second().is_some_and(|next| is_of_word(next) || matches!(next, ':' | '[' | '$'))
            }
            '/' if cursor.starts_with("//") => cursor.since(&start).strip_suffix(':').is_some_and(is_scheme),
            '[' => cursor.since(&start).ends_with("://") && is_address(cursor),
            other => is_of_word(other),
        };
        if !is_part {
            break;
        }
        match letter {
            '/' if cursor.starts_with("//") => cursor.advance(2),
            '[' => {
                cursor.take_while(|letter| letter != ']');
                cursor.bump();
            }
            _ => cursor.advance(1),
        }
    }
    cursor.since(&start)
}

/// Whether `[…]:port` comes. Without a port, `[::1]` is a list of one address.
pub(super) fn is_address(cursor: &Cursor<'_>) -> bool {
    let Some(rest) = cursor.rest().strip_prefix('[') else { return false };
    let mut colons = 0;
    for (at, letter) in rest.char_indices().take(ADDRESS_MAX) {
        match letter {
            ':' => colons += 1,
            ']' => {
                let port = rest.get(at + 1..).and_then(|behind| behind.strip_prefix(':'));
                let has_port =
                    port.is_some_and(|port| port.starts_with(|digit: char| digit.is_ascii_digit()));
                return colons >= 2 && has_port;
            }
            letter if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '%') => (),
            _ => return false,
        }
    }
    false
}

/// What a word is.
pub(super) fn kind(word: &str) -> Kind {
    match word {
        "null" => Kind::Null,
        "true" => Kind::Bool(true),
        "false" => Kind::Bool(false),
        other => Kind::Word(other.into()),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.'))
}
