use axum::extract::Request;

use super::{Told, fields_of};
use crate::http::Problem;

/// Whether a client may do everything: no device may. 200 here would switch the rules off.
#[utoipa::path(
    post, path = "/mqtt/superuser", operation_id = "nanomq_superuser", tag = "NanoMQ",
    responses((status = 403, description = "it may not"), (status = 400, description = "cannot be understood"))
)]
pub(in crate::authentication_service) async fn post(request: Request) -> Result<Told, Problem> {
    fields_of(request).await.map(|_| Told::Deny)
}

/// The same by GET.
#[utoipa::path(
    get, path = "/mqtt/superuser", operation_id = "nanomq_superuser_by_get", tag = "NanoMQ",
    responses((status = 403, description = "it may not"), (status = 400, description = "cannot be understood"))
)]
pub(in crate::authentication_service) async fn get(request: Request) -> Result<Told, Problem> {
    fields_of(request).await.map(|_| Told::Deny)
}
