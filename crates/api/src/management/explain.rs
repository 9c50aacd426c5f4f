//! Why a client is let in or not.

mod certificate;
mod finding;
mod request;

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::explain::{ExplainRequest, ExplainResponse};
use vouchmq_identity::resident::Judgement;
use vouchmq_identity::{AuthRequest, Authenticator, Cost};

use super::{Here, Management};
use crate::http::{Code, JsonBody, Limiter, Problem};
use finding::Finding;

/// Judges a client as the broker would, says which check failed, and changes nothing.
#[utoipa::path(post, path = "/v1/auth:explain", operation_id = "explain", tag = "explain",
    request_body = ExplainRequest, responses((status = 200, body = ExplainResponse)))]
pub(super) async fn explain(
    State(here): Here,
    JsonBody(asked): JsonBody<ExplainRequest>,
) -> Result<Json<ExplainResponse>, Problem> {
    let request = request::read(&here.resident, asked)?;
    here.guesses.count(&request)?;
    if here.resident.blocks_request(&request) {
        return Ok(Json(Finding::blocked(here.resident.applied()).body()));
    }
    let judgement = here.judge(request.clone()).await?;
    let finding = Finding::of(&here, &request, judgement).await;
    Ok(Json(finding.body()))
}

/// Passwords that operators try: who may only look at devices must not find one out by asking why it is wrong.
pub(super) struct Guesses(Limiter<Box<str>>);

/// For each name in a minute. Generated secrets are not counted: nobody finds one by trying.
const GUESSES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
const NAMES_MAX: usize = 10_000;

impl Default for Guesses {
    fn default() -> Self {
        Self(Limiter::new(GUESSES_PER_MINUTE, Duration::from_secs(60), NAMES_MAX))
    }
}

impl Guesses {
    fn count(&self, request: &AuthRequest) -> Result<(), Problem> {
        if !request.has_chosen_password() {
            return Ok(());
        }
        let name = request.username.as_ref().unwrap_or(&request.client_id);
        self.0.take(name).map_err(|wait| {
            let detail = "more than 30 passwords in a minute were tried for this name";
            Problem::new(Code::TooManyRequests, detail).with_retry_after(wait)
        })
    }
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
