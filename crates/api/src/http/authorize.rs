use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tokio::time::sleep;
use vouchmq_identity::model::Scope;

use super::presented::{Presented, is_of_another_site};
use super::turns::Turn;
use super::{Code, Gate, Gatekeeper, Idempotency, Peer, Principal, Problem, Refusal};

/// Who made a request, and that it may: a route that is open to everybody has none.
#[derive(Clone, Debug)]
pub struct Authorized {
    principal: Arc<Principal>,
    asked: Arc<Asked>,
}

/// What was asked of the gatekeeper, to be asked again.
struct Asked {
    keeper: Arc<dyn Gatekeeper>,
    presented: Presented,
    peer: IpAddr,
    scope: Option<Scope>,
}

/// What stands before a route.
#[derive(Clone)]
pub(super) struct Demand {
    pub(super) gate: Gate,
    /// What is needed; `None`: to be known.
    pub(super) scope: Option<Scope>,
    pub(super) idempotency: Option<Idempotency>,
}

impl Authorized {
    /// Who.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Ends when what was presented does not open the route any more: an answer that goes on for long ends with it.
    /// Looks every two seconds, and when its time is over.
    pub fn while_good(&self) -> impl Future<Output = ()> + Send + 'static {
        let (asked, until) = (self.asked.clone(), self.principal.expires_at);
        async move {
            let (mut until, mut unknown_count) = (until, 0);
            loop {
                let left = until.and_then(|until| asked.keeper.time_until(until));
                sleep(left.map_or(LOOK_EVERY, |left| left.min(LOOK_EVERY))).await;
                if left.is_some_and(|left| left <= LOOK_EVERY) {
                    return;
                }
                match asked.keeper.principal(&asked.presented, asked.peer).await {
                    Ok(principal) if asked.scope.is_none_or(|scope| principal.opens(scope)) => {
                        (until, unknown_count) = (principal.expires_at, 0);
                    }
                    Ok(_) | Err(Refusal::Unknown(_)) => return,
                    Err(Refusal::Busy | Refusal::Unavailable) => unknown_count += 1,
                }
                if unknown_count >= UNKNOWN_MAX {
                    return;
                }
            }
        }
    }
}

/// How often it is asked whether somebody is still let in who is being answered.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// So many times in a row nobody may know it.
const UNKNOWN_MAX: u32 = 5;

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Asked").field("peer", &self.peer).field("scope", &self.scope).finish_non_exhaustive()
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
    let (parts, body) = request.into_parts();
    let admitted = admit(&demand, peer.ip(), &parts).await;
    request = Request::from_parts(parts, body);
    let authorized = match admitted {
        Ok(authorized) => authorized,
        Err(problem) => return problem.into_response(),
    };
    let principal = authorized.principal.clone();
    request.extensions_mut().insert(authorized);
    // Behind the gate: who is nobody keeps nobody else waiting.
    let (request, turn) = match Turn::take(request, &principal).await {
        Ok(taken) => taken,
        Err(problem) => return problem.into_response(),
    };
    let ended = |turn: Option<Turn>, response: Response| match turn {
        Some(turn) => turn.end(response).unwrap_or_else(IntoResponse::into_response),
        None => response,
    };
    if request.method().is_safe() {
        return ended(turn, next.run(request).await);
    }
    let idempotency = demand.idempotency;
    let work = async move {
        let response = match idempotency {
            Some(idempotency) => idempotency.answer(&principal.name, request, next).await,
            None => next.run(request).await,
        };
        ended(turn, response)
    };
    // A change is made to its end, also if its client hangs up: otherwise nobody could say whether it was made.
    tokio::spawn(work).await.unwrap_or_else(|panic| Problem::internal(&panic).into_response())
}

async fn admit(demand: &Demand, peer: IpAddr, parts: &Parts) -> Result<Authorized, Problem> {
    let Ok(presented) = Presented::by(parts) else {
        return Err(demand.gate.failed(peer, None));
    };
    let principal = demand.gate.principal(&presented, peer).await?;
    // What a browser sends by itself proves nothing about who had it sent.
    if presented.is_ambient() && is_of_another_site(&parts.headers) {
        return Err(Problem::new(Code::Forbidden, "a page of another site may not ask in your name"));
    }
    demand.gate.called(&principal)?;
    match demand.scope {
        Some(scope) if !principal.opens(scope) => {
            Err(Problem::new(Code::Forbidden, format!("this needs the scope {scope}")))
        }
        Some(_) | None => {
            let (keeper, scope) = (demand.gate.keeper.clone(), demand.scope);
            let asked = Arc::new(Asked { keeper, presented, peer, scope });
            Ok(Authorized { principal: Arc::new(principal), asked })
        }
    }
}
