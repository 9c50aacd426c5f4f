//! What an operator does to a device.

use axum::Json;
use axum::extract::State;
use vouchmq_client::dto::applied::{Applied as Body, Why};
use vouchmq_identity::model::{DeviceId, Transition};
use vouchmq_identity::registry::MoveDevice;

use crate::http::{IfMatch, Problem};
use crate::management::applied::{Patience, Waiting};
use crate::management::caller::Caller;
use crate::management::input::{IdOf, OptionalBody};
use crate::management::text::check_reason;
use crate::management::{Here, Management};

/// Everything that an action on a device takes.
type Wish = (Caller, IfMatch, IdOf<DeviceId>, Patience);

/// The device may not connect until it is resumed; its connections are closed.
#[utoipa::path(post, path = "/v1/devices/{id}:suspend", operation_id = "suspend_device", tag = "devices",
    params(("id" = String, Path), Waiting), request_body = Option<Why>, responses((status = 200, body = Body)))]
pub(in crate::management) async fn suspend(
    State(here): Here,
    wish: Wish,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Body>, Problem> {
    here.move_device(Transition::Suspend, wish, why).await
}

/// A device that was suspended may connect again.
#[utoipa::path(post, path = "/v1/devices/{id}:resume", operation_id = "resume_device", tag = "devices",
    params(("id" = String, Path), Waiting), request_body = Option<Why>, responses((status = 200, body = Body)))]
pub(in crate::management) async fn resume(
    State(here): Here,
    wish: Wish,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Body>, Problem> {
    here.move_device(Transition::Resume, wish, why).await
}

/// All credentials of the device are revoked, and it may register again.
#[utoipa::path(post, path = "/v1/devices/{id}:reset", operation_id = "reset_device", tag = "devices",
    params(("id" = String, Path), Waiting), request_body = Option<Why>, responses((status = 200, body = Body)))]
pub(in crate::management) async fn reset(
    State(here): Here,
    wish: Wish,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Body>, Problem> {
    here.move_device(Transition::Reset, wish, why).await
}

/// The device is gone for good; its id and hardware id stay taken.
#[utoipa::path(post, path = "/v1/devices/{id}:retire", operation_id = "retire_device", tag = "devices",
    params(("id" = String, Path), Waiting), request_body = Option<Why>, responses((status = 200, body = Body)))]
pub(in crate::management) async fn retire(
    State(here): Here,
    wish: Wish,
    OptionalBody(why): OptionalBody<Why>,
) -> Result<Json<Body>, Problem> {
    here.move_device(Transition::Retire, wish, why).await
}

/// Retires the device.
#[utoipa::path(delete, path = "/v1/devices/{id}", operation_id = "delete_device", tag = "devices",
    params(("id" = String, Path), Waiting), responses((status = 200, body = Body)))]
pub(in crate::management) async fn delete(State(here): Here, wish: Wish) -> Result<Json<Body>, Problem> {
    here.move_device(Transition::Retire, wish, Why::default()).await
}

impl Management {
    async fn move_device(
        &self,
        transition: Transition,
        (caller, if_match, IdOf(id), patience): Wish,
        why: Why,
    ) -> Result<Json<Body>, Problem> {
        let reason = check_reason(why.reason)?;
        let command = MoveDevice { id, transition, expected: if_match.version(), reason };
        let done = self.registry.execute(caller.actor, command).await?;
        self.applied(done.sequence, patience).await.map(Json)
    }
}
