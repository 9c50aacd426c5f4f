use std::hint::black_box;

use secrecy::ExposeSecret;

use super::permit::Allowed;
use super::reconsider::Presented;
use super::{Resident, ResidentCredential, ResidentDevice};
use crate::model::{CredentialId, DeviceId, IdText, Proof};
use crate::{
    AuthRequest, Authenticator, Cost, Denial, Keyring, OutOfMemory, Reconsidered, Secret, SecretUse,
    SecretVerifier, Standing, Unavailable, UnixMillis, Verdict,
};

/// What came of judging a client.
#[derive(Clone, Debug)]
#[must_use]
pub struct Judgement {
    /// What to do with it.
    pub verdict: Verdict,
    /// The device that it named, if there is one, whether proven or not.
    pub device: Option<DeviceId>,
    /// What it proved, whether it is let in or not.
    pub proven: Option<Proven>,
    /// What it was let in with, if it was.
    pub allowed: Option<Allowed>,
    /// The entry of the log that the verdict is at least as new as.
    pub as_of: u64,
}

/// A proof that held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The credential.
    pub credential: CredentialId,
    /// Its first use has to be durable before the client is let in.
    pub is_unconfirmed: bool,
}

/// What the comparison of a password with a device's credentials says.
enum Compared<'a> {
    Same(&'a ResidentCredential),
    Other,
    Unknown(Unavailable),
}

impl Authenticator for Resident {
    /// A generated secret is recognised by its form and takes microseconds; whatever else a client presents
    /// is compared with passwords, if its device has one.
    fn cost(&self, request: &AuthRequest) -> Cost {
        let Some(device) = request.username.as_deref().and_then(|name| self.device(name)) else {
            return Cost::Cheap;
        };
        let is_generated = || {
            request
                .password
                .as_ref()
                .is_none_or(|text| Secret::key_id_in(SecretUse::Device, text.expose_secret()).is_ok())
        };
        let is_slow = |known: &ResidentCredential| match &known.proof {
            Proof::Password(hash) => hash.cost() == Cost::Expensive,
            Proof::Secret(..) | Proof::Scram(_) | Proof::Certificate(_) => false,
        };
        if device.credentials.iter().any(is_slow) && !is_generated() { Cost::Expensive } else { Cost::Cheap }
    }

    /// A first use is refused here: whoever lets a device in has to write it down first (see
    /// [`DeviceAuthenticator`](crate::DeviceAuthenticator)).
    fn verify(&self, request: &AuthRequest) -> Verdict {
        let Judgement { verdict, proven, .. } = self.judge(request);
        match verdict {
            Verdict::Allow(_) if proven.is_some_and(|proven| proven.is_unconfirmed) => {
                Verdict::Unavailable(Unavailable::NotRecorded)
            }
            verdict @ (Verdict::Allow(_) | Verdict::Deny(_) | Verdict::NotMine | Verdict::Unavailable(_)) => {
                verdict
            }
        }
    }

    fn decides(&self, request: &AuthRequest) -> bool {
        request.username.as_deref().is_some_and(|name| self.device(name).is_some())
            || self.knows_certificate(request)
    }

    fn reconsider(&self, standing: &Standing<'_>) -> Reconsidered {
        self.reconsider_standing(standing)
    }
}

impl Resident {
    /// Judges a client by its user name and password, or by its certificate where it sends no password: who has
    /// both says by the password who it is.
    ///
    /// A client that proves nothing learns nothing: an unknown device costs the same keyed hash as a known
    /// one. Only who proved a credential is told apart by what follows: state, expiry, product, Client
    /// Identifier and blocks.
    pub fn judge(&self, request: &AuthRequest) -> Judgement {
        let as_of = self.applied();
        if let Some((verdict, device, proven, allowed)) = self.judge_certificate(request) {
            return Judgement { verdict, device, proven, allowed, as_of };
        }
        let device = request.username.as_deref().and_then(|name| self.device(name));
        let (verdict, proven, allowed) = match (&device, &request.password) {
            (Some(device), Some(password)) => self.judge_password(request, device, password.expose_secret()),
            (known, password) => {
                let password = password.as_ref().map_or(&[][..], |password| password.expose_secret());
                // As for a known device: what the text is, takes half as long as the keyed hash.
                let _ = black_box(Secret::key_id_in(SecretUse::Device, black_box(password)));
                self.keyring.load().match_nobody(password);
                let is_known = known.is_some();
                (if is_known { Verdict::Deny(Denial::NoPassword) } else { Verdict::NotMine }, None, None)
            }
        };
        Judgement { verdict, device: device.map(|device| device.id.clone()), proven, allowed, as_of }
    }

    fn judge_password(
        &self,
        request: &AuthRequest,
        device: &ResidentDevice,
        password: &[u8],
    ) -> (Verdict, Option<Proven>, Option<Allowed>) {
        let credential = match compare(&self.keyring.load(), device, password, self.clock.now()) {
            Compared::Same(credential) => credential,
            Compared::Other => return (Verdict::Deny(Denial::WrongPassword), None, None),
            Compared::Unknown(reason) => return (Verdict::Unavailable(reason), None, None),
        };
        let proven = Proven { credential: credential.id, is_unconfirmed: credential.is_unconfirmed };
        match self.admit(&Presented::from(request), device, credential) {
            // Who proved nothing is told as ever, and learns nothing of it.
            Ok(_) if self.is_stale() => (Verdict::Unavailable(Unavailable::Stale), Some(proven), None),
            Ok(allowed) => {
                let verdict = Verdict::Allow(allowed.allowance(device, credential));
                (verdict, Some(proven), Some(allowed))
            }
            Err(denial) => (Verdict::Deny(denial), Some(proven), None),
        }
    }
}

/// Compares with the one credential that a generated secret names, or else with the passwords. One keyed
/// hash is computed in every case.
fn compare<'a>(
    keyring: &Keyring,
    device: &'a ResidentDevice,
    password: &[u8],
    now: UnixMillis,
) -> Compared<'a> {
    let Ok(key_id) = Secret::key_id_in(SecretUse::Device, password) else {
        keyring.match_nobody(password);
        return compare_passwords(device, password, now);
    };
    let secrets = device.credentials.iter().filter_map(|known| match &known.proof {
        Proof::Secret(id, verifier) => Some((known, *id, verifier)),
        Proof::Password(_) | Proof::Scram(_) | Proof::Certificate(_) => None,
    });
    let named: Option<(&ResidentCredential, _, &SecretVerifier)> =
        { secrets }.find(|(_, id, _)| *id == key_id);
    let Some((credential, _, verifier)) = named else {
        keyring.match_nobody(password);
        return Compared::Other;
    };
    match keyring.matches(verifier, credential.id.write(&mut IdText::default()), password) {
        Some(true) => Compared::Same(credential),
        Some(false) => Compared::Other,
        None => Compared::Unknown(Unavailable::NoKey),
    }
}

/// A password that is over, or not good yet, is not worth a hash: strangers could ask for ever more of them.
fn compare_passwords<'a>(device: &'a ResidentDevice, password: &[u8], now: UnixMillis) -> Compared<'a> {
    for credential in device.credentials.iter().filter(|known| known.validity.holds(now).is_ok()) {
        let Proof::Password(hash) = &credential.proof else { continue };
        match hash.matches(password) {
            Ok(true) => return Compared::Same(credential),
            Ok(false) => {}
            Err(OutOfMemory) => return Compared::Unknown(Unavailable::OutOfMemory),
        }
    }
    Compared::Other
}
