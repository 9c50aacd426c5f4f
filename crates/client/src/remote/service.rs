//! A service that is asked: by what protocol, what is remembered of it, who was let in by it.

use std::fmt;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use secrecy::ExposeSecret;
use tokio::runtime::Handle;
use tokio::time::Instant;
use vouchmq_identity::signature::SigningKey;
use vouchmq_identity::{AuthRequest, ClientCertificate, Clock, Timestamp, Unavailable, UnixMillis, Verdict};
use vouchmq_tls::{Client, ClientOptions, TlsFault};

use super::authenticator::{Waiter, password_of};
use super::cache::{Bounds, Cache, Key, SECRET_BYTES, Ttl};
use super::changes::Follower;
use super::figures::Figures;
use super::flight::Flights;
use super::native::Native;
use super::options::{Protocol, RemoteOptions, RequestOptions, ServerBounds};
use super::rights::Basis;
use super::settled::Settled;
use super::standings::Standings;
use super::tells::Tells;
use super::template::{Occasion, RequestTemplate, TemplateFault};
use super::templated::{Asker, Templated};
use super::trial::{Exchange, Watch};
use crate::transport::{Lookup, Origin, OriginFault, Servers, ServersOptions, Signing};

/// An authentication service that is asked by HTTP.
pub struct Remote {
    spoken: Spoken,
    options: RemoteOptions,
    surroundings: Surroundings,
    cache: Cache<Settled>,
    flights: Flights<Waiter>,
    /// What questions tell of a client beside its names and password.
    tells: Tells,
    figures: Figures,
    start: Instant,
}

/// What a service is asked by, and what outlives it when a configuration is read again.
#[derive(Clone)]
pub struct Surroundings {
    /// Where questions wait.
    pub runtime: Handle,
    /// The wall clock.
    pub clock: Arc<dyn Clock>,
    standings: Arc<Standings<Basis>>,
    /// Who is asked now: a connection outlives the configuration that it came under.
    asked: Arc<Mutex<Weak<Remote>>>,
    /// Rights that were asked for before it changed are asked for again.
    epoch: Arc<AtomicU64>,
    start: Instant,
    watch: Watch,
}

/// By what protocol.
#[expect(clippy::large_enum_variant, reason = "a process has one")]
pub(super) enum Spoken {
    Templates(Templated),
    Native(Arc<Native>),
}

/// Why a service cannot be asked as it was configured.
#[derive(Debug, thiserror::Error)]
pub enum RemoteFault {
    /// An address is none.
    #[error("{what}: {fault}")]
    Address {
        /// Of which request.
        what: &'static str,
        /// What is wrong.
        fault: OriginFault,
    },
    /// A template.
    #[error("{what}: {fault}")]
    Template {
        /// Of which request.
        what: &'static str,
        /// What is wrong.
        fault: TemplateFault,
    },
    /// A file of TLS.
    #[error("{what}: {fault}")]
    Tls {
        /// Of which request.
        what: &'static str,
        /// What is wrong.
        fault: TlsFault,
    },
    /// The key for signatures.
    #[error("signing.key: {0}")]
    Key(#[from] vouchmq_identity::signature::WeakKey),
    /// The change stream cannot be followed.
    #[error("native.servers: {0}")]
    Follower(crate::rest::RestFault),
    /// No randomness.
    #[error("no randomness available: {0}")]
    Entropy(getrandom::Error),
}

/// An answer about a batch is no longer.
const BATCH_ANSWER_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Who waits for the same answer, at most.
const JOINERS_MAX: usize = 4_096;

impl Surroundings {
    /// Questions wait on `runtime`; nobody has been let in yet.
    pub fn new(runtime: Handle, clock: Arc<dyn Clock>) -> Self {
        Self {
            runtime,
            clock,
            standings: Arc::default(),
            asked: Arc::default(),
            epoch: Arc::default(),
            start: Instant::now(),
            watch: Watch::default(),
        }
    }

    /// The same, and `sees` is told of each question and what came of it. Quick: the client waits for it.
    #[must_use]
    pub fn watched(self, sees: impl Fn(Exchange) + Send + Sync + 'static) -> Self {
        Self { watch: Watch::by(sees), ..self }
    }
}

impl Surroundings {
    /// From now on this one is asked what the clients of all may do; `None`: nobody is.
    pub fn is_asked(&self, remote: Option<&Arc<Remote>>) {
        *self.asked.lock() = remote.map(Arc::downgrade).unwrap_or_default();
        self.forget_rights();
    }

    /// What connections remember of their rights is not good any more.
    pub(super) fn forget_rights(&self) {
        self.epoch.fetch_add(1, Ordering::Relaxed);
    }

    /// How often that happened.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Relaxed)
    }

    /// Time, for whatever outlives a service.
    pub(super) fn now(&self) -> Timestamp {
        Timestamp::ZERO.after(self.start.elapsed())
    }

    /// Who is asked now.
    pub(super) fn asked(&self) -> Option<Arc<Remote>> {
        self.asked.lock().upgrade()
    }
}

