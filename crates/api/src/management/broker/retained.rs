//! Retained messages.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use vouchmq_broker::RetainedQuery;
use vouchmq_client::dto::message::{RetainedDeleted, RetainedMessage as Body};
use vouchmq_client::dto::page::Page;

use super::message::{listed, shown};
use super::{cursor_of, filter_of, page_of};
use crate::http::{Paging, Problem, QueryOf};
use crate::management::Here;
use crate::management::answer::missing;
use crate::management::caller::Caller;
use crate::management::input::IdOf;

/// Which retained messages, and which part of the list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::management) struct Wanted {
    /// Those whose topics this Topic Filter matches; all if it is missing, those of topics with `$` too.
    filter: Option<String>,
    /// 1 to 200; 50 if it is missing.
    limit: Option<u32>,
    /// What the page before gave.
    cursor: Option<String>,
}

/// Which retained messages are deleted.
#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::management) struct Doomed {
    /// Those whose topics this Topic Filter matches: `#` matches all but those that begin with `$`.
    filter: String,
}

/// Messages that one call deletes.
const DELETED_MAX: u64 = 10_000;
/// Of these, in one step.
const PORTION: usize = 200;

/// Retained messages, in no particular order, each with the first 1,024 bytes of its payload. A page may have fewer than
/// `limit`, or none, and others behind it.
#[utoipa::path(get, path = "/v1/retained", operation_id = "list_retained", tag = "messages", params(Wanted),
    responses((status = 200, body = Page<Body>), (status = 409)))]
pub(in crate::management) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(wanted.limit, wanted.cursor.as_deref())?;
    let filter = wanted.filter.as_deref().map(|filter| filter_of("?filter", filter)).transpose()?;
    let limit = usize::try_from(paging.request().limit).unwrap_or(1);
    let broker = here.broker()?;
    let found = broker.retained_page(RetainedQuery { filter, after: cursor_of(&paging)?, limit });
    let wall = broker.wall_clock();
    Ok(Json(page_of(found.items, found.next, |message| listed(&message, &wall))))
}

/// The retained message of a topic, all of it. The topic is one part of the path, percent-encoded: `a%2Fb` is `a/b`.
#[utoipa::path(get, path = "/v1/retained/{topic}", operation_id = "read_retained", tag = "messages",
    params(("topic" = String, Path)), responses((status = 200, body = Body), (status = 409)))]
pub(in crate::management) async fn read(
    State(here): Here,
    IdOf(topic): IdOf<String>,
) -> Result<Json<Body>, Problem> {
    let broker = here.broker()?;
    let message = broker.retained(&topic).ok_or_else(|| missing("retained message"))?;
    Ok(Json(shown(&message, &broker.wall_clock())))
}

/// Deletes the retained message of a topic. Nobody is told.
#[utoipa::path(delete, path = "/v1/retained/{topic}", operation_id = "delete_retained", tag = "messages",
    params(("topic" = String, Path)), responses((status = 204), (status = 409)))]
pub(in crate::management) async fn delete(
    State(here): Here,
    caller: Caller,
    IdOf(topic): IdOf<String>,
) -> Result<StatusCode, Problem> {
    let broker = here.broker()?;
    broker.retained(&topic).ok_or_else(|| missing("retained message"))?;
    here.take_down(caller, "retained.delete", &topic, String::new()).await?;
    broker.delete_retained(&topic);
    Ok(StatusCode::NO_CONTENT)
}

/// Deletes the retained messages whose topics a filter matches, 10,000 at most, and says how many there were. Nobody is
/// told.
#[utoipa::path(delete, path = "/v1/retained", operation_id = "delete_all_retained", tag = "messages",
    params(Doomed), responses((status = 200, body = RetainedDeleted), (status = 409)))]
pub(in crate::management) async fn delete_all(
    State(here): Here,
    caller: Caller,
    QueryOf(doomed): QueryOf<Doomed>,
) -> Result<Json<RetainedDeleted>, Problem> {
    let broker = here.broker()?;
    let filter = filter_of("?filter", &doomed.filter)?;
    here.take_down(caller, "retained.delete", &doomed.filter, "all that match".to_owned()).await?;
    let (mut deleted, mut after) = (0, None);
    loop {
        let query = RetainedQuery { filter: Some(filter.clone()), after, limit: PORTION };
        let found = broker.retained_page(query);
        let gone = found.items.iter().filter(|message| broker.delete_retained(message.publication().topic));
        deleted += gone.count() as u64;
        after = found.next;
        if after.is_none() || deleted + PORTION as u64 > DELETED_MAX {
            return Ok(Json(RetainedDeleted { deleted, has_more: after.is_some() }));
        }
        tokio::task::yield_now().await;
    }
}
