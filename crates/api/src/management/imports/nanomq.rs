use secrecy::SecretString;
use vouchmq_identity::model::ProductId;
use vouchmq_identity::password_import::from_nanomq_plain;

use super::fault::Fault;
use super::format::Lines;
use super::row::{Plain, Row, device_of};

/// Reads `nanomq_pwd.conf`: one `"user": "password"` a line, quotes and a comma at the end or not.
pub(super) struct NanomqReader {
    product: ProductId,
}

impl NanomqReader {
    pub(super) const fn new(product: ProductId) -> Self {
        Self { product }
    }
}

impl Lines for NanomqReader {
    fn row(&mut self, line: &str) -> Result<Option<Row>, Fault> {
        let line = line.trim();
        let line = line.strip_suffix(',').unwrap_or(line).trim_end();
        if matches!(line, "" | "{" | "}") || line.starts_with('#') || line.starts_with("//") {
            return Ok(None);
        }
        let malformed = || Fault::new("malformed_row", "not of the form \"user\": \"password\"");
        let (name, rest) = token(line).ok_or_else(malformed)?;
        let rest = rest.trim_start();
        let rest = rest.strip_prefix([':', '=']).ok_or_else(malformed)?.trim_start();
        let (password, rest) = token(rest).ok_or_else(malformed)?;
        if !(rest.trim().is_empty() || rest.trim_start().starts_with('#')) {
            return Err(malformed());
        }
        let device = device_of(self.product, &name)?;
        from_nanomq_plain(&password)?;
        Ok(Some(Row::Plain(Box::new(device), Plain::Password(SecretString::from(password)))))
    }
}

/// A text in quotes, as JSON has it, or without; and what follows.
fn token(text: &str) -> Option<(String, &str)> {
    if !text.starts_with('"') {
        let end = text.find([':', '=', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at(end);
        return (!token.is_empty() && !token.contains('"')).then(|| (token.to_owned(), rest));
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let token = values.next()?.ok()?;
    let rest = text.get(values.byte_offset()..)?;
    Some((token, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_quoted_or_ends_where_the_next_begins() {
        assert_eq!(token("\"a b\": x"), Some(("a b".to_owned(), ": x")));
        assert_eq!(token(r#""a\"b""#), Some((r#"a"b"#.to_owned(), "")));
        assert_eq!(token("admin: public"), Some(("admin".to_owned(), ": public")));
        assert_eq!(token("\"a"), None);
        assert_eq!(token(": x"), None);
    }
}
