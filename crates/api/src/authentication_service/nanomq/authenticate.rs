use std::sync::Arc;

use axum::extract::State;
use vouchmq_identity::{AuthRequest, Verdict};

use super::{Asked, PEER, Told};
use crate::authentication_service::log::log;
use crate::authentication_service::service::Service;
use crate::http::{Code, Problem};

/// Whether a client may connect.
#[utoipa::path(
    post, path = "/mqtt/auth", operation_id = "nanomq_authenticate", tag = "NanoMQ",
    request_body(content = String, content_type = "application/x-www-form-urlencoded",
        description = "clientid, username, password, ipaddr; the same as a flat JSON object of strings"),
    responses((status = 200, description = "it may"), (status = 403, description = "it may not"),
        (status = 400, description = "cannot be understood"), (status = 401, description = "the broker is not listed"),
        (status = 429, description = "too many"), (status = 503, description = "cannot be decided now"))
)]
pub(in crate::authentication_service) async fn post(
    State(service): State<Arc<Service>>,
    asked: Asked,
) -> Result<Told, Problem> {
    authenticate(&service, asked).await
}

/// The same by GET, for those who have configured it so: passwords stand in the URL.
#[utoipa::path(
    get, path = "/mqtt/auth", operation_id = "nanomq_authenticate_by_get", tag = "NanoMQ",
    responses((status = 200, description = "it may"), (status = 403, description = "it may not"))
)]
pub(in crate::authentication_service) async fn get(
    State(service): State<Arc<Service>>,
    asked: Asked,
) -> Result<Told, Problem> {
    authenticate(&service, asked).await
}

async fn authenticate(service: &Service, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, mut fields } = asked;
    service.charge(&caller, 1)?;
    let request = AuthRequest {
        client_id: fields.text("clientid")?.unwrap_or_default().into(),
        username: fields.text("username")?.map(Into::into),
        peer: fields.peer(&PEER)?,
        password: fields.secret("password"),
        certificate: None,
        arrival: Default::default(),
    };
    let client_id = request.client_id.clone();
    let verdict = service.verifier.decide(request).await.verdict;
    log(&caller, &client_id, &verdict);
    match verdict {
        Verdict::Allow(_) => Ok(Told::Allow),
        Verdict::Deny(_) | Verdict::NotMine => Ok(Told::Deny),
        Verdict::Unavailable(_) => Err(Problem::new(Code::Unavailable, "it cannot be decided now")),
    }
}
