//! EMQX's HTTP authentication and authorization: denial is `200 {"result":"deny"}`, since every status but 200
//! and 204 makes EMQX ask somebody else.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::service::Service;
use super::{EmqxFailure, EmqxUnknown};
use crate::http::{Code, Peer, Problem};

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

/// Lets those brokers ask that are listed.
pub(super) async fn listed(
    State(service): State<Arc<Service>>,
    Peer(peer): Peer,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(caller) = service.callers.broker(request.headers(), peer.ip()) else {
        let hint =
            "this broker is not listed: see brokers in the configuration of the authentication service";
        let reason = "neither its header fields nor its address are those of a broker";
        return service.emqx_failed(service.refuse(peer.ip(), Code::Unauthenticated, reason, hint));
    };
    request.extensions_mut().insert(caller);
    next.run(request).await
}

impl Service {
    /// What is answered when there is no verdict.
    fn emqx_failed(&self, problem: Problem) -> Response {
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
