//! Listeners.

use axum::Json;
use axum::extract::State;
use vouchmq_broker::ListenerStatus;
use vouchmq_client::dto::listener::Listener as Body;
use vouchmq_client::dto::page::Page;

use super::whole;
use crate::http::Problem;
use crate::management::Here;

/// Where clients connect, and how many do: all on one page.
#[utoipa::path(get, path = "/v1/listeners", operation_id = "list_listeners", tag = "listeners",
    responses((status = 200, body = Page<Body>), (status = 409)))]
pub(in crate::management) async fn list(State(here): Here) -> Result<Json<Page<Body>>, Problem> {
    Ok(Json(whole(here.broker()?.listeners().into_iter().map(body_of).collect())))
}

fn body_of(listener: ListenerStatus) -> Body {
    Body {
        name: listener.name.into(),
        address: listener.address.to_string(),
        transport: listener.transport.to_owned(),
        behind_proxy: listener.is_behind_proxy,
        connections: listener.connections,
        accepted: listener.accepted,
    }
}
