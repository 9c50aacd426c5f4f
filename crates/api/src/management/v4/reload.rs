use axum::extract::State;

use super::answer::{Answer, Found, Said, found};
use super::body::ObjectOf;
use super::configuration::Wanted;
use super::section::{RELOAD, fields_changed, fields_shown};
use super::shown::Shown;
use crate::management::Here;
use crate::management::caller::Caller;

/// Show the configuration that can be hot updated.
#[utoipa::path(get, path = "/api/v4/reload", operation_id = "nanomq_get_hot_updatable_configuration", tag = "NanoMQ",
    responses((status = 200, body = serde_json::Value, description = "in `data`; sizes in KiB, times in seconds")))]
pub(super) async fn read(State(here): Here) -> Answer<Found<Shown>> {
    let values = here.in_effect().await?;
    Ok(found(Shown::Object(fields_shown(RELOAD, "", &values))))
}

/// Set the configuration that can be hot updated.
#[utoipa::path(post, path = "/api/v4/reload", operation_id = "nanomq_set_hot_updatable_configuration", tag = "NanoMQ",
    request_body = serde_json::Value, responses((status = 200, body = Said), (status = 400, body = Said), (status = 403, body = Said)))]
pub(super) async fn change(
    State(here): Here,
    caller: Caller,
    ObjectOf(Wanted { data }): ObjectOf<Wanted>,
) -> Answer<Said> {
    let values = here.in_effect().await?;
    let changes = fields_changed(RELOAD, "", &values, &data)?;
    here.apply(caller, changes).await
}
