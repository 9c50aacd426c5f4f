//! The text of one file as a tree. A fault costs the member it is in; reading goes on at the next one.

use std::rc::Rc;

use super::cursor::Cursor;
use super::include::{Files, shown};
use super::quoted::is_quote;
use super::tree::{Form, Items, Key, Node, Table};
use super::{DEPTH_MAX, Note, Place, Severity};

mod key;
mod skip;
mod value;

/// Reads one file.
pub(super) struct Parser<'p, 's, 't> {
    cursor: Cursor<'t>,
    files: &'p mut Files<'s>,
    /// The keys of the map into which the file is included.
    base: Rc<[Box<str>]>,
    /// The keys of what is being read, from the root.
    keys: &'p mut Vec<Box<str>>,
    /// Maps and lists around the cursor.
    depth: usize,
    /// Lists around the cursor that are not closed.
    lists: usize,
    /// Whether it was said that the file ends too early.
    is_end_told: bool,
    /// Bytes of the file.
    length: usize,
}

fn error(place: Place, text: impl Into<String>) -> Note {
    Note::new(Severity::Error, place, text)
}

impl<'p, 's, 't> Parser<'p, 's, 't> {
    pub(super) fn new(
        cursor: Cursor<'t>,
        files: &'p mut Files<'s>,
        base: Rc<[Box<str>]>,
        keys: &'p mut Vec<Box<str>>,
        depth: usize,
    ) -> Self {
        let length = cursor.rest().len();
        Self { cursor, files, base, keys, depth, lists: 0, is_end_told: false, length }
    }

    /// The whole file, in braces or without.
    pub(super) fn file(mut self, table: &mut Table) {
        self.skip();
        let opened = self.cursor.place();
        match self.cursor.peek() {
            Some('{') => {
                self.cursor.bump();
                self.members(table, Some(opened));
                self.skip();
                if self.cursor.peek().is_some() {
                    let note =
                        error(self.cursor.place(), "something stands behind the brace that closes the file");
                    self.files.notes.push(note.related(opened));
                }
            }
            Some('[') => self.files.notes.error(opened, "a list: a configuration file is a map of keys"),
            Some(_) | None => self.members(table, None),
        }
    }

    /// Members up to the closing brace, or the end of the file.
    fn members(&mut self, table: &mut Table, opened: Option<Place>) {
        loop {
            self.skip();
            let place = self.cursor.place();
            match (self.cursor.peek(), opened) {
                (None, None) => return,
                (None, Some(opened)) => return self.end_too_early(opened, "map", '}'),
                (Some('}'), Some(_)) => {
                    self.cursor.bump();
                    return;
                }
                (Some(']'), Some(opened)) if self.lists > 0 => {
                    let note = error(place, "`]`, but a map has to be closed with `}` first");
                    return self.files.notes.push(note.related(opened));
                }
                (Some(closing @ ('}' | ']')), _) => {
                    self.files.notes.error(place, format!("`{closing}` closes nothing"));
                    self.cursor.bump();
                }
                (Some(','), _) => {
                    self.files.notes.error(place, "nothing stands before this comma");
                    self.cursor.bump();
                }
                (Some(_), _) => {
                    if let Err(note) = self.member(table) {
                        self.files.notes.push(note);
                        self.recover();
                    }
                    self.skip();
                    self.cursor.take(",");
                }
            }
        }
    }

    fn member(&mut self, table: &mut Table) -> Result<(), Note> {
        if self.is_include() {
            let include = self.include_statement()?;
            return self.files.include(&include, table, self.keys, self.depth);
        }
        let keys = self.key_path()?;
        let Some((first, place)) = keys.first().map(|(key, place)| (shown(key), *place)) else {
            return Ok(());
        };
        if self.depth + keys.len() > DEPTH_MAX {
            return Err(error(
                place,
                format!("maps and lists stand more than {DEPTH_MAX} deep in each other"),
            ));
        }
        let behind = self.cursor;
        self.skip();
        let is_appended = self.cursor.take("+=");
        let has_separator = is_appended || self.cursor.take("=") || self.cursor.take(":");
        let separated = self.cursor;
        self.skip();
        let is_opened = matches!(self.cursor.peek(), Some('{' | '['));
        let is_elsewhere = self.cursor.place().line > separated.place().line && !is_opened;
        if !has_separator && self.cursor.peek() != Some('{') {
            self.cursor = behind;
            return Err(error(place, format!("`{first}` has no value"))
                .hint("write `key = value`; a value with blanks needs quotes"));
        }
        if self.cursor.peek().is_none_or(|letter| matches!(letter, ',' | '}' | ']'))
            || is_elsewhere && self.is_member()
        {
            self.cursor = separated;
            return Err(
                error(place, format!("`{first}` has no value")).hint("write \"\" for an empty string")
            );
        }
        let (height, depth) = (self.keys.len(), self.depth);
        self.keys.extend(keys.iter().map(|(key, _)| key.clone()));
        self.depth += keys.len() - 1;
        let value = if is_appended { self.appended() } else { self.value(false) };
        self.depth = depth;
        self.keys.truncate(height);
        table.insert(keys, value?, &mut self.files.notes);
        Ok(())
    }

