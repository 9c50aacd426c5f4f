//! Blocks.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::applied::{Applied, WithApplied};
use vouchmq_client::dto::block::{Block as Body, NewBlock as Wanted};
use vouchmq_client::dto::page::Page;
use vouchmq_identity::blocks::BlockFault;
use vouchmq_identity::model::{BlockEntry, BlockId, CredentialId, DeviceId, ProductId};
use vouchmq_identity::registry::{PutBlock, Refusal, RemoveBlock};
use vouchmq_identity::{Block, BlockTarget, Blocks};

use super::answer::{created, missing, versioned};
use super::applied::{Patience, Waiting};
use super::caller::Caller;
use super::input::IdOf;
use super::refusal::invalid;
use super::text::{check_reason, read_some_time, time_of};
use super::{Here, Management, Paged};
use crate::http::{IfMatch, JsonBody, Paging, Problem, QueryOf, page};

/// Blocks that may be made while what is resident is behind.
const PLACES_KEPT: usize = 10_000;

/// Blocks, oldest first, those whose time is over too.
#[utoipa::path(get, path = "/v1/blocks", operation_id = "list_blocks", tag = "blocks", params(Paged),
    responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(paged): QueryOf<Paged>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(paged.limit, paged.cursor.as_deref())?;
    let found = here.registry.read().await?.blocks(paging.request().clone()).await?;
    Ok(Json(page(found, |entry| body_of(&entry))))
}

/// Keeps somebody out, whose connections are closed. A block of the same kind and value is replaced: 200.
#[utoipa::path(post, path = "/v1/blocks", operation_id = "put_block", tag = "blocks", params(Waiting),
    request_body = Wanted,
    responses((status = 201, body = WithApplied<Body>), (status = 200, body = WithApplied<Body>)))]
pub(super) async fn put(
    State(here): Here,
    caller: Caller,
    patience: Patience,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let target = BlockTarget::parse(&wanted.kind, &wanted.value).map_err(|fault| {
        let pointer = if fault == BlockFault::UnknownKind { "/kind" } else { "/value" };
        invalid(pointer, fault.to_string())
    })?;
    check_id(&target)?;
    let until = read_some_time("/until", wanted.until.as_deref())?;
    if until.is_some_and(|until| until <= here.registry.now()) {
        return Err(invalid("/until", "this time is over: the block would keep out nobody"));
    }
    let block = Block { target, reason: check_reason(wanted.reason)?, until };
    here.has_room_for(&block.target).await?;
    let done = here.registry.execute(caller.actor, PutBlock(block)).await?;
    let (entry, is_new) = done.outcome;
    let body = here.with_applied(body_of(&entry), done.sequence, patience).await?;
    Ok(if is_new {
        created(&format!("/v1/blocks/{}", entry.id), entry.version, body)
    } else {
        versioned(entry.version, body)
    })
}

/// One block.
#[utoipa::path(get, path = "/v1/blocks/{id}", operation_id = "read_block", tag = "blocks",
    params(("id" = String, Path)), responses((status = 200, body = Body)))]
pub(super) async fn read(State(here): Here, IdOf(id): IdOf<BlockId>) -> Result<Response, Problem> {
    let entry = here.registry.read().await?.block(id).await?.ok_or_else(|| missing("block"))?;
    Ok(versioned(entry.version, body_of(&entry)))
}

/// Lets somebody in again; answers 200 to who waits until it is so.
#[utoipa::path(delete, path = "/v1/blocks/{id}", operation_id = "remove_block", tag = "blocks",
    params(("id" = String, Path), Waiting), responses((status = 204), (status = 200, body = Applied)))]
pub(super) async fn remove(
    State(here): Here,
    caller: Caller,
    if_match: IfMatch,
    IdOf(id): IdOf<BlockId>,
    patience: Patience,
) -> Result<Response, Problem> {
    let command = RemoveBlock { id, expected: if_match.version() };
    let done = here.registry.execute(caller.actor, command).await?;
    here.gone(done.sequence, patience).await
}

impl Management {
    /// More blocks than can be resident would end all following: the last places are kept free, since what is
    /// resident may be behind.
    pub(super) async fn has_room_for(&self, target: &BlockTarget) -> Result<(), Problem> {
        if self.resident.block_count() < Blocks::LEN_MAX - PLACES_KEPT {
            return Ok(());
        }
        let (kind, value) = (target.kind().name(), target.to_string());
        match self.registry.read().await?.block_of(kind, &value).await? {
            Some(_) => Ok(()),
            None => Err(Refusal::BlocksFull.into()),
        }
    }
}

/// A text that is no id would be taken for a block, and keep out nobody: as the key of a product.
fn check_id(target: &BlockTarget) -> Result<(), Problem> {
    let is_id = match target {
        BlockTarget::Credential(id) => id.as_str().parse::<CredentialId>().is_ok(),
        BlockTarget::Device(id) => id.as_str().parse::<DeviceId>().is_ok(),
        BlockTarget::Product(id) => id.as_str().parse::<ProductId>().is_ok(),
        BlockTarget::ClientId(_) | BlockTarget::UserName(_) | BlockTarget::Ip(_) | BlockTarget::Cidr(_) => {
            true
        }
    };
    if is_id {
        return Ok(());
    }
    Err(invalid("/value", format!("this is not the id of a {}", target.kind())))
}

fn body_of(entry: &BlockEntry) -> Body {
    let Block { target, reason, until } = &entry.block;
    Body {
        id: entry.id.to_string(),
        kind: target.kind().to_string(),
        value: target.to_string(),
        reason: reason.to_string(),
        until: until.map(time_of),
        created_by: entry.created_by.to_string(),
        version: entry.version,
        created_at: time_of(entry.created_at),
    }
}
