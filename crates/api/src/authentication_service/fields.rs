use std::fmt;
use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretSlice};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::http::{BODY_BYTES_MAX, Code, Problem, is_json, read_body};

/// What a broker sends: names and values, as a form or as a flat JSON object. Any of the values may be secret.
///
/// A name that is there twice makes the whole request malformed: two readers could mean two different ones.
pub(super) struct Fields(Vec<(Box<str>, SecretSlice<u8>)>);

/// What `+` stands for in a form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plus {
    /// Itself: NanoMQ writes a space as `%20`.
    Itself,
    /// A space: EMQX writes forms as browsers do.
    Space,
}

/// Fields where there are too many belong to nobody who is meant here.
const FIELDS_MAX: usize = 64;

impl Fields {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// 400 if it cannot be read, or is not there at all.
    pub(super) async fn of_body(request: Request, plus: Plus) -> Result<Self, Problem> {
        let (parts, body) = read_body(request, BODY_BYTES_MAX).await?;
        if body.is_empty() {
            return Err(malformed(
                "the request has no body: does the broker's configuration have headers and params?",
            ));
        }
        if is_json(&parts.headers) {
            return Self::of_json(&body);
        }
        let is_form = parts.headers.get(header::CONTENT_TYPE).is_none_or(|kind| {
            kind.as_bytes().to_ascii_lowercase().starts_with(b"application/x-www-form-urlencoded")
        });
        // NanoMQ writes a form whatever else its content type says.
        match std::str::from_utf8(&body) {
            Ok(form) if is_form || plus == Plus::Itself => Self::of_form(form, plus),
            Ok(_) => Err(Problem::new(Code::UnsupportedMediaType, "send JSON or a form")),
            Err(_) => Err(malformed("a form is ASCII: other bytes are written as %XX")),
        }
    }

    /// Reads a form, or the query of a URL.
    pub(super) fn of_form(form: &str, plus: Plus) -> Result<Self, Problem> {
        let mut fields = Self(Vec::new());
        for pair in form.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let name =
                String::from_utf8(decode(name, plus)?).map_err(|_| malformed("a name is not UTF-8"))?;
            fields.push(name.into(), decode(value, plus)?)?;
        }
        Ok(fields)
    }

    fn of_json(body: &[u8]) -> Result<Self, Problem> {
        let Flat(pairs) =
            serde_json::from_slice(body).map_err(|_| malformed("the body is not a flat JSON object"))?;
        let mut fields = Self(Vec::new());
        for (name, value) in pairs {
            match value {
                Some(value) => fields.push(name, value)?,
                None => fields.check_name(&name)?,
            }
        }
        Ok(fields)
    }

    /// A value that is text; `None` if it is not there.
    ///
    /// # Errors
    /// 400 if it is not UTF-8.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, Problem> {
        let Some((_, value)) = self.0.iter().find(|(known, _)| **known == *name) else { return Ok(None) };
        let text = std::str::from_utf8(value.expose_secret());
        text.map(Some).map_err(|_| malformed("a value that has to be text is not UTF-8"))
    }

    /// The client's address: the first of these values that says something.
    ///
    /// # Errors
    /// 400 if it is not an address.
    pub(super) fn peer(&self, names: &[&str]) -> Result<Option<IpAddr>, Problem> {
        for name in names {
            if let Some(text) = self.text(name)?.filter(|text| !text.is_empty()) {
                let address = text.parse().map_err(|_| malformed("the address of the client is not one"))?;
                return Ok(Some(address));
            }
        }
        Ok(None)
    }

    /// A value that may be any bytes.
    pub(super) fn secret(&mut self, name: &str) -> Option<SecretSlice<u8>> {
        let at = self.0.iter().position(|(known, _)| **known == *name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Whether there is such a value.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| **known == *name)
    }

    fn push(&mut self, name: Box<str>, value: Vec<u8>) -> Result<(), Problem> {
        let value = SecretSlice::from(value);
        self.check_name(&name)?;
        self.0.push((name, value));
        Ok(())
    }

    fn check_name(&self, name: &str) -> Result<(), Problem> {
        if self.has(name) {
            return Err(malformed("a name is there twice"));
        }
        if self.0.len() >= FIELDS_MAX {
            return Err(malformed("there are too many names"));
        }
        Ok(())
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

pub(super) fn malformed(detail: &'static str) -> Problem {
    Problem::new(Code::MalformedRequest, detail)
}

fn decode(text: &str, plus: Plus) -> Result<Vec<u8>, Problem> {
    let mut escapes = text.split('%').skip(1);
    let is_escape =
        |rest: &str| rest.get(..2).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !escapes.all(is_escape) {
        return Err(malformed("% has to be followed by two hexadecimal digits"));
    }
    Ok(match plus {
        Plus::Itself => percent_decode_str(text).collect(),
        Plus::Space => percent_decode_str(&text.replace('+', " ")).collect(),
    })
}

/// A flat JSON object: names and scalars; what is not a scalar is not looked at.
struct Flat(Vec<(Box<str>, Option<Vec<u8>>)>);

struct Scalar(Option<Vec<u8>>);

struct FlatVisitor;
struct ScalarVisitor;

impl<'de> Deserialize<'de> for Flat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FlatVisitor)
    }
}

