use std::collections::HashSet;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use vouchmq_identity::Clock;

use super::caller::{Caller, Callers};
use super::nonces::Nonces;
use super::verifier::Verifier;
use super::{AuthenticationServiceOptions, CallersFault, Confirm, EmqxFailure, EmqxUnknown, Judge};
use crate::changes::Changes;
use crate::http::{Built, Code, Limiter, Problem, Requests, network_of};

/// The authentication service, ready to be served.
pub struct AuthenticationService(Service);

/// What all its routes share.
pub(super) struct Service {
    pub(super) verifier: Verifier,
    pub(super) callers: Callers,
    pub(super) nonces: Nonces,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) emqx_unknown: EmqxUnknown,
    pub(super) emqx_failure: EmqxFailure,
    pub(super) changes: Option<Arc<Changes>>,
    pub(super) requests: Arc<Requests>,
    verifications: Option<Limiter<Caller>>,
    failures: Limiter<IpAddr>,
    hints: Limiter<IpAddr>,
    /// Callers that were told in the log that they send passwords in URLs.
    warned: Mutex<HashSet<Caller>>,
}

/// Requests of nobody known, from one address in a minute.
const FAILURES_PER_MINUTE: NonZeroU32 = NonZeroU32::new(30).unwrap();
/// Lines about requests that cannot be understood, of one address in a minute.
const HINTS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(6).unwrap();
const KEYS_MAX: usize = 10_000;
const WARNED_MAX: usize = 1_000;

impl AuthenticationService {
    /// The service on a verifier. `confirm` makes first uses of credentials durable.
    ///
    /// # Errors
    /// [`CallersFault`]: the callers of the configuration are not as they must be.
    pub fn try_new(
        options: &AuthenticationServiceOptions,
        judge: Arc<dyn Judge>,
        confirm: Arc<dyn Confirm>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, CallersFault> {
        let callers = Callers::try_new(options)?;
        let per_second = NonZeroU32::new(options.verifications_per_second);
        let second = Duration::from_secs(1);
        Ok(Self(Service {
            verifier: Verifier::new(options, judge, confirm),
            callers,
            nonces: Nonces::new(options.nonces_max),
            clock,
            emqx_unknown: options.emqx_unknown,
            emqx_failure: options.emqx_failure,
            verifications: per_second.map(|count| Limiter::new(count, second, KEYS_MAX)),
            failures: Limiter::new(FAILURES_PER_MINUTE, 60 * second, KEYS_MAX),
            hints: Limiter::new(HINTS_PER_MINUTE, 60 * second, KEYS_MAX),
            changes: None,
            requests: Arc::default(),
            warned: Mutex::default(),
        }))
    }

    /// The same, and callers may follow these changes.
    #[must_use]
    pub fn telling(mut self, changes: Arc<Changes>) -> Self {
        self.0.changes = Some(changes);
        self
    }

    /// The same, and its requests are counted there.
    #[must_use]
    pub fn counted(mut self, requests: &Arc<Requests>) -> Self {
        self.0.requests = requests.clone();
        self
    }

    /// Its routes and their description. Give the router to a [`Listener`](crate::http::Listener).
    pub fn build(self) -> Built {
        super::routes(&Arc::new(self.0))
    }
}

impl std::fmt::Debug for AuthenticationService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthenticationService").finish_non_exhaustive()
    }
}

impl Service {
    /// Counts verifications of a caller.
    pub(super) fn charge(&self, caller: &Caller, count: usize) -> Result<(), Problem> {
        let Some(verifications) = &self.verifications else { return Ok(()) };
        let count = u32::try_from(count).ok().and_then(NonZeroU32::new);
        let Some(count) = count else { return Ok(()) };
        verifications.take_many(caller, count).map_err(|wait| {
            Problem::new(Code::TooManyRequests, "too many verifications in a second").with_retry_after(wait)
        })
    }

    /// Counts a request of nobody known, writes it to the log, and says what is answered.
    pub(super) fn refuse(&self, peer: IpAddr, code: Code, reason: &str, hint: &'static str) -> Problem {
        match self.failures.take(&network_of(peer)) {
            Ok(()) => {
                tracing::warn!(%peer, reason, "a caller of the authentication service was refused");
                Problem::new(code, hint)
            }
            Err(wait) => Problem::new(Code::TooManyRequests, "too many failed attempts from this address")
                .with_retry_after(wait),
        }
    }

    /// Writes to the log, now and then, what is wrong with a broker's requests: its clients are all denied.
    pub(super) fn hint(&self, peer: IpAddr, reason: &str) {
        if self.hints.take(&network_of(peer)).is_ok() {
            tracing::warn!(%peer, reason, "a request of NanoMQ cannot be understood, its client is denied");
        }
    }

    /// Writes to the log, once for each caller, that it sends passwords where others log them.
    pub(super) fn warn_of_query(&self, caller: &Caller) {
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.len() < WARNED_MAX && warned.insert(caller.clone()) {
            let Caller(caller) = caller;
            tracing::warn!(%caller, "sends passwords in URLs, which proxies log: configure method = post");
        }
    }
}
