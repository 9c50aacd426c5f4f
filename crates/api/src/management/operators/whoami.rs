use axum::Json;
use vouchmq_client::dto::whoami::Whoami;

use crate::http::{Authorized, Peer};
use crate::management::text::time_of;

/// Who asks, as this listener knows them: for everybody who is known.
#[utoipa::path(get, path = "/v1/whoami", operation_id = "whoami", tag = "Operators",
    responses((status = 200, body = Whoami)))]
pub(in crate::management) async fn whoami(caller: Authorized, Peer(peer): Peer) -> Json<Whoami> {
    let principal = caller.principal();
    Json(Whoami {
        name: principal.name.to_string(),
        login: principal.login.as_str().to_owned(),
        role: principal.role().map(|role| role.to_string()),
        scopes: principal.rights.scopes().iter().map(ToString::to_string).collect(),
        expires_at: principal.expires_at.map(time_of),
        address: peer.ip().to_canonical().to_string(),
    })
}
