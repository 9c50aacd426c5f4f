//! NanoMQ's `http_auth`: only the status is looked at, 200 allows and everything else denies.

use axum::Extension;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use crate::http::Verbatim;

pub(super) mod acl;
mod asked;
pub(super) mod authenticate;
pub(super) mod superuser;

use asked::Asked;

/// Where NanoMQ says the client's address: it knows those of IPv4 only, and says nothing of others.
const PEER: [&str; 3] = ["ipaddr", "ipaddress", "peerhost"];

/// What NanoMQ is told.
pub(super) enum Told {
    Allow,
    Deny,
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        match self {
            Self::Allow => StatusCode::OK.into_response(),
            Self::Deny => (StatusCode::FORBIDDEN, Extension(Verbatim)).into_response(),
        }
    }
}
