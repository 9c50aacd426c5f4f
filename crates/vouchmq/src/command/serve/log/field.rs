//! The fields of an event, bounded and escaped: a name that a client chose stays one value in one line.

use std::fmt::{self, Write};

use tracing::Level;
use tracing::field::{Field, Visit};

use crate::output::is_safe;

/// Bytes of a whole line, its end included.
const LINE_MAX: usize = 2048;
/// Bytes of one value, before escaping.
const VALUE_MAX: usize = 256;
/// Bytes up to which a message is written: room is left for fields, however much of it is escaped.
const MESSAGE_MAX: usize = 1024;

/// Message and fields of one event.
#[derive(Default)]
pub(super) struct Fields {
    message: String,
    fields: Vec<(&'static str, Value)>,
}

enum Value {
    Text(String),
    /// A number or a truth value: stands without quotes.
    Plain(String),
}

/// Takes text up to a number of bytes, and forgets the rest.
struct Bounded<'a> {
    text: &'a mut String,
    max: usize,
}

// === impl Fields ===

impl Fields {
    pub(super) fn number(&mut self, name: &'static str, value: u64) {
        self.fields.push((name, Value::Plain(value.to_string())));
    }

    /// `2026-01-31T23:59:59.123Z INFO  message name=value other="two words"`
    pub(super) fn text(&self, time: &str, level: Level) -> String {
        let mut line = format!("{time} {level:<5} ");
        push_escaped(&mut line, &self.message);
        let mut is_whole = true;
        for (name, value) in &self.fields {
            let start = line.len();
            let _ = write!(line, " {name}=");
            match value {
                Value::Plain(text) => line.push_str(text),
                Value::Text(text) if is_word(text) => line.push_str(text),
                Value::Text(text) => push_quoted(&mut line, text),
            }
            if line.len() > LINE_MAX - " …\n".len() {
                line.truncate(start);
                is_whole = false;
            }
        }
        line.push_str(if is_whole { "\n" } else { " …\n" });
        line
    }

    /// `{"time":…,"level":…,"target":…,"message":…,"name":value}`
    pub(super) fn json(&self, time: &str, level: Level, target: &str) -> String {
        let mut line = format!("{{\"time\":\"{time}\",\"level\":\"{level}\",\"target\":");
        push_json(&mut line, target);
        line.push_str(",\"message\":");
        let mut message = String::new();
        push_escaped(&mut message, &self.message);
        push_json(&mut line, &message);
        let mut is_whole = true;
        for (name, value) in &self.fields {
            let start = line.len();
            line.push(',');
            push_json(&mut line, name);
            line.push(':');
            match value {
                Value::Plain(text) => line.push_str(text),
                Value::Text(text) => push_json(&mut line, text),
            }
            if line.len() > LINE_MAX - ",\"truncated\":true}\n".len() {
                line.truncate(start);
                is_whole = false;
            }
        }
        line.push_str(if is_whole { "}\n" } else { ",\"truncated\":true}\n" });
        line
    }

    fn push(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let mut text = String::new();
        let written = write!(Bounded { text: &mut text, max: VALUE_MAX }, "{value}");
        if written.is_err() {
            text.push('…');
        }
        if field.name() == "message" {
            self.message = text;
        } else {
            self.fields.push((field.name(), Value::Text(text)));
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push(field, format_args!("{value}"));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.number(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push((field.name(), Value::Plain(value.to_string())));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((field.name(), Value::Plain(value.to_string())));
    }
}

// === impl Bounded ===

impl Write for Bounded<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.max.saturating_sub(self.text.len());
        let end = text.floor_char_boundary(room);
        let (fits, rest) = text.split_at_checked(end).unwrap_or((text, ""));
        self.text.push_str(fits);
        if rest.is_empty() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Whether a value needs no quotes.
fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.chars().all(|c| is_safe(c) && !c.is_whitespace() && !matches!(c, '"' | '=' | '\\'))
}

fn push_escaped(line: &mut String, text: &str) {
    for c in text.chars() {
        if line.len() > MESSAGE_MAX {
            line.push('…');
            return;
        }
        if is_safe(c) {
            line.push(c);
        } else {
            line.extend(c.escape_default());
        }
    }
}

fn push_quoted(line: &mut String, text: &str) {
    line.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') || !is_safe(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    line.push('"');
}

fn push_json(line: &mut String, text: &str) {
    line.push_str(&serde_json::Value::from(text).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(values: &[(&'static str, &str)]) -> Fields {
        let fields = values.iter().map(|(name, value)| (*name, Value::Text((*value).to_owned()))).collect();
        Fields { message: "client refused".to_owned(), fields }
    }

    #[test]
    fn a_value_cannot_end_its_line_or_pretend_to_be_another_field() {
        let fields = fields(&[("client_id", "x\" level=ERROR\nfake"), ("peer", "127.0.0.1:1")]);
        assert_eq!(
            fields.text("T", Level::WARN),
            "T WARN  client refused client_id=\"x\\\" level=ERROR\\nfake\" peer=127.0.0.1:1\n"
        );
        let json = fields.json("T", Level::WARN, "broker");
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["client_id"], "x\" level=ERROR\nfake");
        assert_eq!(json.matches('\n').count(), 1);
    }

    #[test]
    fn lines_are_bounded_and_json_stays_json() {
        let long = "\u{1}".repeat(VALUE_MAX);
        let fields = fields(&[
            ("a", &long),
            ("b", &long),
            ("c", &long),
            ("d", &long),
            ("e", &long),
            ("peer", "1.2.3.4:5"),
        ]);
        let text = fields.text("T", Level::INFO);
        assert!(text.len() <= LINE_MAX && text.ends_with(" peer=1.2.3.4:5 …\n"), "{text}");
        let json = fields.json("T", Level::INFO, "broker");
        assert!(json.len() <= LINE_MAX, "{}", json.len());
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(value["truncated"], true);
    }

    #[test]
    fn a_value_is_cut_at_a_character() {
        let mut text = String::new();
        assert!(write!(Bounded { text: &mut text, max: 3 }, "aüü").is_err());
        assert_eq!(text, "aü");
    }
}
