//! The change stream, for who has a key.

use axum::extract::State;
use axum::response::Response;

use super::Here;
use crate::changes::{Start, Wanted};
use crate::http::{Authorized, Draining, Problem};

/// Follows the change log: server-sent events `change`, `heartbeat` each second, and `reset` when what the
/// consumer knows is good no more. A stream ends after ten minutes, and within
/// seconds when the login opens this no more; `Last-Event-ID` goes on.
#[utoipa::path(get, path = "/v1/changes", operation_id = "follow_changes", tag = "changes", params(Wanted),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub(super) async fn follow(
    State(here): Here,
    caller: Authorized,
    start: Start,
    draining: Draining,
) -> Result<Response, Problem> {
    here.changes.follow_as_operator(start, draining, &caller).await
}