    /// What stands behind `+=`: an item for the list.
    fn appended(&mut self) -> Result<Node, Note> {
        let place = self.cursor.place();
        let nodes = vec![self.value(false)?];
        Ok(Node::new(Form::List(Items { nodes, is_appended: true }), place))
    }

    fn map(&mut self) -> Result<Node, Note> {
        let opened = self.cursor.place();
        self.deeper(opened)?;
        self.cursor.bump();
        let mut table = Table::default();
        self.members(&mut table, Some(opened));
        self.depth -= 1;
        Ok(Node::new(Form::Map(table), opened))
    }

    fn list(&mut self) -> Result<Node, Note> {
        let opened = self.cursor.place();
        self.deeper(opened)?;
        self.cursor.bump();
        self.lists += 1;
        let nodes = self.items(opened);
        self.lists -= 1;
        self.depth -= 1;
        Ok(Node::new(Form::List(Items { nodes, is_appended: false }), opened))
    }

    fn items(&mut self, opened: Place) -> Vec<Node> {
        let mut nodes = Vec::new();
        loop {
            self.skip();
            let place = self.cursor.place();
            match self.cursor.peek() {
                None => {
                    self.end_too_early(opened, "list", ']');
                    return nodes;
                }
                Some(']') => {
                    self.cursor.bump();
                    return nodes;
                }
                Some('}') => {
                    let note = error(place, "`}`, but a list has to be closed with `]` first");
                    self.files.notes.push(note.related(opened));
                    return nodes;
                }
                Some(',') => {
                    self.files.notes.error(place, "nothing stands before this comma");
                    self.cursor.bump();
                }
                Some(_) => {
                    match self.value(true) {
                        Ok(node) => nodes.push(node),
                        Err(note) => {
                            self.files.notes.push(note);
                            self.recover();
                        }
                    }
                    self.between_items(nodes.last());
                }
            }
        }
    }

    /// A comma, the end of a line, or blanks, about which HOCON thinks otherwise.
    fn between_items(&mut self, last: Option<&Node>) {
        let line = self.cursor.place().line;
        self.skip();
        let place = self.cursor.place();
        let is_word = last.is_some_and(|node| !matches!(node.form, Form::Map(_) | Form::List(_)));
        if self.cursor.take(",") || !is_word || place.line > line {
            return;
        }
        if self.cursor.peek().is_some_and(|letter| !matches!(letter, ']' | '}' | '=')) {
            let note = Note::new(Severity::Warning, place, "another item: there is no comma before it");
            self.files.notes.push(note.hint("write a comma, or quotes around an item with blanks"));
        }
    }

    fn deeper(&mut self, opened: Place) -> Result<(), Note> {
        if self.depth >= DEPTH_MAX {
            return Err(error(
                opened,
                format!("maps and lists stand more than {DEPTH_MAX} deep in each other"),
            ));
        }
        self.depth += 1;
        Ok(())
    }

    /// The file ends inside of what was opened there: said once, of the innermost.
    fn end_too_early(&mut self, opened: Place, what: &str, closing: char) {
        if !self.is_end_told {
            self.is_end_told = true;
            let note = error(opened, format!("the {what} that is opened here is not closed"));
            let hint = format!("close it with `{closing}`; `#` begins a comment where it is not in quotes");
            self.files.notes.push(note.hint(hint));
        }
    }

    /// Whether a member comes, and not a value: a key, and what stands behind keys.
    fn is_member(&self) -> bool {
        let mut cursor = self.cursor;
        match cursor.peek() {
            Some(quote) if is_quote(quote) => {
                cursor.bump();
                cursor.take_while(|letter| letter != quote && letter != '\n');
                cursor.bump();
            }
            _ => {
                cursor.take_while(|letter| super::word::is_of_key(letter) || letter == '.');
            }
        }
        cursor.skip_blanks();
        match cursor.peek() {
            Some('=' | '{') => true,
            Some('+') => cursor.peek_second() == Some('='),
            Some(':') => cursor.peek_second().is_none_or(|next| next.is_whitespace() || is_quote(next)),
            Some(_) | None => false,
        }
    }
}

/// Segments of a key as they are written: `a.b`.
fn dotted(keys: &[Key]) -> String {
    let segments: Vec<_> = keys.iter().map(|(key, _)| &**key).collect();
    segments.join(".")
}
