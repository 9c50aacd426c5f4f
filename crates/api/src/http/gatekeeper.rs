use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use vouchmq_identity::KeyId;
use vouchmq_identity::model::Scope;

use super::crowd::network_of;
use super::{Code, Limiter, Problem};

/// Knows who may use an HTTP API, as a port: by the text of `Authorization: Bearer`.
#[async_trait]
pub trait Gatekeeper: Send + Sync {
    /// Whose text it is. Compares in constant time; a text that is right is never refused for the failures of
    /// others.
    ///
    /// # Errors
    /// [`Refusal`].
    async fn principal(&self, bearer: &SecretString, peer: IpAddr) -> Result<Principal, Refusal>;

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
    /// As it stands in the audit log: an API key's name, or `admin`.
    pub name: Box<str>,
    /// What it may do.
    pub scopes: Box<[Scope]>,
}

/// Why nobody is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody has this text, or nobody any more, or not from there: which of these stays inside.
    Unknown(Stranger),
    /// It cannot be decided now.
    Unavailable,
}

/// A [`Gatekeeper`], and what all callers of a listener may do together.
#[derive(Clone)]
pub struct Gate {
    pub(super) keeper: Arc<dyn Gatekeeper>,
    failures: Arc<Limiter<IpAddr>>,
    calls: Option<Arc<Limiter<Box<str>>>>,
}

/// Failed attempts of one address in a minute.
const FAILURES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// Addresses and callers that are counted one by one.
const KEYS_MAX: usize = 10_000;

impl Principal {
    /// Whether it may do what needs `scope`.
    pub fn opens(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }
}

impl Gate {
    /// A gate that counts failures by address, 30 a minute, and no calls.
    pub fn new(keeper: Arc<dyn Gatekeeper>) -> Self {
        let failures = Limiter::new(FAILURES_PER_MINUTE, Duration::from_secs(60), KEYS_MAX);
        Self { keeper, failures: Arc::new(failures), calls: None }
    }

    /// Lets each principal make so many requests a second, and as many at once.
    #[must_use]
    pub fn with_calls_per_second(self, calls: NonZeroU32) -> Self {
        Self { calls: Some(Arc::new(Limiter::new(calls, Duration::from_secs(1), KEYS_MAX))), ..self }
    }

    /// Counts a failed attempt, tells operators of it, and says what is answered.
    pub(super) fn failed(&self, peer: IpAddr, stranger: Option<Stranger>) -> Problem {
        match self.failures.take(&network_of(peer)) {
            Ok(()) => {
                if let Some(stranger) = stranger {
                    self.keeper.tell(stranger, peer);
                }
                Problem::new(
                    Code::Unauthenticated,
                    "send Authorization: Bearer and the administrator's token, or an API key that is in force",
                )
            }
            Err(wait) => Problem::new(Code::TooManyRequests, "too many failed attempts from this address")
                .with_retry_after(wait),
        }
    }

    /// Counts a call.
    pub(super) fn called(&self, principal: &Principal) -> Result<(), Problem> {
        let Some(calls) = &self.calls else { return Ok(()) };
        calls.take(&principal.name).map_err(|wait| {
            Problem::new(Code::TooManyRequests, "too many requests with this key").with_retry_after(wait)
        })
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}
