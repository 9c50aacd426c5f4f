use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::applied::{Applied as Body, Why};
use vouchmq_identity::model::DeviceId;
use vouchmq_identity::registry::KickDevice;

use crate::http::Problem;
use crate::management::Here;
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::{IdOf, OptionalBody};
use crate::management::text::check_reason;

/// Disconnects the device, wherever it is connected. It may come again at once.
#[utoipa::path(post, path = "/v1/devices/{id}:kick", operation_id = "kick_device", tag = "devices",
    params(("id" = String, Path), Waiting), request_body = Option<Why>, responses((status = 200, body = Body)))]
pub(in crate::management) async fn kick(
    State(here): Here,
    caller: Caller,
    IdOf(id): IdOf<DeviceId>,
    patience: Patience,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Body>, Problem> {
    let command = KickDevice { id, reason: check_reason(why.reason)? };
    let done = here.registry.execute(caller.actor, command).await?;
    here.applied(done.sequence, patience).await.map(Json)
}
