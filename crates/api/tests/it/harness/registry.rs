use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use secrecy::SecretString;
use serde_json::Value;
use tokio::sync::watch;
use vouchmq_api::changes::Changes;
use vouchmq_api::management::{self, ApiKeys, Application, Applied, Management, Ports};
use vouchmq_api::registration::{self, Registration, RegistrationLimits};
use vouchmq_identity::events::Events;
use vouchmq_identity::follower::{Follower, Loaded};
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::registry::{Actor, AdoptKeys, Confirm, Registry};
use vouchmq_identity::resident::{HashSeed, Resident};
use vouchmq_identity::store::memory::MemoryStore;
use vouchmq_identity::{Clock, Entropy, Farewell, Keyring, NoEntropy, Pending, Sessions, UnixMillis, Whom};

use super::{Answer, Server, runtime};

/// The administrator's token of every test.
pub(crate) const TOKEN: &str = "administrator-of-the-tests-0123456789";
/// 2026-11-22T03:00:00Z.
pub(crate) const NOW: u64 = 1_795_316_400_000;

/// A whole broker without MQTT: a registry in memory, what is resident of it, and who is connected.
pub(crate) struct World {
    pub(crate) store: Arc<MemoryStore>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) resident: Arc<Resident>,
    pub(crate) sessions: Arc<Connected>,
    pub(crate) events: Arc<Events>,
    pub(crate) following: Arc<Following>,
    pub(crate) clock: Arc<Ticking>,
}

/// A clock that goes on by a millisecond whenever it is looked at: what is made later sorts later.
pub(crate) struct Ticking(AtomicU64);

/// Spread over all bits, and the same in each run.
pub(crate) struct Repeatable(pub(crate) u64);

/// Who is connected, as the tests say; those whom the resident set knows no more go.
pub(crate) struct Connected {
    devices: Mutex<BTreeSet<DeviceId>>,
    resident: Arc<Resident>,
}

/// Follows the change log whenever somebody waits for it, unless it is stuck.
pub(crate) struct Following {
    follower: tokio::sync::Mutex<Follower>,
    closed: Mutex<BTreeMap<u64, u64>>,
    resident: Arc<Resident>,
    pub(crate) is_stuck: AtomicBool,
    applied: watch::Sender<u64>,
}

impl World {
    pub(crate) fn new() -> Self {
        let clock = Arc::new(Ticking(AtomicU64::new(NOW)));
        let keyring = Arc::new(Keyring::generate(&mut Repeatable(0)).unwrap());
        let store = Arc::new(MemoryStore::default());
        let registry =
            Arc::new(Registry::new(store.clone(), keyring.clone(), clock.clone(), Repeatable(1 << 32)));
        let resident = Arc::new(Resident::new(keyring, HashSeed::new([1, 2]), clock.clone()));
        let sessions = Arc::new(Connected { devices: Mutex::default(), resident: resident.clone() });
        let follower = runtime().block_on(async {
            registry.execute(Actor::system(), AdoptKeys::default()).await.unwrap().outcome.unwrap();
            Loaded::load(store.clone(), resident.clone()).await.unwrap().follow(sessions.clone())
        });
        let following = Arc::new(Following {
            follower: tokio::sync::Mutex::new(follower),
            closed: Mutex::default(),
            resident: resident.clone(),
            is_stuck: AtomicBool::new(false),
            applied: watch::Sender::new(resident.applied()),
        });
        let events = Arc::new(Events::default());
        Self { store, registry, resident, sessions, events, following, clock }
    }

    /// The management listener.
    pub(crate) fn management(&self) -> Server {
        self.management_that(|management| management)
    }

    /// The management listener, with other bounds.
    pub(crate) fn management_that(&self, bounded: impl FnOnce(Management) -> Management) -> Server {
        let token = vouchmq_api::http::AdministratorToken::new(SecretString::from(TOKEN)).unwrap();
        let keys = Arc::new(ApiKeys::new(self.registry.clone(), Some(token)));
        let ports = Ports {
            registry: self.registry.clone(),
            resident: self.resident.clone(),
            sessions: self.sessions.clone(),
            events: self.events.clone(),
            applied: self.following.clone(),
            changes: self.changes(),
        };
        let management = bounded(Management::new(ports, keys));
        Server::with(management::router(management), management::limits())
    }

    /// What is told to those who follow.
    pub(crate) fn changes(&self) -> Arc<Changes> {
        Arc::new(Changes::new(self.registry.clone(), self.following.applied.subscribe()))
    }

