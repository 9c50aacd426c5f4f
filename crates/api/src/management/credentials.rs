//! Credentials of devices.

pub(super) mod add;
mod body;
pub(super) mod revoke;
pub(crate) mod rotate;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::credential::Credential as Body;
use vouchmq_client::dto::page::Page;
use vouchmq_identity::model::{CredentialId, DeviceId};

use super::Here;
use super::answer::{missing, version_of, versioned};
use super::input::IdOf;
use crate::http::Problem;

pub(crate) use body::{body_of, issued};

/// All credentials of a device, oldest first, those that are revoked too.
#[utoipa::path(get, path = "/v1/devices/{id}/credentials", operation_id = "list_credentials",
    tag = "credentials", params(("id" = String, Path)), responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    IdOf(device): IdOf<DeviceId>,
) -> Result<Json<Page<Body>>, Problem> {
    let mut rows = here.registry.read().await?;
    rows.device(&device).await?.ok_or_else(|| missing("device"))?;
    let credentials = rows.credentials_of(&device).await?;
    Ok(Json(Page { items: credentials.iter().map(body_of).collect(), next_cursor: None }))
}

/// One credential.
#[utoipa::path(get, path = "/v1/credentials/{id}", operation_id = "read_credential", tag = "credentials",
    params(("id" = String, Path)), responses((status = 200, body = Body)))]
pub(super) async fn read(State(here): Here, IdOf(id): IdOf<CredentialId>) -> Result<Response, Problem> {
    let credential = here.registry.read().await?.credential(id).await?;
    let body = body_of(&credential.ok_or_else(|| missing("credential"))?);
    Ok(versioned(version_of(&body)?, body))
}
