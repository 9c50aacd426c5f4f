use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::http::{HeaderValue, header};
use vouchmq_identity::model::{Rights, Role, Scope};
use vouchmq_identity::{KeyId, UnixMillis};

use super::crowd::network_of;
use super::lockout::Lockout;
use super::presented::Presented;
use super::{Code, Limiter, Problem};

/// Knows who may use an HTTP API, as a port: by what they present.
#[async_trait]
pub trait Gatekeeper: Send + Sync {
    /// Who presents it. Compares in constant time; what is right is never refused for the failures of others.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn principal(&self, presented: &Presented, peer: IpAddr) -> Result<Principal, Refusal>;

    /// By which schemes of HTTP somebody may show who they are: what a refusal offers.
    fn schemes(&self) -> Schemes {
        Schemes::default()
    }

    /// How long it is until `end`; `None` where there is no clock, and [`Self::principal`] alone says what is over.
    fn time_until(&self, _: UnixMillis) -> Option<Duration> {
        None
    }

    /// Tells operators who was refused. Asked only while the failures of the address are within their bound: what
    /// operators read has a bound too, and nobody may push all else out of it.
    fn tell(&self, _: Stranger, _: IpAddr) {}
}

/// What is known about a text that opens nothing; for operators, never for who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// The key that it names.
    pub key_id: Option<KeyId>,
    /// What is wrong with it, as a word that stays the same.
    pub reason: &'static str,
}

/// Who acts on the management API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// As it stands in the audit log: an API key's name, `admin`, `user:NAME`, `jwt:SUBJECT@ISSUER`, `cert:NAME`,
    /// `anonymous`; what has a colon in it is never an API key's.
    pub name: Box<str>,
    /// How it has shown who it is.
    pub login: Login,
    /// What it may do.
    pub rights: Rights,
    /// It opens nothing from this time on.
    pub expires_at: Option<UnixMillis>,
}

/// How somebody has shown who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// The administrator's token.
    AdministratorToken,
    /// An API key.
    ApiKey,
    /// A signed token.
    Token,
    /// A user name and a password.
    Password,
    /// A client certificate.
    Certificate,
    /// Nothing, on this machine, where that is allowed.
    Anonymous,
}

/// Schemes of `Authorization` beside Bearer, which is always one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schemes {
    /// User names and passwords.
    pub has_basic: bool,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has this text, or nobody any more, or not from there: which of these stays inside.
    Unknown(Stranger),
    /// Too many attempts from the same network wait to be looked at: it was not, and counts as a failure.
    Busy,
    /// It cannot be decided now.
    Unavailable,
}

/// A [`Gatekeeper`], and what all callers of a listener may do together.
#[derive(Clone)]
pub struct Gate {
    pub(super) keeper: Arc<dyn Gatekeeper>,
    failures: Arc<Limiter<IpAddr>>,
    passwords: Arc<Lockout>,
    tokens: Arc<Lockout>,
    calls: Option<Arc<Limiter<Box<str>>>>,
}

/// The reason of who presents a signed token whose time is over; it is told only where all else is right.
const TOKEN_EXPIRED: &str = "token_expired";
/// Failed attempts of one address in a minute.
const FAILURES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// Addresses and callers that are counted one by one.
const KEYS_MAX: usize = 10_000;

impl Stranger {
    /// Somebody who names no key.
    pub const fn because(reason: &'static str) -> Self {
        Self { key_id: None, reason }
    }
}

impl From<Stranger> for Refusal {
    fn from(stranger: Stranger) -> Self {
        Self::Unknown(stranger)
    }
}

impl Principal {
    /// The holder of an API key with these scopes.
    pub fn new(name: impl Into<Box<str>>, scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self {
            name: name.into(),
            login: Login::ApiKey,
            rights: scopes.into_iter().collect(),
            expires_at: None,
        }
    }

    /// The holder of the administrator's token.
    pub(crate) fn administrator() -> Self {
        let rights = Rights::new(None, [Scope::Admin]);
        Self { name: "admin".into(), login: Login::AdministratorToken, rights, expires_at: None }
    }

    /// Whether it may do what needs `scope`.
    pub fn opens(&self, scope: Scope) -> bool {
        self.rights.opens(scope)
    }

    /// The role that it was given, if it was given one.
    pub const fn role(&self) -> Option<Role> {
        self.rights.role()
    }
}

