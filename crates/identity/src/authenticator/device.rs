use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use secrecy::ExposeSecret;

use super::{Reply, Work};
use crate::events::Events;
use crate::model::{CredentialId, Proof, Unusable};
use crate::registry::{Actor, Confirm, ConfirmCertificate, Refusal, Registry, UpgradePassword};
use crate::resident::{Judgement, Resident};
use crate::scram::{Admitted, ScramCredentials, ScramLookup, ScramVerifier};
use crate::{
    AuthRequest, Authenticator, ClientCertificate, Cost, Denial, HashCost, Inquiry, PasswordHash,
    Reconsidered, Secret, SecretUse, Standing, Unavailable, Verdict,
};

mod arrivals;
mod arrive;

#[cfg(test)]
mod tests;

use arrivals::Arrivals;

/// Judges devices, and sees to what a login brings about: a first use is durable before the device is let in, as is
/// a device that comes with a certificate of an authority and is not known yet, and the hash of a password is replaced by a better one once the password was seen.
///
/// Everything else is the resident set's: no login of a device that is known to have connected waits for the
/// database.
#[derive(Clone)]
pub struct DeviceAuthenticator(Arc<Inner>);

/// SCRAM-SHA-256 for devices.
#[derive(Clone)]
pub struct ScramOfDevices(Arc<Inner>);

/// Where tasks run that wait: a runtime, as a port.
pub trait Spawn: Send + Sync {
    /// Runs a task to its end, elsewhere.
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>);

    /// Does something quick when some time has gone by, elsewhere.
    fn after(&self, delay: Duration, then: Box<dyn FnOnce() + Send>);
}

struct Inner {
    resident: Arc<Resident>,
    registry: Arc<Registry>,
    spawn: Box<dyn Spawn>,
    hash_cost: HashCost,
    arrivals: Arrivals,
    events: OnceLock<Arc<Events>>,
}

/// Who presents a wrong password is told so no earlier than this, whether there is such a device or not: longer
/// than a hash takes. A timer waits, no processor.
const REFUSAL_MILLIS: u64 = 250;

// === impl DeviceAuthenticator ===

impl DeviceAuthenticator {
    /// Judges by `resident`, and writes down by `registry`, whose tasks `spawn` runs. Passwords are hashed
    /// anew at `hash_cost`.
    pub fn new(
        resident: Arc<Resident>,
        registry: Arc<Registry>,
        spawn: impl Spawn + 'static,
        hash_cost: HashCost,
    ) -> Self {
        let (spawn, arrivals, events) = (Box::new(spawn), Arrivals::default(), OnceLock::new());
        Self(Arc::new(Inner { resident, registry, spawn, hash_cost, arrivals, events }))
    }

    /// The same, and `events` are told who registers by a certificate.
    #[must_use]
    pub fn telling(self, events: Arc<Events>) -> Self {
        let _ = self.0.events.set(events);
        self
    }

    /// SCRAM for the same devices.
    pub fn scram(&self) -> ScramOfDevices {
        ScramOfDevices(self.0.clone())
    }
}

impl Authenticator for DeviceAuthenticator {
    fn cost(&self, request: &AuthRequest) -> Cost {
        self.0.cost(request)
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        let verdict = self.0.resident.verify(request);
        self.0.upgrade(request, &verdict);
        verdict
    }

    fn verify_elsewhere(&self, request: AuthRequest, reply: Reply) {
        let inner = self.0.clone();
        if let Some((newcomer, certificate)) = inner.newcomer(&request) {
            return inner.receive(&newcomer, certificate, request, reply);
        }
        let reply = if inner.hides_time(&request) { inner.clone().slowly(reply) } else { reply };
        if inner.compare_cost(&request) == Cost::Expensive {
            reply.hand_back(Work::new(move |reply| inner.judge_and_record(&request, reply)));
        } else {
            inner.judge_and_record(&request, reply);
        }
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        self.0.resident.decides(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.0.resident.reconsider(standing)
    }
}

// === impl Inner ===

impl Inner {
    /// A first use and a newcomer wait for the database, and the refusal of a password for its time.
    fn cost(&self, request: &AuthRequest) -> Cost {
        let waits = self.hides_time(request)
            || self.may_be_first_use(request)
            || self.is_first_use_of_certificate(request)
            || self.newcomer(request).is_some();
        if waits { Cost::Elsewhere } else { self.compare_cost(request) }
    }

