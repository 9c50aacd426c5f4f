use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use vouchmq_client::dto::problem::ProblemBody;
use vouchmq_client::dto::verify::{VerifyBatchRequest, VerifyBatchResponse};

use super::{bound, request_of, response_of};
use crate::authentication_service::caller::Caller;
use crate::authentication_service::service::Service;
use crate::http::{BATCH_BYTES_MAX, JsonBody, Problem};

/// Whether each of up to 256 clients may connect, and what it may do.
#[utoipa::path(
    post, path = "/v1/auth/verify:batch", operation_id = "verify_batch", tag = "Verification",
    request_body = VerifyBatchRequest,
    responses((status = 200, body = VerifyBatchResponse),
        (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "not signed as it must be"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "not valid: nothing was verified"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too many"))
)]
pub(in crate::authentication_service) async fn post(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    JsonBody(VerifyBatchRequest { items }): JsonBody<VerifyBatchRequest, BATCH_BYTES_MAX>,
) -> Result<Json<VerifyBatchResponse>, Problem> {
    bound(items.len())?;
    service.charge(&caller, items.len())?;
    let numbered = items.into_iter().enumerate();
    let requests = numbered.map(|(index, item)| request_of(item, &format!("/items/{index}")));
    let requests: Vec<_> = requests.collect::<Result<_, _>>()?;
    let as_of = service.verifier.judge().applied();
    let judgements = service.verifier.decide_all(requests).await;
    let results = judgements.into_iter().map(response_of).collect();
    Ok(Json(VerifyBatchResponse { as_of, results }))
}
