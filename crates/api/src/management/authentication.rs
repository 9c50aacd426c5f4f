//! The authentication service that the broker asks.

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::authentication::{AskedService, ForgetRequest, Forgotten};
use vouchmq_identity::registry::RecordDeed;

use super::Here;
use super::caller::Caller;
use crate::http::{Code, JsonBody, Problem};

/// Whoever asks an authentication service, as a port.
#[async_trait]
pub trait Asking: Send + Sync {
    /// How that goes; `None`: no service is asked.
    fn figures(&self) -> Option<AskedService>;

    /// Drops what is remembered; when it is done, nobody is let in by it any more. `None`: no service is asked.
    async fn forget(&self, whom: &ForgetRequest) -> Option<Forgotten>;
}

/// How the authentication service is asked (`auth.http_auth`): verdicts, servers, what is remembered.
#[utoipa::path(get, path = "/v1/authentication", operation_id = "read_authentication", tag = "authentication",
    responses((status = 200, body = AskedService)))]
pub(super) async fn read(State(here): Here) -> Json<AskedService> {
    let figures = here.asking.as_ref().and_then(|asking| asking.figures());
    Json(figures.unwrap_or_else(|| AskedService { mode: "off".to_owned(), ..AskedService::default() }))
}

/// Drops what is remembered of a device, a user name, a Client Identifier or everybody: the service is asked anew.
/// With `disconnect` who is connected by its word has to come again.
#[utoipa::path(post, path = "/v1/authentication:forget", operation_id = "forget_authentication", tag = "authentication",
    request_body = ForgetRequest,
    responses((status = 200, body = Forgotten), (status = 404), (status = 422)))]
pub(super) async fn forget(
    State(here): Here,
    caller: Caller,
    JsonBody(whom): JsonBody<ForgetRequest>,
) -> Result<Json<Forgotten>, Problem> {
    let said = [
        whom.device_id.as_ref().map(|id| format!("device {id}")),
        whom.username.as_ref().map(|name| format!("user {name}")),
        whom.clientid.as_ref().map(|id| format!("client {id}")),
        whom.all.then(|| "everybody".to_owned()),
    ];
    let mut said = said.into_iter().flatten();
    let (Some(name), None) = (said.next(), said.next()) else {
        return Err(Problem::new(Code::Invalid, "say one of device_id, username, clientid and all"));
    };
    let asking = here.asking.as_ref().ok_or_else(not_asked)?;
    let forgotten = asking.forget(&whom).await.ok_or_else(not_asked)?;
    let Forgotten { answers, sessions_closed } = forgotten;
    let detail = format!("{answers} answers, {sessions_closed} sessions closed");
    let deed = RecordDeed { action: "authentication.forget", name, detail };
    // It has happened, whether or not it can be written down; a failure to do so is told.
    here.registry.execute(caller.actor, deed).await?;
    Ok(Json(forgotten))
}

fn not_asked() -> Problem {
    Problem::new(Code::NotFound, "no authentication service is asked: there is no auth.http_auth")
}
