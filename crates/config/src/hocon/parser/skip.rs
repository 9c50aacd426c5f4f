//! What stands between values, and how to get behind what cannot be read.

use super::super::cursor::is_blank;
use super::super::quoted::{is_quote, quoted};
use super::{Parser, error};

impl Parser<'_, '_, '_> {
    /// Takes blanks, ends of lines and comments.
    pub(super) fn skip(&mut self) {
        loop {
            self.cursor.take_while(|letter| letter == '\n' || is_blank(letter));
            if self.is_comment() {
                let start = self.cursor;
                self.cursor.skip_line();
                let text = self.cursor.since(&start);
                self.stands(&start, text, true);
            } else if self.cursor.starts_with("/*") {
                let note = error(self.cursor.place(), "`/*` does not begin a comment here");
                self.files.notes.push(note.hint("begin each line of the comment with `#` or `//`"));
                self.skip_to_the_end_of_comment();
            } else {
                return;
            }
        }
    }

    pub(super) fn is_comment(&self) -> bool {
        self.cursor.starts_with("#") || self.cursor.starts_with("//")
    }

    fn skip_to_the_end_of_comment(&mut self) {
        self.cursor.advance(2);
        while self.cursor.peek().is_some() && !self.cursor.take("*/") {
            self.cursor.advance(1);
        }
    }

    /// Goes to where a member may begin again: the end of the line, a comma, or what closes the map or list.
    pub(super) fn recover(&mut self) {
        let mut depth: usize = 0;
        while let Some(letter) = self.cursor.peek() {
            match letter {
                '\n' | ',' if depth == 0 => return,
                '}' | ']' if depth == 0 => return,
                '}' | ']' => depth -= 1,
                '{' | '[' => depth += 1,
                quote if is_quote(quote) => {
                    // one that is not closed ends with its line
                    let _ = quoted(&mut self.cursor);
                    continue;
                }
                _ if self.is_comment() => {
                    self.cursor.skip_line();
                    continue;
                }
                _ => (),
            }
            self.cursor.bump();
        }
    }
}
