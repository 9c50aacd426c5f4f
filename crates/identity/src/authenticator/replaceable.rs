use arc_swap::ArcSwap;

use super::Reply;
use crate::{AuthRequest, Authenticator, Cost, Reconsidered, Standing, Verdict};

/// Asks an authenticator that can be exchanged for another while it is asked: a whole chain, with its users, rules
/// and order, at once.
///
/// A question that was begun is answered by the one it was put to. Whoever exchanges it then has all connections
/// reconsidered ([`Sessions::reconsider`](crate::Sessions::reconsider)), as after every change of what clients are
/// judged by.
pub struct Replaceable(ArcSwap<Box<dyn Authenticator>>);

impl Replaceable {
    /// Asks `authenticator`, for now.
    pub fn new(authenticator: impl Authenticator + 'static) -> Self {
        Self(ArcSwap::from_pointee(Box::new(authenticator)))
    }

    /// From now on `authenticator` is asked.
    pub fn replace(&self, authenticator: impl Authenticator + 'static) {
        self.0.store(std::sync::Arc::new(Box::new(authenticator)));
    }
}

impl Authenticator for Replaceable {
    fn cost(&self, request: &AuthRequest) -> Cost {
        self.0.load().cost(request)
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        self.0.load_full().verify(request)
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        self.0.load_full().verify_elsewhere(request, reply);
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        self.0.load().decides(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.0.load().reconsider(standing)
    }
}

impl std::fmt::Debug for Replaceable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replaceable").finish_non_exhaustive()
    }
}
