use axum::Json;
use axum::extract::{Request, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use vouchmq_client::dto::reload::Reloaded;

use super::{Edit, InvalidConfig, told};
use crate::http::{Code, Problem, read_body};
use crate::management::Here;
use crate::management::caller::Caller;

/// Bytes of a file; what is longer is refused when it is read, too.
const BYTES_MAX: usize = 1024 * 1024;
const PLAIN: &str = "text/plain";

/// Reads the file that the process was started with; secrets are hidden.
#[utoipa::path(get, path = "/v1/config/file", operation_id = "read_config_file", tag = "configuration",
    responses((status = 200, body = String, content_type = "text/plain"), (status = 422)))]
pub(in crate::management) async fn read(State(here): Here) -> Result<Response, Problem> {
    let text = here.configuration()?.text().await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// Puts another text in place of the file that the process was started with, and goes on with it: all of it or
/// nothing. Keys that were changed one by one stay above it. Where keys change that say who may come in, or what is
/// read or written where, the scope admin is needed too.
#[utoipa::path(put, path = "/v1/config/file", operation_id = "replace_config_file", tag = "configuration",
    request_body(content = String, content_type = "text/plain"),
    responses((status = 200, body = Reloaded), (status = 403), (status = 422)))]
pub(in crate::management) async fn replace(
    State(here): Here,
    caller: Caller,
    request: Request,
) -> Result<Json<Reloaded>, Problem> {
    let configuration = here.configuration()?;
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case(PLAIN) {
        let detail = "send the file as content-type text/plain";
        return Err(Problem::new(Code::UnsupportedMediaType, detail));
    }
    let (_, body) = read_body(request, BYTES_MAX).await?;
    let text = String::from_utf8(body.to_vec())
        .map_err(|_| InvalidConfig::one("the body", "it is not UTF-8; save it as UTF-8"))?;
    let bytes = text.len();
    let draft = configuration.draft(Edit::File(text), caller.authority()).await?;
    let detail = format!("{bytes} bytes, {}", told(&draft.changes()));
    Ok(Json(here.commit(caller, draft, "config.replace", &detail).await??))
}