    /// Whether somebody presents a password that was chosen, where some device has such a one: how long the
    /// answer takes must not tell which.
    fn hides_time(&self, request: &AuthRequest) -> bool {
        self.resident.has_passwords() && request.username.is_some() && request.has_chosen_password()
    }

    /// A reply by which nobody is refused early.
    fn slowly(self: Arc<Self>, reply: Reply) -> Reply {
        let begun = self.registry.now().millis();
        reply.then(move |verdict, reply| match verdict {
            verdict @ (Verdict::Allow(_) | Verdict::Unavailable(_)) => reply.answer(verdict),
            verdict @ (Verdict::Deny(_) | Verdict::NotMine) => {
                let spent = self.registry.now().millis().saturating_sub(begun);
                let left = Duration::from_millis(REFUSAL_MILLIS.saturating_sub(spent));
                self.spawn.after(left, Box::new(move || reply.answer(verdict)));
            }
        })
    }

    /// What comparing takes, and hashing anew where that is due.
    fn compare_cost(&self, request: &AuthRequest) -> Cost {
        let cost = self.resident.cost(request);
        if cost == Cost::Cheap && self.has_outdated_password(request) { Cost::Expensive } else { cost }
    }

    fn may_be_first_use(&self, request: &AuthRequest) -> bool {
        let device = request.username.as_deref().and_then(|name| self.resident.device(name));
        let (Some(device), Some(password)) = (device, &request.password) else { return false };
        if device.credentials.iter().all(|known| !known.is_unconfirmed) {
            return false;
        }
        let named = Secret::key_id_in(SecretUse::Device, password.expose_secret()).ok();
        device.credentials.iter().any(|known| {
            known.is_unconfirmed
                && match &known.proof {
                    Proof::Secret(key_id, _) => named == Some(*key_id),
                    Proof::Password(_) => named.is_none(),
                    Proof::Scram(_) | Proof::Certificate(_) => false,
                }
        })
    }

    fn is_first_use_of_certificate(&self, request: &AuthRequest) -> bool {
        let certificate = request.certificate.as_ref().filter(|_| request.password.is_none());
        let Some(fingerprint) = certificate.map(|certificate| certificate.fingerprint()) else {
            return false;
        };
        let device = self.resident.holder_of(fingerprint);
        device.is_some_and(|device| {
            device.credentials.iter().any(|known| {
                known.is_unconfirmed
                    && known.proof.certificate().is_some_and(|proof| proof.fingerprint == fingerprint)
            })
        })
    }

    fn has_outdated_password(&self, request: &AuthRequest) -> bool {
        let device = request.username.as_deref().and_then(|name| self.resident.device(name));
        let (Some(device), Some(password)) = (device, &request.password) else { return false };
        let is_generated = || Secret::key_id_in(SecretUse::Device, password.expose_secret()).is_ok();
        device.credentials.iter().any(|known| self.is_outdated(&known.proof)) && !is_generated()
    }

    fn is_outdated(&self, proof: &Proof) -> bool {
        match proof {
            Proof::Password(hash) => hash.needs_upgrade(self.hash_cost),
            Proof::Secret(..) | Proof::Scram(_) | Proof::Certificate(_) => false,
        }
    }

