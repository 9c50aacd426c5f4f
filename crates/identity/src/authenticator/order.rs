use std::fmt;
use std::sync::Arc;

use super::{Anonymous, Chain, Configured, FileAuthenticator};
use crate::model::{UnknownWord, words};
use crate::{AuthRequest, Authenticator, Cost, Denial, Principal, Reconsidered, Standing, Verdict};

words! {
    /// An authenticator of a broker, by its name in `auth.order`.
    AuthenticatorName {
        /// Devices of the registry.
        Registry = "registry",
        /// Users of the configuration and of files.
        File = "file",
        /// An authentication service that is asked by HTTP.
        Http = "http",
    }
}

/// In which order authenticators are asked: `auth.order`. Clients without proof, if there may be any, come last.
#[derive(Clone, PartialEq, Eq)]
pub struct Order(Box<[AuthenticatorName]>);

/// What stands around an authenticator.
pub type Around = dyn Fn(Box<dyn Authenticator>) -> Box<dyn Authenticator>;

/// A service that is asked.
pub struct AskedService {
    /// Whether it is asked who clients are. Who says a name is nobody without a proof, then: it is not let in by being
    /// unknown to the service.
    pub judges_logins: bool,
    /// Asks who a client is.
    pub authenticator: Box<dyn Authenticator>,
    /// Stands around those that let other clients in than devices, and has the service asked what these may do.
    pub beside: Box<Around>,
}

/// Why a list of names is no [`Order`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderFault {
    /// Nobody is asked.
    #[error("the order names no authenticator: name one of registry, file, http, or leave the key out")]
    Empty,
    /// No authenticator has this name.
    #[error("authenticator {0}")]
    Unknown(#[from] UnknownWord),
    /// Asked again, one would say the same again.
    #[error("authenticator {0} stands in the order twice")]
    Twice(AuthenticatorName),
}

/// An authenticator that is asked in its turn; the one without a name lets clients in that have no proof.
type Link = (Option<AuthenticatorName>, Box<dyn Authenticator>);

/// Ends connections of whom an authenticator let in that is not asked any more.
#[derive(Clone, Copy, Debug)]
struct Unlisted(AuthenticatorName);

// === impl Order ===

impl Order {
    /// The order that these names stand in.
    ///
    /// # Errors
    /// [`OrderFault`] names the first that is wrong.
    pub fn of_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, OrderFault> {
        let mut order = Vec::new();
        for name in names {
            let name: AuthenticatorName = name.parse()?;
            if order.contains(&name) {
                return Err(OrderFault::Twice(name));
            }
            order.push(name);
        }
        if order.is_empty() { Err(OrderFault::Empty) } else { Ok(Self(order.into())) }
    }

    /// The names, the first first.
    pub fn names(&self) -> impl Iterator<Item = AuthenticatorName> {
        self.0.iter().copied()
    }

    /// The chain that asks in this order, and clients without proof at the end. `registry` and `http` are `None`
    /// where there is none.
    ///
    /// Who was let in by an authenticator that this order does not name is sent away when it is reconsidered.
    pub fn chain(
        &self,
        registry: Option<Box<dyn Authenticator>>,
        http: Option<AskedService>,
        configured: &Arc<Configured>,
    ) -> Chain {
        let links = self.links(registry, http, configured);
        let mut chain: Vec<_> = links.into_iter().map(|(_, authenticator)| authenticator).collect();
        let unlisted = AuthenticatorName::ALL.iter().filter(|name| !self.0.contains(name));
        chain.extend(unlisted.map(|name| Box::new(Unlisted(*name)) as Box<dyn Authenticator>));
        Chain::new(chain)
    }

    /// Those that are asked one after the other; the one without a name lets clients in that have no proof.
    pub fn links(
        &self,
        registry: Option<Box<dyn Authenticator>>,
        http: Option<AskedService>,
        configured: &Arc<Configured>,
    ) -> Vec<Link> {
        let (mut registry, http) = (registry, http.filter(|_| self.0.contains(&AuthenticatorName::Http)));
        let mut is_judged = false;
        let (mut service, beside) = match http {
            Some(AskedService { judges_logins, authenticator, beside }) => {
                is_judged = judges_logins;
                (Some(authenticator), Some(beside))
            }
            None => (None, None),
        };
        let beside = |other: Box<dyn Authenticator>| match &beside {
            Some(beside) => beside(other),
            None => other,
        };
        let mut links: Vec<Link> = Vec::new();
        for name in self.names() {
            let link = match name {
                AuthenticatorName::Registry => registry.take(),
                AuthenticatorName::Http => service.take(),
                AuthenticatorName::File => Some(beside(Box::new(FileAuthenticator::of(configured.clone())))),
            };
            links.extend(link.map(|link| (Some(name), link)));
        }
        let anonymous = Anonymous::of(configured.clone());
        let anonymous = if is_judged { anonymous.nameless() } else { anonymous };
        links.push((None, beside(Box::new(anonymous))));
        links
    }
}

impl Default for Order {
    /// Devices, then users.
    fn default() -> Self {
        Self([AuthenticatorName::Registry, AuthenticatorName::File].into())
    }
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.names().map(AuthenticatorName::as_str)).finish()
    }
}

// === impl Unlisted ===

impl Authenticator for Unlisted {
    fn cost(&self, _: &AuthRequest) -> Cost {
        Cost::Cheap
    }

    fn verify(&self, _: &AuthRequest) -> Verdict {
        Verdict::NotMine
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        let is_one_of_its = match standing.principal {
            Principal::Anonymous => false,
            Principal::User(user) => self.0 == AuthenticatorName::File && user.as_of().is_some(),
            Principal::Device(..) => self.0 == AuthenticatorName::Registry,
            Principal::Vouched(_) => self.0 == AuthenticatorName::Http,
        };
        if is_one_of_its { Reconsidered::Ended(Denial::UnknownUser) } else { Reconsidered::Unchanged }
    }
}

impl fmt::Debug for AskedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskedService").finish_non_exhaustive()
    }
}
