use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::applied::WithApplied;
use vouchmq_client::dto::device::{CreatedDevice, NewDevice as Wanted};
use vouchmq_identity::model::{DeviceOrigin, Scope};
use vouchmq_identity::registry::{CreateDevice, NewDevice};

use super::body::pairs_of;
use crate::http::{JsonBody, Problem};
use crate::management::Here;
use crate::management::answer::{created, created_with_secret};
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::text::{read, read_some, read_some_time};

/// Enters a device, and with `issue_secret` hands out its secret, which needs `credentials:write` too.
#[utoipa::path(post, path = "/v1/devices", operation_id = "create_device", tag = "devices",
    params(Waiting), request_body = Wanted, responses((status = 201, body = WithApplied<CreatedDevice>)))]
pub(in crate::management) async fn create(
    State(here): Here,
    caller: Caller,
    patience: Patience,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    if wanted.issue_secret {
        caller.needs(Scope::CredentialsWrite)?;
    }
    let with_secret = wanted.issue_secret;
    let new = NewDevice {
        id: read_some("/id", wanted.id.as_deref())?,
        product: read("/product_id", &wanted.product_id)?,
        hardware_id: read_some("/hw_id", wanted.hw_id.as_deref())?,
        tags: pairs_of(wanted.tags),
        attributes: pairs_of(wanted.attributes),
        expires_at: read_some_time("/expires_at", wanted.expires_at.as_deref())?,
        origin: DeviceOrigin::Manual,
    };
    let done = here.registry.execute(caller.actor, CreateDevice { new, with_secret }).await?;
    let (device, added) = done.outcome;
    let location = format!("/v1/devices/{}", device.id);
    let answer = CreatedDevice {
        device: here.new_device_body(&device),
        credential_id: added.as_ref().map(|added| added.credential.id.to_string()),
        secret: added.and_then(|added| added.secret).map(|secret| secret.expose().to_owned()),
    };
    let body = if with_secret {
        WithApplied { answer, applied: here.settled(done.sequence, patience).await }
    } else {
        here.with_applied(answer, done.sequence, patience).await?
    };
    Ok(if body.answer.secret.is_some() {
        created_with_secret(&location, device.version, body)
    } else {
        created(&location, device.version, body)
    })
}
