use std::sync::Arc;

use super::Reply;
use crate::resident::Resident;
use crate::{AuthRequest, Authenticator, Cost, Denial, Reconsidered, Standing, Verdict};

/// Asks another authenticator, and only for clients that no block keeps out: blocks of user names, Client
/// Identifiers, addresses and networks hold for everybody, whoever knows them.
///
/// It stands around the whole of a broker's authenticators, so that none is asked in front of it. Blocks of
/// devices, their credentials and products are not its business: the [`Resident`] that knows these holds them
/// against whoever proves to be one.
pub struct Unblocked<A> {
    resident: Arc<Resident>,
    inner: A,
}

impl<A: Authenticator> Unblocked<A> {
    /// Asks `inner` for everybody whom no block of `resident` keeps out.
    pub const fn new(resident: Arc<Resident>, inner: A) -> Self {
        Self { resident, inner }
    }
}

impl<A: Authenticator> Authenticator for Unblocked<A> {
    /// To keep somebody out costs nothing.
    fn cost(&self, request: &AuthRequest) -> Cost {
        if self.resident.blocks_request(request) { Cost::Cheap } else { self.inner.cost(request) }
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        if self.resident.blocks_request(request) {
            return Verdict::Deny(Denial::Blocked);
        }
        self.inner.verify(request)
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        if self.resident.blocks_request(&request) {
            return reply.answer(Verdict::Deny(Denial::Blocked));
        }
        self.inner.verify_elsewhere(request, reply);
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        self.resident.blocks_request(request) || self.inner.decides(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        if self.resident.blocks_standing(standing) {
            return Reconsidered::Ended(Denial::Blocked);
        }
        self.inner.reconsider(standing)
    }
}

impl<A> std::fmt::Debug for Unblocked<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unblocked").field("resident", &self.resident).finish_non_exhaustive()
    }
}
