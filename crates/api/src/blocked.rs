use std::sync::Arc;

use vouchmq_identity::resident::Resident;
use vouchmq_identity::{AuthRequest, Authenticator, Cost, Unblocked, Verdict};

/// Knows nobody: what is left of an authenticator when only blocks are asked.
struct Nobody;

/// Whether a block keeps out whoever says this, before anything is proven.
pub(crate) fn is_blocked(resident: &Arc<Resident>, request: &AuthRequest) -> bool {
    Unblocked::new(resident.clone(), Nobody).decides(request)
}

impl Authenticator for Nobody {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        Verdict::NotMine
    }
}
