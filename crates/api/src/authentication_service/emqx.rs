//! EMQX's HTTP authentication and authorization: denial is `200 {"result":"deny"}`, since every status but 200
//! and 204 makes EMQX ask somebody else.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::service::Service;
use super::{EmqxFailure, EmqxUnknown};
use crate::http::Problem;

pub(super) mod authenticate;
pub(super) mod authorize;

/// What EMQX is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum EmqxResult {
    /// It may.
    Allow,
    /// It may not.
    Deny,
    /// Ask somebody else.
    Ignore,
}

/// An answer without more.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(super) struct EmqxAnswer {
    result: EmqxResult,
}

impl Service {
    /// What is answered when there is no verdict.
    pub(super) fn emqx_failed(&self, problem: Problem) -> Response {
        match self.emqx_failure {
            EmqxFailure::Deny => {
                tracing::debug!(reason = problem.detail(), "EMQX is told to deny");
                EmqxResult::Deny.into_response()
            }
            EmqxFailure::Status => problem.into_response(),
        }
    }

    fn emqx_unknown(&self) -> EmqxResult {
        match self.emqx_unknown {
            EmqxUnknown::Ignore => EmqxResult::Ignore,
            EmqxUnknown::Deny => EmqxResult::Deny,
        }
    }
}

impl IntoResponse for EmqxResult {
    fn into_response(self) -> Response {
        Json(EmqxAnswer { result: self }).into_response()
    }
}
