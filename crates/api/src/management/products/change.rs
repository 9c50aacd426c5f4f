use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::applied::WithApplied;
use vouchmq_client::dto::product::{Product as Body, ProductPatch as Wanted};
use vouchmq_identity::model::ProductId;
use vouchmq_identity::registry::{ChangeProduct, ProductPatch};

use super::body::{body_of, read_acl, read_kinds};
use crate::http::{IfMatch, JsonBody, Problem};
use crate::management::Here;
use crate::management::answer::versioned;
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::IdOf;
use crate::management::text::read_some;

/// Changes a product: what is not said stays. Connected devices get the new rules at once, or go.
#[utoipa::path(patch, path = "/v1/products/{id}", operation_id = "change_product", tag = "products", params(("id" = String, Path), Waiting),
    request_body = Wanted, responses((status = 200, body = WithApplied<Body>)))]
pub(in crate::management) async fn change(
    State(here): Here,
    caller: Caller,
    if_match: IfMatch,
    IdOf(id): IdOf<ProductId>,
    patience: Patience,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let command = ChangeProduct { id, expected: if_match.version(), patch: read_patch(&wanted)? };
    let done = here.registry.execute(caller.actor, command).await?;
    let product = done.outcome;
    let body = here.with_applied(body_of(&product), done.sequence, patience).await?;
    Ok(versioned(product.version, body))
}

fn read_patch(wanted: &Wanted) -> Result<ProductPatch, Problem> {
    Ok(ProductPatch {
        name: read_some("/name", wanted.name.as_deref())?,
        strategy: read_some("/reg_strategy", wanted.reg_strategy.as_deref())?,
        binding: read_some("/clientid_binding", wanted.clientid_binding.as_deref())?,
        kinds: wanted.allowed_kinds.as_deref().map(read_kinds).transpose()?,
        acl: wanted.acl.as_deref().map(read_acl).transpose()?,
        devices_max: wanted.max_devices,
        state: read_some("/state", wanted.state.as_deref())?,
    })
}
