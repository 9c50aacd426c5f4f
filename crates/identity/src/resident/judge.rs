use std::net::IpAddr;
use std::sync::Arc;

use secrecy::ExposeSecret;

use super::products::ResidentProduct;
use super::{Resident, ResidentCredential, ResidentDevice};
use crate::acl::{Names, Rules};
use crate::blocks::Subject;
use crate::model::{CredentialId, DeviceId, DeviceState, IdText, ProductState, Proof, Unusable};
use crate::{
    Allowance, AuthRequest, Authenticator, Cost, Denial, Keyring, OutOfMemory, Principal, Secret, SecretUse,
    SecretVerifier, Unavailable, UnixMillis, Verdict,
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

/// What a device that is let in may do, for those who tell others.
#[derive(Clone, Debug)]
pub struct Allowed {
    /// Its rules: those of the verdict.
    pub rules: Arc<Rules>,
    /// Its product.
    pub product: Arc<ResidentProduct>,
}

/// A device that is connected elsewhere, as its broker names it.
#[derive(Clone, Copy, Debug)]
pub struct Named<'a> {
    /// The user name that it proved to its broker.
    pub username: &'a str,
    /// The Client Identifier.
    pub client_id: &'a str,
    /// The client's address, if the broker tells it.
    pub peer: Option<IpAddr>,
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
        let is_generated = request
            .password
            .as_ref()
            .is_none_or(|text| Secret::key_id_in(SecretUse::Device, text.expose_secret()).is_ok());
        let is_slow = |known: &ResidentCredential| match &known.proof {
            Proof::Password(hash) => hash.cost() == Cost::Expensive,
            Proof::Secret(..) | Proof::Scram(_) => false,
        };
        if !is_generated && device.credentials.iter().any(is_slow) { Cost::Expensive } else { Cost::Cheap }
    }

    fn verify(&self, request: &AuthRequest) -> Verdict {
        self.judge(request).verdict
    }
}

impl Resident {
    /// Judges a client by its user name and password.
    ///
    /// A client that proves nothing learns nothing: an unknown device costs the same keyed hash as a known
    /// one. Only who proved a credential is told apart by what follows: state, expiry, product, Client
    /// Identifier and blocks.
    pub fn judge(&self, request: &AuthRequest) -> Judgement {
        let as_of = self.applied();
        let device = request.username.as_deref().and_then(|name| self.device(name));
        let (verdict, proven, allowed) = match (&device, &request.password) {
            (Some(device), Some(password)) => self.judge_password(request, device, password.expose_secret()),
            (known, password) => {
                let password = password.as_ref().map_or(&[][..], |password| password.expose_secret());
                self.keyring.load().match_nobody(password);
                let is_known = known.is_some();
                (if is_known { Verdict::Deny(Denial::NoPassword) } else { Verdict::NotMine }, None, None)
            }
        };
        Judgement { verdict, device: device.map(|device| device.id.clone()), proven, allowed, as_of }
    }

    /// What a device may do that its broker let in before, as it stands now. Proves nothing: the broker's word
    /// is taken for who it is.
    ///
    /// # Errors
    /// [`Denial`]: nothing at all. The device is unknown, none of its credentials can be used any more, or
    /// something else would keep it out if it came now.
    pub fn permit(&self, named: &Named<'_>) -> Result<Allowed, Denial> {
        let device = self.device(named.username).ok_or(Denial::UnknownUser)?;
        let now = self.clock.now();
        let usable = { device.credentials.iter() }.map(|known| known.validity.holds(now));
        // One that holds, or else what is wrong with the last.
        usable.reduce(Result::or).unwrap_or(Err(Unusable::Revoked)).map_err(Denial::Credential)?;
        let products = self.products.load();
        let product = products.get(device.product).ok_or(Denial::ProductDisabled)?;
        let client = Client { client_id: named.client_id, username: Some(named.username), peer: named.peer };
        self.object(client, &device, None, Some(product), now)?;
        Ok(allowed(named.client_id, &device, product))
    }

    fn judge_password(
        &self,
        request: &AuthRequest,
        device: &ResidentDevice,
        password: &[u8],
    ) -> (Verdict, Option<Proven>, Option<Allowed>) {
        let credential = match compare(&self.keyring.load(), device, password) {
            Compared::Same(credential) => credential,
            Compared::Other => return (Verdict::Deny(Denial::WrongPassword), None, None),
            Compared::Unknown(reason) => return (Verdict::Unavailable(reason), None, None),
        };
        let proven = Proven { credential: credential.id, is_unconfirmed: credential.is_unconfirmed };
        match self.admit(request, device, credential) {
            Ok(allowed) => {
                let verdict = Verdict::Allow(allowance(device, credential, &allowed));
                (verdict, Some(proven), Some(allowed))
            }
            Err(denial) => (Verdict::Deny(denial), Some(proven), None),
        }
    }

