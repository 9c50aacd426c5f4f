//! What every HTTP listener shares.
//!
//! * [`Listener`] accepts connections at one address, and [`Policy`] bounds those of several; in front of its router every request gets an id, a deadline
//!   and a check of its `Host`, every answer gets the security headers, and every failure is a [`Problem`].
//! * [`Routes`] is how routes come into being: each declares its [`Access`], so that none is open by
//!   oversight, and describes itself in OpenAPI.
//! * Extractors: [`JsonBody`], [`QueryOf`], [`IfMatch`], [`Authorized`], [`RequestId`], [`Peer`], [`Draining`].

mod action;
mod admit;
mod authorize;
mod bearer;
mod body;
mod client;
mod code;
mod connection;
mod crowd;
mod forwarded;
mod front;
mod gatekeeper;
mod host;
mod idempotency;
mod json;
mod limiter;
mod limits;
mod listener;
mod lockout;
mod openapi;
mod origin;
mod paging;
mod policy;
mod presented;
mod problem;
mod proxied;
mod query;
mod read_ahead;
mod refusal;
mod request_id;
mod requests;
mod routes;
mod service;
mod shared;
mod socket;
mod stream;
mod turns;
mod version;
mod watch;
mod watched;

pub(crate) use action::original_path;
pub use authorize::Authorized;
/// What a listener serves.
pub use axum::Router;
pub use bearer::{AdministratorToken, TooShort};
pub(crate) use body::body_fault;
pub use body::{BATCH_BYTES_MAX, BODY_BYTES_MAX, read_body};
pub use code::Code;
pub(crate) use crowd::network_of;
pub use front::EventStream;
pub(crate) use front::{Prolong, Verbatim};
pub use gatekeeper::{Gate, Gatekeeper, Login, Principal, Refusal, Schemes, Stranger};
pub use host::HostNames;
pub use idempotency::{ContainsSecret, Idempotency};
pub use json::JsonBody;
pub(crate) use json::is_json;
pub use limiter::Limiter;
pub use limits::HttpLimits;
pub use listener::{ListenFault, Listener, ListenerOptions};
pub use openapi::{docs_route, open_api_route};
pub use paging::{Paging, page};
pub use policy::{Policy, Rules, Turned};
pub use presented::Presented;
pub use problem::Problem;
pub use query::QueryOf;
pub use request_id::{Draining, Peer, RequestId};
pub use requests::Requests;
pub use routes::{Access, Built, Routes};
pub use service::Service;
pub(crate) use stream::{Broken, Pusher, pushed, pushed_to};
pub use version::{IfMatch, Strictness, etag};