impl<'de> Visitor<'de> for FlatVisitor {
    type Value = Flat;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Flat, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, Scalar(value))) = map.next_entry()? {
            pairs.push((name, value));
        }
        Ok(Flat(pairs))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.as_bytes().to_vec())))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar(Some(text.into_bytes())))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into_bytes())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into_bytes())))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into_bytes())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar(Some(value.to_string().into_bytes())))
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar(None))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Scalar, A::Error> {
        while sequence.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar(None))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_byte_by_byte_and_plus_is_what_its_writer_means() {
        let mut fields =
            Fields::of_form("clientid=d%2D1&username=&password=p%40ss%20w%00%FF+", Plus::Itself).unwrap();
        assert_eq!(
            (fields.text("clientid").unwrap(), fields.text("username").unwrap()),
            (Some("d-1"), Some(""))
        );
        assert_eq!(fields.secret("password").unwrap().expose_secret(), b"p@ss w\0\xFF+");
        assert!(fields.secret("password").is_none());
        let mut fields = Fields::of_form("password=a+b%2Bc", Plus::Space).unwrap();
        assert_eq!(fields.secret("password").unwrap().expose_secret(), b"a b+c");
    }

    #[test]
    fn the_address_is_the_first_value_that_says_something() {
        let names = ["ipaddr", "peerhost"];
        for (form, peer) in [
            ("", Ok(None)),
            ("ipaddr=&peerhost=", Ok(None)),
            ("ipaddr=&peerhost=2001:db8::1", Ok(Some("2001:db8::1"))),
            ("peerhost=x&ipaddr=192.0.2.1", Ok(Some("192.0.2.1"))),
            ("ipaddr=192.0.2&peerhost=192.0.2.1", Err(())),
        ] {
            let found = Fields::of_form(form, Plus::Itself).unwrap().peer(&names).map_err(drop);
            assert_eq!(found, peer.map(|peer| peer.map(|text| text.parse().unwrap())), "{form}");
        }
    }

    #[test]
    fn what_two_readers_could_read_differently_is_refused() {
        for form in ["a=1&a=2", "a=%", "a=%4", "a=%zz", "a=%+1", "%61=1&a=2", "%ff=1"] {
            assert!(Fields::of_form(form, Plus::Itself).is_err(), "{form}");
        }
        for json in ["", "[]", "{", r#"{"a":"1","a":"2"}"#, r#"{"a":"1","\u0061":null}"#, "\"a\"", "{} x"] {
            assert!(Fields::of_json(json.as_bytes()).is_err(), "{json}");
        }
        let many: String = (0..65).map(|number| format!("a{number}=&")).collect();
        assert!(Fields::of_form(&many, Plus::Itself).is_err());
    }

    #[test]
    fn json_may_have_scalars_of_any_kind_and_more_that_is_not_looked_at() {
        let json = br#"{"clientid":"d1","access":1,"retain":false,"cert":null,"client_attrs":{"a":["b"]}}"#;
        let fields = Fields::of_json(json).unwrap();
        assert_eq!(fields.text("access").unwrap(), Some("1"));
        assert_eq!(fields.text("retain").unwrap(), Some("false"));
        assert!(!fields.has("cert") && !fields.has("client_attrs"));
    }

    #[test]
    fn nothing_prints_a_value() {
        let fields = Fields::of_form("password=s3cr3t-canary", Plus::Itself).unwrap();
        assert_eq!(format!("{fields:?}"), "[\"password\"]");
    }
}
