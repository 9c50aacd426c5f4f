use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};

use super::Occasion;
use super::fault::{Fault, Part, TemplateFault, Unsayable};
use super::placeholder::{Filling, Placeholder, Value};
use super::secret::is_public_header;
use super::text::{Piece, Pieces};
use crate::remote::options::Template;

/// A header field whose value depends on the client.
pub(super) struct HeaderTemplate {
    pub(super) name: HeaderName,
    value: Pieces,
}

/// The header fields of a request.
pub(super) struct Headers {
    /// Those that are the same for all.
    pub(super) fixed: HeaderMap,
    pub(super) varying: Vec<HeaderTemplate>,
}

/// What the connection, the content or a signature says.
const RESERVED: [&str; 15] = [
    "host",
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "accept-encoding",
    "connection",
    "proxy-connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "content-digest",
    "signature",
    "signature-input",
];

/// Longer ones are refused by most servers.
const VALUE_LEN_MAX: usize = 4_096;

impl Headers {
    pub(super) fn parse(headers: &[(Box<str>, Template)], occasion: Occasion) -> Result<Self, TemplateFault> {
        let mut all = Self { fixed: HeaderMap::new(), varying: Vec::new() };
        for (index, (name, value)) in headers.iter().enumerate() {
            let parsed = HeaderName::from_bytes(name.as_bytes());
            let part = || {
                Part::Header(match &parsed {
                    Ok(name) => name.as_str().into(),
                    Err(_) => index.saturating_add(1).to_string().into(),
                })
            };
            let done = match &parsed {
                Ok(name) => all.add(name.clone(), value.text(), occasion),
                Err(_) => Err(Fault::HeaderName),
            };
            done.map_err(|fault| TemplateFault { part: part(), fault })?;
        }
        Ok(all)
    }

    fn add(&mut self, name: HeaderName, value: &str, occasion: Occasion) -> Result<(), Fault> {
        if RESERVED.contains(&name.as_str()) {
            return Err(Fault::HeaderReserved);
        }
        if self.fixed.contains_key(&name) || self.varying.iter().any(|header| header.name == name) {
            return Err(Fault::Twice);
        }
        let pieces = Pieces::parse(value, occasion)?;
        if !pieces.texts().all(|text| text.bytes().all(is_visible)) {
            return Err(Fault::HeaderValue);
        }
        match pieces.fixed() {
            Some(fixed) => {
                let mut value = HeaderValue::from_str(fixed.trim()).map_err(|_| Fault::HeaderValue)?;
                value.set_sensitive(!is_public_header(&name));
                self.fixed.insert(name, value);
            }
            None if name == hyper::header::CONTENT_TYPE => return Err(Fault::ContentTypeVaries),
            None => self.varying.push(HeaderTemplate { name, value: pieces }),
        }
        Ok(())
    }
}

impl HeaderTemplate {
    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.value.placeholders()
    }

    pub(super) fn render(&self, filling: Filling<'_>) -> Result<HeaderValue, Unsayable> {
        let mut out = String::new();
        let is_whole = self.value.single().is_some();
        for piece in self.value.iter() {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Value(placeholder) => write_value(&mut out, &filling.value(*placeholder), is_whole)?,
            }
        }
        if out.len() > VALUE_LEN_MAX {
            return Err(Unsayable::TooLong);
        }
        let mut value = HeaderValue::from_str(out.trim_start()).map_err(|_| Unsayable::NotAscii)?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn write_value(out: &mut String, value: &Value<'_>, is_whole: bool) -> Result<(), Unsayable> {
    let text = match value {
        Value::Absent => return Ok(()),
        Value::Text(text) => &**text,
        Value::Bytes(_) => return Err(Unsayable::NotText),
        Value::Hidden => Value::HIDDEN,
    };
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return Err(Unsayable::Control);
    }
    if !text.is_ascii() {
        return Err(Unsayable::NotAscii);
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Err(Unsayable::Blank);
    }
    if !is_whole && text.contains([' ', '"', '\\', ',', ';']) {
        return Err(Unsayable::Delimiter);
    }
    out.push_str(text);
    Ok(())
}

/// Characters of ASCII that are no control characters.
const fn is_visible(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e)
}
