//! Reading the configuration again.

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::reload::Reloaded;

use vouchmq_identity::registry::RecordDeed;

use super::Here;
use super::caller::Caller;
use crate::http::{Code, Problem};

/// Whoever can read the configuration again, as a port: the process that was started with it.
#[async_trait]
pub trait Reload: Send + Sync {
    /// Reads the configuration, and all files that it names, and goes on with them: all of it or nothing.
    ///
    /// # Errors
    /// [`InvalidConfig`]: nothing has changed.
    async fn reload(&self) -> Result<Reloaded, InvalidConfig>;
}

/// Why a configuration is not gone on with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidConfig {
    /// Each mistake: where it is (a key, or a file with its line), and what is wrong and what to do.
    pub mistakes: Vec<(String, String)>,
}

/// Reads the configuration again: all of it is taken, or nothing. Who is connected stays, unless what the
/// connection rests on is gone: a user, a password, a certificate.
#[utoipa::path(post, path = "/v1/config:reload", operation_id = "reload_config", tag = "configuration",
    responses((status = 200, body = Reloaded), (status = 422)))]
pub(super) async fn reload(State(here): Here, caller: Caller) -> Result<Json<Reloaded>, Problem> {
    let Some(reload) = &here.reload else {
        return Err(Problem::new(
            Code::Conflict,
            "this process has no configuration that could be read again",
        ));
    };
    tracing::info!(actor = %caller.actor.name().escape_debug(), "the configuration is read again");
    match reload.reload().await {
        Ok(reloaded) => {
            let detail =
                format!("{} changes, {} sessions closed", reloaded.changes.len(), reloaded.sessions_closed);
            let deed = RecordDeed { action: "config.reload", name: "config".to_owned(), detail };
            // It has happened, whether or not it can be written down; a failure to do so is told.
            here.registry.execute(caller.actor, deed).await?;
            Ok(Json(reloaded))
        }
        Err(InvalidConfig { mistakes }) => {
            let detail = match mistakes.as_slice() {
                [(place, text)] => format!("{place}: {text}; nothing has changed"),
                all => format!("{} mistakes; nothing has changed", all.len()),
            };
            let problem = Problem::new(Code::ConfigInvalid, detail);
            Err(mistakes
                .into_iter()
                .fold(problem, |problem, (place, text)| problem.with_error(place, "config_invalid", text)))
        }
    }
}
