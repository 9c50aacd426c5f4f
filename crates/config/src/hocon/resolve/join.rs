//! Several parts that make one value.

use super::super::tree::Node;
use super::super::{Kind, Map, Note, Place, Severity, Value};
use super::Resolver;

impl Resolver<'_> {
    /// Maps merge, lists follow each other, words become one. Optional references to nothing are left out.
    pub(super) fn joined(&mut self, parts: &[Node], is_glued: bool, place: Place) -> Option<Value> {
        let faults = self.notes.errors();
        let mut values: Vec<Value> = parts.iter().filter_map(|part| self.node(part)).collect();
        if values.len() < 2 || self.notes.errors() > faults {
            return values.pop();
        }
        let kind = match values.first().map(|value| &value.kind) {
            Some(Kind::Map(_)) => {
                let members = values.iter().filter_map(Value::as_map).map(Map::len).sum();
                self.spend(members, place)?;
                maps(values)
            }
            Some(Kind::List(_)) => lists(values),
            Some(Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_)) if is_glued => words(&values),
            Some(_) | None => None,
        };
        if kind.is_none() {
            let text = "these values cannot be put together";
            let hint =
                "only maps, lists, or words without a blank between them; a text with blanks needs quotes";
            self.notes.push(Note::new(Severity::Error, place, text).hint(hint));
        }
        kind.map(|kind| Value { kind, place })
    }
}

fn maps(values: Vec<Value>) -> Option<Kind> {
    let mut maps = Vec::new();
    for value in values {
        match value.kind {
            Kind::Map(map) => maps.push(map),
            Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_) | Kind::List(_) => return None,
        }
    }
    let mut merged = Map::default();
    merged.merge(maps);
    Some(Kind::Map(merged))
}

fn lists(values: Vec<Value>) -> Option<Kind> {
    let mut all = Vec::new();
    for value in values {
        match value.kind {
            Kind::List(items) => all.extend(items),
            Kind::Null | Kind::Bool(_) | Kind::Word(_) | Kind::Text(_) | Kind::Map(_) => return None,
        }
    }
    Some(Kind::List(all))
}

/// A word when no part of it is in quotes.
fn words(values: &[Value]) -> Option<Kind> {
    let mut text = String::new();
    let mut is_quoted = false;
    for value in values {
        match &value.kind {
            Kind::Null => text.push_str("null"),
            Kind::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
            Kind::Word(word) => text.push_str(word),
            Kind::Text(part) => {
                is_quoted = true;
                text.push_str(part);
            }
            Kind::List(_) | Kind::Map(_) => return None,
        }
    }
    Some(if is_quoted { Kind::Text(text.into()) } else { Kind::Word(text.into()) })
}
