use std::num::NonZeroU64;
use std::{fmt, sync::Arc};

use crate::model::{CredentialId, DeviceId};

/// Who an accepted client is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Nobody in particular: the client was accepted without proof, whatever name it gave.
    Anonymous,
    /// A user, who proved it.
    User(ProvenUser),
    /// A device of the registry, and the credential that it proved.
    Device(DeviceId, CredentialId),
    /// Whom an authentication service vouches for.
    Vouched(Arc<Vouched>),
}

/// A client that an authentication service vouches for.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Vouched {
    /// The user name of its CONNECT; `None` where it gave none.
    pub name: Option<Box<str>>,
    /// The device that it is, where the service keeps a registry like ours. It is none of the registry here.
    pub device: Option<DeviceId>,
    /// The credential that it proved there.
    pub credential: Option<CredentialId>,
    /// Which verdict of this process it was; no other has the same.
    pub number: u64,
}

/// A user that proved its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProvenUser {
    name: Arc<str>,
    as_of: Option<Generation>,
}

/// Which of the configurations that followed each other in this process; the first is 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(NonZeroU64);

impl Principal {
    /// The proven user name.
    pub fn user_name(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::User(user) => Some(user.name()),
            Self::Device(id, _) => Some(id.as_str()),
            Self::Vouched(vouched) => vouched.name.as_deref(),
        }
    }
}

impl ProvenUser {
    /// A user of the configuration, as it stood then.
    pub(crate) fn configured(name: &str, as_of: Generation) -> Self {
        Self { name: name.into(), as_of: Some(as_of) }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The configuration that its password was in; `None` for a user that no configuration knows.
    pub const fn as_of(&self) -> Option<Generation> {
        self.as_of
    }
}

/// A user that somebody else vouches for.
impl From<&str> for ProvenUser {
    fn from(name: &str) -> Self {
        Self { name: name.into(), as_of: None }
    }
}

impl Generation {
    /// That of the configuration at the start.
    pub const FIRST: Self = Self(NonZeroU64::MIN);

    /// The one that follows.
    pub(crate) const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Principal {
    /// Control characters are escaped: a name comes from outside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(user) => write!(f, "user {:?}", user.name()),
            Self::Device(id, _) => write!(f, "device {id}"),
            Self::Vouched(vouched) => match &vouched.device {
                Some(device) => write!(f, "device {device} of an authentication service"),
                None => write!(
                    f,
                    "user {:?} of an authentication service",
                    vouched.name.as_deref().unwrap_or_default()
                ),
            },
        }
    }
}