    fn admit(
        &self,
        request: &AuthRequest,
        device: &ResidentDevice,
        credential: &ResidentCredential,
    ) -> Result<Allowed, Denial> {
        let now = self.clock.now();
        credential.validity.holds(now).map_err(Denial::Credential)?;
        let products = self.products.load();
        let product = products.get(device.product);
        let client = Client {
            client_id: &request.client_id,
            username: request.username.as_deref(),
            peer: request.peer,
        };
        self.object(client, device, Some(credential), product, now)?;
        let product = product.ok_or(Denial::ProductDisabled)?;
        Ok(allowed(&request.client_id, device, product))
    }

    /// What speaks against a device that proved a credential, the credential itself apart.
    fn object(
        &self,
        client: Client<'_>,
        device: &ResidentDevice,
        credential: Option<&ResidentCredential>,
        product: Option<&Arc<ResidentProduct>>,
        now: UnixMillis,
    ) -> Result<(), Denial> {
        match device.state {
            DeviceState::Suspended => return Err(Denial::Suspended),
            DeviceState::Retired => return Err(Denial::Retired),
            DeviceState::Registered | DeviceState::Active => {}
        }
        if device.expires_at.is_some_and(|end| end <= now) {
            return Err(Denial::DeviceExpired);
        }
        let product = product.filter(|product| product.state == ProductState::Active);
        let product = product.ok_or(Denial::ProductDisabled)?;
        if !product.binding.admits(device.id.as_str(), client.client_id) {
            return Err(Denial::ClientId);
        }
        let blocks = self.blocks.load();
        if !blocks.is_empty() && is_blocked(&blocks, client, device, credential, now) {
            return Err(Denial::Blocked);
        }
        Ok(())
    }
}

/// What a client says of itself, and where it comes from.
#[derive(Clone, Copy)]
struct Client<'a> {
    client_id: &'a str,
    username: Option<&'a str>,
    peer: Option<IpAddr>,
}

fn is_blocked(
    blocks: &crate::blocks::Blocks,
    client: Client<'_>,
    device: &ResidentDevice,
    credential: Option<&ResidentCredential>,
    now: UnixMillis,
) -> bool {
    let (mut credential_text, mut product_text) = (IdText::default(), IdText::default());
    let subject = Subject {
        credential: credential.map(|credential| credential.id.write(&mut credential_text)),
        device: Some(device.id.as_str()),
        product: Some(device.product.write(&mut product_text)),
        client_id: Some(client.client_id),
        username: client.username,
        peer: client.peer,
    };
    blocks.find(&subject, now).is_some()
}

/// Compares with the one credential that a generated secret names, or else with the passwords. One keyed
/// hash is computed in every case.
fn compare<'a>(keyring: &Keyring, device: &'a ResidentDevice, password: &[u8]) -> Compared<'a> {
    let Ok(key_id) = Secret::key_id_in(SecretUse::Device, password) else {
        keyring.match_nobody(password);
        return compare_passwords(device, password);
    };
    let secrets = device.credentials.iter().filter_map(|known| match &known.proof {
        Proof::Secret(id, verifier) => Some((known, *id, verifier)),
        Proof::Password(_) | Proof::Scram(_) => None,
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

fn compare_passwords<'a>(device: &'a ResidentDevice, password: &[u8]) -> Compared<'a> {
    for credential in &device.credentials {
        let Proof::Password(hash) = &credential.proof else { continue };
        match hash.matches(password) {
            Ok(true) => return Compared::Same(credential),
            Ok(false) => {}
            Err(OutOfMemory) => return Compared::Unknown(Unavailable::OutOfMemory),
        }
    }
    Compared::Other
}

fn allowed(client_id: &str, device: &ResidentDevice, product: &Arc<ResidentProduct>) -> Allowed {
    let rules = product.acl.rules_of(&Names {
        client_id,
        username: Some(device.id.as_str()),
        device: Some(device.id.as_str()),
        product: Some(product.key.as_str()),
        attributes: &device.attributes,
    });
    Allowed { rules: Arc::new(rules), product: product.clone() }
}

fn allowance(device: &ResidentDevice, credential: &ResidentCredential, allowed: &Allowed) -> Allowance {
    let ends = [credential.validity.not_after, device.expires_at];
    Allowance {
        principal: Principal::Device(device.id.clone(), credential.id),
        authorize: allowed.rules.clone(),
        expires_at: ends.into_iter().flatten().min(),
    }
}
