use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::reload::Reloaded;

use super::{Authority, Edit, told};
use crate::http::Problem;
use crate::management::Here;
use crate::management::caller::Caller;

/// Reads the configuration again: all of it is taken, or nothing. Who is connected stays, unless what the
/// connection rests on is gone: a user, a password, a certificate.
#[utoipa::path(post, path = "/v1/config:reload", operation_id = "reload_config", tag = "configuration",
    responses((status = 200, body = Reloaded), (status = 422)))]
pub(in crate::management) async fn reload(
    State(here): Here,
    caller: Caller,
) -> Result<Json<Reloaded>, Problem> {
    tracing::info!(actor = %caller.actor.name().escape_debug(), "the configuration is read again");
    // Whoever wrote the files could have had them read without this API.
    let draft = here.configuration()?.draft(Edit::Reload, Authority::Everything).await?;
    let detail = told(&draft.changes());
    Ok(Json(here.commit(caller, draft, "config.reload", &detail).await??))
}
