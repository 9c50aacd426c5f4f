//! Who may connect, and what they may do, as the file says it.

use std::path::PathBuf;

use vouchmq_identity::AuthenticatorName;
use vouchmq_identity::acl::{Effect, OrderedAcl};

use super::Hidden;
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Rules, the first one that fits decides, and what holds where none does.
    pub acl: OrderedAcl,
    /// Where each rule begins.
    pub places: Vec<At>,
    /// An ACL file of Mosquitto.
    pub mosquitto_acl_file: Option<PathBuf>,
}

/// Where something stands. Any two are equal: to be elsewhere changes no meaning.
#[derive(Clone, Copy, Debug)]
pub struct At(pub Place);

/// A user of `auth.password`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user name, as clients write it.
    pub name: Box<str>,
    /// The password, or its hash.
    pub password: Hidden,
    /// Where it stands.
    pub at: At,
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

impl Default for Authorization {
    /// No rules: who is let in may do everything.
    fn default() -> Self {
        Self {
            acl: OrderedAcl { rules: Vec::new(), no_match: Effect::Allow },
            places: Vec::new(),
            mosquitto_acl_file: None,
        }
    }
}

impl PartialEq for At {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for At {}
