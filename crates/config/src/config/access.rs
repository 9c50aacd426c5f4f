//! Who may connect, and what they may do, as the file says it.

use std::path::PathBuf;

use super::{AclRule, Hidden};
use crate::hocon::Place;

/// Who may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Whether a client without a user name may do what the rules allow. `None`: nobody said so, and it may not.
    pub allow_anonymous: Option<bool>,
    /// Who is asked, one after the other.
    pub order: Vec<AuthenticatorName>,
    /// The users of `auth.password`, by name; `None`: there is no such block, or it is switched off.
    pub users: Option<Vec<User>>,
    /// A file that `vouchmq passwd` writes.
    pub password_file: Option<PathBuf>,
    /// A password file of Mosquitto.
    pub mosquitto_password_file: Option<PathBuf>,
}

/// What clients may do, besides what the registry says about its devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Authorization {
    /// Rules, the first one that matches decides; `None`: there are none, or they are switched off.
    pub rules: Option<Vec<AclRule>>,
    /// An ACL file of Mosquitto.
    pub mosquitto_acl_file: Option<PathBuf>,
    /// What becomes of what no rule matches.
    pub no_match: NoMatch,
}

/// What becomes of what no rule matches.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NoMatch {
    /// Allowed.
    Allow,
    /// Denied.
    #[default]
    Deny,
}

/// An authenticator of the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticatorName {
    /// The devices of the registry.
    Registry,
    /// The users of the configuration and of password files.
    File,
}

/// A user of `auth.password`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user name, as clients write it.
    pub name: Box<str>,
    /// The password, or its hash.
    pub password: Hidden,
    /// Where it stands.
    pub place: Place,
}

impl Default for Authentication {
    fn default() -> Self {
        Self {
            allow_anonymous: None,
            order: vec![AuthenticatorName::Registry, AuthenticatorName::File],
            users: None,
            password_file: None,
            mosquitto_password_file: None,
        }
    }
}
