use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::applied::{Applied as Body, Why};
use vouchmq_identity::model::DeviceId;
use vouchmq_identity::registry::{Command, Desk, Refusal, What};
use vouchmq_identity::store::{Kick, NewEntry};

use crate::http::Problem;
use crate::management::Here;
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::{IdOf, OptionalBody};
use crate::management::text::check_reason;

/// Has every node disconnect a device, and takes down in the audit log that somebody wants it.
#[derive(Debug)]
struct KickDevice {
    id: DeviceId,
    reason: Box<str>,
}

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

#[async_trait]
impl Command for KickDevice {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let device = desk.rows().device(&self.id).await?.ok_or(Refusal::NotFound(What::Device))?;
        desk.log(NewEntry::device(device.id.clone(), None).kicking(Kick::Soft)).await?;
        desk.audit("device.kick", &self.reason, Some(&device), Some(&device)).await
    }
}