impl Remote {
    /// Reads the files of TLS, and connects to nobody yet.
    ///
    /// # Errors
    /// [`RemoteFault`].
    pub fn new(options: RemoteOptions, surroundings: &Surroundings) -> Result<Arc<Self>, RemoteFault> {
        let spoken = Spoken::new(&options, surroundings)?;
        let mut secret = [0; SECRET_BYTES];
        getrandom::fill(&mut secret).map_err(RemoteFault::Entropy)?;
        let cache = Cache::new(&options.cache, &secret);
        let tells = spoken.tells();
        Ok(Arc::new_cyclic(|weak: &Weak<Self>| {
            let weak = weak.clone();
            let relaunch = move |lead, waiter| {
                if let Some(remote) = weak.upgrade() {
                    remote.launch(lead, waiter);
                }
            };
            Self {
                spoken,
                options,
                surroundings: surroundings.clone(),
                cache,
                flights: Flights::new(JOINERS_MAX, relaunch),
                tells,
                figures: Figures::default(),
                start: Instant::now(),
            }
        }))
    }

    /// What it was configured with.
    pub const fn options(&self) -> &RemoteOptions {
        &self.options
    }

    /// Whether it is asked who clients are, and not only what they may do.
    pub fn judges_logins(&self) -> bool {
        match &self.spoken {
            Spoken::Templates(templated) => templated.login.is_some(),
            Spoken::Native(_) => true,
        }
    }

    /// Whether it is asked again about those who are connected.
    pub(super) const fn looks_after_clients(&self) -> bool {
        matches!(self.spoken, Spoken::Native(_))
    }

    /// Whether clients are always decided about, and never left to others.
    pub(super) fn decides(&self) -> bool {
        match &self.spoken {
            Spoken::Templates(templated) => {
                templated.login.is_some() && templated.mode != super::options::AnswerMode::Json
            }
            Spoken::Native(_) => false,
        }
    }

    /// What a question is remembered under: who asks, and whatever else of the client the question tells.
    pub(super) fn key(&self, request: &AuthRequest) -> Key {
        let tells = self.tells;
        let peer = request.peer.filter(|_| tells.peer).map(|peer| match peer {
            IpAddr::V4(peer) => peer.to_ipv6_mapped().octets(),
            IpAddr::V6(peer) => peer.octets(),
        });
        let arrival = &request.arrival;
        let peer_port = arrival.peer_port.filter(|_| tells.peer_port).map(u16::to_be_bytes);
        let certificate = request.certificate.as_deref().filter(|_| tells.certificate);
        let fingerprint = certificate.map(ClientCertificate::fingerprint);
        let listener = arrival.listener.as_deref().filter(|_| tells.listener);
        let listener_port = listener.and_then(|listener| listener.port).map(u16::to_be_bytes);
        let others = [
            peer.as_ref().map(|octets| &octets[..]),
            peer_port.as_ref().map(|octets| &octets[..]),
            fingerprint.as_ref().map(|fingerprint| &fingerprint.as_bytes()[..]),
            listener.map(|listener| listener.name.as_bytes()),
            listener_port.as_ref().map(|octets| &octets[..]),
            Some(arrival.protocol.as_bytes()).filter(|_| tells.protocol),
        ];
        self.cache.keys().key(&request.client_id, request.username.as_deref(), password_of(request), &others)
    }

    /// Whether [`Self::recall`] would find something.
    pub(super) fn remembers(&self, key: &Key) -> bool {
        self.cache.contains(key, self.now(), self.ttl())
    }

    /// What the service said.
    pub(super) fn recall(&self, key: &Key) -> Option<Settled> {
        self.cache.get(key, self.now(), self.ttl()).map(|hit| hit.value)
    }

    /// What the service said a while ago, for when no server answers: only if that is wanted.
    pub(super) fn recall_stale(&self, key: &Key) -> Option<Settled> {
        let hit = self.cache.stale(key, self.now(), self.silence())?;
        Some(hit.value)
    }

    /// For how long what a service allows is good, as far as it depends on who would say that it is not any more.
    fn ttl(&self) -> Ttl {
        match &self.spoken {
            Spoken::Templates(_) => Ttl::Full,
            Spoken::Native(native) => native.ttl(),
        }
    }

    /// For how long nobody could have said that something is not good any more; nobody ever does where no stream tells.
    fn silence(&self) -> Duration {
        match &self.spoken {
            Spoken::Templates(_) => Duration::ZERO,
            Spoken::Native(native) => native.silence(),
        }
    }

    /// For how long the service lets an answer be remembered.
    pub(super) fn bounds_of(&self, settled: &Settled) -> Bounds {
        settled.bounds(self.surroundings.clock.now())
    }

    /// Whether a verdict that ends then is over.
    pub(super) fn is_over(&self, end: Option<UnixMillis>) -> bool {
        end.is_some_and(|end| end <= self.surroundings.clock.now())
    }

    /// Time, as the cache counts it.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// What spreads the ends of verdicts.
    pub(super) fn random(&self) -> u32 {
        // Without randomness they end together, which is no fault.
        getrandom::u32().unwrap_or(0)
    }

