use std::sync::Arc;

use super::Configured;
use crate::principal::Generation;
use crate::{Access, AuthRequest, Authenticator, Cost, Denial, Principal, Reconsidered, Standing, Verdict};

/// Accepts clients without proof, or keeps them out.
///
/// An accepted client is [`Principal::Anonymous`], also when it gave a user name: the name is not proven,
/// and `${username}` in its rules has no value.
#[derive(Clone, Debug)]
pub struct Anonymous {
    whom: Whom,
    configured: Arc<Configured>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Everybody,
    WithoutUserName,
    Nobody,
}

impl Anonymous {
    /// Accepts everybody, whatever they present. For a broker that knows no users.
    pub fn everybody(access: Access) -> Self {
        Self { whom: Whom::Everybody, configured: Arc::new(Configured::new(None, true, access)) }
    }

    /// Accepts who presents no user name, so that a mistyped name is an error and not an anonymous client.
    /// For a broker that knows users too.
    pub fn without_user_name(access: Access) -> Self {
        Self { whom: Whom::WithoutUserName, ..Self::everybody(access) }
    }

    /// Accepts whom a configuration says. Where it knows users, that is only who presents no user name.
    pub fn of(configured: Arc<Configured>) -> Self {
        let whom = match (configured.allows_anonymous(), configured.users()) {
            (true, None) => Whom::Everybody,
            (true, Some(_)) => Whom::WithoutUserName,
            (false, _) => Whom::Nobody,
        };
        Self { whom, configured }
    }

    /// The same, but nobody who says a name: somebody else knows names.
    #[must_use]
    pub fn nameless(self) -> Self {
        let whom = match self.whom {
            Whom::Everybody | Whom::WithoutUserName => Whom::WithoutUserName,
            Whom::Nobody => Whom::Nobody,
        };
        Self { whom, ..self }
    }

    fn accepts(&self, username: Option<&str>) -> bool {
        match self.whom {
            Whom::Everybody => true,
            Whom::WithoutUserName => username.is_none(),
            Whom::Nobody => false,
        }
    }
}

impl Authenticator for Anonymous {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        if self.accepts(request.username.as_deref()) {
            Verdict::Allow(self.configured.allowance(None, request.into()))
        } else {
            Verdict::NotMine
        }
    }

    /// About clients that proved nothing, and nobody else. They do not remember which rules they were let in
    /// with: once these have changed, they are told anew each time.
    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        if *standing.principal != Principal::Anonymous {
            return Reconsidered::Unchanged;
        }
        if !self.accepts(standing.username) {
            let is_named = standing.username.is_some();
            return Reconsidered::Ended(if is_named { Denial::UnknownUser } else { Denial::NoCredential });
        }
        if self.configured.has_other_rules_than(Generation::FIRST) {
            return Reconsidered::Changed(self.configured.allowance(None, standing.into()));
        }
        Reconsidered::Unchanged
    }
}
