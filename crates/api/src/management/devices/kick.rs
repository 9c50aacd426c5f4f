use std::time::Duration;

use axum::Json;
use axum::extract::State;
use tokio::time::{Instant, timeout};
use vouchmq_client::dto::applied::{Applied as Body, Nodes, Why};
use vouchmq_identity::model::DeviceId;
use vouchmq_identity::registry::NoteKick;
use vouchmq_identity::{Farewell, Whom};

use crate::http::{Problem, QueryOf};
use crate::management::Here;
use crate::management::applied::{Waiting, millis_since};
use crate::management::caller::Caller;
use crate::management::input::{IdOf, OptionalBody};
use crate::management::text::check_reason;

const PATIENCE: Duration = Duration::from_secs(2);

/// Disconnects the device from this broker. It may come again at once.
#[utoipa::path(post, path = "/v1/devices/{id}:kick", operation_id = "kick_device", tag = "devices",
    params(("id" = String, Path), Waiting), request_body = Option<Why>, responses((status = 200, body = Body)))]
pub(in crate::management) async fn kick(
    State(here): Here,
    caller: Caller,
    IdOf(id): IdOf<DeviceId>,
    QueryOf(waiting): QueryOf<Waiting>,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Body>, Problem> {
    let start = Instant::now();
    // Nothing follows later, so that it is waited for unless somebody wants less.
    let patience = Some(waiting.patience()?).filter(|patience| !patience.is_zero()).unwrap_or(PATIENCE);
    let note = NoteKick { id: id.clone(), reason: check_reason(why.reason)? };
    here.registry.execute(caller.actor, note).await?;
    // The question is put at once, and the answer is waited for.
    let closing = here.sessions.disconnect(Whom::Devices([id].into()), None, Farewell::Asked);
    let closed = timeout(patience, closing).await;
    let (acked, count) = closed.map_or((0, 0), |count| (1, count as u64));
    Ok(Json(Body {
        seq: here.resident.applied(),
        nodes: Nodes { acked, total: 1 },
        sessions_closed: count,
        elapsed_ms: millis_since(start),
    }))
}
