use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::applied::WithApplied;
use vouchmq_client::dto::device::{Device as Body, DevicePatch as Wanted};
use vouchmq_identity::model::DeviceId;
use vouchmq_identity::registry::{ChangeDevice, DevicePatch};

use super::body::pairs_of;
use crate::http::{IfMatch, JsonBody, Problem};
use crate::management::Here;
use crate::management::answer::versioned;
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::IdOf;
use crate::management::text::{read, read_time};

/// Changes a device: what is not said stays, `null` empties.
#[utoipa::path(patch, path = "/v1/devices/{id}", operation_id = "change_device", tag = "devices",
    params(("id" = String, Path), Waiting), request_body = Wanted,
    responses((status = 200, body = WithApplied<Body>)))]
pub(in crate::management) async fn change(
    State(here): Here,
    caller: Caller,
    if_match: IfMatch,
    IdOf(id): IdOf<DeviceId>,
    patience: Patience,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let command = ChangeDevice { id, expected: if_match.version(), patch: read_patch(wanted)? };
    let done = here.registry.execute(caller.actor, command).await?;
    let device = done.outcome;
    let body = {
        let mut rows = here.registry.read().await?;
        here.device_body(&mut *rows, &device).await?
    };
    let body = here.with_applied(body, done.sequence, patience).await?;
    Ok(versioned(device.version, body))
}

fn read_patch(wanted: Wanted) -> Result<DevicePatch, Problem> {
    let hardware_id = wanted.hw_id.map(|text| text.map(|text| read("/hw_id", &text)).transpose());
    let expires_at =
        wanted.expires_at.map(|text| text.map(|text| read_time("/expires_at", &text)).transpose());
    Ok(DevicePatch {
        hardware_id: hardware_id.transpose()?,
        tags: wanted.tags.map(pairs_of),
        attributes: wanted.attributes.map(pairs_of),
        expires_at: expires_at.transpose()?,
    })
}
