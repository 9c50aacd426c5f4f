//! JSON for scripts, that does no harm on a terminal either.

use std::fmt::Write;

use serde_json::Value;

use crate::output;

/// The value on many lines. Characters that command a terminal are written as JSON escapes them.
pub(in crate::command) fn pretty(value: &Value) -> String {
    let text = format!("{value:#}");
    if text.chars().all(|c| c == '\n' || output::is_safe(c)) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        // Outside of strings only what is safe can stand, and line breaks inside are escaped already.
        if c == '\n' || output::is_safe(c) {
            safe.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(safe, "\\u{unit:04x}");
            }
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_commands_a_terminal_is_escaped_and_reads_as_it_was() {
        let value = json!({"a": "x\u{1b}[2J\u{9b}31m\u{202e}\u{7f}ü\n", "b\u{85}": [1, null]});
        let text = pretty(&value);
        assert!(text.chars().all(|c| c == '\n' || output::is_safe(c)), "{text}");
        assert!(text.contains("\\u009b31m\\u202e\\u007fü\\n"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }
}
