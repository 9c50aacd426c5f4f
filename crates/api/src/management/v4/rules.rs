//! Rules: there is no rule engine, and these answer as NanoMQ does where it was built without one.

use axum::Json;

use super::answer::{Said, said};
use super::body::AnyObject;
use super::code::ResultCode;

/// Get rule list.
#[utoipa::path(get, path = "/api/v4/rules", operation_id = "nanomq_list_rules", tag = "NanoMQ",
    responses((status = 200, body = Said, description = "111: there is no rule engine")))]
pub(super) async fn list() -> Json<Said> {
    said(ResultCode::NotBuilt)
}

/// Get the details of a rule.
#[utoipa::path(get, path = "/api/v4/rules/{ruleid}", operation_id = "nanomq_get_rule_details", tag = "NanoMQ",
    params(("ruleid" = String, Path, description = "rule:N")),
    responses((status = 200, body = Said, description = "111: there is no rule engine")))]
pub(super) async fn read() -> Json<Said> {
    said(ResultCode::NotBuilt)
}

/// Create a rule and return the rule ID.
#[utoipa::path(post, path = "/api/v4/rules", operation_id = "nanomq_create_rule", tag = "NanoMQ",
    request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "111: there is no rule engine"), (status = 400, body = Said)))]
pub(super) async fn create(_: AnyObject) -> Json<Said> {
    said(ResultCode::NotBuilt)
}

/// Update the rule and return the rule ID.
#[utoipa::path(put, path = "/api/v4/rules/{ruleid}", operation_id = "nanomq_update_rule", tag = "NanoMQ",
    params(("ruleid" = String, Path, description = "rule:N")), request_body = serde_json::Value,
    responses((status = 200, body = Said, description = "111: there is no rule engine"), (status = 400, body = Said)))]
pub(super) async fn change(_: AnyObject) -> Json<Said> {
    said(ResultCode::NotBuilt)
}

/// Delete the rule.
#[utoipa::path(delete, path = "/api/v4/rules/{ruleid}", operation_id = "nanomq_delete_rule", tag = "NanoMQ",
    params(("ruleid" = String, Path, description = "rule:N")),
    responses((status = 200, body = Said, description = "111: there is no rule engine")))]
pub(super) async fn delete() -> Json<Said> {
    said(ResultCode::NotBuilt)
}