    fn judge_and_record(self: Arc<Self>, request: &AuthRequest, reply: Reply) {
        let Judgement { verdict, proven, .. } = self.resident.judge(request);
        self.upgrade(request, &verdict);
        match (&verdict, proven) {
            (Verdict::Allow(_), Some(proven)) if proven.is_unconfirmed => {
                self.answer_recorded(proven.credential, request.certificate.clone(), verdict, reply);
            }
            _ => reply.answer(verdict),
        }
    }

    /// Answers once the first use of a credential is durable.
    fn answer_recorded(
        self: Arc<Self>,
        credential: CredentialId,
        certificate: Option<Arc<ClientCertificate>>,
        verdict: Verdict,
        reply: Reply,
    ) {
        let inner = self.clone();
        self.spawn.spawn(Box::pin(async move {
            reply.answer(inner.record(credential, certificate, verdict).await);
        }));
    }

    /// The verdict, once the first use of a credential is durable.
    async fn record(
        &self,
        credential: CredentialId,
        certificate: Option<Arc<ClientCertificate>>,
        verdict: Verdict,
    ) -> Verdict {
        let (registry, system) = (&self.registry, Actor::system());
        let confirmed = match certificate {
            Some(seen) => registry.execute(system, ConfirmCertificate(credential, seen)).await,
            None => registry.execute(system, Confirm(credential)).await,
        };
        match confirmed {
            Ok(_) => verdict,
            // It was revoked since it was judged.
            Err(Refusal::NotFound(_)) => Verdict::Deny(Denial::Credential(Unusable::Revoked)),
            Err(_) => Verdict::Unavailable(Unavailable::NotRecorded),
        }
    }

    /// Hashes a password that was seen anew, where its hash is of another scheme or cost: on the pool, as such
    /// a request is [`Cost::Expensive`].
    fn upgrade(self: &Arc<Self>, request: &AuthRequest, verdict: &Verdict) {
        let (Verdict::Allow(allowance), Some(password)) = (verdict, &request.password) else { return };
        let crate::Principal::Device(device, credential) = &allowance.principal else { return };
        let device = self.resident.device(device.as_str());
        let Some(proof) = device.as_ref().and_then(|device| {
            device.credentials.iter().find(|known| known.id == *credential).map(|known| &known.proof)
        }) else {
            return;
        };
        let Proof::Password(from) = proof else { return };
        if !from.needs_upgrade(self.hash_cost) {
            return;
        }
        let mut entropy = OfRegistry(&self.registry);
        let Ok(to) = PasswordHash::create(password.expose_secret(), self.hash_cost, &mut entropy) else {
            return;
        };
        let command = UpgradePassword { id: *credential, from: from.clone(), to };
        let inner = self.clone();
        self.spawn.spawn(Box::pin(async move {
            // The next login tries again.
            let _ = inner.registry.execute(Actor::system(), command).await;
        }));
    }
}

/// The randomness of a registry.
struct OfRegistry<'a>(&'a Registry);

impl crate::Entropy for OfRegistry<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), crate::NoEntropy> {
        self.0.fill(bytes)
    }
}

// === impl ScramOfDevices ===

impl ScramCredentials for ScramOfDevices {
    fn find(&self, username: &str) -> ScramLookup {
        self.0.resident.scram_of(username)
    }

    fn admit(&self, request: &AuthRequest, proven: &ScramVerifier) -> Admitted {
        let (verdict, proven) = self.0.resident.admit_scram(request, proven);
        let (Verdict::Allow(_), Some(proven)) = (&verdict, proven) else { return Admitted::Now(verdict) };
        if !proven.is_unconfirmed {
            return Admitted::Now(verdict);
        }
        let inner = self.0.clone();
        Admitted::Later(Inquiry::new(move |reply| {
            inner.answer_recorded(proven.credential, None, verdict, reply)
        }))
    }
}

impl std::fmt::Debug for DeviceAuthenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeviceAuthenticator").field("resident", &self.0.resident).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for ScramOfDevices {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScramOfDevices").field("resident", &self.0.resident).finish_non_exhaustive()
    }
}
