//! Clients that others let in, and what the service says about what they may do.

use std::fmt;
use std::sync::Arc;

use vouchmq_identity::{
    Allowance, Arrival, AuthRequest, Authenticator, Configured, Cost, Principal, Reconsidered, Reply,
    Standing, Verdict,
};

use super::rights;
use super::service::Remote;

/// Leaves it to another authenticator who a client is, and has the service asked what it may do (`acl_req`), as it is
/// about those that it lets in itself. Devices of the registry have the rights of their product.
pub struct Beside {
    inner: Box<dyn Authenticator>,
    remote: Arc<Remote>,
    configured: Arc<Configured>,
}

impl Beside {
    /// Stands around `inner`, whose clients have the rights of `configured`.
    pub fn new(inner: Box<dyn Authenticator>, remote: Arc<Remote>, configured: Arc<Configured>) -> Self {
        Self { inner, remote, configured }
    }
}

/// What the service says of those too whom it did not let in.
fn asked(
    remote: &Arc<Remote>,
    configured: &Configured,
    request: &AuthRequest,
    allowance: Allowance,
) -> Allowance {
    let proven = match &allowance.principal {
        Principal::User(_) => allowance.principal.user_name(),
        Principal::Anonymous => None,
        Principal::Device(..) | Principal::Vouched(_) => return allowance,
    };
    match rights::beside(remote, configured, request, proven) {
        Some(authorize) => Allowance { authorize, ..allowance },
        None => allowance,
    }
}

fn asked_of_verdict(
    remote: &Arc<Remote>,
    configured: &Configured,
    request: &AuthRequest,
    verdict: Verdict,
) -> Verdict {
    match verdict {
        Verdict::Allow(allowance) => Verdict::Allow(asked(remote, configured, request, allowance)),
        other @ (Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_)) => other,
    }
}

impl Authenticator for Beside {
    fn cost(&self, request: &AuthRequest) -> Cost {
        self.inner.cost(request)
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        asked_of_verdict(&self.remote, &self.configured, request, self.inner.verify(request))
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        let (remote, configured, again) = (self.remote.clone(), self.configured.clone(), request.clone());
        let reply = reply.then(move |verdict, reply| {
            reply.answer(asked_of_verdict(&remote, &configured, &again, verdict));
        });
        self.inner.verify_elsewhere(request, reply);
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        self.inner.decides(request)
    }

    /// Whose rules have changed is asked about from then on without what is not kept: its password, its certificate.
    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        let allowance = match self.inner.reconsider(standing) {
            Reconsidered::Changed(allowance) => allowance,
            other @ (Reconsidered::Unchanged | Reconsidered::Ended(_)) => return other,
        };
        let known = AuthRequest {
            client_id: standing.client_id.into(),
            username: standing.username.map(Into::into),
            password: None,
            peer: standing.peer,
            certificate: None,
            arrival: Arrival::default(),
        };
        Reconsidered::Changed(asked(&self.remote, &self.configured, &known, allowance))
    }
}

impl fmt::Debug for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beside").field("remote", &self.remote).finish_non_exhaustive()
    }
}
