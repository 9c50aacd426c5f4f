//! Who operators are, by what they present.

mod certificates;
mod lines;
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
use vouchmq_identity::{OutOfMemory, Timestamp, UnixMillis};

use super::keys::ApiKeys;
use crate::http::{Gatekeeper, Login, Presented, Principal, Refusal, Schemes, Stranger, network_of};

pub use certificates::KnownCertificate;
pub use logins::{KnownUser, Logins, Tokens};

use lines::{Lines, NoPlace};

/// The [`Gatekeeper`] of operators: the administrator's token and API keys, and the [`Logins`] of a configuration,
/// which can be replaced.
pub struct Operators {
    keys: Arc<ApiKeys>,
    registry: Arc<Registry>,
    logins: ArcSwap<Logins>,
    lines: Lines,
    start: Instant,
}

/// No password is longer, in bytes: hashing takes its time.
const PASSWORD_LEN_MAX: usize = 1024;

impl Operators {
    /// Those who hold a key, and nobody else.
    pub fn new(registry: Arc<Registry>, keys: Arc<ApiKeys>) -> Self {
        let logins = ArcSwap::from_pointee(Logins::default());
        Self { keys, registry, logins, lines: Lines::default(), start: Instant::now() }
    }

    /// From the next request on, these are let in, and nobody who was let in before by something else. A password
    /// that was right a moment ago and has stayed the same is not computed again.
    pub fn replace(&self, logins: Logins) {
        if let (Some(passwords), Some(previous)) = (logins.passwords(), self.logins.load().passwords()) {
            passwords.inherit(previous);
        }
        self.logins.store(Arc::new(logins));
    }

    async fn by_password(
        &self,
        name: &str,
        password: &SecretString,
        (peer, is_direct): (IpAddr, bool),
    ) -> Result<Principal, Refusal> {
        let logins = self.logins.load_full();
        let Some(passwords) = logins.passwords() else {
            return Err(Stranger::because("no_passwords_here").into());
        };
        if password.expose_secret().len() > PASSWORD_LEN_MAX {
            return Err(Stranger::because("wrong_password").into());
        }
        if !self.proves(passwords, name, password, peer).await? {
            return Err(Stranger::because("wrong_password").into());
        }
        // Only who knows the password learns that it is not for this address.
        let user = logins.user(name).ok_or(Stranger::because("wrong_password"))?;
        if !user.is_from(peer) {
            return Err(Stranger::because("user_not_for_this_address").into());
        }
        if user.is_of_this_machine() && !is_here(peer, is_direct) {
            return Err(Stranger::because("not_of_this_machine").into());
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
        peer: IpAddr,
    ) -> Result<bool, Refusal> {
        let now = self.moment();
        if passwords.remembers(name, password.expose_secret().as_bytes(), now) {
            return Ok(true);
        }
        let place = self.lines.enter(network_of(peer)).await.map_err(|fault| match fault {
            NoPlace::Busy => Refusal::Busy,
            NoPlace::Late => Refusal::Unavailable,
        })?;
        let (passwords, name, password) = (passwords.clone(), name.to_owned(), password.clone());
        let now = self.moment();
        let work = move || {
            // Held until the work ends, whether its client waits or not.
            let _place = place;
            let password = password.expose_secret().as_bytes();
            // Another request may have shown it meanwhile.
            Ok(passwords.remembers(&name, password, now) || passwords.proves(&name, password, now)?)
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(is_right)) => Ok(is_right),
            Ok::<Result<_, OutOfMemory>, _>(Err(_)) | Err(_) => Err(Refusal::Unavailable),
        }
    }

    /// The time by which passwords are remembered.
    fn moment(&self) -> Timestamp {
        Timestamp::ZERO.after(Instant::now().duration_since(self.start) + Duration::from_micros(1))
    }

    async fn by_bearer(
        &self,
        bearer: &SecretString,
        looks_signed: bool,
        peer: IpAddr,
    ) -> Result<Principal, Refusal> {
        let logins = self.logins.load();
        match logins.tokens() {
            Some(tokens) if looks_signed && !self.keys.is_administrator(bearer) => {
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
        if !is_here(peer, is_direct) {
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

/// Whether somebody on this machine asks, as far as that can be told: never where a proxy has been at the request.
fn is_here(peer: IpAddr, is_direct: bool) -> bool {
    is_direct && peer.to_canonical().is_loopback()
}

#[async_trait]
impl Gatekeeper for Operators {
    async fn principal(&self, presented: &Presented, peer: IpAddr) -> Result<Principal, Refusal> {
        match presented {
            Presented::Bearer(bearer) => self.by_bearer(bearer, presented.looks_signed(), peer).await,
            Presented::Basic { user, password, is_direct } => {
                self.by_password(user, password, (peer, *is_direct)).await
            }
            Presented::Certificate(certificate) => {
                let holder = self.logins.load().holder_of(certificate)?;
                // A connection may be older than that.
                let is_over = holder.expires_at.is_some_and(|end| end <= self.registry.now());
                if is_over { Err(Stranger::because("certificate_expired").into()) } else { Ok(holder) }
            }
            Presented::Nothing { is_direct } => self.by_nothing(peer, *is_direct),
        }
    }

    fn time_until(&self, end: UnixMillis) -> Option<Duration> {
        Some(Duration::from_millis(end.millis().saturating_sub(self.registry.now().millis())))
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
