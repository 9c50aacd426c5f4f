//! Keys, and the one word that is not a key: `include`.

use super::super::cursor::Cursor;
use super::super::include::Include;
use super::super::quoted::{is_quote, quoted};
use super::super::word::is_of_key;
use super::super::{Note, Place};
use super::{Key, Parser, error};

const INCLUDE: &str = "include";

impl Parser<'_, '_, '_> {
    /// `a.b."c d"`, one segment for each; never empty.
    pub(super) fn key_path(&mut self) -> Result<Vec<Key>, Note> {
        let mut keys = Vec::new();
        loop {
            let place = self.cursor.place();
            keys.push((self.key_segment(place)?, place));
            if !self.cursor.take(".") {
                break;
            }
        }
        let behind = self.cursor.peek().filter(|letter| is_of_key(*letter) || is_quote(*letter));
        match behind {
            Some(_) => Err(error(self.cursor.place(), "a key goes on behind its closing quote")
                .hint("put quotes around all of it, or a dot between its segments")),
            None => Ok(keys),
        }
    }

    fn key_segment(&mut self, place: Place) -> Result<Box<str>, Note> {
        let key: Box<str> = match self.cursor.peek() {
            Some(quote) if is_quote(quote) => {
                let quoted = quoted(&mut self.cursor)?;
                self.files.notes.extend(quoted.note());
                quoted.text.into()
            }
            Some(_) | None => self.cursor.take_while(is_of_key).into(),
        };
        if key.is_empty() { Err(self.no_key(place)) } else { Ok(key) }
    }

    fn no_key(&self, place: Place) -> Note {
        match self.cursor.peek().filter(|_| self.cursor.place() == place) {
            Some('.') => error(place, "a key does not begin with a dot, and has one dot at a time"),
            Some(letter) if !letter.is_whitespace() && !matches!(letter, '=' | ':' | '{' | '}') => {
                let text = format!("`{}` where a key should stand", letter.escape_debug());
                error(place, text).hint("put quotes around a key or a value with such characters")
            }
            Some(_) | None => error(place, "a key is missing here, or has an empty segment"),
        }
    }

    /// Whether `include` comes, and is not the beginning of a longer key.
    pub(super) fn is_include(&self) -> bool {
        let behind = self.cursor.rest().strip_prefix(INCLUDE);
        behind.is_some_and(|rest| !rest.starts_with(|letter| is_of_key(letter) || letter == '.'))
    }

    /// `include "p"`, `include file("p")`, `include required(file("p"))`, `include required("p")`
    pub(super) fn include_statement(&mut self) -> Result<Include, Note> {
        let place = self.cursor.place();
        self.cursor.take(INCLUDE);
        self.cursor.skip_blanks();
        let is_required = opens(&mut self.cursor, "required");
        let is_file = opens(&mut self.cursor, "file");
        if !self.cursor.peek().is_some_and(is_quote) {
            let text = "`include` is followed by a file in quotes: `include \"users.conf\"`";
            let hint = "also `include required(\"users.conf\")`; a key of that name needs quotes";
            return Err(error(place, text).hint(hint));
        }
        let path = quoted(&mut self.cursor)?;
        self.files.notes.extend(path.note());
        for _ in [is_required, is_file].into_iter().filter(|is_open| *is_open) {
            self.cursor.skip_blanks();
            if !self.cursor.take(")") {
                return Err(error(self.cursor.place(), "a `)` is missing behind the file to include"));
            }
        }
        if path.text.is_empty() || path.text.contains('\0') {
            return Err(error(place, "the file to include has no name"));
        }
        Ok(Include { path: path.text, is_required, place })
    }
}

/// Takes `word (`, if it comes.
fn opens(cursor: &mut Cursor<'_>, word: &str) -> bool {
    let before = *cursor;
    if cursor.take(word) {
        cursor.skip_blanks();
        if cursor.take("(") {
            cursor.skip_blanks();
            return true;
        }
    }
    *cursor = before;
    false
}
