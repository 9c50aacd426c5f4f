use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::answer::{Answer, Refused, Said};
use super::code::ResultCode;
use super::configuration::undrafted;
use crate::http::{BATCH_BYTES_MAX, read_body};
use crate::management::caller::Caller;
use crate::management::{Edit, Here};

/// Update configuration file: all of it is taken, or nothing.
#[utoipa::path(post, path = "/api/v4/config_update", operation_id = "nanomq_update_configuration_file", tag = "NanoMQ",
    request_body(content = String, content_type = "text/plain", description = "the whole file"),
    responses((status = 200, body = Said), (status = 403, body = Said), (status = 400, body = Said, description = "117: it has mistakes, and nothing has changed")))]
pub(super) async fn replace(State(here): Here, caller: Caller, request: Request) -> Answer<Said> {
    let configuration = here.nanomq_configuration()?;
    let (_, body) = read_body(request, BATCH_BYTES_MAX).await?;
    let mistaken = Refused::new(StatusCode::BAD_REQUEST, ResultCode::NotHocon);
    let text = String::from_utf8(body.to_vec()).map_err(|_| mistaken)?;
    // A body that got lost is a configuration that says nothing, too.
    if text.trim().is_empty() {
        return Err(mistaken);
    }
    let bytes = text.len();
    let draft = configuration.draft(Edit::File(text), caller.authority()).await;
    let draft = draft.map_err(|why| undrafted(why, mistaken))?;
    let detail = format!("{bytes} bytes, {} changes", draft.changes().len());
    here.go_on(caller, draft, "config.replace", &detail, mistaken).await
}
