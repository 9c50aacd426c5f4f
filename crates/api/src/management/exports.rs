//! Exports: the whole registry, or one product, one JSON object a line.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::Semaphore;
use vouchmq_identity::model::{ProductId, Scope};
use vouchmq_identity::registry::RecordDeed;

use super::Here;
use super::answer::missing;
use super::caller::Caller;
use super::refusal::invalid;
use super::text::read_some;
use crate::http::{Authorized, Code, Draining, Problem, QueryOf, pushed_to};

mod lines;
mod writer;

use writer::Writer;

/// What is exported.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// This product, its devices and claim tokens; everything, blocks too, if it is missing.
    product_id: Option<String>,
    /// `verifiers`: what credentials and claim tokens are compared with, which needs `admin`. Whoever has that and
    /// the keys of the broker can test guesses.
    with: Option<String>,
}

/// Exports at a time.
#[derive(Debug)]
pub(super) struct Exporting(Arc<Semaphore>);

impl Default for Exporting {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(4)))
    }
}

/// Pages that wait for a client to take them.
const PAGES_MAX: usize = 2;

/// Tells everything, without secrets: products, devices with their credentials, claim tokens, blocks (to who has
/// `blocks:write`). Import takes it; credentials are imported from an export with verifiers only. The last line
/// says that nothing is missing. Not of one moment: what changes meanwhile may be there or not.
#[utoipa::path(get, path = "/v1/exports", operation_id = "export", tag = "exports", params(Wanted),
    responses((status = 200, content_type = "application/x-ndjson", body = String)))]
pub(super) async fn export(
    State(here): Here,
    (caller, reader): (Caller, Authorized),
    draining: Draining,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Response, Problem> {
    let has_verifiers = match wanted.with.as_deref() {
        None => false,
        Some("verifiers") => {
            caller.needs(Scope::Admin)?;
            true
        }
        Some(_) => return Err(invalid("?with", "write verifiers, or leave it out")),
    };
    let product: Option<ProductId> = read_some("?product_id", wanted.product_id.as_deref())?;
    let mut rows = here.registry.read().await?;
    if let Some(product) = product {
        rows.product(product).await?.ok_or_else(|| missing("product"))?;
    }
    drop(rows);
    let place = here.exporting.0.clone().try_acquire_owned().map_err(|_| {
        Problem::new(Code::Unavailable, "4 exports are at work: try again when one has ended")
            .with_retry_after(Duration::from_secs(5))
    })?;
    let has_blocks = product.is_none() && caller.may(Scope::BlocksWrite);
    if has_verifiers {
        let name = caller.actor.request_id().map_or_else(String::new, |id| format!("export/{id}"));
        let detail = product.map_or_else(|| "everything".to_owned(), |product| format!("product {product}"));
        let command = RecordDeed { action: "export.verifiers", name, detail };
        here.registry.execute(caller.actor, command).await?;
    }
    let (pusher, response) = pushed_to(&reader, "application/x-ndjson", PAGES_MAX);
    let registry = here.registry.clone();
    let writer =
        Writer { registry, pusher, product, has_verifiers, has_blocks, line_count: 0, _place: place };
    tokio::spawn(writer.serve(draining));
    Ok(response)
}
