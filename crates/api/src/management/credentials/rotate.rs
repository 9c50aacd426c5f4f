use axum::extract::State;
use axum::response::Response;
use vouchmq_client::dto::applied::WithApplied;
use vouchmq_client::dto::credential::{IssuedCredential, RotateRequest as Wanted};
use vouchmq_identity::model::DeviceId;
use vouchmq_identity::registry::Rotate;
use vouchmq_identity::store::Kick;

use super::issued;
use crate::http::Problem;
use crate::management::Here;
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::{IdOf, OptionalBody};
use crate::management::text::{read_millis, read_some, read_some_time};

/// A day.
pub(crate) const GRACE_MILLIS: u64 = 86_400_000;
/// Ninety days.
const GRACE_MILLIS_MAX: u64 = 90 * GRACE_MILLIS;

/// Replaces the secret of a device. The old one stays good until the new one is first used, or its grace ends.
#[utoipa::path(post, path = "/v1/devices/{id}/credentials:rotate", operation_id = "rotate_credential",
    tag = "credentials", params(("id" = String, Path), Waiting), request_body = Option<Wanted>,
    responses((status = 201, body = WithApplied<IssuedCredential>)))]
pub(in crate::management) async fn rotate(
    State(here): Here,
    caller: Caller,
    IdOf(device): IdOf<DeviceId>,
    patience: Patience,
    OptionalBody(wanted): OptionalBody<Wanted>,
) -> Result<Response, Problem> {
    let grace = wanted.grace.as_deref();
    let grace = grace.map(|text| read_millis("/grace", text, GRACE_MILLIS_MAX)).transpose()?;
    let command = Rotate {
        device,
        grace_millis: grace.unwrap_or(GRACE_MILLIS),
        kick: read_some("/kick", wanted.kick.as_deref())?.unwrap_or(Kick::None),
        not_before: read_some_time("/not_before", wanted.not_before.as_deref())?,
        not_after: None,
    };
    let rotated = here.registry.execute(caller.actor, command).await?;
    let applied = here.settled(rotated.sequence, patience).await;
    issued(rotated.outcome, applied)
}
