//! Our own authentication service on another machine: questions in batches, changes as they happen.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64ct::{Base64, Encoding};
use tokio::runtime::Handle;
use tokio::time::Instant;
use vouchmq_identity::{AuthRequest, Denial, Unavailable};

use super::answer::{self, LoginAnswer};
use super::authenticator::password_of;
use super::batch::{Batched, Batches};
use super::cache::Ttl;
use super::changes::{Follower, Health, StreamHealth};
use super::options::NativeOptions;
use super::settled::{Grounds, Settled};
use super::standings::Held;
use super::trial::Watch;
use crate::dto::verify::{
    ReconsiderItem, ReconsiderRequest, ReconsiderResponse, VerifyBatchRequest, VerifyBatchResponse,
    VerifyRequest, VerifyResponse,
};
use crate::transport::Servers;

/// A service that is asked in our own way.
pub(super) struct Native {
    pub(super) servers: Arc<Servers>,
    pub(super) options: NativeOptions,
    pub(super) health: StreamHealth,
    /// The change stream is not signed: where answers have to be, it is believed over TLS only.
    is_stream_proven: bool,
    /// Who hears of changes; `None`: nobody.
    pub(super) follower: Option<Follower>,
    verify: Arc<Batches<Verifying>>,
    reconsider: Arc<Batches<Reconsidering>>,
    /// The last change that was applied here.
    applied: AtomicU64,
    start: Instant,
    /// When it was last known of everybody whether they may stay, in milliseconds since the start.
    confirmed_at: AtomicU64,
}

/// Clients that want to connect.
struct Verifying;

/// Clients that are connected.
struct Reconsidering;

/// How a client stands that was let in.
#[derive(Clone, Debug)]
pub(super) enum Stands {
    /// It may stay, on these grounds.
    Stays { grounds: Arc<Grounds>, as_of: u64 },
    /// It may not.
    Ended { denial: Denial, as_of: u64 },
}

impl Stands {
    /// The change of the service's registry that this is at least as new as.
    pub(super) const fn as_of(&self) -> u64 {
        match self {
            Self::Stays { as_of, .. } | Self::Ended { as_of, .. } => *as_of,
        }
    }
}

impl Native {
    pub(super) fn new(
        options: NativeOptions,
        servers: Arc<Servers>,
        follower: Option<Follower>,
        is_stream_proven: bool,
        runtime: &Handle,
        watch: &Watch,
    ) -> Self {
        let (window, max) = (options.batch_window, options.batch_max);
        Self {
            verify: Batches::new(servers.clone(), runtime.clone(), window, max, watch.clone()),
            reconsider: Batches::new(servers.clone(), runtime.clone(), window, max, watch.clone()),
            servers,
            options,
            follower,
            health: StreamHealth::new(),
            is_stream_proven,
            applied: AtomicU64::new(0),
            start: Instant::now(),
            confirmed_at: AtomicU64::new(0),
        }
    }

    /// Who a client is.
    pub(super) async fn login(
        &self,
        request: &AuthRequest,
        deadline: Instant,
    ) -> Result<Settled, Unavailable> {
        let response = self.verify.ask(item_of(request), deadline).await?;
        let as_of = response.as_of;
        let credential = response.credential_id.as_deref().and_then(|id| id.parse().ok());
        let device = response.device_id.as_deref().map(str::parse).transpose();
        let said = answer::native(response).map_err(|fault| {
            tracing::warn!(%fault, "the authentication service answers what cannot be understood");
            Unavailable::NotUnderstood
        })?;
        Ok(match said {
            LoginAnswer::Allow(carried) => {
                // Who it is and by what is asked about when something changes: nobody is let in who could not be.
                let (Ok(Some(device)), Some(credential)) = (device, credential) else {
                    tracing::warn!(
                        "the authentication service lets somebody in without saying who it is and by what"
                    );
                    return Err(Unavailable::NotUnderstood);
                };
                let (device, credential) = (Some(device), Some(credential));
                Settled::Allow(Arc::new(Grounds { carried, device, credential, as_of }))
            }
            LoginAnswer::Deny(denial) => Settled::Deny(denial),
            LoginAnswer::NotMine => Settled::NotMine,
        })
    }

    /// How a client stands that was let in.
    pub(super) async fn reconsider(&self, held: &Held, deadline: Instant) -> Result<Stands, Unavailable> {
        // The service refuses a request with an item that is not valid, and with it all others of the batch.
        let credential = held.credential.ok_or(Unavailable::NoService)?;
        let item = ReconsiderItem {
            device_id: held.device.to_string(),
            credential_id: credential.to_string(),
            clientid: held.client_id.to_string(),
            username: held.username.as_deref().map(str::to_owned),
            peerhost: held.peer.map(|peer| peer.to_string()),
        };
        let result = self.reconsider.ask(item, deadline).await?;
        let as_of = result.as_of;
        let credential = Some(credential);
        let said = answer::native(result).map_err(|_| Unavailable::NoService)?;
        Ok(match said {
            LoginAnswer::Allow(carried) => {
                let device = Some(held.device.clone());
                Stands::Stays { grounds: Arc::new(Grounds { carried, device, credential, as_of }), as_of }
            }
            LoginAnswer::Deny(denial) => Stands::Ended { denial, as_of },
            LoginAnswer::NotMine => Stands::Ended { denial: Denial::ServiceNotAllowed, as_of },
        })
    }

