//! Devices.

pub(super) mod body;
pub(super) mod change;
pub(super) mod create;
pub(super) mod kick;
pub(super) mod list;
pub(super) mod transition;

use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::device::Device as Body;
use vouchmq_identity::model::DeviceId;

use super::Here;
use super::answer::{missing, versioned};
use super::input::IdOf;
use crate::http::Problem;

/// One device.
#[utoipa::path(get, path = "/v1/devices/{id}", operation_id = "read_device", tag = "devices",
    params(("id" = String, Path)), responses((status = 200, body = Body)))]
pub(super) async fn read(State(here): Here, IdOf(id): IdOf<DeviceId>) -> Result<Response, Problem> {
    let mut rows = here.registry.read().await?;
    let device = rows.device(&id).await?.ok_or_else(|| missing("device"))?;
    let body = here.device_body(&mut *rows, &device).await?;
    Ok(versioned(device.version, body))
}
