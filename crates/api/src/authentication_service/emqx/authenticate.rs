use std::sync::Arc;

use axum::Extension;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use vouchmq_client::dto::verify::{AclAction, AclEntry, AclPermission};
use vouchmq_identity::resident::Judgement;
use vouchmq_identity::{AuthRequest, Verdict};

use super::EmqxResult;
use crate::authentication_service::caller::Caller;
use crate::authentication_service::fields::{Fields, Plus};
use crate::authentication_service::log::log;
use crate::authentication_service::native::acl_of;
use crate::authentication_service::service::Service;
use crate::http::{Code, Problem};

/// A client that may connect.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::authentication_service) struct EmqxAllowed {
    result: EmqxResult,
    /// Nobody is.
    is_superuser: bool,
    /// When the verdict ends, in Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    expire_at: Option<u64>,
    client_attrs: EmqxAttributes,
    /// The first rule that fits decides; the last ones deny everything.
    acl: Vec<AclEntry>,
}

/// What EMQX keeps with the client.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::authentication_service) struct EmqxAttributes {
    /// The key of its product.
    product: String,
}

/// Whether a client may connect, and what it may do.
#[utoipa::path(
    post, path = "/emqx/authn", operation_id = "emqx_authenticate", tag = "EMQX",
    request_body(content = String, content_type = "application/json",
        description = "clientid, username, password, peerhost; the same as a form"),
    responses((status = 200, body = EmqxAllowed, description = "result is allow, deny or ignore"))
)]
pub(in crate::authentication_service) async fn post(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Response {
    let told = authenticate(&service, &caller, request).await;
    told.unwrap_or_else(|problem| service.emqx_failed(problem))
}

async fn authenticate(service: &Service, caller: &Caller, request: Request) -> Result<Response, Problem> {
    let mut fields = Fields::of_body(request, Plus::Space).await?;
    service.charge(caller, 1)?;
    let request = AuthRequest {
        client_id: fields.text("clientid")?.unwrap_or_default().into(),
        username: fields.text("username")?.map(Into::into),
        peer: fields.peer(&["peerhost"])?,
        password: fields.secret("password"),
        certificate: None,
        arrival: Default::default(),
    };
    let client_id = request.client_id.clone();
    let Judgement { verdict, allowed, .. } = service.verifier.decide(request).await;
    log(caller, &client_id, &verdict);
    Ok(match (verdict, allowed) {
        (Verdict::Allow(allowance), Some(allowed)) => {
            let answer = EmqxAllowed {
                result: EmqxResult::Allow,
                is_superuser: false,
                // Rounded down: it never lasts longer than it may.
                expire_at: allowance.expires_at.map(|at| at.millis() / 1000),
                client_attrs: EmqxAttributes { product: allowed.product.key.to_string() },
                acl: acl_of(&allowed.rules).chain(deny_the_rest()).collect(),
            };
            Json(answer).into_response()
        }
        (Verdict::NotMine, _) => service.emqx_unknown().into_response(),
        (Verdict::Allow(_) | Verdict::Deny(_), _) => EmqxResult::Deny.into_response(),
        (Verdict::Unavailable(_), _) => {
            return Err(Problem::new(Code::Unavailable, "it cannot be decided now"));
        }
    })
}

/// What no rule is about would go to EMQX's other authorizers.
fn deny_the_rest() -> impl Iterator<Item = AclEntry> {
    let deny = |topic: &str| AclEntry {
        permission: AclPermission::Deny,
        action: AclAction::All,
        topic: topic.to_owned(),
    };
    // `#` does not match what starts with `$`.
    ["#", "$SYS/#"].into_iter().map(deny)
}
