//! Who operators are.

use std::path::PathBuf;

use vouchmq_identity::Cidr;
use vouchmq_identity::jwt::{Algorithm, Policy};
use vouchmq_identity::model::Rights;
use vouchmq_tls::Fingerprint;

use super::{At, Hidden};

/// How operators show who they are, beside the administrator's token and API keys, which always open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ManagementLogin {
    /// `no_auth`, where it stands: whoever is on this machine may do everything.
    pub is_open: Option<At>,
    /// User names and passwords.
    pub users: Vec<OperatorUser>,
    /// Signed tokens.
    pub tokens: Option<TokenOptions>,
    /// Holders of certificates, the first that fits counts.
    pub certificates: Vec<OperatorCertificate>,
}

/// An operator with a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorUser {
    /// The user name.
    pub name: Box<str>,
    /// The password, or its hash.
    pub password: Hidden,
    /// What it may do.
    pub rights: Rights,
    /// Where it may come from; from anywhere if empty.
    pub networks: Vec<Cidr>,
    /// Where it stands.
    pub at: At,
}

/// Which tokens are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenOptions {
    /// Public keys in PEM.
    pub key_files: Vec<PathBuf>,
    /// Public keys as JWKS.
    pub key_set_file: Option<PathBuf>,
    /// What all keys have to be for.
    pub algorithm: Option<Algorithm>,
    /// What tokens have to say.
    pub policy: Policy,
    /// Where it stands.
    pub at: At,
}

/// An operator with a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorCertificate {
    /// What it is called in the audit log.
    pub name: Box<str>,
    /// The subject, by RFC 4514.
    pub subject: Option<Box<str>>,
    /// An alternative name.
    pub alternative_name: Option<Box<str>>,
    /// The fingerprint; of these three there is at least one, and all that are there have to fit.
    pub fingerprint: Option<Fingerprint>,
    /// What it may do.
    pub rights: Rights,
}

/// NanoMQ's password where none is configured: the whole world knows it.
pub const KNOWN_PASSWORD: &str = "public";
/// Passwords that whoever looks for an open door tries first: NanoMQ's, and its user name.
pub const KNOWN_PASSWORDS: &[&str] = &[KNOWN_PASSWORD, "admin"];

impl OperatorUser {
    /// Whether its password stands there in clear and is one that everybody knows. A hash tells after a while only.
    pub fn has_known_password(&self) -> bool {
        KNOWN_PASSWORDS.contains(&self.password.expose())
    }
}
