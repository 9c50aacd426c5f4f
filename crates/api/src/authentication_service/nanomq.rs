//! NanoMQ's `http_auth`: only the status is looked at, 200 allows and everything else denies.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Extension;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::fields::{Fields, Plus, malformed};
use super::service::Service;
use crate::http::{Code, Peer, Problem, Verbatim};

pub(super) mod acl;
pub(super) mod authenticate;
pub(super) mod superuser;

/// What NanoMQ is told.
pub(super) enum Told {
    Allow,
    Deny,
}

/// Lets those brokers ask that are listed.
pub(super) async fn listed(
    State(service): State<Arc<Service>>,
    Peer(peer): Peer,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(caller) = service.callers.broker(request.headers(), peer.ip()) else {
        let hint =
            "this broker is not listed: see brokers in the configuration of the authentication service";
        let reason = "neither its header fields nor its address are those of a broker";
        return service.refuse(peer.ip(), Code::Unauthenticated, reason, hint).into_response();
    };
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    if let Some(problem) = response.extensions().get::<Problem>().filter(|_| response.status() == 400) {
        service.hint(peer.ip(), problem.detail());
    }
    response
}

/// Reads what NanoMQ sends with POST, or in the query with GET.
async fn fields_of(request: Request) -> Result<Fields, Problem> {
    if request.method() == axum::http::Method::POST {
        return Fields::of_body(request, Plus::Itself).await;
    }
    match request.uri().query() {
        Some(query) => Fields::of_form(query, Plus::Itself),
        None => Err(malformed("the request says nothing: NanoMQ needs headers for its params to be sent")),
    }
}

/// The client's address; NanoMQ knows those of IPv4 only, and says nothing of others.
fn address_in(fields: &Fields) -> Result<Option<IpAddr>, Problem> {
    for name in ["ipaddr", "ipaddress", "peerhost"] {
        if let Some(text) = fields.text(name)?.filter(|text| !text.is_empty()) {
            let address = text.parse().map_err(|_| malformed("the address of the client is not one"))?;
            return Ok(Some(address));
        }
    }
    Ok(None)
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        match self {
            Self::Allow => StatusCode::OK.into_response(),
            Self::Deny => (StatusCode::FORBIDDEN, Extension(Verbatim)).into_response(),
        }
    }
}
