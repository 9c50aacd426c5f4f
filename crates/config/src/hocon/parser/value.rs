//! Values: one, or several that make one.

use super::super::cursor::{Cursor, is_blank};
use super::super::quoted::{is_quote, quoted};
use super::super::scalar::Scalar;
use super::super::tree::{Form, Node, Reference};
use super::super::word::{is_address, is_of_word, kind, word};
use super::super::{Kind, Note, Place, Severity};
use super::{Key, Parser, dotted, error};

/// What is filled in for each client when it connects, never when the file is read.
const PLACEHOLDERS: [&str; 3] = ["clientid", "username", "VIN"];

impl Parser<'_, '_, '_> {
    /// A value, and what is joined to it: `${HOME}/certs`, `${base} { … }`. Items of a list stand for themselves
    /// when there is a blank or a brace between them.
    pub(super) fn value(&mut self, is_item: bool) -> Result<Node, Note> {
        let first = self.part()?;
        let place = first.place;
        let (mut parts, mut is_glued) = (vec![first], true);
        while let Some(is_near) = self.goes_on(&parts, is_item)? {
            is_glued &= is_near;
            self.cursor.skip_blanks();
            parts.push(self.part()?);
        }
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            last => {
                parts.extend(last);
                Ok(Node::new(Form::Joined { parts, is_glued }, place))
            }
        }
    }

    /// Whether another part of the value comes, and if so, whether it comes without a blank.
    fn goes_on(&mut self, parts: &[Node], is_item: bool) -> Result<Option<bool>, Note> {
        let Some(last) = parts.last() else { return Ok(None) };
        let mut next = self.cursor;
        next.skip_blanks();
        let is_near = next.place() == self.cursor.place();
        let opens = matches!(next.peek(), Some('{' | '['));
        let refers = next.starts_with("${");
        Ok(match &last.form {
            Form::Map(_) | Form::List(_) => ((opens || refers) && !is_item).then_some(is_near),
            Form::Reference(_) if opens || refers && !is_near => (!is_item).then_some(is_near),
            Form::Reference(_) if is_near && self.is_part() => Some(true),
            Form::Scalar(_) if is_near && refers => Some(true),
            Form::Scalar(_) if is_near && self.is_part() => return Err(self.goes_on_too_far()),
            Form::Scalar(Kind::Text(_)) => None,
            Form::Reference(_) | Form::Scalar(_) | Form::Joined { .. } => {
                self.cut_by_comment(is_near);
                None
            }
        })
    }

    /// Whether something stands here that does not end a value.
    fn is_part(&self) -> bool {
        let is_end = |letter| letter == '\n' || is_blank(letter) || matches!(letter, ',' | '}' | ']' | '#');
        self.cursor.peek().is_some_and(|letter| !is_end(letter)) && !self.cursor.starts_with("//")
    }

    fn goes_on_too_far(&self) -> Note {
        let letter = self.cursor.peek().unwrap_or_default();
        let place = self.cursor.place();
        if is_quote(letter) || is_of_word(letter) || matches!(letter, '{' | '[') {
            let text = format!("`{letter}` right behind a value");
            return error(place, text)
                .hint("write a comma or a blank between two values, or quotes around one");
        }
        let text = format!("`{}` in a value without quotes", letter.escape_debug());
        error(place, text).hint("put the value in quotes")
    }

    /// `pa#ss` is `pa` and a comment, for NanoMQ as well; its author may think otherwise.
    fn cut_by_comment(&mut self, is_near: bool) {
        if is_near && self.is_comment() {
            let note = Note::new(Severity::Warning, self.cursor.place(), "a comment begins inside of a word");
            self.files.notes.push(note.hint("write a blank before the comment, or quotes around the value"));
        }
    }

    fn part(&mut self) -> Result<Node, Note> {
        let place = self.cursor.place();
        match self.cursor.peek() {
            Some('{') => self.map(),
            Some('[') if !is_address(&self.cursor) => self.list(),
            Some(quote) if is_quote(quote) => {
                let start = self.cursor;
                let quoted = quoted(&mut self.cursor)?;
                self.files.notes.extend(quoted.note());
                self.stands(&start, &quoted.text, false);
                Ok(Node::new(Form::Scalar(Kind::Text(quoted.text.into())), place))
            }
            Some('$') => self.reference(place),
            Some(_) | None => {
                let start = self.cursor;
                let word = word(&mut self.cursor);
                self.stands(&start, word, false);
                if word.is_empty() {
                    Err(self.no_value())
                } else {
                    Ok(Node::new(Form::Scalar(kind(word)), place))
                }
            }
        }
    }

    /// Takes down what stands between `start` and the cursor, if anybody wants it: a value or a comment.
    pub(super) fn stands(&mut self, start: &Cursor<'_>, text: &str, is_comment: bool) {
        let place = start.place();
        let Some(scalars) = self.files.scalars.as_mut().filter(|_| place.file == 0) else { return };
        let at = |cursor: &Cursor<'_>| self.length.saturating_sub(cursor.rest().len());
        let span = at(start)..at(&self.cursor);
        scalars.push(Scalar { path: self.keys.clone(), text: text.into(), span, place, is_comment });
    }

    fn no_value(&self) -> Note {
        match self.cursor.peek() {
            Some(letter) => {
                let text = format!("`{}` where a value should stand", letter.escape_debug());
                error(self.cursor.place(), text).hint("put a value with such characters in quotes")
            }
            None => error(self.cursor.place(), "a value is missing at the end of the file"),
        }
    }

    /// `${path}` or `${?path}`
    fn reference(&mut self, place: Place) -> Result<Node, Note> {
        if !self.cursor.take("${") {
            return Err(error(place, "`$` in a value without quotes")
                .hint("`${NAME}` is a variable of the environment; put a text with `$` in quotes"));
        }
        let is_optional = self.cursor.take("?");
        let keys = self.name().inspect_err(|_| {
            self.cursor.take_while(|letter| letter != '\n' && letter != '}');
            self.cursor.take("}");
        })?;
        let name = dotted(&keys);
        if PLACEHOLDERS.contains(&name.as_str()) {
            let text = format!("`${{{name}}}` is filled in for each client: it stands in quotes only");
            return Err(error(place, text).hint("put quotes around the whole value"));
        }
        let path = keys.into_iter().map(|(key, _)| key).collect();
        Ok(Node::new(Form::Reference(Reference { path, is_optional, base: self.base.clone() }), place))
    }

    /// What stands between `${` and `}`.
    fn name(&mut self) -> Result<Vec<Key>, Note> {
        self.cursor.skip_blanks();
        let keys = self.key_path()?;
        self.cursor.skip_blanks();
        let hint = "for a default, write `key = default`, then `key = ${?NAME}`";
        let missing = error(self.cursor.place(), "`}` is missing behind the name in `${…}`").hint(hint);
        if self.cursor.take("}") { Ok(keys) } else { Err(missing) }
    }
}
