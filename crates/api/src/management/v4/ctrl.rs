use axum::extract::{Path, State};
use axum::http::StatusCode;

use super::answer::{Answer, Refused, Said, done};
use super::code::ResultCode;
use super::configuration::tell_of;
use crate::management::Here;
use crate::management::caller::Caller;

/// Control broker stop or restart. Clients are let go first, and no shell is run.
#[utoipa::path(post, path = "/api/v4/ctrl/{action}", operation_id = "nanomq_ctrl_broker", tag = "NanoMQ",
    params(("action" = String, Path, description = "stop or restart")),
    responses((status = 200, body = Said), (status = 404, body = Said),
        (status = 400, body = Said, description = "117: it would not begin again with its configuration")))]
pub(super) async fn act(State(here): Here, caller: Caller, Path(action): Path<String>) -> Answer<Said> {
    let process = here.process.clone().ok_or(Refused::absent())?;
    // What cannot be taken down is not done: nobody could ask afterwards.
    match action.to_ascii_lowercase().as_str() {
        "stop" => {
            here.record(caller, "broker.stop", "broker", "").await?;
            process.stop();
        }
        "restart" => {
            here.record(caller, "broker.restart", "broker", "").await?;
            process.restart().await.map_err(|why| {
                tell_of(&why);
                Refused::new(StatusCode::BAD_REQUEST, ResultCode::NotHocon)
            })?;
        }
        _ => return Err(Refused::absent()),
    }
    Ok(done())
}
