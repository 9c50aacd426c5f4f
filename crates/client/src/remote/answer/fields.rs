use hyper::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use super::fault::NotUnderstood;
use super::strict;
use crate::remote::percent::decode_form;
use crate::transport::Answer;

/// The members of a body.
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    pub(super) fn of(answer: &Answer) -> Result<Self, NotUnderstood> {
        let mut types = answer.headers.get_all(CONTENT_TYPE).iter();
        let (Some(media_type), None) = (types.next(), types.next()) else {
            return Err(NotUnderstood::ContentType);
        };
        let media_type = media_type.to_str().unwrap_or_default();
        let essence = media_type.split(';').next().unwrap_or_default().trim();
        let is = |known: &str| essence.eq_ignore_ascii_case(known);
        let (is_json, is_form) = (is("application/json"), is("application/x-www-form-urlencoded"));
        if !is_json && !is_form {
            return Err(NotUnderstood::ContentType);
        }
        let body = answer.body.trim_ascii();
        if body.is_empty() {
            return Err(NotUnderstood::Empty);
        }
        if is_form { form(body) } else { json(body) }.map(Self)
    }

    /// A member; what is null is not there.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn result(&self) -> Result<Option<&str>, NotUnderstood> {
        match self.0.get("result") {
            None => Ok(None),
            Some(Value::String(result)) => Ok(Some(result)),
            Some(_) => Err(NotUnderstood::UnknownResult),
        }
    }
}

fn json(body: &[u8]) -> Result<Map<String, Value>, NotUnderstood> {
    match strict::read(body)? {
        Value::Object(members) => Ok(members),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(NotUnderstood::NoObject)
        }
    }
}

fn form(body: &[u8]) -> Result<Map<String, Value>, NotUnderstood> {
    let body = str::from_utf8(body).map_err(|_| NotUnderstood::Unreadable)?;
    let mut members = Map::new();
    for pair in body.split('&') {
        let (name, value) = pair.split_once('=').ok_or(NotUnderstood::Unreadable)?;
        let (name, value) = (decoded(name)?, decoded(value)?);
        if name.is_empty() {
            return Err(NotUnderstood::Unreadable);
        }
        if members.insert(name, Value::String(value)).is_some() {
            return Err(NotUnderstood::Twice);
        }
    }
    Ok(members)
}

fn decoded(text: &str) -> Result<String, NotUnderstood> {
    // None of these is ever written as it is in a form: it is a page, or a text.
    if text.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '<') {
        return Err(NotUnderstood::Unreadable);
    }
    decode_form(text).ok_or(NotUnderstood::Unreadable)
}
