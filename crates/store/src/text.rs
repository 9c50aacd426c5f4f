//! Text that anybody may have written.

use std::borrow::Cow;

use crate::value::{Column, Type, Value};

/// Free text. PostgreSQL keeps no U+0000, so it is written `\0`, and `\` is written `\\`.
pub(crate) struct Free<'a>(pub(crate) &'a str);

impl Column for Free<'_> {
    const TYPE: Type = Type::Text;

    fn to_value(&self) -> Value {
        Value::Text(escape(self.0).into_owned())
    }
}

fn escape(text: &str) -> Cow<'_, str> {
    if text.contains(['\0', '\\']) {
        Cow::Owned(text.replace('\\', "\\\\").replace('\0', "\\0"))
    } else {
        Cow::Borrowed(text)
    }
}

/// The text that was escaped; `None` if it cannot have been.
pub(crate) fn unescape(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(read) = rest.next() {
        plain.push(match read {
            '\\' => match rest.next()? {
                '0' => '\0',
                '\\' => '\\',
                _ => return None,
            },
            usual => usual,
        });
    }
    Some(Cow::Owned(plain))
}

/// Where a page begins, as text that both engines compare: ids have no U+0000, so what stands behind one
/// makes no difference.
pub(crate) fn cursor(after: Option<&str>) -> &str {
    after.unwrap_or_default().split('\0').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_reads_back() {
        for text in ["", "a", "\0", "\\", "\\0", "a\0\\\0b", "ä\\\\\0", "\\\\0"] {
            let escaped = escape(text);
            assert!(!escaped.contains('\0'), "{text:?}");
            assert_eq!(unescape(&escaped).as_deref(), Some(text));
        }
        for text in ["\\", "a\\b", "\\\\\\"] {
            assert_eq!(unescape(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_cursor_ends_before_a_nul() {
        assert_eq!((cursor(None), cursor(Some("a")), cursor(Some("a\0b"))), ("", "a", "a"));
    }
}
