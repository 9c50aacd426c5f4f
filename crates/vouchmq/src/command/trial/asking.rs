//! The chain of a broker, link by link.

use std::sync::Arc;
use tokio::time::Instant;

use tokio::sync::oneshot;
use vouchmq_client::remote::{Remote, RemoteAuthenticator};
use vouchmq_identity::{
    AuthRequest, Authenticator, AuthenticatorName, Chain, Configured, Cost, Order, Replied, Reply,
    Unavailable, Verdict,
};

use super::seen::Seen;

/// Stands in the place of the registry, whose database a broker holds: knows nobody.
struct NotAsked;

/// Tells what an authenticator says.
struct Link {
    name: Option<AuthenticatorName>,
    inner: Box<dyn Authenticator>,
    seen: Arc<Seen>,
}

/// The chain that a broker asks, but for its registry; what each says is seen.
pub(super) fn chain(
    order: &Order,
    remote: Option<&Arc<Remote>>,
    configured: &Arc<Configured>,
    seen: &Arc<Seen>,
) -> Chain {
    let service = remote.map(|remote| RemoteAuthenticator::service(remote, configured));
    let links = order.links(Some(Box::new(NotAsked)), service, configured);
    let links = links.into_iter().map(|(name, inner)| {
        let seen = seen.clone();
        Box::new(Link { name, inner, seen }) as Box<dyn Authenticator>
    });
    Chain::new(links.collect())
}

/// Asks it, as a broker does.
pub(super) async fn judged(chain: &Chain, request: AuthRequest) -> Verdict {
    if chain.cost(&request) != Cost::Elsewhere {
        return chain.verify(&request);
    }
    let wanted = Arc::new(());
    let reply = || {
        let (send, replied) = oneshot::channel();
        // Nobody waits any more only when this is over.
        (Reply::new(Arc::downgrade(&wanted), move |came| drop(send.send(came))), replied)
    };
    let (first, mut replied) = reply();
    chain.verify_elsewhere(request, first);
    loop {
        match replied.await {
            Ok(Replied::Verdict(verdict)) => return verdict,
            Ok(Replied::Expensive(work)) => {
                let (next, then) = reply();
                replied = then;
                work.run(next);
            }
            Err(_) => return Verdict::Unavailable(Unavailable::TimedOut),
        }
    }
}

impl Authenticator for Link {
    fn cost(&self, request: &AuthRequest) -> Cost {
        self.inner.cost(request)
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let began = Instant::now();
        let verdict = self.inner.verify(request);
        self.seen.step(self.name, &verdict, began.elapsed());
        verdict
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        let (began, name, seen) = (Instant::now(), self.name, self.seen.clone());
        let reply = reply.then(move |verdict, reply| {
            seen.step(name, &verdict, began.elapsed());
            reply.answer(verdict);
        });
        self.inner.verify_elsewhere(request, reply);
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        self.inner.decides(request)
    }
}

impl Authenticator for NotAsked {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        Verdict::NotMine
    }
}
