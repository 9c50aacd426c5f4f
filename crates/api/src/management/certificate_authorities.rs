//! Certificate authorities.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::applied::{Applied, WithApplied};
use vouchmq_client::dto::certificate_authority::{
    CertificateAuthority as Body, CertificateAuthorityPatch as Patch, NewCertificateAuthority as Wanted,
};
use vouchmq_client::dto::page::Page;
use vouchmq_identity::model::{AuthorityCertificate, CertificateAuthority, CertificateAuthorityId};
use vouchmq_identity::registry::{AttachAuthority, ChangeAuthority, RemoveAuthority};

use super::answer::{created, missing, versioned};
use super::applied::{Patience, Waiting};
use super::caller::Caller;
use super::input::IdOf;
use super::text::{read, read_some, time_of};
use super::{Here, Paged};
use crate::http::{IfMatch, JsonBody, Paging, Problem, QueryOf, page};

/// What an id is unless somebody says otherwise: the common name.
const ID_TEMPLATE: &str = "${cn}";

/// Certificate authorities, oldest first.
#[utoipa::path(get, path = "/v1/certificate-authorities", operation_id = "list_certificate_authorities",
    tag = "certificate authorities", params(Paged), responses((status = 200, body = Page<Body>)))]
pub(super) async fn list(
    State(here): Here,
    QueryOf(paged): QueryOf<Paged>,
) -> Result<Json<Page<Body>>, Problem> {
    let paging = Paging::new(paged.limit, paged.cursor.as_deref())?;
    let found = here.registry.read().await?.authorities(paging.request().clone()).await?;
    Ok(Json(page(found, |authority| body_of(&authority))))
}

/// Has an authority vouch for the devices of a product: who comes with a certificate of it is registered as the
/// product says.
#[utoipa::path(post, path = "/v1/certificate-authorities", operation_id = "attach_certificate_authority",
    tag = "certificate authorities", params(Waiting), request_body = Wanted,
    responses((status = 201, body = WithApplied<Body>)))]
pub(super) async fn attach(
    State(here): Here,
    caller: Caller,
    patience: Patience,
    JsonBody(wanted): JsonBody<Wanted>,
) -> Result<Response, Problem> {
    let command = AttachAuthority {
        product: read("/product_id", &wanted.product_id)?,
        certificate: read::<AuthorityCertificate>("/certificate", &wanted.certificate)?,
        template: read("/id_template", wanted.id_template.as_deref().unwrap_or(ID_TEMPLATE))?,
    };
    let done = here.registry.execute(caller.actor, command).await?;
    let authority = done.outcome;
    let location = format!("/v1/certificate-authorities/{}", authority.id);
    let applied = here.settled(done.sequence, patience).await;
    Ok(created(&location, authority.version, WithApplied { answer: body_of(&authority), applied }))
}

/// One certificate authority.
#[utoipa::path(get, path = "/v1/certificate-authorities/{id}", operation_id = "read_certificate_authority",
    tag = "certificate authorities", params(("id" = String, Path)), responses((status = 200, body = Body)))]
pub(super) async fn read_one(
    State(here): Here,
    IdOf(id): IdOf<CertificateAuthorityId>,
) -> Result<Response, Problem> {
    let found = here.registry.read().await?.authority(id).await?;
    let authority = found.ok_or_else(|| missing("certificate authority"))?;
    Ok(versioned(authority.version, body_of(&authority)))
}

/// Changes whether an authority vouches, and how it names devices that nobody has seen yet.
#[utoipa::path(patch, path = "/v1/certificate-authorities/{id}", operation_id = "change_certificate_authority",
    tag = "certificate authorities", params(("id" = String, Path), Waiting), request_body = Patch,
    responses((status = 200, body = WithApplied<Body>)))]
pub(super) async fn change(
    State(here): Here,
    (caller, if_match): (Caller, IfMatch),
    IdOf(id): IdOf<CertificateAuthorityId>,
    patience: Patience,
    JsonBody(wanted): JsonBody<Patch>,
) -> Result<Response, Problem> {
    let command = ChangeAuthority {
        id,
        expected: if_match.version(),
        state: read_some("/state", wanted.state.as_deref())?,
        template: read_some("/id_template", wanted.id_template.as_deref())?,
    };
    let done = here.registry.execute(caller.actor, command).await?;
    let authority = done.outcome;
    let body = here.with_applied(body_of(&authority), done.sequence, patience).await?;
    Ok(versioned(authority.version, body))
}

/// Removes an authority: devices whose certificates became known by it are kept out, and their connections closed.
#[utoipa::path(delete, path = "/v1/certificate-authorities/{id}", operation_id = "remove_certificate_authority",
    tag = "certificate authorities", params(("id" = String, Path), Waiting),
    responses((status = 204), (status = 200, body = Applied)))]
pub(super) async fn remove(
    State(here): Here,
    (caller, if_match): (Caller, IfMatch),
    IdOf(id): IdOf<CertificateAuthorityId>,
    patience: Patience,
) -> Result<Response, Problem> {
    let command = RemoveAuthority { id, expected: if_match.version(), reason: "".into() };
    let done = here.registry.execute(caller.actor, command).await?;
    here.gone(done.sequence, patience).await
}

fn body_of(authority: &CertificateAuthority) -> Body {
    let validity = authority.certificate.validity();
    Body {
        id: authority.id.to_string(),
        product_id: authority.product.to_string(),
        fingerprint: authority.certificate.fingerprint().to_string(),
        subject: authority.certificate.subject().to_owned(),
        id_template: authority.template.to_string(),
        state: authority.state.to_string(),
        not_before: validity.not_before.map(time_of),
        not_after: validity.not_after.map(time_of),
        certificate: authority.certificate.to_string(),
        version: authority.version,
        created_at: time_of(authority.created_at),
        updated_at: time_of(authority.updated_at),
    }
}
