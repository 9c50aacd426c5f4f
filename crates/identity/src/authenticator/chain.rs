use std::sync::Arc;

use super::{Reply, Work};
use crate::{AuthRequest, Authenticator, Cost, Denial, Reconsidered, Standing, Verdict};

/// Asks authenticators one after the other; the end of the chain denies.
///
/// [`Verdict::NotMine`] asks the next one; each other verdict is final, [`Verdict::Unavailable`] too: a
/// client must not get in by an easier way while the authenticator that knows it is down.
///
/// # Cost
/// That of the costliest authenticator that may be asked, up to the first one that
/// [decides](Authenticator::decides): a device with a generated secret is judged at once, whatever stands
/// behind the registry. [`Cost::Elsewhere`] counts for more than [`Cost::Expensive`], since a chain that waits
/// somewhere must not keep a thread anywhere. Such a chain goes on in steps, each where it may run: what is
/// cheap where it stands, be that the thread that answers for a database; what is expensive is handed back
/// to whoever asked ([`Reply::hand_back`]), and goes on from there. Nothing is hashed on a foreign thread.
#[derive(Default)]
pub struct Chain(Arc<[Box<dyn Authenticator>]>);

/// A chain that waits somewhere.
struct Walk {
    chain: Arc<[Box<dyn Authenticator>]>,
    request: AuthRequest,
    /// Who is asked next.
    next: usize,
}

/// Where a chain goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Thread {
    /// One that others wait for.
    Quick,
    /// One of the pool for what takes long.
    Pool,
}

impl Chain {
    /// A chain that asks in the given order. An empty one denies everybody.
    pub fn new(authenticators: Vec<Box<dyn Authenticator>>) -> Self {
        Self(authenticators.into())
    }
}

impl Authenticator for Chain {
    fn cost(&self, request: &AuthRequest) -> Cost {
        let mut cost = Cost::Cheap;
        for authenticator in self.0.iter() {
            cost = cost.max(authenticator.cost(request));
            if authenticator.decides(request) {
                break;
            }
        }
        cost
    }

    /// Never [`Verdict::NotMine`].
    fn verify(&self, request: &AuthRequest) -> Verdict {
        for authenticator in self.0.iter() {
            match authenticator.verify(request) {
                Verdict::NotMine => {}
                verdict @ (Verdict::Allow(_) | Verdict::Deny(_) | Verdict::Unavailable(_)) => return verdict,
            }
        }
        end_of_chain(request)
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        Walk { chain: self.0.clone(), request, next: 0 }.go_on(Thread::Quick, reply);
    }

    /// Its end decides what nobody else does.
    fn decides(&self, _: &AuthRequest) -> bool {
        true
    }

    /// One that ends the connection is enough. What changed is told by the first that knows it.
    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        let mut found = Reconsidered::Unchanged;
        for authenticator in self.0.iter() {
            match authenticator.reconsider(standing) {
                Reconsidered::Unchanged => {}
                ended @ Reconsidered::Ended(_) => return ended,
                changed @ Reconsidered::Changed(_) => {
                    if matches!(found, Reconsidered::Unchanged) {
                        found = changed;
                    }
                }
            }
        }
        found
    }
}

impl Walk {
    fn go_on(mut self, thread: Thread, reply: Reply) {
        let chain = self.chain.clone();
        while let Some(authenticator) = chain.get(self.next) {
            match authenticator.cost(&self.request) {
                Cost::Elsewhere => {
                    self.next += 1;
                    let request = self.request.clone();
                    let reply = reply.then(|verdict, reply| match verdict {
                        // On a thread of whoever answered.
                        Verdict::NotMine => self.go_on(Thread::Quick, reply),
                        verdict @ (Verdict::Allow(_) | Verdict::Deny(_) | Verdict::Unavailable(_)) => {
                            reply.answer(verdict);
                        }
                    });
                    return authenticator.verify_elsewhere(request, reply);
                }
                Cost::Expensive if thread == Thread::Quick => {
                    return reply.hand_back(Work::new(|reply| self.go_on(Thread::Pool, reply)));
                }
                Cost::Cheap | Cost::Expensive => match authenticator.verify(&self.request) {
                    Verdict::NotMine => self.next += 1,
                    verdict @ (Verdict::Allow(_) | Verdict::Deny(_) | Verdict::Unavailable(_)) => {
                        return reply.answer(verdict);
                    }
                },
            }
        }
        reply.answer(end_of_chain(&self.request));
    }
}

/// Nobody knows the client.
fn end_of_chain(request: &AuthRequest) -> Verdict {
    Verdict::Deny(if request.username.is_some() { Denial::UnknownUser } else { Denial::NoCredential })
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("len", &self.0.len()).finish_non_exhaustive()
    }
}