    /// The registration listener.
    pub(crate) fn registration(&self, limits: &RegistrationLimits) -> Server {
        let (registry, resident) = (self.registry.clone(), self.resident.clone());
        let registration =
            Registration::new(registry, resident, self.events.clone(), self.following.clone(), limits);
        Server::start(registration::router(registration))
    }

    /// Waits until everything is resident.
    pub(crate) fn follow(&self) {
        runtime().block_on(self.following.wait(0, Duration::ZERO));
    }

    /// A device logs in with a credential for the first time, and stays.
    pub(crate) fn connect(&self, device: &str, credential: &str) {
        let credential: CredentialId = credential.parse().unwrap();
        runtime().block_on(self.registry.execute(Actor::system(), Confirm(credential))).unwrap();
        self.follow();
        self.sessions.devices.lock().unwrap().insert(device.parse().unwrap());
    }
}

impl Server {
    /// One request to the management API, as the administrator.
    pub(crate) fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.call_as(TOKEN, method, path, body, "")
    }

    /// One request with a bearer, and more header fields, each with its line end. `null` is no body.
    pub(crate) fn call_as(&self, bearer: &str, method: &str, path: &str, body: &Value, more: &str) -> Answer {
        self.send(method, path, body, &format!("Authorization: Bearer {bearer}\r\n{more}"))
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.call("GET", path, &Value::Null)
    }

    /// One request.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value, head: &str) -> Answer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let len = body.len();
        self.ask(&format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{head}{kind}Content-Length: {len}\r\n\r\n{body}"
        ))
    }
}

impl Answer {
    /// The body of an answer that has to have this status.
    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Status and code of a problem.
    #[track_caller]
    pub(crate) fn problem(&self) -> (u16, String) {
        (self.status, self.code())
    }
}

/// The text of a field.
#[track_caller]
pub(crate) fn text<'a>(body: &'a Value, name: &str) -> &'a str {
    body[name].as_str().unwrap_or_else(|| panic!("no {name} in {body}"))
}

impl Ticking {
    pub(crate) fn turn(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for Ticking {
    fn now(&self) -> UnixMillis {
        UnixMillis::new(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

impl Entropy for Repeatable {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        for chunk in bytes.chunks_mut(8) {
            self.0 += 1;
            let word = self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29).to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl Connected {
    fn end(&self, whom: &Whom, ends: impl Fn(&DeviceId) -> bool) -> usize {
        let mut devices = self.devices.lock().unwrap();
        let before = devices.len();
        devices.retain(|device| {
            let is_meant = match whom {
                Whom::Everybody => true,
                Whom::Devices(meant) => meant.contains(device),
            };
            !(is_meant && ends(device))
        });
        before - devices.len()
    }
}

impl Sessions for Connected {
    fn reconsider(&self, whom: Whom) -> Pending<'_, usize> {
        let may_stay = |device: &DeviceId| {
            let known = self.resident.device(device.as_str());
            known.is_some_and(|known| known.state.may_connect() && !known.credentials.is_empty())
        };
        let count = self.end(&whom, |device| !may_stay(device));
        Box::pin(async move { count })
    }

    fn disconnect(&self, whom: Whom, _: Option<CredentialId>, _: Farewell) -> Pending<'_, usize> {
        let count = self.end(&whom, |_| true);
        Box::pin(async move { count })
    }

    fn connected(&self, devices: Vec<DeviceId>) -> Pending<'_, Vec<bool>> {
        let known = self.devices.lock().unwrap();
        let connected = devices.iter().map(|device| known.contains(device)).collect();
        Box::pin(async move { connected })
    }
}

#[async_trait]
impl Applied for Following {
    async fn wait(&self, sequence: u64, _: Duration) -> Application {
        let mut is_behind = !self.is_stuck.load(Ordering::Relaxed);
        while is_behind && let Ok(followed) = self.follower.lock().await.catch_up().await {
            is_behind = followed.is_behind;
            self.applied.send_replace(followed.sequence);
            let mut closed = self.closed.lock().unwrap();
            for (sequence, count) in followed.closed {
                *closed.entry(sequence).or_default() += count as u64;
            }
        }
        let sessions_closed = self.closed.lock().unwrap().get(&sequence).copied().unwrap_or(0);
        let acked = u64::from(self.resident.applied() >= sequence);
        Application { acked, total: 1, stale: 0, sessions_closed }
    }

    async fn wait_here(&self, sequence: u64, timeout: Duration) -> bool {
        self.wait(sequence, timeout).await.acked == 1
    }
}
