//! Claim tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use vouchmq_client::dto::claim_token::{ClaimToken as Body, CreatedClaimToken, NewClaimToken as Wanted};
use vouchmq_client::dto::page::Page;
use vouchmq_identity::Cidr;
use vouchmq_identity::model::{ClaimToken, ClaimTokenId};
use vouchmq_identity::registry::{CreateClaimToken, RevokeClaimToken};

use super::answer::{check_version, created_with_secret, missing, version_of, versioned};
use super::caller::Caller;
use super::input::IdOf;
use super::text::{read, read_all, read_some, read_some_time, time_of};
use super::{Here, NETWORKS_MAX, Paged};
use crate::http::{IfMatch, JsonBody, Paging, Problem, QueryOf, page};

/// Claim tokens, oldest first, those that are withdrawn too.
#[utoipa::path(get, path = "/v1/claim-tokens", operation_id = "list_claim_tokens", tag = "claim tokens",
    params(Paged), responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(paged): QueryOf<Paged>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(paged.limit, paged.cursor.as_deref())?;
    let found = here.registry.read().await?.claim_tokens(paging.request().clone()).await?;
    Ok(Json(page(found, |token| body_of(&token))))
}

/// Makes a claim token, and shows its text once.
#[utoipa::path(post, path = "/v1/claim-tokens", operation_id = "create_claim_token", tag = "claim tokens",
    request_body = Wanted, responses((status = 201, body = CreatedClaimToken)))]
pub(super) async fn create(
    State(here): Here,
    caller: Caller,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let command = CreateClaimToken {
        product: read("/product_id", &wanted.product_id)?,
        // One device, unless somebody says otherwise.
        uses_max: wanted.max_uses.unwrap_or(Some(1)),
        expires_at: read_some_time("/expires_at", wanted.expires_at.as_deref())?,
        networks: read_all::<Cidr>("/cidrs", &wanted.cidrs.unwrap_or_default(), NETWORKS_MAX)?,
        hardware_ids: read_some("/hw_id_pattern", wanted.hw_id_pattern.as_deref())?,
    };
    let (token, secret) = here.registry.execute(caller.actor, command).await?.outcome;
    let claim_token = body_of(&token);
    let (location, version) = (format!("/v1/claim-tokens/{}", token.id), version_of(&claim_token)?);
    let body = CreatedClaimToken { token: secret.expose().to_owned(), claim_token };
    Ok(created_with_secret(&location, version, body))
}

/// One claim token; not its text.
#[utoipa::path(get, path = "/v1/claim-tokens/{id}", operation_id = "read_claim_token", tag = "claim tokens",
    params(("id" = String, Path)), responses((status = 200, body = Body)))]
pub(super) async fn read_one(State(here): Here, IdOf(id): IdOf<ClaimTokenId>) -> Result<Response, Problem> {
    let token = here.registry.read().await?.claim_token(id).await?;
    let body = body_of(&token.ok_or_else(|| missing("claim token"))?);
    Ok(versioned(version_of(&body)?, body))
}

/// Withdraws a claim token. Devices that it let in stay.
#[utoipa::path(delete, path = "/v1/claim-tokens/{id}", operation_id = "revoke_claim_token",
    tag = "claim tokens", params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn revoke(
    State(here): Here,
    caller: Caller,
    if_match: IfMatch,
    IdOf(id): IdOf<ClaimTokenId>,
) -> Result<StatusCode, Problem> {
    if if_match.version().is_some() {
        let known = here.registry.read().await?.claim_token(id).await?;
        check_version(if_match, &body_of(&known.ok_or_else(|| missing("claim token"))?))?;
    }
    here.registry.execute(caller.actor, RevokeClaimToken(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn body_of(token: &ClaimToken) -> Body {
    Body {
        id: token.id.to_string(),
        product_id: token.product.to_string(),
        max_uses: token.uses_max,
        uses: token.uses,
        expires_at: token.expires_at.map(time_of),
        cidrs: token.networks.iter().map(ToString::to_string).collect(),
        hw_id_pattern: token.hardware_ids.as_ref().map(|pattern| pattern.as_str().to_owned()),
        revoked_at: token.revoked_at.map(time_of),
        key_id: token.key_id.to_string(),
        created_by: token.created_by.to_string(),
        created_at: time_of(token.created_at),
    }
}
