//! Why a client is let in or not.

mod finding;
mod request;

use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::explain::ExplainResponse;
use vouchmq_client::dto::verify::VerifyRequest;
use vouchmq_identity::resident::Judgement;
use vouchmq_identity::{AuthRequest, Authenticator, Cost};

use super::{Here, Management};
use crate::http::{JsonBody, Problem};
use finding::Finding;

/// Judges a client as the broker would, says which check failed, and changes nothing.
#[utoipa::path(post, path = "/v1/auth:explain", operation_id = "explain", tag = "explain",
    request_body = VerifyRequest, responses((status = 200, body = ExplainResponse)))]
pub(super) async fn explain(
    State(here): Here,
    JsonBody(asked): JsonBody<VerifyRequest>,
) -> Result<Json<ExplainResponse>, Problem> {
    let request = request::read(asked)?;
    if here.resident.blocks_request(&request) {
        return Ok(Json(Finding::blocked(here.resident.applied()).body()));
    }
    let judgement = here.judge(request.clone()).await?;
    let finding = Finding::of(&here, &request, judgement).await;
    Ok(Json(finding.body()))
}

impl Management {
    async fn judge(&self, request: AuthRequest) -> Result<Judgement, Problem> {
        let resident = self.resident.clone();
        if resident.cost(&request) == Cost::Cheap {
            return Ok(resident.judge(&request));
        }
        self.hashing.run(move || resident.judge(&request)).await
    }
}
