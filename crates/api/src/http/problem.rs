use std::borrow::Cow;
use std::time::Duration;

use axum::Json;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use vouchmq_client::dto::problem::{FieldProblem, ProblemBody};

use super::{Code, RequestId};

/// A request failed: RFC 9457, `application/problem+json`.
///
/// `detail` is read by whoever called: it says what is wrong and what to do, and never repeats a secret. The
/// request's id is filled in where the answer leaves.
#[derive(Clone, Debug)]
pub struct Problem(Box<Parts>);

#[derive(Clone, Debug)]
struct Parts {
    code: Code,
    detail: Cow<'static, str>,
    instance: Option<String>,
    errors: Vec<FieldProblem>,
    headers: Vec<(HeaderName, HeaderValue)>,
    is_expired: bool,
}

/// Where nobody says when to come back.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// A detail is cut here.
const DETAIL_LEN_MAX: usize = 1024;
/// More faults are not listed.
const ERRORS_MAX: usize = 64;

impl Problem {
    /// A problem; `detail` is what is wrong with this request, and what to do.
    pub fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        let mut detail = detail.into();
        if detail.len() > DETAIL_LEN_MAX {
            let end = detail.floor_char_boundary(DETAIL_LEN_MAX);
            detail = detail.get(..end).unwrap_or_default().to_owned().into();
        }
        let mut problem = Self(Box::new(Parts {
            code,
            detail,
            instance: None,
            errors: Vec::new(),
            headers: Vec::new(),
            is_expired: false,
        }));
        match code.status().as_u16() {
            401 if code == Code::BadSignature => {
                problem.set(header::WWW_AUTHENTICATE, "Signature realm=\"vouchmq\"")
            }
            401 => problem.set(header::WWW_AUTHENTICATE, "Bearer realm=\"vouchmq\""),
            429 | 503 => problem = problem.with_retry_after(RETRY_AFTER),
            // What is left of the body cannot be told from the next request.
            408 | 413 => problem.set(header::CONNECTION, "close"),
            _ => {}
        }
        problem
    }

    /// Something went wrong here. What it was goes to the log, and not to the caller.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(Code::Internal, "look for the request id in the log")
    }

    /// Names a field that is wrong, by its JSON pointer.
    #[must_use]
    pub fn with_error(mut self, pointer: impl Into<String>, code: &str, detail: impl Into<String>) -> Self {
        if self.0.errors.len() < ERRORS_MAX {
            let (pointer, detail) = (pointer.into(), detail.into());
            self.0.errors.push(FieldProblem { pointer, code: code.to_owned(), detail });
        }
        self
    }

    /// When to try again, rounded up to seconds.
    #[must_use]
    pub fn with_retry_after(self, after: Duration) -> Self {
        let secs = after.as_secs() + u64::from(after.subsec_nanos() > 0);
        self.with_header(header::RETRY_AFTER, secs.max(1).into())
    }

    /// The resource that it is about.
    #[must_use]
    pub fn with_instance(mut self, instance: impl Into<String>) -> Self {
        self.0.instance = Some(instance.into());
        self
    }

    /// A header field of the answer, instead of one of the same name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.retain(|(known, _)| *known != name);
        self.0.headers.push((name, value));
        self
    }

    /// The connection is closed with the answer: nothing that comes behind the request is read.
    pub(super) fn closing(self) -> Self {
        self.with_header(header::CONNECTION, HeaderValue::from_static("close"))
    }

    /// Nobody is known by the login any more: NanoMQ tells that from a wrong one.
    #[must_use]
    pub(crate) fn of_expired_login(mut self) -> Self {
        self.0.is_expired = true;
        self
    }

    /// Whether the login was good once.
    pub(crate) const fn is_of_expired_login(&self) -> bool {
        self.0.is_expired
    }

    /// What clients branch on.
    pub const fn code(&self) -> Code {
        self.0.code
    }

    /// What people read.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    fn set(&mut self, name: HeaderName, value: &'static str) {
        self.0.headers.push((name, HeaderValue::from_static(value)));
    }

    /// The answer, with the request's id in it.
    pub(crate) fn into_answer(self, request_id: Option<&RequestId>) -> Response {
        let code = self.code();
        let (body, headers) = self.into_parts(request_id);
        let mut response = (code.status(), Json(body)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response.headers_mut().extend(headers);
        response
    }
}

impl Problem {
    /// The body, and the header fields beside it.
    pub(super) fn into_parts(
        self,
        request_id: Option<&RequestId>,
    ) -> (ProblemBody, Vec<(HeaderName, HeaderValue)>) {
        let Parts { code, detail, instance, errors, headers, is_expired: _ } = *self.0;
        let body = ProblemBody {
            kind: format!("urn:vouchmq:problem:{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status().as_u16(),
            code: code.as_str().to_owned(),
            detail: detail.into_owned(),
            instance,
            request_id: request_id.map(ToString::to_string).unwrap_or_default(),
            errors,
        };
        (body, headers)
    }
}

impl IntoResponse for Problem {
    /// Carries the problem itself too, so that the request's id can be filled in.
    fn into_response(self) -> Response {
        let mut response = self.clone().into_answer(None);
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_code_is_unique_and_what_its_status_needs() {
        let mut seen = HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} twice", code.as_str());
            let answer = Problem::new(*code, "x").into_response();
            let has = |name| answer.headers().contains_key(name);
            assert_eq!(answer.status(), code.status());
            assert_eq!(has(header::RETRY_AFTER), matches!(code.status().as_u16(), 429 | 503));
            assert_eq!(has(header::WWW_AUTHENTICATE), code.status() == 401);
            assert_eq!(answer.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
    }

    #[test]
    fn what_comes_from_outside_does_not_make_a_problem_long() {
        let problem = Problem::new(Code::Invalid, "ä".repeat(5000));
        assert_eq!(problem.detail().len(), 1024);
        let problem = (0..100).fold(problem, |problem, n| problem.with_error(format!("/{n}"), "x", "y"));
        assert_eq!(problem.0.errors.len(), 64);
    }

    #[test]
    fn retry_after_is_whole_seconds_and_never_none() {
        let after = |millis| {
            let problem = Problem::new(Code::TooManyRequests, "x");
            let answer = problem.with_retry_after(Duration::from_millis(millis)).into_response();
            answer.headers()[header::RETRY_AFTER].to_str().unwrap().to_owned()
        };
        assert_eq!([after(0), after(1), after(1000), after(1001)], ["1", "1", "1", "2"]);
    }
}
