use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use vouchmq_client::dto::problem::ProblemBody;
use vouchmq_client::dto::verify::{VerifyRequest, VerifyResponse};

use super::{request_of, response_of};
use crate::authentication_service::caller::Caller;
use crate::authentication_service::log::log;
use crate::authentication_service::service::Service;
use crate::http::{JsonBody, Problem};

/// Whether a client may connect, and what it may do.
#[utoipa::path(
    post, path = "/v1/auth/verify", operation_id = "verify", tag = "Verification",
    request_body = VerifyRequest,
    responses((status = 200, body = VerifyResponse),
        (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "not signed as it must be"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "not valid"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too many"))
)]
pub(in crate::authentication_service) async fn post(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    JsonBody(item): JsonBody<VerifyRequest>,
) -> Result<Json<VerifyResponse>, Problem> {
    service.charge(&caller, 1)?;
    let request = request_of(item, "")?;
    let client_id = request.client_id.clone();
    let judgement = service.verifier.decide(request).await;
    log(&caller, &client_id, &judgement.verdict);
    Ok(Json(response_of(judgement)))
}
