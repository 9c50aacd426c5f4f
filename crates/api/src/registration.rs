//! Registration: how a device that is new gets its secret, and how one that has a secret gets the next.
//!
//! Whoever knocks here has proven nothing. So each address, each claim token and all together are limited; a
//! claim token is looked at before anything is written; and no more than so many work at a time, so that
//! strangers never keep the database from those who are known. A device that is refused learns only that it
//! is; the exact reason is an [event](vouchmq_identity::events).
//!
//! A POST takes no `Idempotency-Key` here: a device that lost an answer asks again, and gets a new secret
//! until it has connected.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use tokio::sync::Semaphore;
use utoipa_axum::routes;
use vouchmq_identity::events::Events;
use vouchmq_identity::registry::Registry;
use vouchmq_identity::resident::Resident;
use vouchmq_identity::store::Digest;

use crate::http::{
    Access, Built, Gate, Gatekeeper, Limiter, Presented, Principal, Refusal, Requests, Routes, Stranger,
    open_api_route,
};
use crate::management::Applied;

mod admitted;
mod basic;
mod event;
mod poll;
mod register;
mod rotate;

/// What registration works on, and its limits.
pub struct Registration {
    registry: Arc<Registry>,
    resident: Arc<Resident>,
    events: Arc<Events>,
    applied: Arc<dyn Applied>,
    working: Arc<Semaphore>,
    all: Limiter<()>,
    addresses: Limiter<IpAddr>,
    tokens: Limiter<Digest>,
    /// Refusals that operators are told of.
    refusals: Limiter<IpAddr>,
    is_loopback_exempt: bool,
    requests: Arc<Requests>,
}

/// So many a second, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// In the long run.
    pub per_second: NonZeroU32,
    /// At once; not less than a second's.
    pub burst: NonZeroU32,
}

/// What devices that register may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RegistrationLimits {
    /// Requests of all together.
    pub all: Rate,
    /// Requests of one address; IPv6 counts by /64.
    pub each_address: Rate,
    /// Requests with one claim token.
    pub each_token: Rate,
    /// Registrations and rotations at a time; others are 503.
    pub working_max: usize,
    /// Loopback does not count as an address: where a proxy stands in front, all come from there.
    pub is_loopback_exempt: bool,
}

type Here = State<Arc<Registration>>;

/// Addresses and claim tokens that are counted one by one.
const KEYS_MAX: usize = 65_536;
/// Refusals from one place that are told as events, loopback too.
const REFUSALS_PER_MINUTE: NonZeroU32 = NonZeroU32::new(60).unwrap();

impl RegistrationLimits {
    /// What is allowed unless somebody wants otherwise.
    pub const DEFAULT: Self = Self {
        all: Rate::new(2_000, 4_000),
        each_address: Rate::new(10, 20),
        each_token: Rate::new(20, 100),
        working_max: 64,
        is_loopback_exempt: false,
    };
}

impl Default for RegistrationLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl Rate {
    /// So many a second and at once; zero is one.
    pub const fn new(per_second: u32, burst: u32) -> Self {
        const fn at_least_one(count: u32) -> NonZeroU32 {
            match NonZeroU32::new(count) {
                Some(count) => count,
                None => NonZeroU32::MIN,
            }
        }
        Self { per_second: at_least_one(per_second), burst: at_least_one(burst) }
    }

    fn limiter<K: std::hash::Hash + Eq + Clone>(self, keys_max: usize) -> Limiter<K> {
        let period = Duration::from_secs(1).saturating_mul(self.burst.get()) / self.per_second.get();
        Limiter::new(self.burst, period, keys_max)
    }
}

impl Registration {
    /// Lets devices into `registry`. `resident` judges those that rotate, and knows the blocks; a
    /// secret is answered once it is `applied`, so that a device may connect with it at once.
    pub fn new(
        registry: Arc<Registry>,
        resident: Arc<Resident>,
        events: Arc<Events>,
        applied: Arc<dyn Applied>,
        limits: &RegistrationLimits,
    ) -> Self {
        Self {
            registry,
            resident,
            events,
            applied,
            working: Arc::new(Semaphore::new(limits.working_max)),
            all: limits.all.limiter(1),
            addresses: limits.each_address.limiter(KEYS_MAX),
            tokens: limits.each_token.limiter(KEYS_MAX),
            refusals: Limiter::new(REFUSALS_PER_MINUTE, Duration::from_secs(60), KEYS_MAX),
            is_loopback_exempt: limits.is_loopback_exempt,
            requests: Arc::default(),
        }
    }

    /// Has its requests counted there.
    #[must_use]
    pub fn with_requests(self, requests: Arc<Requests>) -> Self {
        Self { requests, ..self }
    }
}

/// What the registration listener serves: [`routes()`], and `/openapi.json`.
pub fn router(registration: Registration) -> Router {
    let gate = Gate::new(Arc::new(NoOperators));
    let Built { router, document } =
        routes().counted(&registration.requests.clone()).build(Arc::new(registration), &gate, None);
    router.merge(open_api_route(&document))
}

/// Every operation. None has a scope: devices prove themselves by what they send.
pub fn routes() -> Routes<Arc<Registration>> {
    Routes::new("registration")
        .add(Access::Open("a claim token in the body"), routes!(register::register))
        .add(Access::Open("a claim token as bearer"), routes!(poll::poll))
        .add(Access::Open("the secret of a device by HTTP Basic"), routes!(rotate::rotate))
}

/// Nobody administers here.
struct NoOperators;

#[async_trait]
impl Gatekeeper for NoOperators {
    async fn principal(&self, _: &Presented, _: IpAddr) -> Result<Principal, Refusal> {
        Err(Stranger::because("no_operators").into())
    }
}

impl std::fmt::Debug for Registration {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registration").field("working", &self.working).finish_non_exhaustive()
    }
}
