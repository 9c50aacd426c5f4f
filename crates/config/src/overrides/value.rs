//! What a key is to be: text to a value, by the table.

use super::read_alone;
use crate::hocon::{Kind as Form, Map, Member, Place, Value};
use crate::schema::{Kind, Shape};
use crate::secrecy::{is_marker, is_masked};

/// What is named in a text that holds one value.
const ONLY: &str = "value";

/// What `text` means where `shape` is; `earlier` is the block that stands there. `None` if it is a secret that stays
/// as it is.
///
/// # Errors
/// What is wrong with it, without anything of it.
pub(super) fn read(text: &str, shape: &Shape, earlier: Option<&Map>) -> Result<Option<Value>, String> {
    let begins = text.trim_start().chars().next();
    match shape.row.map(|row| row.kind) {
        Some(Kind::List(kind)) if begins != Some('[') => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Some(value(Form::List(items.map(|item| value(scalar(item, *kind))).collect()))))
        }
        Some(kind) if !is_written_out(kind, shape, begins) => {
            if is_secret(kind) && is_marker(text) {
                return Ok(None);
            }
            if is_masked(text) {
                return Err(
                    "a part of the value stands for something that is not shown; write all of it".to_owned()
                );
            }
            Ok(Some(value(scalar(text, kind))))
        }
        Some(_) | None => {
            let read = structure(text)?;
            let read = unhidden(normal(read, Some(shape)), shape, earlier)?;
            Ok(Some(read))
        }
    }
}

/// Whether a list or a block is meant.
fn is_written_out(kind: Kind, shape: &Shape, begins: Option<char>) -> bool {
    matches!(kind, Kind::List(_) | Kind::Anything) || shape.is_block() && begins == Some('{')
}

fn is_secret(kind: Kind) -> bool {
    matches!(kind, Kind::Secret | Kind::List(Kind::Secret))
}

fn value(kind: Form) -> Value {
    Value { kind, place: Place::default() }
}

/// One value. What the table has as a text is one, whatever it looks like.
fn scalar(text: &str, kind: Kind) -> Form {
    match (kind, text.trim()) {
        (Kind::Switch, "true") => Form::Bool(true),
        (Kind::Switch, "false") => Form::Bool(false),
        _ if kind.is_quoted() || matches!(kind, Kind::List(_)) => Form::Text(text.into()),
        (_, word) => Form::Word(word.into()),
    }
}

/// A list or a block in the syntax of the file, and nothing behind it.
fn structure(text: &str) -> Result<Value, String> {
    let map = read_alone(&format!("{ONLY} = {text}\n")).map_err(|mistakes| {
        let told: Vec<String> =
            mistakes.into_iter().map(|(place, text)| format!("{place}: {text}")).collect();
        told.join("; ")
    })?;
    let mut members = map.into_iter();
    match (members.next(), members.next()) {
        (Some(member), None) if &*member.key == ONLY => Ok(member.value),
        _ => Err("it is more than one value; write [ … ] or { … }".to_owned()),
    }
}

/// With secrets in place of what stands for them: those that were changed before. Others are left out, so that what
/// the file says counts.
fn unhidden(value: Value, shape: &Shape, earlier: Option<&Map>) -> Result<Value, String> {
    let Value { kind, place } = value;
    let kind = match kind {
        Form::Map(map) => {
            let mut members = Vec::new();
            for Member { key, place, value } in map {
                let before = earlier.and_then(|map| map.exactly(&key)).map(|member| &member.value);
                let Some(below) = shape.member(&key) else {
                    members.push(Member { key, place, value });
                    continue;
                };
                let is_hidden = below.row.is_some_and(|row| is_secret(row.kind))
                    && value.as_text().is_some_and(is_marker);
                let value = match (is_hidden, before) {
                    (false, _) => unhidden(value, below, before.and_then(Value::as_map))?,
                    (true, Some(before)) => before.clone(),
                    (true, None) => continue,
                };
                members.push(Member { key, place, value });
            }
            Form::Map(members.into_iter().collect())
        }
        Form::List(items) => {
            for item in &items {
                fully_shown(item)?;
            }
            Form::List(items)
        }
        other @ (Form::Null | Form::Bool(_) | Form::Word(_) | Form::Text(_)) => {
            let value = Value { kind: other, place };
            fully_shown(&value)?;
            return Ok(value);
        }
    };
    Ok(Value { kind, place })
}

/// Nobody knows which secret of a list one stands for.
fn fully_shown(value: &Value) -> Result<(), String> {
    match &value.kind {
        Form::List(items) => items.iter().try_for_each(fully_shown),
        Form::Map(map) => map.iter().try_for_each(|member| fully_shown(&member.value)),
        Form::Word(text) | Form::Text(text) if is_marker(text) || is_masked(text) => {
            Err("something in it stands for what is not shown; write the secrets of a list, too".to_owned())
        }
        Form::Null | Form::Bool(_) | Form::Word(_) | Form::Text(_) => Ok(()),
    }
}

/// With keys of the table in lower case; of two that differ by case only the last one counts.
fn normal(value: Value, shape: Option<&Shape>) -> Value {
    let kind = match value.kind {
        Form::Map(map) => Form::Map(normal_map(map, shape)),
        Form::List(items) => {
            let below = shape.and_then(Shape::item);
            Form::List(items.into_iter().map(|item| normal(item, below)).collect())
        }
        other @ (Form::Null | Form::Bool(_) | Form::Word(_) | Form::Text(_)) => other,
    };
    Value { kind, place: value.place }
}

/// The same of a block.
pub(super) fn normal_map(map: Map, shape: Option<&Shape>) -> Map {
    let mut normalised = Map::default();
    for Member { key, value, .. } in map {
        let is_named = shape.is_some_and(|shape| shape.named(&key).is_some());
        let key: Box<str> = if is_named { key.to_ascii_lowercase().into() } else { key };
        let value = normal(value, shape.and_then(|shape| shape.member(&key)));
        normalised.set(key, value);
    }
    normalised
}
