use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::service::Service;
use crate::http::{Code, Peer, Problem};

/// Which brokers ask: what they are told when there is no verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BrokerKind {
    NanoMq,
    Emqx,
}

/// Lets those brokers ask that are listed.
pub(super) async fn listed(
    State((service, kind)): State<(Arc<Service>, BrokerKind)>,
    Peer(peer): Peer,
    mut request: Request,
    next: Next,
) -> Response {
    let certificate = request.extensions().get().and_then(vouchmq_tls::Peer::fingerprint);
    let Some(caller) = service.callers.broker(request.headers(), certificate, peer.ip()) else {
        let hint =
            "this broker is not listed: see brokers in the configuration of the authentication service";
        let reason = "its header fields, certificate and address are not those of a broker";
        let problem = service.refuse(peer.ip(), Code::Unauthenticated, reason, hint);
        return match kind {
            BrokerKind::NanoMq => problem.into_response(),
            BrokerKind::Emqx => service.emqx_failed(problem),
        };
    };
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    // NanoMQ looks at the status only, and tells nobody why.
    let problem = response.extensions().get::<Problem>().filter(|_| response.status() == 400);
    if let Some(problem) = problem.filter(|_| kind == BrokerKind::NanoMq) {
        service.hint(peer.ip(), problem.detail());
    }
    response
}
