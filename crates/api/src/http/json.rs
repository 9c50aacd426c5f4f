use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_path_to_error::{Path, Segment};

use super::{BODY_BYTES_MAX, Code, Problem, read_body};

/// A body that is JSON, of at most `BYTES_MAX` bytes.
///
/// Fails with 415 for another media type, 413 or 408 for a body too large or too slow, 400 for what is not
/// JSON, and 422 for JSON that is not a `T`, with the pointer to what is wrong. A `T` denies unknown fields.
#[derive(Clone, Copy, Debug)]
pub struct JsonBody<T, const BYTES_MAX: usize = BODY_BYTES_MAX>(pub T);

impl<T: DeserializeOwned, S: Sync, const BYTES_MAX: usize> FromRequest<S> for JsonBody<T, BYTES_MAX> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send the body as content-type application/json";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        let (_, body) = read_body(request, BYTES_MAX).await?;
        parse_json(&body).map(Self)
    }
}

/// Reads JSON.
///
/// # Errors
/// 400 if it is not JSON, 422 if it is not a `T`.
fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    // A list of values without names would do for serde, too.
    if body.trim_ascii_start().first() != Some(&b'{') {
        let IgnoredAny = serde_json::from_slice(body).map_err(|error| problem_of(&error, ""))?;
        let detail = "expected an object";
        let problem = Problem::new(Code::Invalid, format!("the body: {detail}"));
        return Err(problem.with_error(String::new(), "wrong_type", detail.to_owned()));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer_of(error.path());
        problem_of(error.inner(), &pointer)
    })?;
    deserializer.end().map_err(|error| problem_of(&error, ""))?;
    Ok(value)
}

/// Whether the body is said to be JSON: `application/json` or `application/…+json`.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn problem_of(error: &serde_json::Error, pointer: &str) -> Problem {
    if !error.is_data() {
        let detail = format!("not JSON at line {} column {}", error.line(), error.column());
        return Problem::new(Code::MalformedJson, detail);
    }
    // What serde says may repeat a value: that of a secret too.
    let error = error.to_string();
    let (code, detail) = told(&error);
    let mut pointer = pointer.to_owned();
    if matches!(code, "missing_field" | "duplicate_field") {
        push(&mut pointer, &name_in(&error));
    }
    let place = if pointer.is_empty() { "the body" } else { &pointer };
    let problem = Problem::new(Code::Invalid, format!("{place}: {detail}"));
    problem.with_error(pointer, code, detail)
}

/// What serde says without the values that it repeats: names of fields stand between backticks, values do not.
fn told(error: &str) -> (&'static str, String) {
    let error = error.rsplit_once(" at line ").map_or(error, |(error, _)| error);
    let expected = || error.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
    let name = || name_in(error);
    if error.starts_with("unknown field") {
        ("unknown_field", format!("there is no field {}; expected {}", name(), expected()))
    } else if error.starts_with("missing field") {
        ("missing_field", format!("the field {} is missing", name()))
    } else if error.starts_with("duplicate field") {
        ("duplicate_field", format!("the field {} is there twice", name()))
    } else if error.starts_with("unknown variant") {
        ("unknown_value", format!("expected {}", expected()))
    } else if error.starts_with("invalid type")
        || error.starts_with("invalid value")
        || error.starts_with("invalid length")
    {
        ("wrong_type", format!("expected {}", expected()))
    } else {
        ("invalid", "not valid".to_owned())
    }
}

/// The field that serde names.
fn name_in(error: &str) -> String {
    error.split('`').nth(1).unwrap_or_default().chars().take(64).collect()
}

fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
}

/// A path as a JSON pointer (RFC 6901).
fn pointer_of(path: &Path) -> String {
    path.iter().fold(String::new(), |mut pointer, segment| {
        let name = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => key.clone(),
            Segment::Enum { .. } | Segment::Unknown => return pointer,
        };
        push(&mut pointer, &name);
        pointer
    })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Outer {
        name: String,
        #[serde(default)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read by serde")]
    struct Inner {
        count: u8,
    }

    fn problem(text: &str) -> serde_json::Value {
        let problem = parse_json::<Outer>(text.as_bytes()).unwrap_err();
        let errors = format!("{problem:?}");
        serde_json::json!({ "code": problem.code().as_str(), "detail": problem.detail(), "all": errors })
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        for (text, code, detail) in [
            ("{", "malformed_json", "not JSON at line 1 column 1"),
            ("", "malformed_json", "not JSON at line 1 column 0"),
            (r#"{"name":"x"} y"#, "malformed_json", "not JSON at line 1 column 14"),
            (
                r#"{"name":"x","a/b":1}"#,
                "invalid",
                "/a~1b: there is no field a/b; expected `name` or `inner`",
            ),
            ("{}", "invalid", "/name: the field name is missing"),
            (r#"{"name":"x","inner":[{"count":1},{"count":-7}]}"#, "invalid", "/inner/1/count: expected u8"),
            (
                r#"{"name":"x","inner":[{"count":1,"more":2}]}"#,
                "invalid",
                "/inner/0/more: there is no field more; expected `count`",
            ),
            (r#"{"name":"x","name":"y"}"#, "invalid", "/name: the field name is there twice"),
            (r#" ["x",[]]"#, "invalid", "the body: expected an object"),
            ("7 7", "malformed_json", "not JSON at line 1 column 3"),
        ] {
            let found = problem(text);
            assert_eq!(
                (found["code"].as_str(), found["detail"].as_str()),
                (Some(code), Some(detail)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_value_is_never_repeated() {
        for text in [
            r#"{"name":7,"inner":"s3cr3t-canary"}"#,
            r#"{"inner":"s3cr3t-canary"}"#,
            r#"{"name":["s3cr3t-canary"]}"#,
        ] {
            assert!(!problem(text).to_string().contains("s3cr3t"), "{}", problem(text));
        }
    }
}
