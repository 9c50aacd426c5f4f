use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};
use vouchmq_identity::events::{EventKind, Events, NewEvent};
use vouchmq_identity::model::ApiKey;
use vouchmq_identity::registry::{Actor, Registry};
use vouchmq_identity::store::{PageRequest, StoreFault};
use vouchmq_identity::{KeyId, Secret, SecretUse};

use crate::http::{AdministratorToken, Gatekeeper, Login, Presented, Principal, Refusal, Stranger};

/// The [`Gatekeeper`] of operators: the administrator's token, and the API keys of the registry.
///
/// All keys are in memory, and read anew when somebody asks and a second has gone by, so that what another
/// process changed is noticed. While the database does not answer, keys that are known stay good, and a text
/// that is not known is refused as unavailable.
pub struct ApiKeys {
    registry: Arc<Registry>,
    administrator: Option<AdministratorToken>,
    known: ArcSwap<Known>,
    /// Held while `known` is replaced.
    replacing: Mutex<()>,
    /// Where it is told who is refused.
    events: OnceLock<Arc<Events>>,
}

/// Keys that are not revoked, as they were at some time.
#[derive(Clone, Default)]
struct Known {
    by_key_id: HashMap<KeyId, Arc<ApiKey>>,
    /// When the next look is due; `None` before the first.
    next_look: Option<Instant>,
    is_complete: bool,
}

/// How old what is known may be.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// How long a request waits for the database before it is judged by what is known.
const PATIENCE: Duration = Duration::from_secs(2);
const PORTION: u32 = 500;

impl ApiKeys {
    /// The keys of `registry`, and perhaps an administrator's token. Nothing is read before somebody asks.
    pub fn new(registry: Arc<Registry>, administrator: Option<AdministratorToken>) -> Self {
        Self {
            registry,
            administrator,
            known: ArcSwap::default(),
            replacing: Mutex::default(),
            events: OnceLock::new(),
        }
    }

    /// Reads all keys, as at the start.
    ///
    /// # Errors
    /// [`StoreFault`]: what was known stays known.
    pub async fn load(&self) -> Result<(), StoreFault> {
        let _alone = self.replacing.lock().await;
        self.read_all().await
    }

    /// Tells operators from now on who is refused, and why.
    pub(super) fn tell(&self, events: Arc<Events>) {
        // Whoever came first is told.
        let _ = self.events.set(events);
    }

    /// A key is new, changed or revoked: nobody has to wait for the next look.
    pub(super) async fn take_in(&self, key: &ApiKey) {
        let _alone = self.replacing.lock().await;
        let mut known = Known::clone(&self.known.load());
        if key.revoked_at.is_some() {
            known.by_key_id.remove(&key.key_id);
        } else {
            known.by_key_id.insert(key.key_id, Arc::new(key.clone()));
        }
        self.known.store(Arc::new(known));
    }