impl Login {
    /// Its word, which stays the same.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AdministratorToken => "administrator_token",
            Self::ApiKey => "api_key",
            Self::Token => "jwt",
            Self::Password => "password",
            Self::Certificate => "certificate",
            Self::Anonymous => "anonymous",
        }
    }
}

impl Gate {
    /// A gate that counts failures by address, 30 a minute, and no calls.
    pub fn new(keeper: Arc<dyn Gatekeeper>) -> Self {
        let failures = Limiter::new(FAILURES_PER_MINUTE, Duration::from_secs(60), KEYS_MAX);
        let (passwords, tokens) = (Arc::new(Lockout::of_passwords()), Arc::new(Lockout::of_tokens()));
        Self { keeper, failures: Arc::new(failures), passwords, tokens, calls: None }
    }

    /// Lets each principal make so many requests a second, and as many at once.
    #[must_use]
    pub fn with_calls_per_second(self, calls: NonZeroU32) -> Self {
        Self { calls: Some(Arc::new(Limiter::new(calls, Duration::from_secs(1), KEYS_MAX))), ..self }
    }

    /// Who presents this.
    pub(super) async fn principal(&self, presented: &Presented, peer: IpAddr) -> Result<Principal, Problem> {
        // Before it is looked at: a right guess is not told from a wrong one.
        let attempt = match presented {
            Presented::Basic { user, .. } => Some(self.passwords.begin(peer, Some(user))),
            Presented::Bearer(_) => presented.looks_signed().then(|| self.tokens.begin(peer, None)),
            Presented::Certificate(_) | Presented::Nothing { .. } => None,
        };
        let attempt = attempt.transpose().map_err(too_many)?;
        let refusal = match self.keeper.principal(presented, peer).await {
            Ok(principal) => {
                if let Some(attempt) = attempt {
                    attempt.proven();
                }
                return Ok(principal);
            }
            Err(refusal) => refusal,
        };
        let unavailable = |detail: &'static str| Problem::new(Code::Unavailable, detail);
        match refusal {
            Refusal::Unknown(stranger) => {
                let problem = self.failed(peer, Some(stranger));
                if let Some(attempt) = attempt {
                    attempt.failed().await;
                }
                Err(problem)
            }
            // The attempt is dropped, and so counted.
            Refusal::Busy => match self.failures.take(&network_of(peer)) {
                Ok(()) => Err(unavailable("too many logins from this address are being checked")
                    .with_retry_after(Duration::from_secs(1))),
                Err(wait) => Err(too_many(wait)),
            },
            Refusal::Unavailable => {
                if let Some(attempt) = attempt {
                    attempt.undecided();
                }
                Err(unavailable("logins cannot be checked now"))
            }
        }
    }

    /// Counts a failed attempt, tells operators of it, and says what is answered.
    pub(super) fn failed(&self, peer: IpAddr, stranger: Option<Stranger>) -> Problem {
        if let Err(wait) = self.failures.take(&network_of(peer)) {
            return too_many(wait);
        }
        let is_expired = stranger.is_some_and(|stranger| stranger.reason == TOKEN_EXPIRED);
        if let Some(stranger) = stranger {
            self.keeper.tell(stranger, peer);
        }
        let (detail, offered) = if self.keeper.schemes().has_basic {
            (
                "send Authorization: Bearer and a token or an API key that is in force, or Authorization: Basic",
                "Bearer realm=\"vouchmq\", Basic realm=\"vouchmq\", charset=\"UTF-8\"",
            )
        } else {
            (
                "send Authorization: Bearer and the administrator's token, or an API key that is in force",
                "Bearer realm=\"vouchmq\"",
            )
        };
        let problem = Problem::new(Code::Unauthenticated, detail)
            .with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static(offered));
        if is_expired { problem.of_expired_login() } else { problem }
    }

    /// Counts a call.
    pub(super) fn called(&self, principal: &Principal) -> Result<(), Problem> {
        let Some(calls) = &self.calls else { return Ok(()) };
        calls.take(&principal.name).map_err(|wait| {
            Problem::new(Code::TooManyRequests, "too many requests with this key").with_retry_after(wait)
        })
    }
}

fn too_many(wait: Duration) -> Problem {
    Problem::new(Code::TooManyRequests, "too many failed attempts from this address").with_retry_after(wait)
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
