//! JSON (RFC 8259), strictly: what libraries read differently is refused, above all a member that is there twice.

use std::iter::Peekable;
use std::str::CharIndices;

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    /// A whole number from 0 on, written with digits alone.
    Whole(u64),
    /// Any other number; nobody asks which.
    Number,
    Text(Box<str>),
    List(Vec<Self>),
    Object(Members),
}

/// The members of an object, in their order, each name once.
pub(super) type Members = Vec<(Box<str>, Json)>;

const DEPTH_MAX: usize = 8;
const VALUES_MAX: usize = 1024;

struct Reader<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
    values: usize,
}

/// The members of the object that a text is; `None` if it is anything else.
pub(super) fn object(text: &[u8]) -> Option<Members> {
    let text = std::str::from_utf8(text).ok()?;
    let mut reader = Reader { text, chars: text.char_indices().peekable(), values: 0 };
    let value = reader.value(0)?;
    reader.skip();
    match (value, reader.chars.next()) {
        (Json::Object(members), None) => Some(members),
        _ => None,
    }
}

/// The value of a member.
pub(super) fn member<'a>(members: &'a Members, name: &str) -> Option<&'a Json> {
    members.iter().find(|(known, _)| &**known == name).map(|(_, value)| value)
}

impl Json {
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }
}

impl Reader<'_> {
    fn skip(&mut self) {
        while self.chars.next_if(|(_, char)| matches!(char, ' ' | '\t' | '\n' | '\r')).is_some() {}
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.skip();
        self.chars.next_if(|(_, char)| *char == wanted).is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        self.values += 1;
        if depth > DEPTH_MAX || self.values > VALUES_MAX {
            return None;
        }
        self.skip();
        match self.chars.peek()?.1 {
            '{' => self.members(depth).map(Json::Object),
            '[' => self.items(depth).map(Json::List),
            '"' => self.string().map(Json::Text),
            '-' | '0'..='9' => self.number(),
            _ => self.word(),
        }
    }

    fn members(&mut self, depth: usize) -> Option<Members> {
        self.chars.next();
        let mut members = Members::new();
        if self.takes('}') {
            return Some(members);
        }
        loop {
            self.skip();
            let name = self.string()?;
            if !self.takes(':') || member(&members, &name).is_some() {
                return None;
            }
            let value = self.value(depth + 1)?;
            members.push((name, value));
            if self.takes('}') {
                return Some(members);
            }
            self.takes(',').then_some(())?;
        }
    }

    fn items(&mut self, depth: usize) -> Option<Vec<Json>> {
        self.chars.next();
        let mut items = Vec::new();
        if self.takes(']') {
            return Some(items);
        }
        loop {
            items.push(self.value(depth + 1)?);
            if self.takes(']') {
                return Some(items);
            }
            self.takes(',').then_some(())?;
        }
    }

    fn string(&mut self) -> Option<Box<str>> {
        self.chars.next_if(|(_, char)| *char == '"')?;
        let mut text = String::new();
        loop {
            match self.chars.next()?.1 {
                '"' => return Some(text.into()),
                '\\' => text.push(self.escaped()?),
                char if char < ' ' => return None,
                char => text.push(char),
            }
        }
    }

    fn escaped(&mut self) -> Option<char> {
        Some(match self.chars.next()?.1 {
            char @ ('"' | '\\' | '/') => char,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unit_pair(),
            _ => return None,
        })
    }

    /// One unit of UTF-16, or two that are a pair; half a pair is no character.
    fn unit_pair(&mut self) -> Option<char> {
        let first = self.unit()?;
        if let Some(char) = char::from_u32(first) {
            return Some(char);
        }
        self.chars.next_if(|(_, char)| *char == '\\')?;
        self.chars.next_if(|(_, char)| *char == 'u')?;
        let units = [u16::try_from(first).ok()?, u16::try_from(self.unit()?).ok()?];
        let mut chars = char::decode_utf16(units);
        match (chars.next(), chars.next()) {
            (Some(Ok(char)), None) => Some(char),
            _ => None,
        }
    }

    fn unit(&mut self) -> Option<u32> {
        (0..4).try_fold(0, |unit, _| Some(unit << 4 | self.chars.next()?.1.to_digit(16)?))
    }

    fn number(&mut self) -> Option<Json> {
        let is_negative = self.chars.next_if(|(_, char)| *char == '-').is_some();
        let digits = self.digits()?;
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        let whole: Option<u64> = digits.parse().ok();
        let mut is_whole = !is_negative;
        if self.chars.next_if(|(_, char)| *char == '.').is_some() {
            self.digits()?;
            is_whole = false;
        }
        if self.chars.next_if(|(_, char)| matches!(char, 'e' | 'E')).is_some() {
            let _ = self.chars.next_if(|(_, char)| matches!(char, '+' | '-'));
            self.digits()?;
            is_whole = false;
        }
        Some(whole.filter(|_| is_whole).map_or(Json::Number, Json::Whole))
    }

    /// At least one.
    fn digits(&mut self) -> Option<String> {
        let mut digits = String::new();
        while let Some((_, digit)) = self.chars.next_if(|(_, char)| char.is_ascii_digit()) {
            digits.push(digit);
        }
        (!digits.is_empty()).then_some(digits)
    }

    fn word(&mut self) -> Option<Json> {
        let rest = self.text.get(self.chars.peek()?.0..)?;
        let words = [("true", Json::Bool(true)), ("false", Json::Bool(false)), ("null", Json::Null)];
        let (word, value) = words.into_iter().find(|(word, _)| rest.starts_with(word))?;
        for _ in word.chars() {
            self.chars.next();
        }
        Some(value)
    }
}

