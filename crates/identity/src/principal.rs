use std::{fmt, sync::Arc};

use crate::model::{CredentialId, DeviceId};

/// Who an accepted client is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// Nobody in particular: the client was accepted without proof, whatever name it gave.
    Anonymous,
    /// A user of the password file, who proved it.
    User(Arc<str>),
    /// A device of the registry, and the credential that it proved.
    Device(DeviceId, CredentialId),
}

impl Principal {
    /// The proven user name.
    pub fn user_name(&self) -> Option<&str> {
        match self {
            Self::Anonymous => None,
            Self::User(name) => Some(name),
            Self::Device(id, _) => Some(id.as_str()),
        }
    }
}

impl fmt::Display for Principal {
    /// Control characters are escaped: a name comes from outside.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::User(name) => write!(f, "user {name:?}"),
            Self::Device(id, _) => write!(f, "device {id}"),
        }
    }
}
