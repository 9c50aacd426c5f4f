//! Registrations, as operators see them.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use vouchmq_client::dto::applied::Why;
use vouchmq_client::dto::page::Page;
use vouchmq_client::dto::registration::Registration as Body;
use vouchmq_identity::model::{Registration, RegistrationId, Voucher};
use vouchmq_identity::registry::{DecideRegistration, DeleteRegistration};
use vouchmq_identity::store::RegistrationFilter;

use super::answer::{missing, versioned};
use super::caller::Caller;
use super::input::{IdOf, OptionalBody};
use super::text::{check_reason, read_some, time_of};
use super::{Here, Management, products};
use crate::http::{IfMatch, Paging, Problem, QueryOf, page};

/// Which registrations, and which part of the list.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// In this state.
    state: Option<String>,
    /// For this product: its id or its key.
    product: Option<String>,
    /// 1 to 200; 50 if it is missing.
    limit: Option<u32>,
    /// What the page before gave.
    cursor: Option<String>,
}

/// Registrations, oldest first.
#[utoipa::path(get, path = "/v1/registrations", operation_id = "list_registrations", tag = "registrations",
    params(Wanted), responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(wanted): QueryOf<Wanted>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(wanted.limit, wanted.cursor.as_deref())?;
    let state = read_some("?state", wanted.state.as_deref())?;
    let mut rows = here.registry.read().await?;
    let mut filter = RegistrationFilter { product: None, state };
    if let Some(text) = &wanted.product {
        let Some(product) = products::find(&mut *rows, text).await? else {
            return Ok(Json(Page { items: Vec::new(), next_cursor: None }));
        };
        filter.product = Some(product.id);
    }
    let found = rows.registrations(&filter, paging.request().clone()).await?;
    Ok(Json(page(found, |registration| body_of(&registration))))
}

/// One registration.
#[utoipa::path(get, path = "/v1/registrations/{id}", operation_id = "read_registration",
    tag = "registrations", params(("id" = String, Path)), responses((status = 200, body = Body)))]
pub(super) async fn read(State(here): Here, IdOf(id): IdOf<RegistrationId>) -> Result<Response, Problem> {
    let found = here.registry.read().await?.registration(id).await?;
    let registration = found.ok_or_else(|| missing("registration"))?;
    Ok(versioned(registration.version, body_of(&registration)))
}

/// Everything that a decision takes.
type Wish = (Caller, IfMatch, IdOf<RegistrationId>);

/// Lets a device in that waits: it gets its secret when it asks again, or is let in when it comes again with its
/// certificate.
#[utoipa::path(post, path = "/v1/registrations/{id}:approve", operation_id = "approve_registration",
    tag = "registrations", params(("id" = String, Path)), request_body = Option<Why>,
    responses((status = 200, body = Body)))]
pub(super) async fn approve(
    State(here): Here,
    wish: Wish,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Response, Problem> {
    here.decide(true, wish, why).await
}

/// Turns a device away that waits. Its hardware id stays refused until its registration is deleted.
#[utoipa::path(post, path = "/v1/registrations/{id}:reject", operation_id = "reject_registration",
    tag = "registrations", params(("id" = String, Path)), request_body = Option<Why>,
    responses((status = 200, body = Body)))]
pub(super) async fn reject(
    State(here): Here,
    wish: Wish,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Response, Problem> {
    here.decide(false, wish, why).await
}

/// Forgets a registration that is over. A device that was rejected may ask again then.
#[utoipa::path(delete, path = "/v1/registrations/{id}", operation_id = "delete_registration",
    tag = "registrations", params(("id" = String, Path)), responses((status = 204)))]
pub(super) async fn delete(
    State(here): Here,
    (caller, if_match, IdOf(id)): Wish,
) -> Result<StatusCode, Problem> {
    let command = DeleteRegistration { id, expected: if_match.version() };
    here.registry.execute(caller.actor, command).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl Management {
    async fn decide(
        &self,
        is_approved: bool,
        (caller, if_match, IdOf(id)): Wish,
        why: Why,
    ) -> Result<Response, Problem> {
        let reason = check_reason(why.reason)?;
        let command = DecideRegistration { id, is_approved, expected: if_match.version(), reason };
        let registration = self.registry.execute(caller.actor, command).await?.outcome;
        Ok(versioned(registration.version, body_of(&registration)))
    }
}

fn body_of(registration: &Registration) -> Body {
    let (claim, authority, certificate) = match registration.voucher {
        Voucher::Claim(token) => (Some(token), None, None),
        Voucher::Certificate(authority, certificate) => (None, Some(authority), Some(certificate)),
    };
    Body {
        id: registration.id.to_string(),
        product_id: registration.product.to_string(),
        hw_id: registration.hardware_id.to_string(),
        claim_token_id: claim.map(|id| id.to_string()),
        certificate_authority_id: authority.map(|id| id.to_string()),
        certificate_fingerprint: certificate.map(|fingerprint| fingerprint.to_string()),
        device_id: registration.device.as_ref().map(ToString::to_string),
        credential_id: registration.credential.map(|id| id.to_string()),
        state: registration.state.to_string(),
        peer: registration.peer.map(|peer| peer.to_string()),
        rivals: registration.rival_count,
        decided_by: registration.decided_by.as_ref().map(ToString::to_string),
        version: registration.version,
        created_at: time_of(registration.created_at),
        updated_at: time_of(registration.updated_at),
    }
}