    /// Looks again if it is time to. One request looks for all; the others go on with what is known, unless
    /// nothing is.
    async fn refresh(&self) {
        let known = self.known.load();
        if known.next_look.is_some_and(|next| Instant::now() < next) {
            return;
        }
        let is_first = known.next_look.is_none();
        drop(known);
        let _alone = if is_first {
            self.replacing.lock().await
        } else {
            let Ok(alone) = self.replacing.try_lock() else { return };
            alone
        };
        // Whoever waited finds that another has looked.
        if self.known.load().next_look.is_some_and(|next| Instant::now() < next) {
            return;
        }
        let fault = match timeout(PATIENCE, self.read_all()).await {
            Ok(Ok(())) => return,
            Ok(Err(fault)) => fault.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(%fault, "API keys cannot be read: those that are known stay good");
        let mut known = Known::clone(&self.known.load());
        known.next_look = Some(Instant::now() + LOOK_AGAIN);
        known.is_complete = false;
        self.known.store(Arc::new(known));
    }

    async fn read_all(&self) -> Result<(), StoreFault> {
        let mut rows = self.registry.read().await?;
        let mut by_key_id = HashMap::new();
        let mut page = PageRequest::first(PORTION);
        loop {
            let keys = rows.api_keys(page).await?;
            let live = keys.items.into_iter().filter(|key| key.revoked_at.is_none());
            by_key_id.extend(live.map(|key| (key.key_id, Arc::new(key))));
            let Some(next) = keys.next else { break };
            page = PageRequest::after(next, PORTION);
        }
        let next_look = Some(Instant::now() + LOOK_AGAIN);
        self.known.store(Arc::new(Known { by_key_id, next_look, is_complete: true }));
        Ok(())
    }

    /// The key whose text this is, wherever and whenever it may be used.
    fn find(&self, text: &[u8]) -> Result<Arc<ApiKey>, Refusal> {
        let keyring = self.registry.keyring();
        let known = self.known.load();
        let unknown = |reason| stranger(text, reason);
        let key = Secret::key_id_in(SecretUse::ApiKey, text).map(|key_id| known.by_key_id.get(&key_id));
        let Ok(Some(key)) = key else {
            keyring.match_nobody(text);
            // It may be one that could not be read.
            let is_key = key.is_ok();
            return Err(if is_key && !known.is_complete {
                Refusal::Unavailable
            } else {
                unknown("unknown_key")
            });
        };
        match keyring.matches(&key.verifier, &key.id.to_string(), text) {
            Some(true) => Ok(key.clone()),
            Some(false) => Err(unknown("unknown_key")),
            None => Err(Refusal::Unavailable),
        }
    }
}

impl ApiKeys {
    /// Whether this is the administrator's token.
    pub(super) fn is_administrator(&self, bearer: &SecretString) -> bool {
        self.administrator.as_ref().is_some_and(|administrator| administrator.is(bearer))
    }

    /// Whose text it is.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(super) async fn holder(&self, bearer: &SecretString, peer: IpAddr) -> Result<Principal, Refusal> {
        if self.is_administrator(bearer) {
            return Ok(Principal::administrator());
        }
        let text = bearer.expose_secret().as_bytes();
        if Secret::key_id_in(SecretUse::ApiKey, text).is_ok() {
            self.refresh().await;
        }
        let key = self.find(text)?;
        let is_near = key.networks.is_empty() || key.networks.iter().any(|network| network.contains(peer));
        if !is_near {
            return Err(stranger(text, "key_not_for_this_address"));
        }
        if !key.is_live(self.registry.now()) {
            return Err(stranger(text, "key_expired"));
        }
        Ok(Principal {
            name: name_of(&key),
            login: Login::ApiKey,
            rights: key.scopes.iter().copied().collect(),
            expires_at: key.expires_at,
        })
    }
}

/// A key's name; one from before such names stood for others is told by its id.
fn name_of(key: &ApiKey) -> Box<str> {
    let name = key.name.as_str();
    if Actor::is_reserved(name) { format!("key:{}", key.id).into() } else { name.into() }
}

#[async_trait]
impl Gatekeeper for ApiKeys {
    async fn principal(&self, presented: &Presented, peer: IpAddr) -> Result<Principal, Refusal> {
        match presented {
            Presented::Bearer(bearer) => self.holder(bearer, peer).await,
            Presented::Basic { .. } | Presented::Certificate(_) | Presented::Nothing { .. } => {
                Err(Stranger::because("no_token").into())
            }
        }
    }

    fn tell(&self, Stranger { key_id, reason }: Stranger, peer: IpAddr) {
        let Some(events) = self.events.get() else { return };
        let subject = key_id.map(|key_id| key_id.to_string()).unwrap_or_default();
        let event = NewEvent::new(EventKind::CallerRefused, &subject, Some(peer.to_canonical()), reason);
        events.record(self.registry.now(), event);
    }
}

/// A text opens nothing; of it only what names a key is told.
fn stranger(text: &[u8], reason: &'static str) -> Refusal {
    Refusal::Unknown(Stranger { key_id: Secret::key_id_in(SecretUse::ApiKey, text).ok(), reason })
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").field("known", &self.known.load().by_key_id.len()).finish_non_exhaustive()
    }
}
