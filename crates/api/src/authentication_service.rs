//! The authentication service: other brokers ask it who a client is, and what it may do.
//!
//! | Path | Asked by | Answers |
//! |---|---|---|
//! | `POST, GET /mqtt/auth`, `/mqtt/superuser`, `/mqtt/acl` | NanoMQ `http_auth` | the status: 200 allows, all else denies |
//! | `POST /emqx/authn`, `/emqx/authz` | EMQX | 200 with `result`: whatever is not 200 falls through to EMQX's next authenticator |
//! | `POST /v1/auth/verify`, `/v1/auth/verify:batch` | everybody else | 200 with `decision` |
//! | `POST /v1/auth/reconsider` | who let devices in by those decisions | 200 with a `decision` for each |
//! | `GET /v1/changes` | who keeps those decisions | server-sent events |
//!
//! Whoever asks is known first: the native endpoints by a signature (RFC 9421, answered in kind), the others by
//! a header field, an address, or both. All of them share one verifier, a [`Judge`]: what it can tell in
//! microseconds it tells at once, and passwords go to a few threads with a bounded queue. When that is full
//! the answer is *unavailable*, never *denied*.

use std::sync::Arc;

use axum::middleware::from_fn_with_state;
use utoipa_axum::routes;

use crate::http::{Access, Built, Routes};

mod broker;
mod caller;
mod emqx;
mod fields;
mod log;
mod nanomq;
mod native;
mod nonces;
mod options;
mod port;
mod recorded;
mod service;
mod topics;
mod verifier;

pub use caller::CallersFault;
pub use options::{
    AuthenticationServiceOptions, BrokerOptions, CallerOptions, EmqxFailure, EmqxUnknown, HeaderOptions,
};
pub use port::{Confirm, ConfirmNone, Judge};
pub use recorded::Recorded;
pub use service::AuthenticationService;

use broker::{BrokerKind, listed};
use service::Service;

/// Why a route has no scope.
const LISTED: Access = Access::Open("the broker is known by a header field or its address");
const SIGNED: Access = Access::Open("the caller is known by its signature");

/// Every route of the service: its index.
fn routes(service: &Arc<Service>) -> Built {
    let nanomq = Routes::new("authentication service")
        .add(LISTED, routes!(nanomq::authenticate::post, nanomq::authenticate::get))
        .add(LISTED, routes!(nanomq::superuser::post, nanomq::superuser::get))
        .add(LISTED, routes!(nanomq::acl::post, nanomq::acl::get));
    let emqx = Routes::new("authentication service")
        .add(LISTED, routes!(emqx::authenticate::post))
        .add(LISTED, routes!(emqx::authorize::post));
    let native = Routes::new("authentication service")
        .add(SIGNED, routes!(native::verify::post))
        .add(SIGNED, routes!(native::batch::post))
        .add(SIGNED, routes!(native::reconsider::post))
        .add(SIGNED, routes!(native::changes::get));
    let asks_nanomq = from_fn_with_state((service.clone(), BrokerKind::NanoMq), listed);
    let asks_emqx = from_fn_with_state((service.clone(), BrokerKind::Emqx), listed);
    let asks_native = from_fn_with_state(service.clone(), native::signed::signed);
    nanomq
        .counted(&service.requests)
        .build_behind(service.clone(), asks_nanomq)
        .merge(emqx.counted(&service.requests).build_behind(service.clone(), asks_emqx))
        .merge(native.counted(&service.requests).build_behind(service.clone(), asks_native))
}
