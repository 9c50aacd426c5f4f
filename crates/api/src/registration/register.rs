use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, http::HeaderName};
use secrecy::{ExposeSecret, SecretString};
use vouchmq_client::dto::registration::{PendingRegistration, RegisterRequest, RegisteredDevice};
use vouchmq_identity::UnixMillis;
use vouchmq_identity::events::EventKind;
use vouchmq_identity::model::{ClaimFault, DeviceId, HardwareId, Registration as Waiting, Slug};
use vouchmq_identity::registry::{Actor, Issued, Refusal, Register, Registered};

use super::admitted::Admitted;
use super::event::{code_of, reason_of};
use super::{Here, Registration};
use crate::http::{Code, ContainsSecret, JsonBody, Problem};
use crate::management::refusal::REFUSED;
use crate::management::text::{read, time_of};

/// When a device that waits is to ask again, in seconds.
const RETRY_AFTER_SECS: u32 = 5;

/// A device asks to be let in. It may ask again until it has connected: each answer has a new secret, and only
/// the newest is good.
#[utoipa::path(post, path = "/v1/register", operation_id = "register", tag = "registration",
    request_body = RegisterRequest,
    responses((status = 201, body = RegisteredDevice), (status = 202, body = PendingRegistration),
        (status = 403), (status = 409), (status = 422), (status = 429)))]
pub(super) async fn register(
    State(here): Here,
    admitted: Admitted,
    JsonBody(body): JsonBody<RegisterRequest>,
) -> Result<Response, Problem> {
    here.count_token(&body.claim)?;
    let command = Register {
        product: read("/product", &body.product)?,
        hardware_id: read("/hw_id", &body.hw_id)?,
        claim: SecretString::from(body.claim),
    };
    here.clone().work(async move { here.let_in(&admitted, command).await }).await
}

impl Registration {
    async fn let_in(&self, admitted: &Admitted, command: Register) -> Result<Response, Problem> {
        let (product, hardware_id) = (command.product.clone(), command.hardware_id.clone());
        self.look(admitted, &command).await?;
        let began = self.registry.now();
        let actor = Actor::stranger(Some(admitted.peer)).in_request(admitted.request_id.unique());
        let done = match self.registry.execute(actor, command).await {
            Ok(done) => done,
            Err(refusal) => return Err(self.refuse(admitted, &product, &hardware_id, refusal).await),
        };
        match done.outcome {
            Registered::Issued(issued) => {
                self.applied.settle(done.sequence).await;
                Ok(self.hand_over(admitted, &hardware_id, *issued))
            }
            Registered::Quarantined(waiting) => Ok(self.keep_waiting(admitted, &waiting, began)),
        }
    }

    /// Turns away, without a transaction, who could not get anything by one.
    async fn look(&self, admitted: &Admitted, command: &Register) -> Result<(), Problem> {
        let reason = if self.blocks(admitted.peer) {
            "blocked"
        } else {
            let text = command.claim.expose_secret().as_bytes();
            match self.registry.claim_token(text).await? {
                Some(_) => return Ok(()),
                None => code_of(ClaimFault::Unknown),
            }
        };
        let subject = command.hardware_id.as_str();
        self.tell(EventKind::RegistrationRefused, subject, admitted.peer, reason, None);
        Err(Problem::new(Code::RegistrationRefused, REFUSED))
    }

    fn hand_over(&self, admitted: &Admitted, hardware_id: &HardwareId, issued: Issued) -> Response {
        let Issued { device, credential, secret, has_rivals } = issued;
        let (subject, peer) = (hardware_id.as_str(), admitted.peer);
        self.tell(EventKind::DeviceRegistered, subject, peer, "issued", Some(device.id.clone()));
        if has_rivals {
            self.tell(EventKind::DuplicateClaim, subject, peer, "other_claim_token", Some(device.id.clone()));
        }
        let body = RegisteredDevice {
            device_id: device.id.to_string(),
            username: device.id.to_string(),
            client_id: device.id.to_string(),
            secret: secret.expose().to_owned(),
            credential_id: credential.id.to_string(),
            expires_at: device.expires_at.map(time_of),
        };
        let marked = Extension(ContainsSecret { location: format!("/v1/devices/{}", device.id).into() });
        (StatusCode::CREATED, marked, Json(body)).into_response()
    }

    fn keep_waiting(&self, admitted: &Admitted, waiting: &Waiting, began: UnixMillis) -> Response {
        let (subject, peer) = (waiting.hardware_id.as_str(), admitted.peer);
        if waiting.created_at >= began {
            self.tell(EventKind::RegistrationQuarantined, subject, peer, "quarantined", None);
        }
        if waiting.rival_count > 0 {
            self.tell(EventKind::DuplicateClaim, subject, peer, "other_claim_token", None);
        }
        pending(waiting)
    }

    /// The device learns that it is refused; operators learn why.
    async fn refuse(
        &self,
        admitted: &Admitted,
        product: &Slug,
        hardware_id: &HardwareId,
        refusal: Refusal,
    ) -> Problem {
        let Some(reason) = reason_of(&refusal) else { return refusal.into() };
        let is_duplicate = matches!(refusal, Refusal::AlreadyRegistered(_));
        let kind = if is_duplicate { EventKind::DuplicateClaim } else { EventKind::RegistrationRefused };
        let device = if is_duplicate { self.device_of(product, hardware_id).await } else { None };
        self.tell(kind, hardware_id.as_str(), admitted.peer, reason, device);
        // Its claim token is good: it may know that an operator said no, or has to say something.
        if matches!(refusal, Refusal::Rejected | Refusal::QuarantineFull { .. }) {
            return refusal.into();
        }
        if !is_duplicate {
            return Problem::new(Code::RegistrationRefused, REFUSED);
        }
        // Its claim token is good: it may know that an operator has to help.
        let detail = "a device with this hardware id is registered: an operator has to reset it first";
        Problem::new(Code::AlreadyRegistered, detail)
    }

    /// The device that is there already, as far as the database says.
    async fn device_of(&self, product: &Slug, hardware_id: &HardwareId) -> Option<DeviceId> {
        let mut rows = self.registry.read().await.ok()?;
        let product = rows.product_by_key(product).await.ok()??;
        let device = rows.device_by_hardware_id(product.id, hardware_id).await.ok()??;
        Some(device.id)
    }
}

/// 202: ask again later.
pub(super) fn pending(waiting: &Waiting) -> Response {
    let poll = format!("/v1/register/{}", waiting.id);
    let location = HeaderValue::from_str(&poll).unwrap_or(HeaderValue::from_static("/v1/register"));
    let head: [(HeaderName, HeaderValue); 2] =
        [(header::LOCATION, location), (header::RETRY_AFTER, RETRY_AFTER_SECS.into())];
    let body = PendingRegistration {
        registration_id: waiting.id.to_string(),
        state: "quarantined".to_owned(),
        poll,
        retry_after: RETRY_AFTER_SECS,
    };
    (StatusCode::ACCEPTED, head, Json(body)).into_response()
}