/// Writes a text as JSON does.
pub(super) fn quote(text: &str, into: &mut String) {
    into.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => into.extend(['\\', char]),
            char if char < ' ' => into.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => into.push(char),
        }
    }
    into.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_what_was_written() {
        let text = r#" { "a" : [1, -1, 1.0, 1e3, 0, 18446744073709551616] , "b\u00e4\n" : {"c": null, "d": true} , "e":"\ud83d\ude00" } "#;
        let found = object(text.as_bytes()).unwrap();
        let numbers =
            [Json::Whole(1), Json::Number, Json::Number, Json::Number, Json::Whole(0), Json::Number];
        assert_eq!(member(&found, "a"), Some(&Json::List(numbers.into())));
        let inner = vec![("c".into(), Json::Null), ("d".into(), Json::Bool(true))];
        assert_eq!(member(&found, "bä\n"), Some(&Json::Object(inner)));
        assert_eq!(member(&found, "e").and_then(Json::text), Some("😀"));
    }

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(9), "]".repeat(9));
        let wide = format!("{{\"a\":[{}1]}}", "1,".repeat(VALUES_MAX));
        for bad in [
            "",
            "[]",
            "1",
            "{",
            "{}x",
            "{} {}",
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":.5}"#,
            r#"{"a":1.}"#,
            r#"{"a":NaN}"#,
            r#"{"a":Infinity}"#,
            r#"{"a":1,}"#,
            r#"{a:1}"#,
            r#"{'a':1}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":"\udc00\ud800"}"#,
            "{\"a\":\"\n\"}",
            "\u{feff}{}",
            "{}//",
            r#"{"a":nul}"#,
            &deep,
            &wide,
        ] {
            assert_eq!(object(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(object(b"{\"a\":\"\xff\"}"), None);
    }

    #[test]
    fn what_is_quoted_is_read_as_the_same() {
        arbtest::arbtest(|unstructured| {
            let text: String = unstructured.arbitrary()?;
            let mut written = "{\"a\":".to_owned();
            quote(&text, &mut written);
            written.push('}');
            let found = object(written.as_bytes()).unwrap();
            assert_eq!(member(&found, "a").and_then(Json::text), Some(&*text));
            Ok(())
        });
    }
}
