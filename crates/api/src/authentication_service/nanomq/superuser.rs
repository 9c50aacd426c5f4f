use super::{Asked, Told};

/// Whether a client may do everything: no device may. 200 here would switch the rules off.
#[utoipa::path(
    post, path = "/mqtt/superuser", operation_id = "nanomq_superuser", tag = "NanoMQ",
    responses((status = 403, description = "it may not"), (status = 400, description = "cannot be understood"))
)]
pub(in crate::authentication_service) async fn post(_: Asked) -> Told {
    Told::Deny
}

/// The same by GET.
#[utoipa::path(
    get, path = "/mqtt/superuser", operation_id = "nanomq_superuser_by_get", tag = "NanoMQ",
    responses((status = 403, description = "it may not"), (status = 400, description = "cannot be understood"))
)]
pub(in crate::authentication_service) async fn get(_: Asked) -> Told {
    Told::Deny
}
