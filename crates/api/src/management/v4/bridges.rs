//! Bridges: what the configuration says of them. None is at work yet, and none can be changed.

use axum::Json;
use axum::extract::{Path, State};

use super::answer::{Answer, Found, Said, found, said};
use super::body::AnyObject;
use super::bridge;
use super::code::ResultCode;
use super::shown::Shown;
use crate::management::Here;

const ROOT: &str = "bridges.mqtt";

/// Get the details of all bridges.
#[utoipa::path(get, path = "/api/v4/bridges", operation_id = "nanomq_list_bridges", tag = "NanoMQ",
    responses((status = 200, body = serde_json::Value, description = "in `data`, as the configuration has them; secrets are ******")))]
pub(super) async fn list(State(here): Here) -> Answer<Found<Shown>> {
    shown(&here, None).await
}

/// Get the details of bridge.
#[utoipa::path(get, path = "/api/v4/bridges/{name}", operation_id = "nanomq_get_mqtt_bridges", tag = "NanoMQ",
    params(("name" = String, Path)),
    responses((status = 200, body = serde_json::Value, description = "in `data`; of an unknown name, no nodes")))]
pub(super) async fn read(State(here): Here, Path(name): Path<String>) -> Answer<Found<Shown>> {
    shown(&here, Some(&name)).await
}

/// Edit a bridge client.
#[utoipa::path(put, path = "/api/v4/bridges/{name}", operation_id = "nanomq_put_mqtt_bridge", tag = "NanoMQ",
    params(("name" = String, Path)), request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "111: there are no bridges"), (status = 400, body = Said)))]
pub(super) async fn change(_: AnyObject) -> Json<Said> {
    said(ResultCode::NotBuilt)
}

/// Turn on or off a bridge channel.
#[utoipa::path(post, path = "/api/v4/bridges/switch/{name}", operation_id = "nanomq_put_mqtt_bridge_switch", tag = "NanoMQ",
    params(("name" = String, Path)), request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "111: there are no bridges"), (status = 400, body = Said)))]
pub(super) async fn switch(_: AnyObject) -> Json<Said> {
    said(ResultCode::NotBuilt)
}

/// Subscribe to further topics of a bridge.
#[utoipa::path(post, path = "/api/v4/bridges/sub/{name}", operation_id = "nanomq_post_mqtt_bridge_sub", tag = "NanoMQ",
    params(("name" = String, Path)), request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "111: there are no bridges"), (status = 400, body = Said)))]
pub(super) async fn subscribe(_: AnyObject) -> Json<Said> {
    said(ResultCode::NotBuilt)
}

/// Unsubscribe from topics of a bridge.
#[utoipa::path(post, path = "/api/v4/bridges/unsub/{name}", operation_id = "nanomq_post_mqtt_bridge_unsub", tag = "NanoMQ",
    params(("name" = String, Path)), request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "111: there are no bridges"), (status = 400, body = Said)))]
pub(super) async fn unsubscribe(_: AnyObject) -> Json<Said> {
    said(ResultCode::NotBuilt)
}

async fn shown(here: &crate::management::Management, only: Option<&str>) -> Answer<Found<Shown>> {
    let values = here.in_effect().await?;
    Ok(found(Shown::object([("bridge", bridge::all(&values, ROOT, only))])))
}
