use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use vouchmq_client::dto::problem::ProblemBody;
use vouchmq_client::dto::verify::{ReconsiderItem, ReconsiderRequest, ReconsiderResponse};
use vouchmq_identity::{Principal, Standing};

use super::{bound, invalid, peer_of, response_of};
use crate::authentication_service::caller::Caller;
use crate::authentication_service::service::Service;
use crate::http::{BATCH_BYTES_MAX, JsonBody, Problem};

/// A device that was let in.
struct Stays {
    principal: Principal,
    client_id: String,
    username: Option<String>,
    peer: Option<IpAddr>,
}

/// Whether each of up to 256 devices that an earlier answer let in may stay, and what it may do now. No password is
/// asked for: the caller's word is taken for who they are.
#[utoipa::path(
    post, path = "/v1/auth/reconsider", operation_id = "reconsider", tag = "Verification",
    request_body = ReconsiderRequest,
    responses((status = 200, body = ReconsiderResponse),
        (status = 401, body = ProblemBody, content_type = "application/problem+json", description = "not signed as it must be"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json", description = "not valid: nothing was judged"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json", description = "too many"))
)]
pub(in crate::authentication_service) async fn post(
    State(service): State<Arc<Service>>,
    Extension(caller): Extension<Caller>,
    JsonBody(ReconsiderRequest { items }): JsonBody<ReconsiderRequest, BATCH_BYTES_MAX>,
) -> Result<Json<ReconsiderResponse>, Problem> {
    bound(items.len())?;
    service.charge(&caller, items.len())?;
    let numbered = items.into_iter().enumerate();
    let stays = numbered.map(|(index, item)| Stays::read(item, &format!("/items/{index}")));
    let stays: Vec<_> = stays.collect::<Result<_, _>>()?;
    let judge = service.verifier.judge();
    let as_of = judge.applied();
    let results = stays.iter().map(|stays| response_of(judge.judge_again(&stays.standing()))).collect();
    Ok(Json(ReconsiderResponse { as_of, results }))
}

impl Stays {
    fn read(item: ReconsiderItem, pointer: &str) -> Result<Self, Problem> {
        let ReconsiderItem { device_id, credential_id, clientid, username, peerhost } = item;
        let device =
            device_id.parse().map_err(|_| invalid(pointer, "device_id", "not the id of a device"))?;
        let credential = credential_id.parse();
        let credential =
            credential.map_err(|_| invalid(pointer, "credential_id", "not the id of a credential"))?;
        let peer = peer_of(peerhost.as_deref(), pointer)?;
        Ok(Self { principal: Principal::Device(device, credential), client_id: clientid, username, peer })
    }

    fn standing(&self) -> Standing<'_> {
        let Self { principal, client_id, username, peer } = self;
        Standing { principal, client_id, username: username.as_deref(), peer: *peer }
    }
}
