use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use vouchmq_identity::Cidr;
use vouchmq_identity::jwt::{Keys, Policy};
use vouchmq_identity::model::Rights;
use vouchmq_identity::passwords::Passwords;

use super::KnownCertificate;
use super::certificates::holder;
use crate::http::{Principal, Stranger};

/// What a configuration says about operators.
#[derive(Debug, Default)]
pub struct Logins {
    users: HashMap<Box<str>, KnownUser>,
    passwords: Option<Arc<Passwords>>,
    tokens: Option<Tokens>,
    certificates: Vec<KnownCertificate>,
    is_open: bool,
}

/// What is known of an operator with a password, beside that.
#[derive(Clone, Debug)]
pub struct KnownUser {
    rights: Rights,
    networks: Vec<Cidr>,
    is_of_this_machine: bool,
}

/// Which signed tokens are taken.
#[derive(Clone, Debug)]
pub struct Tokens {
    pub(super) keys: Keys,
    pub(super) policy: Policy,
}

impl Logins {
    /// Lets operators in who prove a password of `passwords` and are among `users`.
    #[must_use]
    pub fn with_users(
        self,
        passwords: Passwords,
        users: impl IntoIterator<Item = (Box<str>, KnownUser)>,
    ) -> Self {
        let passwords = (!passwords.is_empty()).then(|| Arc::new(passwords));
        Self { passwords, users: users.into_iter().collect(), ..self }
    }

    /// Lets operators in who show such a token.
    #[must_use]
    pub fn with_tokens(self, tokens: Tokens) -> Self {
        Self { tokens: Some(tokens), ..self }
    }

    /// Lets operators in who present one of these certificates; the first that fits counts.
    #[must_use]
    pub fn with_certificates(self, certificates: Vec<KnownCertificate>) -> Self {
        Self { certificates, ..self }
    }

    /// Lets in whoever asks from this machine, as far as that can be told: never where a proxy has been at the
    /// request.
    #[must_use]
    pub fn open(self) -> Self {
        Self { is_open: true, ..self }
    }

    pub(super) const fn passwords(&self) -> Option<&Arc<Passwords>> {
        self.passwords.as_ref()
    }

    pub(super) fn user(&self, name: &str) -> Option<&KnownUser> {
        self.users.get(name)
    }

    pub(super) const fn tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }

    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    pub(super) fn holder_of(&self, peer: &vouchmq_tls::Peer) -> Result<Principal, Stranger> {
        holder(&self.certificates, peer)
    }
}

impl KnownUser {
    /// Somebody with these rights, from these networks; from anywhere if there are none.
    pub const fn new(rights: Rights, networks: Vec<Cidr>) -> Self {
        Self { rights, networks, is_of_this_machine: false }
    }

    /// Only from this machine, and never where a proxy has been at the request: the password is one that others know.
    #[must_use]
    pub fn of_this_machine(self) -> Self {
        Self { is_of_this_machine: true, ..self }
    }

    pub(super) const fn is_of_this_machine(&self) -> bool {
        self.is_of_this_machine
    }

    pub(super) const fn rights(&self) -> &Rights {
        &self.rights
    }

    pub(super) fn is_from(&self, peer: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(peer))
    }
}

impl Tokens {
    /// Those that one of `keys` has signed and `policy` takes.
    pub const fn new(keys: Keys, policy: Policy) -> Self {
        Self { keys, policy }
    }
}
