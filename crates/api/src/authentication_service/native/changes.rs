use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::problem::ProblemBody;

use crate::authentication_service::service::Service;
use crate::changes::{Start, Wanted};
use crate::http::{Code, Draining, Problem};

/// Follows the change log, so that verdicts can be kept: server-sent events `change`, `heartbeat` each second,
/// and `reset` when what the consumer knows is good no more. A stream ends after ten minutes; `Last-Event-ID`
/// goes on. The request is signed with its query; what is answered is not signed.
#[utoipa::path(
    get, path = "/v1/changes", operation_id = "follow_changes", tag = "Changes", params(Wanted),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "not signed as it must be"),
        (status = 503, body = ProblemBody, content_type = "application/problem+json", description = "64 follow already, or nothing can be followed"))
)]
pub(in crate::authentication_service) async fn get(
    State(service): State<Arc<Service>>,
    start: Start,
    draining: Draining,
) -> Result<Response, Problem> {
    match &service.changes {
        Some(changes) => changes.follow(start, draining).await,
        None => Err(Problem::new(Code::Unavailable, "this process has no change log")),
    }
}
