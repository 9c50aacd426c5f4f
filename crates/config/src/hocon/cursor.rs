//! A position in the text of one file.

use super::Place;

/// What is left of a text, and where that begins. A copy is a way back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'t> {
    rest: &'t str,
    place: Place,
}

impl<'t> Cursor<'t> {
    /// The beginning of a file.
    pub(super) fn new(text: &'t str, file: u16) -> Self {
        Self { rest: text, place: Place { file, line: 1, column: 1 } }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn rest(&self) -> &'t str {
        self.rest
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// The character after the next one.
    pub(super) fn peek_second(&self) -> Option<char> {
        self.rest.chars().nth(1)
    }

    pub(super) fn starts_with(&self, text: &str) -> bool {
        self.rest.starts_with(text)
    }

    /// Takes the next character.
    pub(super) fn bump(&mut self) -> Option<char> {
        let mut rest = self.rest.chars();
        let taken = rest.next()?;
        self.rest = rest.as_str();
        if taken == '\n' {
            self.place.line = self.place.line.saturating_add(1);
            self.place.column = 1;
        } else {
            self.place.column = self.place.column.saturating_add(1);
        }
        Some(taken)
    }

    /// Takes so many characters.
    pub(super) fn advance(&mut self, count: usize) {
        for _ in 0..count {
            self.bump();
        }
    }

    /// Takes the text if it is what comes.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_there = self.starts_with(text);
        if is_there {
            self.advance(text.chars().count());
        }
        is_there
    }

    /// Takes characters while they are wanted, and returns them.
    pub(super) fn take_while(&mut self, is_wanted: impl Fn(char) -> bool) -> &'t str {
        let before = *self;
        while self.peek().is_some_and(&is_wanted) {
            self.bump();
        }
        self.since(&before)
    }

    /// Takes blanks up to the end of the line.
    pub(super) fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// Takes what is left of the line, but not its end.
    pub(super) fn skip_line(&mut self) {
        self.take_while(|letter| letter != '\n');
    }

    /// The text from an earlier position to this one.
    pub(super) fn since(&self, earlier: &Self) -> &'t str {
        let length = earlier.rest.len().saturating_sub(self.rest.len());
        earlier.rest.get(..length).unwrap_or_default()
    }
}

/// A blank that does not end a line.
pub(super) fn is_blank(letter: char) -> bool {
    letter != '\n' && letter.is_whitespace()
}
