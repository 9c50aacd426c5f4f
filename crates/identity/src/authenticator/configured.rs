use std::sync::Arc;

use vouchmq_mqtt::Authorize;

use crate::acl::{Index, Names, Rights, RightsOf};
use crate::principal::Generation;
use crate::{Access, Allowance, PasswordHash, Principal, ProvenUser, Users};

/// What a configuration says about clients that are no devices: which users there are, whether others may
/// connect without a name, and what all of them may do.
///
/// One follows another when a configuration is loaded anew; what each knows of the one before tells who may stay
/// ([`Self::following`]).
#[derive(Clone, Debug)]
pub struct Configured {
    pub(super) users: Option<Users>,
    pub(super) allows_anonymous: bool,
    access: Access,
    /// Of rules in an order.
    index: Option<Arc<Index>>,
    pub(super) generation: Generation,
    /// The first with these rules.
    access_since: Generation,
}

impl Configured {
    /// That of a start. `users` are `None` where none are configured at all: then a client that may connect
    /// without proof may also say a name, and else it must be a known one.
    pub fn new(users: Option<Users>, allows_anonymous: bool, access: Access) -> Self {
        let (generation, access_since) = (Generation::FIRST, Generation::FIRST);
        let index = match &access {
            Access::Ordered(acl) => Some(Arc::new(Index::of(acl))),
            Access::Same(_) | Access::Rules(_) | Access::Mosquitto(_) => None,
        };
        Self { users, allows_anonymous, access, index, generation, access_since }
    }

    /// The same, in place of `previous`: clients that were let in by that one and are reconsidered by this one
    /// stay, with the rights that they have now; not those whose user is gone or has another password.
    #[must_use]
    pub fn following(mut self, previous: &Self) -> Self {
        self.generation = previous.generation.next();
        if let Some(users) = &mut self.users {
            let none = Users::default();
            users.follow(previous.users.as_ref().unwrap_or(&none), self.generation);
        }
        let is_same = self.access.is_same(&previous.access);
        self.access_since = if is_same { previous.access_since } else { self.generation };
        self
    }

    /// The users; `None` where none are configured.
    pub const fn users(&self) -> Option<&Users> {
        self.users.as_ref()
    }

    /// Whether clients without a user name may connect.
    pub const fn allows_anonymous(&self) -> bool {
        self.allows_anonymous
    }

    /// What its clients may do.
    pub const fn access(&self) -> &Access {
        &self.access
    }

    /// Which of those that followed each other it is.
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// Whether what clients may do that were let in then is not what they may do now, as far as is known.
    pub fn has_other_rules_than(&self, then: Generation) -> bool {
        self.access_since > then
    }

    pub(super) fn hash(&self, name: &str) -> Option<&PasswordHash> {
        self.users.as_ref()?.hash(name)
    }

    /// Whether a user that was let in then has the same password still; `None` if it is gone.
    pub(super) fn has_kept_password(&self, name: &str, then: Generation) -> Option<bool> {
        Some(self.users.as_ref()?.since(name)? <= then)
    }

    /// What a client may do for whom a service vouches, or about whom it is asked.
    pub fn rights(&self, of: RightsOf<'_>) -> Rights {
        Rights::new(of, &self.access, self.index.as_deref())
    }

    /// What a user may do; `None` for a client without a name.
    pub(super) fn allowance(&self, user: Option<&str>, names: Names<'_>) -> Allowance {
        let principal = user.map_or(Principal::Anonymous, |name| {
            Principal::User(ProvenUser::configured(name, self.generation))
        });
        let names = Names { username: user, ..names };
        let authorize: Arc<dyn Authorize> = match (&self.access, &self.index) {
            (Access::Ordered(acl), Some(index)) => Arc::new(acl.rules_by(index, &names)),
            (access, _) => access.of(&names),
        };
        Allowance { principal, authorize, expires_at: None }
    }
}