    /// How long a client waits.
    pub(super) const fn deadline(&self) -> Duration {
        self.options.deadline
    }

    pub(super) const fn spoken(&self) -> &Spoken {
        &self.spoken
    }

    pub(super) const fn cache(&self) -> &Cache<Settled> {
        &self.cache
    }

    pub(super) fn flights(&self) -> &Flights<Waiter> {
        &self.flights
    }

    pub(super) const fn runtime(&self) -> &Handle {
        &self.surroundings.runtime
    }

    pub(super) const fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    pub(super) fn standings(&self) -> &Standings<Basis> {
        &self.surroundings.standings
    }

    pub(super) const fn counted(&self) -> &Figures {
        &self.figures
    }

    /// Counts a judgement that a client is told.
    pub(super) fn told(&self, judgement: Verdict) -> Verdict {
        self.figures.count(&judgement);
        judgement
    }
}

impl Spoken {
    fn new(options: &RemoteOptions, surroundings: &Surroundings) -> Result<Self, RemoteFault> {
        let signing = match &options.signing {
            Some(signing) => {
                let key = SigningKey::new(&signing.key_id, signing.key.expose_secret().as_bytes())?;
                Some(Signing { key, checks_answers: signing.checks_answers })
            }
            None => None,
        };
        let servers = |what: &'static str, urls: &[&str], tls: &ClientOptions, answer_bytes_max: usize| {
            let origins = urls.iter().map(|url| Origin::of_url(url)).collect::<Result<Vec<_>, _>>();
            let origins = origins.map_err(|fault| RemoteFault::Address { what, fault })?;
            let tls = match origins.iter().any(Origin::is_secure) {
                true => Some(Client::load(tls).map_err(|fault| RemoteFault::Tls { what, fault })?),
                false => None,
            };
            let options = ServersOptions {
                bounds: ServerBounds { answer_bytes_max, ..options.server },
                timeout: options.timeout,
                connect_timeout: options.connect_timeout,
                tls: tls.clone(),
                signing: signing.clone(),
                clock: surroundings.clock.clone(),
                lookup: Lookup::system(),
            };
            Ok::<_, RemoteFault>((Arc::new(Servers::new(origins, options)), tls))
        };
        let asker = |what, request: &Option<RequestOptions>, occasion| {
            let Some(request) = request else { return Ok(None) };
            let template = RequestTemplate::parse(request, occasion);
            let template = template.map_err(|fault| RemoteFault::Template { what, fault })?;
            let bases = template.bases().collect::<Vec<_>>();
            let (servers, _) = servers(what, &bases, &request.tls, options.server.answer_bytes_max)?;
            let tells = template.tells();
            let watch = surroundings.watch.clone();
            Ok::<_, RemoteFault>(Some(Asker { what, template, servers, tells, watch }))
        };
        Ok(match &options.protocol {
            Protocol::Templates { mode, login, superuser, acl } => Self::Templates(Templated {
                mode: mode.clone(),
                login: asker("auth_req", login, Occasion::Connect)?,
                superuser: asker("super_req", superuser, Occasion::Connect)?,
                acl: asker("acl_req", acl, Occasion::Action)?,
                clock: surroundings.clock.clone(),
            }),
            Protocol::Native(native) => {
                let urls: Vec<&str> = native.servers.iter().map(|server| &**server).collect();
                // Answers about a whole batch, with the rules of each.
                let (servers, tls) = servers("native.servers", &urls, &native.tls, BATCH_ANSWER_BYTES_MAX)?;
                let key = signing.map(|signing| signing.key);
                let follower = native
                    .follows_changes
                    .then(|| Follower::try_new(&native.servers, tls, key, surroundings.clock.clone()));
                let follower = follower.transpose().map_err(RemoteFault::Follower)?;
                let is_secure =
                    urls.iter().all(|url| Origin::of_url(url).is_ok_and(|origin| origin.is_secure()));
                let wants_proof = options.signing.as_ref().is_some_and(|signing| signing.checks_answers);
                Self::Native(Arc::new(Native::new(
                    native.clone(),
                    servers,
                    follower,
                    is_secure || !wants_proof,
                    &surroundings.runtime,
                    &surroundings.watch,
                )))
            }
        })
    }

    /// What its questions tell of a client.
    fn tells(&self) -> Tells {
        match self {
            Self::Templates(templated) => [&templated.login, &templated.superuser]
                .into_iter()
                .flatten()
                .map(|asker| asker.tells)
                .fold(Tells::default(), Tells::or),
            Self::Native(_) => Tells { peer: true, ..Tells::default() },
        }
    }

    /// Who a client is.
    pub(super) async fn login(
        &self,
        request: &AuthRequest,
        deadline: Instant,
    ) -> Result<Settled, Unavailable> {
        match self {
            Self::Templates(templated) => templated.login(request, deadline).await,
            Self::Native(native) => native.login(request, deadline).await,
        }
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl fmt::Debug for Surroundings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Surroundings").finish_non_exhaustive()
    }
}
