use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Occasion;
use super::fault::{Fault, Unsayable};
use super::placeholder::{Filling, Placeholder, Value};
use super::secret::is_secret_name;
use super::text::{Piece, Pieces};

/// JSON with placeholders in its strings.
pub(super) struct JsonTemplate(Vec<Chunk>);

enum Chunk {
    /// As it is sent.
    Json(String),
    /// The content of a string that is likely a secret, as it is sent.
    Secret(String),
    /// The content of a string.
    Value(Placeholder),
}

/// Placeholders of one body.
const PLACEHOLDERS_MAX: usize = 64;

impl JsonTemplate {
    pub(super) fn parse(text: &str, occasion: Occasion) -> Result<Self, Fault> {
        let mut compiler = Compiler { chunks: Vec::new(), occasion, fault: None };
        let mut json = serde_json::Deserializer::from_str(text);
        let read = Compile { compiler: &mut compiler, is_secret: false, before: "" }.deserialize(&mut json);
        if let Err(error) = read.and_then(|()| json.end()) {
            let (line, column) = (error.line(), error.column());
            return Err(compiler.fault.unwrap_or(Fault::Json { line, column }));
        }
        let template = Self(compiler.chunks);
        if template.placeholders().count() > PLACEHOLDERS_MAX {
            return Err(Fault::TooMany { max: PLACEHOLDERS_MAX });
        }
        Ok(template)
    }

    pub(super) fn placeholders(&self) -> impl Iterator<Item = Placeholder> {
        self.0.iter().filter_map(|chunk| match chunk {
            Chunk::Value(placeholder) => Some(*placeholder),
            Chunk::Json(_) | Chunk::Secret(_) => None,
        })
    }

    pub(super) fn render(&self, filling: Filling<'_>) -> Result<String, Unsayable> {
        let mut out = String::new();
        for chunk in &self.0 {
            match chunk {
                Chunk::Secret(_) if filling.hides => out.push_str(Value::HIDDEN),
                Chunk::Json(json) | Chunk::Secret(json) => out.push_str(json),
                Chunk::Value(placeholder) => write_content(&mut out, &filling.value(*placeholder))?,
            }
        }
        Ok(out)
    }
}

/// Writes a value as the content of a JSON string.
pub(super) fn write_content(out: &mut String, value: &Value<'_>) -> Result<(), Unsayable> {
    match value {
        Value::Absent => {}
        Value::Text(text) => out.push_str(&content(text)),
        Value::Bytes(_) => return Err(Unsayable::NotText),
        Value::Hidden => out.push_str(Value::HIDDEN),
    }
    Ok(())
}

/// Text as the content of a JSON string.
pub(super) fn content(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

struct Compiler {
    chunks: Vec<Chunk>,
    occasion: Occasion,
    /// What went wrong, where that is not JSON.
    fault: Option<Fault>,
}

impl Compiler {
    fn json(&mut self, json: &str) {
        if let Some(Chunk::Json(last)) = self.chunks.last_mut() {
            last.push_str(json);
        } else {
            self.chunks.push(Chunk::Json(json.to_owned()));
        }
    }

    fn string(&mut self, text: &str, is_secret: bool) -> Result<(), Fault> {
        let pieces = Pieces::parse(text, self.occasion)?;
        self.json("\"");
        for piece in pieces.iter() {
            match piece {
                Piece::Text(text) if is_secret => self.chunks.push(Chunk::Secret(content(text))),
                Piece::Text(text) => self.json(&content(text)),
                Piece::Value(placeholder) => self.chunks.push(Chunk::Value(*placeholder)),
            }
        }
        self.json("\"");
        Ok(())
    }

    fn key(&mut self, key: &str, known: &mut HashSet<String>) -> Result<(), Fault> {
        if key.contains("${") {
            return Err(Fault::NameVaries);
        }
        if !known.insert(key.to_owned()) {
            return Err(Fault::Twice);
        }
        let json = content(key);
        self.json(if known.len() > 1 { ",\"" } else { "\"" });
        self.json(&json);
        self.json("\":");
        Ok(())
    }

    fn check<E: serde::de::Error>(&mut self, done: Result<(), Fault>) -> Result<(), E> {
        done.map_err(|fault| {
            self.fault = Some(fault);
            E::custom("no template")
        })
    }
}

/// Writes JSON as it is read.
struct Compile<'a> {
    compiler: &'a mut Compiler,
    is_secret: bool,
    /// What parts it from the value before.
    before: &'static str,
}

impl<'de> DeserializeSeed<'de> for Compile<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        self.compiler.json(self.before);
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Compile<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.compiler.json("null");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.compiler.json(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.compiler.json(&number.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.compiler.json(&number.to_string());
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        let number = serde_json::Number::from_f64(number).ok_or_else(|| E::custom("no number of JSON"))?;
        self.compiler.json(&number.to_string());
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let done = self.compiler.string(text, self.is_secret);
        self.compiler.check(done)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { compiler, is_secret, before: _ } = self;
        compiler.json("[");
        let mut before = "";
        while members.next_element_seed(Compile { compiler, is_secret, before })?.is_some() {
            before = ",";
        }
        compiler.json("]");
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let Self { compiler, is_secret, before: _ } = self;
        compiler.json("{");
        let mut known = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            let done = compiler.key(&key, &mut known);
            compiler.check::<A::Error>(done)?;
            let is_secret = is_secret || is_secret_name(&key);
            members.next_value_seed(Compile { compiler, is_secret, before: "" })?;
        }
        compiler.json("}");
        Ok(())
    }
}