    /// For how long what it allows is good.
    pub(super) fn ttl(&self) -> Ttl {
        match (self.options.follows_changes, self.is_stream_proven) {
            (true, true) => self.health.cap(self.now()),
            // Whoever is in between could keep changes back, and answers are to be proven here.
            (true, false) => Ttl::NotUsed,
            (false, _) => Ttl::Full,
        }
    }

    /// For how long nobody could have said that something is not good any more.
    pub(super) fn silence(&self) -> Duration {
        if self.options.follows_changes { self.health.silence(self.now()) } else { Duration::ZERO }
    }

    /// Whether it would be heard of what changes.
    pub(super) const fn is_stream_relied_on(&self) -> bool {
        self.options.follows_changes && self.is_stream_proven
    }

    pub(super) fn health_now(&self) -> Health {
        self.health.state(self.now())
    }

    /// The time, as the health of the stream counts it.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// A change was applied.
    pub(super) fn applied(&self, sequence: u64) {
        self.applied.fetch_max(sequence, Ordering::Relaxed);
    }

    /// Whatever was applied before: numbers go on from here.
    pub(super) fn applied_anew(&self, sequence: u64) {
        self.applied.store(sequence, Ordering::Relaxed);
    }

    /// The last change that was applied.
    pub(super) fn last_applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    /// It was known of everybody at that time whether they may stay.
    pub(super) fn confirmed(&self, at: Duration) {
        self.confirmed_at.store(millis(at), Ordering::Relaxed);
    }

    /// For how long it is not known of somebody.
    pub(super) fn unconfirmed_for(&self) -> Duration {
        let confirmed = Duration::from_millis(self.confirmed_at.load(Ordering::Relaxed));
        self.now().saturating_sub(confirmed).min(self.silence_of_stream())
    }

    fn silence_of_stream(&self) -> Duration {
        self.health.silence(self.now())
    }

    /// Requests of several questions, and the questions in them.
    pub(super) fn batches(&self) -> (u64, u64) {
        let ((requests, items), (more_requests, more_items)) =
            (self.verify.counts(), self.reconsider.counts());
        (requests + more_requests, items + more_items)
    }
}

/// An item without what its client says: names of fields, an address, an id.
const ITEM_BYTES: usize = 256;

/// A text in JSON, at most: a control character takes six bytes.
const fn json_bytes_max(text: &str) -> usize {
    text.len().saturating_mul(6)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A client, as it is asked about.
fn item_of(request: &AuthRequest) -> VerifyRequest {
    let password = password_of(request);
    let text = password.and_then(|password| std::str::from_utf8(password).ok());
    VerifyRequest {
        clientid: request.client_id.to_string(),
        username: request.username.as_deref().map(str::to_owned),
        password: text.map(str::to_owned),
        password_b64: password.filter(|_| text.is_none()).map(Base64::encode_string),
        peerhost: request.peer.map(|peer| peer.to_string()),
    }
}

impl Batched for Verifying {
    type Item = VerifyRequest;
    type Request = VerifyBatchRequest;
    type Response = VerifyBatchResponse;
    type Result = VerifyResponse;
    const PATH: &'static str = "/v1/auth/verify:batch";

    fn bytes_max(item: &VerifyRequest) -> usize {
        let texts = [Some(&item.clientid), item.username.as_ref(), item.password.as_ref()];
        let texts: usize = texts.into_iter().flatten().map(|text| json_bytes_max(text)).sum();
        texts + item.password_b64.as_ref().map_or(0, String::len) + ITEM_BYTES
    }

    fn request(items: Vec<VerifyRequest>) -> VerifyBatchRequest {
        VerifyBatchRequest { items }
    }

    fn results(response: VerifyBatchResponse) -> Vec<VerifyResponse> {
        response.results
    }
}

impl Batched for Reconsidering {
    type Item = ReconsiderItem;
    type Request = ReconsiderRequest;
    type Response = ReconsiderResponse;
    type Result = VerifyResponse;
    const PATH: &'static str = "/v1/auth/reconsider";

    fn bytes_max(item: &ReconsiderItem) -> usize {
        let texts = [Some(&item.device_id), Some(&item.clientid), item.username.as_ref()];
        texts.into_iter().flatten().map(|text| json_bytes_max(text)).sum::<usize>() + ITEM_BYTES
    }

    fn request(items: Vec<ReconsiderItem>) -> ReconsiderRequest {
        ReconsiderRequest { items }
    }

    fn results(response: ReconsiderResponse) -> Vec<VerifyResponse> {
        response.results
    }
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native").field("servers", &self.servers).finish_non_exhaustive()
    }
}
