use std::sync::Arc;

use axum::extract::State;
use vouchmq_identity::resident::Named;

use super::{Asked, PEER, Told};
use crate::authentication_service::fields::malformed;
use crate::authentication_service::service::Service;
use crate::authentication_service::topics::Act;
use crate::http::Problem;

/// Whether a client that is connected may publish or subscribe: `access` 1 subscribes, 2 publishes.
#[utoipa::path(
    post, path = "/mqtt/acl", operation_id = "nanomq_acl", tag = "NanoMQ",
    request_body(content = String, content_type = "application/x-www-form-urlencoded",
        description = "clientid, username, access, topic (several joined by commas), ipaddr"),
    responses((status = 200, description = "it may, all of it"), (status = 403, description = "it may not"),
        (status = 400, description = "cannot be understood"), (status = 401, description = "the broker is not listed"),
        (status = 429, description = "too many"))
)]
pub(in crate::authentication_service) async fn post(
    State(service): State<Arc<Service>>,
    asked: Asked,
) -> Result<Told, Problem> {
    decide(&service, &asked)
}

/// The same by GET.
#[utoipa::path(
    get, path = "/mqtt/acl", operation_id = "nanomq_acl_by_get", tag = "NanoMQ",
    responses((status = 200, description = "it may, all of it"), (status = 403, description = "it may not"))
)]
pub(in crate::authentication_service) async fn get(
    State(service): State<Arc<Service>>,
    asked: Asked,
) -> Result<Told, Problem> {
    decide(&service, &asked)
}

/// By user name and client id alone: the broker let the client in before, and its password, if it is sent, is
/// not looked at.
fn decide(service: &Service, Asked { caller, fields }: &Asked) -> Result<Told, Problem> {
    service.charge(caller, 1)?;
    let act = fields.text("access")?.and_then(Act::parse).ok_or_else(|| malformed("access is 1 or 2"))?;
    let topics = fields.text("topic")?.ok_or_else(|| malformed("there is no topic"))?;
    let named = Named {
        username: fields.text("username")?.unwrap_or_default(),
        client_id: fields.text("clientid")?.unwrap_or_default(),
        peer: fields.peer(&PEER)?,
    };
    let permitted = service.verifier.judge().permit(&named);
    let is_allowed = permitted.is_ok_and(|allowed| act.is_allowed_for_all(&allowed.rules, topics));
    Ok(if is_allowed { Told::Allow } else { Told::Deny })
}
