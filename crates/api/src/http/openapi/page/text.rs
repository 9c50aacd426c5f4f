//! HTML: what comes from the document is text.

use serde_json::Value;

/// A page on its way.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Markup of ours.
    pub(super) fn raw(&mut self, markup: &'static str) {
        self.0.push_str(markup);
    }

    /// A text, in an element or in an attribute between quotes.
    pub(super) fn text(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '&' => self.0.push_str("&amp;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                c => self.0.push(c),
            }
        }
    }

    /// A text in which what stands between backticks is code.
    pub(super) fn prose(&mut self, text: &str) {
        let mut parts = text.split('`');
        self.text(parts.next().unwrap_or_default());
        while let Some(code) = parts.next() {
            let Some(after) = parts.next() else {
                self.text(code);
                return;
            };
            self.raw("<code>");
            self.text(code);
            self.raw("</code>");
            self.text(after);
        }
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// What stands at a place of the document, or null.
pub(super) fn field<'a>(value: &'a Value, place: &[&str]) -> &'a Value {
    place.iter().fold(value, |value, name| value.get(name).unwrap_or(&Value::Null))
}

/// The text at a place of the document, or none.
pub(super) fn text_of<'a>(value: &'a Value, place: &[&str]) -> &'a str {
    field(value, place).as_str().unwrap_or_default()
}
