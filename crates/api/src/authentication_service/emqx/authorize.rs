use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use vouchmq_identity::Denial;
use vouchmq_identity::resident::Named;

use super::{EmqxAnswer, EmqxResult};
use crate::authentication_service::caller::Caller;
use crate::authentication_service::fields::{Fields, Plus, malformed};
use crate::authentication_service::service::Service;
use crate::authentication_service::topics::Act;
use crate::http::Problem;

/// Whether a client that is connected may publish or subscribe to one topic.
#[utoipa::path(
    post, path = "/emqx/authz", operation_id = "emqx_authorize", tag = "EMQX",
    request_body(content = String, content_type = "application/json",
        description = "clientid, username, topic, action (publish or subscribe) or access (2 or 1), peerhost"),
    responses((status = 200, body = EmqxAnswer, description = "result is allow, deny or ignore"))
)]
pub(in crate::authentication_service) async fn post(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let told = authorize(&service, &caller, request).await;
    told.map_or_else(|problem| service.emqx_failed(problem), IntoResponse::into_response)
}

async fn authorize(service: &Service, caller: &Caller, request: Request) -> Result<EmqxResult, Problem> {
    let fields = Fields::of_body(request, Plus::Space).await?;
    service.charge(caller, 1)?;
    let act = match (fields.text("action")?, fields.text("access")?) {
        (Some(action), None) => Act::parse(action),
        (None, Some(access)) => Act::parse(access),
        (Some(action), Some(access)) => Act::parse(action).filter(|act| Act::parse(access) == Some(*act)),
        (None, None) => None,
    };
    let act = act.ok_or_else(|| malformed("action is publish or subscribe, access 2 or 1"))?;
    let topic = fields.text("topic")?.ok_or_else(|| malformed("there is no topic"))?;
    let named = Named {
        username: fields.text("username")?.unwrap_or_default(),
        client_id: fields.text("clientid")?.unwrap_or_default(),
        peer: fields.peer(&["peerhost"])?,
    };
    Ok(match service.verifier.judge().permit(&named) {
        Ok(allowed) if act.is_allowed(&allowed.rules, topic) => EmqxResult::Allow,
        Ok(_) => EmqxResult::Deny,
        Err(Denial::UnknownUser) => service.emqx_unknown(),
        Err(_) => EmqxResult::Deny,
    })
}
