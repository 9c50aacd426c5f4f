use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use vouchmq_identity::model::{Name, Scope};
use vouchmq_identity::registry::Actor;

use super::configuration::Authority;
use crate::http::{Authorized, Code, Peer, Principal, Problem, RequestId};

/// Who administers: what stands in the audit log, and what they may do.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) actor: Actor,
    principal: Principal,
}

impl Caller {
    /// Whether they may do this too.
    pub(super) fn may(&self, scope: Scope) -> bool {
        self.principal.opens(scope)
    }

    /// What they may change of the configuration.
    pub(super) fn authority(&self) -> Authority {
        if self.may(Scope::Admin) { Authority::Everything } else { Authority::Limits }
    }

    /// Makes sure that they may do more than their route needs.
    pub(super) fn needs(&self, scope: Scope) -> Result<(), Problem> {
        if self.principal.opens(scope) {
            return Ok(());
        }
        Err(Problem::new(Code::Forbidden, format!("this needs the scope {scope} too")))
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let authorized = Authorized::from_request_parts(parts, state).await?;
        let Peer(peer) = Peer::from_request_parts(parts, state).await?;
        let request_id = RequestId::from_request_parts(parts, state).await?;
        let principal = authorized.principal().clone();
        let name: Name = principal.name.parse().map_err(|fault| Problem::internal(&fault))?;
        let actor =
            Actor::administrator(&name, Some(peer.ip().to_canonical())).in_request(request_id.unique());
        Ok(Self { actor, principal })
    }
}
