use axum::extract::{Request, State};
use axum::http::StatusCode;

use super::answer::{Answer, Refused, Said, done};
use super::code::ResultCode;
use super::configuration::{tell_of, tell_of_restart};
use crate::http::{BATCH_BYTES_MAX, read_body};
use crate::management::Here;
use crate::management::caller::Caller;

/// Update configuration file: all of it is taken, or nothing.
#[utoipa::path(post, path = "/api/v4/config_update", operation_id = "nanomq_update_configuration_file", tag = "NanoMQ",
    request_body(content = String, content_type = "text/plain", description = "the whole file"),
    responses((status = 200, body = Said), (status = 400, body = Said, description = "117: it has mistakes, and nothing has changed")))]
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
    let reloaded = configuration.replace(text).await.map_err(|why| {
        tell_of(&why);
        mistaken
    })?;
    tell_of_restart(&reloaded);
    let detail = format!("{bytes} bytes, {} changes", reloaded.changes.len());
    here.record(caller, "config.replace", "config", &detail).await?;
    Ok(done())
}
