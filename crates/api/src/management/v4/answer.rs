use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::code::ResultCode;
use crate::http::Problem;

/// An answer that says nothing but how it went.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = NanomqResult)]
pub(super) struct Said {
    /// 0: it is done.
    #[schema(value_type = u16)]
    code: ResultCode,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Found<T> {
    code: ResultCode,
    data: T,
}

/// A request that failed, as NanoMQ says it: a status, and `{"code":N}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) status: StatusCode,
    pub(super) code: ResultCode,
}

/// What handlers answer.
pub(super) type Answer<T> = Result<Json<T>, Refused>;

/// 200: how it went.
pub(super) const fn said(code: ResultCode) -> Json<Said> {
    Json(Said { code })
}

/// 200: it is done.
pub(super) const fn done() -> Json<Said> {
    said(ResultCode::Done)
}

/// 200: this was found.
pub(super) const fn found<T>(data: T) -> Json<Found<T>> {
    Json(Found { code: ResultCode::Done, data })
}

// === impl Refused ===

impl Refused {
    pub(super) const fn new(status: StatusCode, code: ResultCode) -> Self {
        Self { status, code }
    }

    /// A parameter is wrong.
    pub(super) const fn parameter() -> Self {
        Self::new(StatusCode::BAD_REQUEST, ResultCode::Parameter)
    }

    /// The body is not what it must be.
    pub(super) const fn not_json() -> Self {
        Self::new(StatusCode::BAD_REQUEST, ResultCode::NotJson)
    }

    /// This process has no broker, or nothing else that could answer.
    pub(super) const fn absent() -> Self {
        Self::new(StatusCode::NOT_FOUND, ResultCode::Unreachable)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(Said { code: self.code })).into_response()
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        let status = problem.code().status();
        // NanoMQ knows no 422.
        let is_invalid = status == StatusCode::UNPROCESSABLE_ENTITY;
        let status = if is_invalid { StatusCode::BAD_REQUEST } else { status };
        let is_expired = problem.is_of_expired_login();
        let code = if is_expired { ResultCode::Expired } else { ResultCode::of_problem(problem.code()) };
        Self::new(status, code)
    }
}
