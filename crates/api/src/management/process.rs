//! The end of the process, and its new beginning.

use async_trait::async_trait;
use axum::extract::State;
use axum::http::StatusCode;

use super::caller::Caller;
use super::configuration::InvalidConfig;
use super::{Here, Management};
use crate::http::{Code, Problem};

/// Whoever can end the process and begin it again, as a port. The answer to who asks leaves before.
#[async_trait]
pub trait Process: Send + Sync {
    /// Lets every client go, and ends.
    fn stop(&self);

    /// Lets every client go, and begins again as the process was started: the same program, arguments and
    /// environment, and the same process id.
    ///
    /// # Errors
    /// The configuration has mistakes: it would not begin again, so nothing happens.
    async fn restart(&self) -> Result<(), InvalidConfig>;
}

/// Lets every client go, and ends the process. Whatever starts it again decides whether it does.
#[utoipa::path(post, path = "/v1/broker:stop", operation_id = "stop_broker", tag = "broker",
    responses((status = 202)))]
pub(super) async fn stop(State(here): Here, caller: Caller) -> Result<StatusCode, Problem> {
    let process = here.process()?;
    // What cannot be taken down is not done: nobody could ask afterwards.
    here.record(caller, "broker.stop", "broker", "").await?;
    process.stop();
    Ok(StatusCode::ACCEPTED)
}

/// Lets every client go, and begins again with the same arguments. What would not begin again is not ended.
#[utoipa::path(post, path = "/v1/broker:restart", operation_id = "restart_broker", tag = "broker",
    responses((status = 202), (status = 422)))]
pub(super) async fn restart(State(here): Here, caller: Caller) -> Result<StatusCode, Problem> {
    let process = here.process()?;
    here.record(caller, "broker.restart", "broker", "").await?;
    process.restart().await?;
    Ok(StatusCode::ACCEPTED)
}

impl Management {
    fn process(&self) -> Result<&dyn Process, Problem> {
        let nothing = || Problem::new(Code::Conflict, "this process is not ended over this API");
        self.process.as_deref().ok_or_else(nothing)
    }
}
