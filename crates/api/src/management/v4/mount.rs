//! Where NanoMQ's API stands beside ours: what its router sees, and what its failures look like.

use axum::Router;
use axum::extract::Request;
use axum::http::uri::{PathAndQuery, Uri};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use base64ct::{Base64, Encoding};
use tower::util::MapRequest;

use super::answer::Refused;
use super::code::ResultCode;
use crate::http::{Problem, original_path};

const ROOT: &str = "/api/v4";

/// What a router falls back to that has no path for a request: `router`, with a trailing `/` accepted and
/// failures in NanoMQ's shape where the path is one of NanoMQ's.
pub(in crate::management) fn mounted(router: Router) -> MapRequest<Router, fn(Request) -> Request> {
    MapRequest::new(router.layer(from_fn(in_its_shape)), at_its_path)
}

fn is_within(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The request at the path that the router knows: as it was written, without a `/` at its end.
fn at_its_path(request: Request) -> Request {
    let (mut parts, body) = request.into_parts();
    let written = original_path(&parts);
    if is_within(written) {
        let path = written.strip_suffix('/').unwrap_or(written);
        let target = match parts.uri.query() {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        let mut uri = parts.uri.clone().into_parts();
        if let Ok(target) = target.parse::<PathAndQuery>() {
            uri.path_and_query = Some(target);
            parts.uri = Uri::from_parts(uri).unwrap_or(parts.uri);
        }
    }
    Request::from_parts(parts, body)
}

/// Answers a failure as NanoMQ does.
async fn in_its_shape(request: Request, next: Next) -> Response {
    if !is_within(request.uri().path()) {
        return next.run(request).await;
    }
    let login = login_of(request.headers());
    let mut response = next.run(request).await;
    let Some(mut refused) = refusal_of(&mut response) else { return response };
    if refused.status == StatusCode::UNAUTHORIZED && refused.code != ResultCode::Expired {
        refused.code = login;
    }
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.remove(header::CONTENT_TYPE);
    let mut answer = refused.into_response();
    // When to come again, which methods there are, how to log in.
    for (name, value) in parts.headers.drain().filter_map(|(name, value)| Some((name?, value))) {
        answer.headers_mut().entry(name).or_insert(value);
    }
    answer
}

/// What a response has gone wrong with that is not in NanoMQ's shape yet.
fn refusal_of(response: &mut Response) -> Option<Refused> {
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        return Some(problem.into());
    }
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE).map(HeaderValue::as_bytes);
    // What the framework says, and a problem that is told again.
    let is_foreign = kind
        .is_none_or(|kind| kind.starts_with(b"text/plain") || kind.starts_with(b"application/problem+json"));
    let is_failure = status.is_client_error() || status.is_server_error();
    (is_failure && is_foreign).then(|| {
        let is_invalid = status == StatusCode::UNPROCESSABLE_ENTITY;
        let answered = if is_invalid { StatusCode::BAD_REQUEST } else { status };
        Refused::new(answered, ResultCode::of_status(status))
    })
}

/// What is said about the login of a request that nobody is known by.
fn login_of(headers: &HeaderMap) -> ResultCode {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let Some((scheme, login)) = value.and_then(|value| value.split_once(' ')) else {
        return ResultCode::NoLogin;
    };
    if scheme.eq_ignore_ascii_case("bearer") {
        ResultCode::WrongLogin
    } else if scheme.eq_ignore_ascii_case("basic") {
        let is_base64 = Base64::decode_vec(login.trim()).is_ok();
        if is_base64 { ResultCode::WrongLogin } else { ResultCode::Parameter }
    } else {
        ResultCode::NoLogin
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::get;
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;
    use crate::http::Code;

    async fn told(problem: Problem, login: &str) -> (u16, String) {
        let router = Router::new().route("/api/v4/x", get(move || async move { problem }));
        let request = Request::get("/api/v4/x/?y=1").header(header::AUTHORIZATION, login);
        let answer = mounted(router).oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_problem_is_told_in_nanomqs_code_of_it() {
        let problem = |code| Problem::new(code, "x");
        for (problem, expected) in [
            (problem(Code::Unauthenticated), (401, r#"{"code":103}"#)),
            (problem(Code::Unauthenticated).of_expired_login(), (401, r#"{"code":116}"#)),
            (problem(Code::Forbidden), (403, r#"{"code":108}"#)),
            (problem(Code::TooManyRequests), (429, r#"{"code":103}"#)),
            (problem(Code::MalformedJson), (400, r#"{"code":109}"#)),
            (problem(Code::Invalid), (400, r#"{"code":108}"#)),
            (problem(Code::BodyTooLarge), (413, r#"{"code":108}"#)),
            (problem(Code::Unavailable), (503, r#"{"code":101}"#)),
        ] {
            assert_eq!(told(problem, "Bearer x").await, (expected.0, expected.1.to_owned()));
        }
        assert_eq!(told(problem(Code::Unauthenticated), "x").await, (401, r#"{"code":104}"#.to_owned()));
    }
}
