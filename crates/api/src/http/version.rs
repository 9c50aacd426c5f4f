use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};

use super::{Code, Problem};

/// The version of a resource that a change is meant for: `If-Match: "7"`.
///
/// `*` and no header at all mean any version. Weak tags and lists are refused: nothing here gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch {
    version: Option<u64>,
    is_given: bool,
}

/// Whether a change has to say which version it is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strictness {
    /// It may.
    Lenient,
    /// It has to.
    Strict,
}

/// The `ETag` of a version.
pub fn etag(version: u64) -> HeaderValue {
    // Digits between quotes are always a header value.
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

impl IfMatch {
    /// The version that was named; `None` for any.
    pub const fn version(self) -> Option<u64> {
        self.version
    }

    /// Checks the version that the resource has.
    ///
    /// # Errors
    /// 412 if it is another, 428 if a strict change names none.
    pub fn check(self, found: u64, strictness: Strictness) -> Result<(), Problem> {
        match self.version {
            Some(wanted) if wanted != found => Err(Problem::new(
                Code::VersionMismatch,
                format!(
                    "the resource has version {found}, the request is for version {wanted}: read it again"
                ),
            )
            .with_header(header::ETAG, etag(found))),
            None if strictness == Strictness::Strict && !self.is_given => {
                let detail = "say which version is to be changed: If-Match: \"{version}\", or * for any";
                Err(Problem::new(Code::PreconditionRequired, detail))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(header::IF_MATCH).iter();
        let Some(value) = values.next() else { return Ok(Self { version: None, is_given: false }) };
        if value == "*" && values.next().is_none() {
            return Ok(Self { version: None, is_given: true });
        }
        let version = value
            .to_str()
            .ok()
            .and_then(|text| text.strip_prefix('"')?.strip_suffix('"'))
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok());
        match (version, values.next()) {
            (Some(version), None) => Ok(Self { version: Some(version), is_given: true }),
            _ => Err(Problem::new(Code::BadHeader, "If-Match is one version between quotes, as \"7\", or *")),
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;

    use super::*;

    async fn parse(value: Option<&str>) -> Result<IfMatch, Code> {
        let mut request = Request::builder();
        if let Some(value) = value {
            request = request.header("if-match", value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        IfMatch::from_request_parts(&mut parts, &()).await.map_err(|problem| problem.code())
    }

    #[tokio::test]
    async fn a_change_for_another_version_is_refused() {
        let seven = parse(Some("\"7\"")).await.unwrap();
        assert!(seven.check(7, Strictness::Strict).is_ok());
        let problem = seven.check(8, Strictness::Lenient).unwrap_err();
        assert_eq!(problem.code(), Code::VersionMismatch);
        assert!(problem.detail().contains("version 8") && problem.detail().contains("version 7"));
        assert_eq!(etag(7), "\"7\"");
    }

    #[tokio::test]
    async fn no_version_means_any_unless_it_has_to_be_named() {
        let (none, any) = (parse(None).await.unwrap(), parse(Some("*")).await.unwrap());
        assert!(none.check(8, Strictness::Lenient).is_ok());
        assert_eq!(none.check(8, Strictness::Strict).unwrap_err().code(), Code::PreconditionRequired);
        assert!(any.check(8, Strictness::Strict).is_ok());
    }

    #[tokio::test]
    async fn what_is_no_version_is_refused() {
        for bad in
            ["7", "W/\"7\"", "\"x\"", "\"7\", \"8\"", "\"\"", "\"-1\"", "\"+1\"", "\"99999999999999999999\""]
        {
            assert_eq!(parse(Some(bad)).await, Err(Code::BadHeader), "{bad}");
        }
    }
}
