use crate::{AuthRequest, Authenticator, Cost, Denial, Verdict};

/// Asks authenticators one after the other; the end of the chain denies.
///
/// [`Verdict::NotMine`] asks the next one; each other verdict is final, [`Verdict::Unavailable`] too: a
/// client must not get in by an easier way while the authenticator that knows it is down.
#[derive(Default)]
pub struct Chain(Vec<Box<dyn Authenticator>>);

impl Chain {
    /// A chain that asks in the given order. An empty one denies everybody.
    pub const fn new(authenticators: Vec<Box<dyn Authenticator>>) -> Self {
        Self(authenticators)
    }
}

impl Authenticator for Chain {
    /// As expensive as the most expensive authenticator that may be asked.
    fn cost(&self, request: &AuthRequest) -> Cost {
        self.0.iter().map(|authenticator| authenticator.cost(request)).max().unwrap_or(Cost::Cheap)
    }

    /// Never [`Verdict::NotMine`].
    fn verify(&self, request: &AuthRequest) -> Verdict {
        for authenticator in &self.0 {
            match authenticator.verify(request) {
                Verdict::NotMine => {}
                verdict @ (Verdict::Allow(_) | Verdict::Deny(_) | Verdict::Unavailable(_)) => return verdict,
            }
        }
        Verdict::Deny(if request.username.is_some() { Denial::UnknownUser } else { Denial::NoCredential })
    }
}

impl std::fmt::Debug for Chain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Chain").field("len", &self.0.len()).finish_non_exhaustive()
    }
}
