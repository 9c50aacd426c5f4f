use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use vouchmq_client::dto::registration::{ApprovedRegistration, PendingRegistration};
use vouchmq_identity::events::EventKind;
use vouchmq_identity::model::{ClaimFault, ClaimToken, RegistrationId, RegistrationState, Voucher};

use super::admitted::Admitted;
use super::event::code_of;
use super::register::pending;
use super::{Here, Registration};
use crate::http::{Code, Problem};
use crate::management::input::IdOf;
use crate::management::refusal::REJECTED;

/// Longer texts are nobody's.
const BEARER_LEN_MAX: usize = 512;

/// A device that waits asks how its registration stands, with the claim token that it used. A secret is never
/// shown here: a device that is approved registers again.
#[utoipa::path(get, path = "/v1/register/{registration_id}", operation_id = "poll_registration",
    tag = "registration", params(("registration_id" = String, Path)),
    responses((status = 200, body = ApprovedRegistration), (status = 202, body = PendingRegistration),
        (status = 401), (status = 403), (status = 404), (status = 409), (status = 410), (status = 429)))]
pub(super) async fn poll(
    State(here): Here,
    admitted: Admitted,
    IdOf(id): IdOf<RegistrationId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    here.clone().work(async move { here.tell_state(&admitted, id, &headers).await }).await
}

impl Registration {
    async fn tell_state(
        &self,
        admitted: &Admitted,
        id: RegistrationId,
        headers: &HeaderMap,
    ) -> Result<Response, Problem> {
        let token = match self.bearer(headers).await? {
            Ok(token) => token,
            Err(fault) => {
                self.tell(
                    EventKind::RegistrationRefused,
                    &id.to_string(),
                    admitted.peer,
                    code_of(fault),
                    None,
                );
                let detail = "send Authorization: Bearer and the claim token of the registration";
                return Err(Problem::new(Code::Unauthenticated, detail));
            }
        };
        let registration = self.registry.read().await?.registration(id).await?;
        let is_its =
            |known: &vouchmq_identity::model::Registration| known.voucher == Voucher::Claim(token.id);
        let Some(registration) = registration.filter(is_its) else {
            let (subject, reason) = (id.to_string(), "claim_of_another_registration");
            self.tell(EventKind::RegistrationRefused, &subject, admitted.peer, reason, None);
            return Err(Problem::new(Code::NotFound, "there is nothing with this id"));
        };
        match registration.state {
            RegistrationState::Quarantined => Ok(pending(&registration)),
            RegistrationState::Approved | RegistrationState::Issued => Ok(Json(ApprovedRegistration {
                registration_id: id.to_string(),
                state: "approved".to_owned(),
                register: "/v1/register".to_owned(),
            })
            .into_response()),
            RegistrationState::Confirmed => {
                Err(Problem::new(Code::AlreadyRegistered, "the device has connected with its secret"))
            }
            RegistrationState::Rejected => Err(Problem::new(Code::RegistrationRejected, REJECTED)),
            RegistrationState::Expired => {
                Err(Problem::new(Code::RegistrationExpired, "the registration has expired: register again"))
            }
        }
    }

    /// The claim token that somebody shows, if it is good at all.
    async fn bearer(&self, headers: &HeaderMap) -> Result<Result<ClaimToken, ClaimFault>, Problem> {
        let Some(text) = text_of(headers) else { return Ok(Err(ClaimFault::Unknown)) };
        self.count_token(text)?;
        let found = self.registry.claim_token(text.as_bytes()).await?.ok_or(ClaimFault::Unknown);
        Ok(found.and_then(|token| token.holds(self.registry.now()).map(|()| token)))
    }
}

fn text_of(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok().filter(|value| value.len() <= BEARER_LEN_MAX)?;
    let (scheme, text) = value.split_once(' ')?;
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer")).then_some(text)
}
