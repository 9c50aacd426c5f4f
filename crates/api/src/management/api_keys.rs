//! API keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use vouchmq_client::dto::api_key::{ApiKey as Body, CreatedApiKey, NewApiKey as Wanted};
use vouchmq_client::dto::page::Page;
use vouchmq_identity::Cidr;
use vouchmq_identity::model::{ApiKey, ApiKeyId, Rights, Role, Scope};
use vouchmq_identity::registry::{CreateApiKey, RevokeApiKey};

use super::answer::{check_version, created_with_secret, missing, version_of, versioned};
use super::caller::Caller;
use super::input::IdOf;
use super::text::{read, read_all, read_some_time, time_of};
use super::{Here, NETWORKS_MAX, Paged};
use crate::http::{IfMatch, JsonBody, Paging, Problem, QueryOf, page};

/// API keys, oldest first, those that are withdrawn too.
#[utoipa::path(get, path = "/v1/api-keys", operation_id = "list_api_keys", tag = "API keys", params(Paged),
    responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(paged): QueryOf<Paged>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(paged.limit, paged.cursor.as_deref())?;
    let found = here.registry.read().await?.api_keys(paging.request().clone()).await?;
    Ok(Json(page(found, |key| body_of(&key))))
}

/// Makes an API key, and shows its secret once.
#[utoipa::path(post, path = "/v1/api-keys", operation_id = "create_api_key", tag = "API keys",
    request_body = Wanted, responses((status = 201, body = CreatedApiKey)))]
pub(super) async fn create(
    State(here): Here,
    caller: Caller,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let scopes: Vec<Scope> = read_all("/scopes", &wanted.scopes, Scope::ALL.len())?;
    let role = wanted.role.as_deref().map(|role| read::<Role>("/role", role)).transpose()?;
    let rights = Rights::new(role, scopes);
    let command = CreateApiKey {
        name: read("/name", &wanted.name)?,
        scopes: rights.scopes().to_vec(),
        networks: read_all::<Cidr>("/cidrs", &wanted.cidrs.unwrap_or_default(), NETWORKS_MAX)?,
        expires_at: read_some_time("/expires_at", wanted.expires_at.as_deref())?,
    };
    let (key, secret) = here.registry.execute(caller.actor, command).await?.outcome;
    here.keys.take_in(&key).await;
    let api_key = body_of(&key);
    let (location, version) = (format!("/v1/api-keys/{}", key.id), version_of(&api_key)?);
    let body = CreatedApiKey { api_key, secret: secret.expose().to_owned() };
    Ok(created_with_secret(&location, version, body))
}

/// One API key; not its secret.
#[utoipa::path(get, path = "/v1/api-keys/{id}", operation_id = "read_api_key", tag = "API keys",
    params(("id" = String, Path)), responses((status = 200, body = Body)))]
pub(super) async fn read_one(State(here): Here, IdOf(id): IdOf<ApiKeyId>) -> Result<Response, Problem> {
    let key = here.registry.read().await?.api_key(id).await?;
    let body = body_of(&key.ok_or_else(|| missing("API key"))?);
    Ok(versioned(version_of(&body)?, body))
}

/// Withdraws an API key: here at once, in other processes within a second or two.
#[utoipa::path(delete, path = "/v1/api-keys/{id}", operation_id = "revoke_api_key", tag = "API keys",
    params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn revoke(
    State(here): Here,
    caller: Caller,
    if_match: IfMatch,
    IdOf(id): IdOf<ApiKeyId>,
) -> Result<StatusCode, Problem> {
    if if_match.version().is_some() {
        let known = here.registry.read().await?.api_key(id).await?;
        check_version(if_match, &body_of(&known.ok_or_else(|| missing("API key"))?))?;
    }
    let key = here.registry.execute(caller.actor, RevokeApiKey(id)).await?.outcome;
    here.keys.take_in(&key).await;
    Ok(StatusCode::NO_CONTENT)
}

fn body_of(key: &ApiKey) -> Body {
    Body {
        id: key.id.to_string(),
        name: key.name.to_string(),
        key_id: key.key_id.to_string(),
        scopes: key.scopes.iter().map(ToString::to_string).collect(),
        cidrs: key.networks.iter().map(ToString::to_string).collect(),
        expires_at: key.expires_at.map(time_of),
        revoked_at: key.revoked_at.map(time_of),
        created_at: time_of(key.created_at),
    }
}
