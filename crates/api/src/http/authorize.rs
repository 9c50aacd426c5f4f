use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use vouchmq_identity::model::Scope;

use super::{Code, Gate, Idempotency, Peer, Principal, Problem, Refusal};

/// Who made a request, and that it may: only a route that declares a [`Scope`] has one.
#[derive(Clone, Debug)]
pub struct Authorized {
    principal: Arc<Principal>,
}

/// What stands before a route.
#[derive(Clone)]
pub(super) struct Demand {
    pub(super) gate: Gate,
    pub(super) scope: Scope,
    pub(super) idempotency: Option<Idempotency>,
}

/// Longer texts are nobody's.
const BEARER_LEN_MAX: usize = 512;

impl Authorized {
    /// Who.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}

impl<S: Sync> FromRequestParts<S> for Authorized {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let found = parts.extensions.get().cloned();
        found.ok_or_else(|| Problem::internal(&"a handler asks for a principal on a route without a scope"))
    }
}

/// Lets a request through whose principal may do what the route demands. What is not only read goes on in a task
/// of its own.
pub(super) async fn authorize(
    State(demand): State<Demand>,
    Peer(peer): Peer,
    mut request: Request,
    next: Next,
) -> Response {
    let principal = match admit(&demand, peer.ip(), request.headers()).await {
        Ok(principal) => Arc::new(principal),
        Err(problem) => return problem.into_response(),
    };
    request.extensions_mut().insert(Authorized { principal: principal.clone() });
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let idempotency = demand.idempotency;
    let work = async move {
        match idempotency {
            Some(idempotency) => idempotency.answer(&principal.name, request, next).await,
            None => next.run(request).await,
        }
    };
    // A change is made to its end, also if its client hangs up: otherwise nobody could say whether it was made.
    tokio::spawn(work).await.unwrap_or_else(|panic| Problem::internal(&panic).into_response())
}

async fn admit(demand: &Demand, peer: std::net::IpAddr, headers: &HeaderMap) -> Result<Principal, Problem> {
    let Some(bearer) = bearer_of(headers) else {
        return Err(demand.gate.failed(peer, None));
    };
    let principal = match demand.gate.keeper.principal(&bearer, peer).await {
        Ok(principal) => principal,
        Err(Refusal::Unknown(stranger)) => return Err(demand.gate.failed(peer, Some(stranger))),
        Err(Refusal::Unavailable) => {
            return Err(Problem::new(Code::Unavailable, "keys cannot be checked now"));
        }
    };
    demand.gate.called(&principal)?;
    if principal.opens(demand.scope) {
        return Ok(principal);
    }
    Err(Problem::new(Code::Forbidden, format!("this needs the scope {}", demand.scope)))
}

fn bearer_of(headers: &HeaderMap) -> Option<SecretString> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let is_good = scheme.eq_ignore_ascii_case("bearer") && (1..=BEARER_LEN_MAX).contains(&token.len());
    is_good.then(|| SecretString::from(token))
}
