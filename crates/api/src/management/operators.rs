//! Who operators are, by what they present.

mod certificates;
mod logins;
mod tokens;
pub(super) mod whoami;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use vouchmq_identity::passwords::Passwords;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::{Timestamp, UnixMillis};

use super::hashing::Hashing;
use super::keys::ApiKeys;
use crate::http::{Gatekeeper, Login, Presented, Principal, Refusal, Schemes, Stranger};

pub use certificates::KnownCertificate;
pub use logins::{KnownUser, Logins, Tokens};

/// The [`Gatekeeper`] of operators: the administrator's token and API keys, and the [`Logins`] of a configuration,
/// which can be replaced.
pub struct Operators {
    keys: Arc<ApiKeys>,
    registry: Arc<Registry>,
    logins: ArcSwap<Logins>,
    hashing: Hashing,
    start: Instant,
}

/// No password is longer, in bytes: hashing takes its time.
const PASSWORD_LEN_MAX: usize = 1024;

impl Operators {
    /// Those who hold a key, and nobody else.
    pub fn new(registry: Arc<Registry>, keys: Arc<ApiKeys>) -> Self {
        let logins = ArcSwap::from_pointee(Logins::default());
        Self { keys, registry, logins, hashing: Hashing::default(), start: Instant::now() }
    }

    /// From the next request on, these are let in, and nobody who was let in before by something else.
    pub fn replace(&self, logins: Logins) {
        self.logins.store(Arc::new(logins));
    }

    async fn by_password(
        &self,
        name: &str,
        password: &SecretString,
        peer: IpAddr,
    ) -> Result<Principal, Refusal> {
        let logins = self.logins.load_full();
        let Some(passwords) = logins.passwords() else {
            return Err(Stranger::because("no_passwords_here").into());
        };
        if password.expose_secret().len() > PASSWORD_LEN_MAX {
            return Err(Stranger::because("wrong_password").into());
        }
        if !self.proves(passwords, name, password).await? {
            return Err(Stranger::because("wrong_password").into());
        }
        // Only who knows the password learns that it is not for this address.
        let user = logins.user(name).ok_or(Stranger::because("wrong_password"))?;
        if !user.is_from(peer) {
            return Err(Stranger::because("user_not_for_this_address").into());
        }
        Ok(Principal {
            name: format!("user:{name}").into(),
            login: Login::Password,
            rights: user.rights().clone(),
            expires_at: None,
        })
    }

    async fn proves(
        &self,
        passwords: &Arc<Passwords>,
        name: &str,
        password: &SecretString,
    ) -> Result<bool, Refusal> {
        let now = Timestamp::ZERO.after(Instant::now().duration_since(self.start) + Duration::from_micros(1));
        if passwords.remembers(name, password.expose_secret().as_bytes(), now) {
            return Ok(true);
        }
        let (passwords, name, password) = (passwords.clone(), name.to_owned(), password.clone());
        let work = move || passwords.proves(&name, password.expose_secret().as_bytes(), now);
        match self.hashing.run(work).await {
            Ok(Ok(is_right)) => Ok(is_right),
            Ok(Err(_)) | Err(_) => Err(Refusal::Unavailable),
        }
    }

    async fn by_bearer(&self, bearer: &SecretString, peer: IpAddr) -> Result<Principal, Refusal> {
        let logins = self.logins.load();
        match logins.tokens() {
            Some(tokens) if tokens::looks_signed(bearer) && !self.keys.is_administrator(bearer) => {
                tokens.holder(bearer, self.registry.now())
            }
            Some(_) | None => {
                drop(logins);
                self.keys.holder(bearer, peer).await
            }
        }
    }

    fn by_nothing(&self, peer: IpAddr, is_direct: bool) -> Result<Principal, Refusal> {
        if !self.logins.load().is_open() {
            return Err(Stranger::because("nothing_presented").into());
        }
        if !is_direct || !peer.to_canonical().is_loopback() {
            return Err(Stranger::because("not_of_this_machine").into());
        }
        Ok(Principal {
            name: "anonymous".into(),
            login: Login::Anonymous,
            rights: vouchmq_identity::model::Rights::administrator(),
            expires_at: None::<UnixMillis>,
        })
    }
}

#[async_trait]
impl Gatekeeper for Operators {
    async fn principal(&self, presented: &Presented, peer: IpAddr) -> Result<Principal, Refusal> {
        match presented {
            Presented::Bearer(bearer) => self.by_bearer(bearer, peer).await,
            Presented::Basic { user, password } => self.by_password(user, password, peer).await,
            Presented::Certificate(certificate) => {
                self.logins.load().holder_of(certificate).map_err(Refusal::from)
            }
            Presented::Nothing { is_direct } => self.by_nothing(peer, *is_direct),
        }
    }

    fn schemes(&self) -> Schemes {
        Schemes { has_basic: self.logins.load().passwords().is_some() }
    }

    fn tell(&self, stranger: Stranger, peer: IpAddr) {
        Gatekeeper::tell(&*self.keys, stranger, peer);
    }
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operators").field("logins", &self.logins.load()).finish_non_exhaustive()
    }
}
