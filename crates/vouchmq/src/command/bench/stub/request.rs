//! Questions, as they stand in a buffer.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

/// A request within this, or none.
pub(super) const REQUEST_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 64;

/// A request.
#[derive(Debug)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    query: &'a str,
    is_json: bool,
    pub(super) body: &'a [u8],
    /// Whether the connection ends with the answer.
    pub(super) is_last: bool,
}

/// What stands at the beginning of a buffer.
#[derive(Debug)]
pub(super) enum Found<'a> {
    /// A request, and its length.
    Whole(Request<'a>, usize),
    /// Not yet a whole request.
    Part,
    /// No request.
    Nonsense,
}

/// What is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Login,
    Superuser,
    Acl,
    /// What this stub is told itself.
    Control,
}

/// Who wants what, as far as it was told. Services call these fields as they like; so do we.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Claim<'a> {
    #[serde(borrow, alias = "user", alias = "user_name")]
    pub(super) username: Cow<'a, str>,
    #[serde(borrow, alias = "pass")]
    pub(super) password: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) topic: Cow<'a, str>,
}

impl Kind {
    /// The name under which it is counted.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Login => "login",
            Self::Superuser => "superuser",
            Self::Acl => "acl",
            Self::Control => "control",
        }
    }
}

impl<'a> Found<'a> {
    /// What `bytes` begin with.
    pub(super) fn in_bytes(bytes: &'a [u8]) -> Self {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Request::new(&mut headers);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) if bytes.len() < REQUEST_MAX => return Self::Part,
            Ok(httparse::Status::Partial) | Err(_) => return Self::Nonsense,
        };
        let (mut is_last, mut is_json, mut body_len) = (head.version == Some(0), false, 0);
        for header in head.headers.iter() {
            let value = header.value;
            if header.name.eq_ignore_ascii_case("content-length") {
                let Some(length) = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok())
                else {
                    return Self::Nonsense;
                };
                body_len = length;
            } else if header.name.eq_ignore_ascii_case("content-type") {
                is_json = value.starts_with(b"application/json");
            } else if header.name.eq_ignore_ascii_case("connection") {
                is_last = value.eq_ignore_ascii_case(b"close");
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                return Self::Nonsense;
            }
        }
        if body_len > REQUEST_MAX {
            return Self::Nonsense;
        }
        let whole = length + body_len;
        let Some(body) = bytes.get(length..whole) else { return Self::Part };
        let (method, target) = (head.method.unwrap_or_default(), head.path.unwrap_or_default());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self::Whole(Request { method, path, query, is_json, body, is_last }, whole)
    }
}

impl<'a> Request<'a> {
    /// By the path: `super…` and `acl…` are where NanoMQ and EMQX put them, everything else is a login.
    pub(super) fn kind(&self) -> Kind {
        let last = self.path.rsplit('/').next().unwrap_or_default();
        match last {
            _ if self.path.starts_with("/stub/") => Kind::Control,
            _ if last.starts_with("super") => Kind::Superuser,
            _ if last.starts_with("acl") || last.starts_with("authz") => Kind::Acl,
            _ => Kind::Login,
        }
    }

    /// Who wants what: out of JSON, a form, or the query. `None`: the body cannot be read.
    pub(super) fn claim(&self) -> Option<Claim<'a>> {
        if self.is_json && !self.body.is_empty() {
            return serde_json::from_slice(self.body).ok();
        }
        let form = if self.body.is_empty() { self.query } else { std::str::from_utf8(self.body).ok()? };
        let mut claim = Claim::default();
        for (name, value) in form.split('&').filter_map(|pair| pair.split_once('=')) {
            match name {
                "username" | "user" | "user_name" => claim.username = decoded(value),
                "password" | "pass" => claim.password = decoded(value),
                "topic" => claim.topic = decoded(value),
                _ => {}
            }
        }
        Some(claim)
    }
}

/// The value of a form.
fn decoded(value: &str) -> Cow<'_, str> {
    if value.contains('+') {
        let spaced = value.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned());
    }
    percent_decode_str(value).decode_utf8_lossy()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Request<'_> {
        match Found::in_bytes(text.as_bytes()) {
            Found::Whole(request, _) => request,
            Found::Part | Found::Nonsense => panic!("no request: {text}"),
        }
    }

    #[test]
    fn a_claim_is_read_from_json_a_form_and_a_query() {
        let json = r#"{"clientid":"c","username":"a \"b\"","password":"p%q"}"#;
        let form = "username=a+%22b%22&password=p%25q&clientid=c";
        for text in [
            format!(
                "POST /a HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{json}",
                json.len()
            ),
            format!("POST /a HTTP/1.1\r\ncontent-length: {}\r\n\r\n{form}", form.len()),
            format!("GET /a?{form} HTTP/1.1\r\n\r\n"),
        ] {
            let claim = whole(&text).claim().unwrap();
            assert_eq!((&*claim.username, &*claim.password), ("a \"b\"", "p%q"), "{text}");
        }
    }

    #[test]
    fn requests_are_found_one_behind_the_other() {
        let two = b"POST /mqtt/acl HTTP/1.1\r\nContent-Length: 3\r\n\r\nx=1GET /mqtt/superuser HTTP/1.1\r\nConnection: close\r\n\r\n";
        let Found::Whole(first, length) = Found::in_bytes(two) else { panic!("a request") };
        assert_eq!((first.kind(), first.is_last, first.body), (Kind::Acl, false, &b"x=1"[..]));
        let Found::Whole(second, _) = Found::in_bytes(&two[length..]) else { panic!("a request") };
        assert_eq!((second.kind(), second.is_last), (Kind::Superuser, true));
        assert!(matches!(Found::in_bytes(&two[..length - 1]), Found::Part));
        assert!(matches!(Found::in_bytes(b"\0\0"), Found::Nonsense));
    }
}
