use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::applied::{Applied as Body, Why};
use vouchmq_identity::model::CredentialId;
use vouchmq_identity::registry::RevokeCredential;

use super::body_of;
use crate::http::{IfMatch, Problem};
use crate::management::Here;
use crate::management::answer::{check_version, missing};
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::{IdOf, OptionalBody};
use crate::management::text::check_reason;

/// Revokes a credential; connections that were let in with it are closed. Once more changes nothing.
#[utoipa::path(post, path = "/v1/credentials/{id}:revoke", operation_id = "revoke_credential",
    tag = "credentials", params(("id" = String, Path), Waiting), request_body = Option<Why>,
    responses((status = 200, body = Body)))]
pub(in crate::management) async fn revoke(
    State(here): Here,
    (caller, if_match): (Caller, IfMatch),
    IdOf(id): IdOf<CredentialId>,
    patience: Patience,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Body>, Problem> {
    let reason = check_reason(why.reason)?;
    if if_match.version().is_some() {
        let known = here.registry.read().await?.credential(id).await?;
        check_version(if_match, &body_of(&known.ok_or_else(|| missing("credential"))?))?;
    }
    let done = here.registry.execute(caller.actor, RevokeCredential { id, reason }).await?;
    here.applied(done.sequence, patience).await.map(Json)
}
