//! Products.

pub(super) mod body;
pub(super) mod change;
pub(super) mod create;

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio::time::Instant;
use vouchmq_client::dto::applied::{Applied, WithApplied};
use vouchmq_client::dto::page::Page;
use vouchmq_client::dto::product::Product as Body;
use vouchmq_identity::model::{Product, ProductId, Slug};
use vouchmq_identity::registry::{DeleteProduct, Refusal, What};
use vouchmq_identity::store::Rows;

use super::answer::{missing, versioned};
use super::applied::Waiting;
use super::caller::Caller;
use super::input::IdOf;
use super::refusal::invalid;
use super::{Here, Paged};
use crate::http::{IfMatch, Paging, Problem, QueryOf, page};

use body::body_of;

/// What happens to the devices of a product that is deleted, and [`Waiting`].
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Deletion {
    /// `retire`: its devices are retired first. Otherwise a product that has some is not deleted.
    cascade: Option<String>,
    /// `applied`: answer when every node has applied the change.
    wait: Option<String>,
    /// How long to wait at most: `2s` if it is missing, `20s` at most.
    timeout: Option<String>,
}

/// Products, oldest first.
#[utoipa::path(get, path = "/v1/products", operation_id = "list_products", tag = "products", params(Paged),
    responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(paged): QueryOf<Paged>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(paged.limit, paged.cursor.as_deref())?;
    let found = here.registry.read().await?.products(paging.request().clone()).await?;
    Ok(Json(page(found, |product| body_of(&product))))
}

/// One product.
#[utoipa::path(get, path = "/v1/products/{id}", operation_id = "read_product", tag = "products", params(("id" = String, Path)),
    responses((status = 200, body = Body)))]
pub(super) async fn read(State(here): Here, IdOf(id): IdOf<ProductId>) -> Result<Response, Problem> {
    let product = here.registry.read().await?.product(id).await?.ok_or_else(|| missing("product"))?;
    Ok(versioned(product.version, body_of(&product)))
}

/// How long a request goes on deleting; the broker does the rest by itself.
pub(super) const DELETE_BUDGET: Duration = Duration::from_secs(5);

/// Deletes a product, with its claim tokens and registrations; answers 200 to who waits until it is so. 202: it
/// has so many devices that it takes longer, and is told in state `deleting`; none of them is let in any more.
#[utoipa::path(delete, path = "/v1/products/{id}", operation_id = "delete_product", tag = "products", params(("id" = String, Path), Deletion),
    responses((status = 202, body = WithApplied<Body>), (status = 204), (status = 200, body = Applied)))]
pub(super) async fn delete(
    State(here): Here,
    caller: Caller,
    if_match: IfMatch,
    IdOf(id): IdOf<ProductId>,
    QueryOf(Deletion { cascade, wait, timeout }): QueryOf<Deletion>,
) -> Result<Response, Problem> {
    let patience = Waiting { wait, timeout }.patience()?;
    let is_cascading = match cascade.as_deref() {
        None => false,
        Some("retire") => true,
        Some(_) => return Err(invalid("?cascade", "write cascade=retire, or leave it out")),
    };
    let end = Instant::now() + here.delete_budget;
    let mut command = DeleteProduct { id, expected: if_match.version(), is_cascading };
    let mut done = here.registry.execute(caller.actor.clone(), command.clone()).await?;
    command.expected = None;
    // From this change on none of its devices is let in.
    let closed = done.sequence;
    while !done.outcome {
        if Instant::now() >= end {
            let left = here.registry.read().await?.product(id).await?;
            let Some(product) = left else { break };
            let body = here.with_applied(body_of(&product), closed, patience).await?;
            return Ok((StatusCode::ACCEPTED, Json(body)).into_response());
        }
        done = match here.registry.execute(caller.actor.clone(), command.clone()).await {
            Ok(done) => done,
            // Housekeeping was faster.
            Err(Refusal::NotFound(What::Product)) => break,
            Err(refusal) => return Err(refusal.into()),
        };
    }
    here.gone(done.sequence, patience).await
}

/// The product that a text names, by its id or its key.
pub(super) async fn find(rows: &mut dyn Rows, text: &str) -> Result<Option<Product>, Problem> {
    if let Ok(id) = text.parse::<ProductId>()
        && let Some(product) = rows.product(id).await?
    {
        return Ok(Some(product));
    }
    match text.parse::<Slug>() {
        Ok(key) => Ok(rows.product_by_key(&key).await?),
        Err(_) => Ok(None),
    }
}
