use hyper::header::HeaderValue;

use super::Occasion;
use super::fault::{Fault, Part, TemplateFault, Unsayable};
use super::json::{JsonTemplate, content, write_content};
use super::percent::write_pieces;
use super::placeholder::{Filling, Placeholder, Value};
use super::secret::{hide_in_pairs, is_secret_name};
use super::text::{Piece, Pieces};
use crate::remote::options::Template;
use crate::remote::percent::{decode_form, write_encoded};

/// What a request says beside its URL and header fields.
pub(super) enum ContentTemplate {
    Nothing,
    /// In the query.
    Query(Vec<Param>),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<Param>),
    /// A JSON object of strings.
    Object(Vec<Param>),
    Json(JsonTemplate),
    /// `text/plain`, or any other content type if there are no placeholders.
    Text(Pieces),
}

/// One pair.
pub(super) struct Param {
    pub(super) name: Box<str>,
    pub(super) value: Pieces,
    /// Whether it is left out where its placeholder has no value.
    pub(super) is_optional: bool,
}

/// What a media type is to us.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MediaType {
    Json,
    Form,
    Plain,
    Other,
}

impl MediaType {
    /// Of a `Content-Type`; its parameters do not count.
    pub(super) fn of(value: &HeaderValue) -> Self {
        let text = value.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match &*essence {
            "application/json" => Self::Json,
            "application/x-www-form-urlencoded" => Self::Form,
            "text/plain" => Self::Plain,
            other if other.ends_with("+json") => Self::Json,
            _ => Self::Other,
        }
    }
}

/// Reads parameters.
pub(super) fn params(
    pairs: &[(Box<str>, Template)],
    occasion: Occasion,
) -> Result<Vec<Param>, TemplateFault> {
    let mut params: Vec<Param> = Vec::new();
    for (name, value) in pairs {
        let param = param(name, value.text(), occasion).and_then(|param| {
            let is_known = params.iter().any(|known| known.name == param.name);
            if is_known { Err(Fault::Twice) } else { Ok(param) }
        });
        params.push(param.map_err(|fault| TemplateFault { part: Part::Param(name.clone()), fault })?);
    }
    Ok(params)
}

fn param(name: &str, value: &str, occasion: Occasion) -> Result<Param, Fault> {
    if name.contains("${") {
        return Err(Fault::NameVaries);
    }
    let value = match Placeholder::lettered(value, occasion) {
        Some(found) => Pieces::of(found?),
        None => Pieces::parse(value, occasion)?,
    };
    Ok(Param { name: name.into(), is_optional: value.single().is_some(), value })
}

/// Reads the body of a form.
pub(super) fn form(text: &str, occasion: Occasion) -> Result<Vec<Param>, Fault> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if name.contains("${") {
            return Err(Fault::NameVaries);
        }
        let value = Pieces::parse(value, occasion)?.map_text(|text| decode_form(text).ok_or(Fault::Form))?;
        Ok(Param { name: decode_form(name).ok_or(Fault::Form)?.into(), value, is_optional: false })
    });
    pairs.collect()
}

impl ContentTemplate {
    pub(super) fn placeholders(&self) -> Vec<Placeholder> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Query(params) | Self::Form(params) | Self::Object(params) => {
                params.iter().flat_map(|param| param.value.placeholders()).collect()
            }
            Self::Json(json) => json.placeholders().collect(),
            Self::Text(text) => text.placeholders().collect(),
        }
    }

    /// What is added to the query.
    pub(super) fn query(&self, filling: Filling<'_>) -> String {
        match self {
            Self::Query(params) => pairs(params, filling),
            Self::Nothing | Self::Form(_) | Self::Object(_) | Self::Json(_) | Self::Text(_) => String::new(),
        }
    }

    pub(super) fn body(&self, filling: Filling<'_>) -> Result<String, (Part, Unsayable)> {
        let of_body = |reason| (Part::Body, reason);
        match self {
            Self::Nothing | Self::Query(_) => Ok(String::new()),
            Self::Form(params) => Ok(pairs(params, filling)),
            Self::Object(params) => object(params, filling),
            Self::Json(json) => json.render(filling).map_err(of_body),
            Self::Text(text) => plain(text, filling).map_err(of_body),
        }
    }
}

fn present<'a>(params: &'a [Param], filling: Filling<'a>) -> impl Iterator<Item = &'a Param> {
    params.iter().filter(move |param| {
        let mut placeholders = param.value.placeholders();
        !param.is_optional || placeholders.all(|place| !matches!(filling.value(place), Value::Absent))
    })
}

fn pairs(params: &[Param], filling: Filling<'_>) -> String {
    let mut out = String::new();
    for param in present(params, filling) {
        if !out.is_empty() {
            out.push('&');
        }
        write_encoded(&mut out, param.name.as_bytes());
        out.push('=');
        write_pieces(&mut out, &param.value, filling);
    }
    if filling.hides { hide_in_pairs(&out) } else { out }
}

fn object(params: &[Param], filling: Filling<'_>) -> Result<String, (Part, Unsayable)> {
    let mut out = String::from("{");
    for param in present(params, filling) {
        out.push_str(if out.len() > 1 { ",\"" } else { "\"" });
        out.push_str(&content(&param.name));
        out.push_str("\":\"");
        if filling.hides && param.value.single().is_none() && is_secret_name(&param.name) {
            out.push_str(Value::HIDDEN);
        } else {
            for piece in param.value.iter() {
                match piece {
                    Piece::Text(text) => out.push_str(&content(text)),
                    Piece::Value(placeholder) => write_content(&mut out, &filling.value(*placeholder))
                        .map_err(|reason| (Part::Param(param.name.clone()), reason))?,
                }
            }
        }
        out.push('"');
    }
    out.push('}');
    Ok(out)
}

fn plain(text: &Pieces, filling: Filling<'_>) -> Result<String, Unsayable> {
    let mut out = String::new();
    for piece in text.iter() {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Value(placeholder) => match filling.value(*placeholder) {
                Value::Absent => {}
                Value::Text(value) if value.chars().any(char::is_control) => return Err(Unsayable::Control),
                Value::Text(value) => out.push_str(&value),
                Value::Bytes(_) => return Err(Unsayable::NotText),
                Value::Hidden => out.push_str(Value::HIDDEN),
            },
        }
    }
    Ok(out)
}
