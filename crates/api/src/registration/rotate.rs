use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use secrecy::ExposeSecret;
use vouchmq_client::dto::credential::{IssuedCredential, RotateOwnRequest};
use vouchmq_identity::events::EventKind;
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::registry::{Actor, Refusal, RotateOwn};
use vouchmq_identity::resident::{Judgement, Proven};
use vouchmq_identity::{AuthRequest, OutwardDenial, Secret, SecretUse, Verdict};

use super::admitted::Admitted;
use super::basic::{Basic, unauthenticated};
use super::{Here, Registration};
use crate::http::{Code, Problem};
use crate::management::credentials::issued;
use crate::management::credentials::rotate::GRACE_MILLIS;
use crate::management::input::OptionalBody;
use crate::management::text::read_millis;

/// Seven days.
const GRACE_MILLIS_MAX: u64 = 7 * GRACE_MILLIS;

/// A device replaces its own secret, which stays good until the new one is first used, or its grace ends.
#[utoipa::path(post, path = "/v1/rotate", operation_id = "rotate_own", tag = "registration",
    request_body = Option<RotateOwnRequest>,
    responses((status = 201, body = IssuedCredential), (status = 401), (status = 403), (status = 409),
        (status = 429)))]
pub(super) async fn rotate(
    State(here): Here,
    admitted: Admitted,
    headers: HeaderMap,
    OptionalBody(body): OptionalBody<RotateOwnRequest>,
) -> Result<Response, Problem> {
    let grace = body.grace.as_deref();
    let grace = grace.map(|text| read_millis("/grace", text, GRACE_MILLIS_MAX)).transpose()?;
    let (device, credential) = here.recognise(&admitted, &headers)?;
    let actor = Actor::device(&device, Some(admitted.peer)).in_request(admitted.request_id.unique());
    let rotate = RotateOwn { credential, grace_millis: grace.unwrap_or(GRACE_MILLIS) };
    here.clone()
        .work(async move {
            match here.registry.execute(actor, rotate).await {
                Ok(done) => {
                    here.applied.settle(done.sequence).await;
                    issued(done.outcome, None)
                }
                // It was revoked since it was judged.
                Err(Refusal::NotFound(_)) => Err(unauthenticated()),
                Err(refusal) => Err(refusal.into()),
            }
        })
        .await
}

impl Registration {
    /// Who shows its current secret, judged as if it connected.
    fn recognise(
        &self,
        admitted: &Admitted,
        headers: &HeaderMap,
    ) -> Result<(DeviceId, CredentialId), Problem> {
        let Some(Basic { device, password }) = Basic::of(headers) else {
            self.tell(EventKind::CallerRefused, "", admitted.peer, "no_credential", None);
            return Err(unauthenticated());
        };
        let subject = device.to_string();
        let refuse = |reason: &'static str, known: Option<DeviceId>, problem: Problem| {
            self.tell(EventKind::CallerRefused, &subject, admitted.peer, reason, known);
            Err(problem)
        };
        // Passwords that people chose are not rotated, and cost more than strangers may ask for.
        if Secret::key_id_in(SecretUse::Device, password.expose_secret()).is_err() {
            self.registry.keyring().match_nobody(password.expose_secret());
            return refuse("wrong_password", None, unauthenticated());
        }
        let request = AuthRequest {
            client_id: device.as_str().into(),
            username: Some(device.as_str().into()),
            password: Some(password),
            peer: Some(admitted.peer),
            certificate: None,
            arrival: Default::default(),
        };
        if self.resident.blocks_request(&request) {
            return refuse("blocked", None, not_allowed());
        }
        let Judgement { verdict, device: known, proven, .. } = self.resident.judge(&request);
        match (verdict, proven) {
            (Verdict::Allow(_), Some(Proven { credential, is_unconfirmed: false })) => {
                Ok((device.clone(), credential))
            }
            (Verdict::Allow(_), _) => {
                let detail = "the secret was never used: connect with it first";
                refuse("credential_unconfirmed", known, Problem::new(Code::Forbidden, detail))
            }
            (Verdict::Deny(denial), _) => {
                let problem = match denial.outward() {
                    OutwardDenial::BadCredential => unauthenticated(),
                    OutwardDenial::NotAllowed => not_allowed(),
                };
                refuse(denial.code(), known, problem)
            }
            (Verdict::NotMine, _) => refuse("unknown_user", None, unauthenticated()),
            (Verdict::Unavailable(why), _) => {
                refuse(why.code(), known, Problem::new(Code::Unavailable, "it cannot be decided now"))
            }
        }
    }
}

fn not_allowed() -> Problem {
    Problem::new(Code::Forbidden, "this device may not do this")
}
