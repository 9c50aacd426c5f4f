use std::sync::Arc;

use async_trait::async_trait;

use super::desk::REVOKED_OF_DEVICE_MAX;
use super::register::reject;
use super::{Command, Desk, Refusal, What};
use crate::model::{
    CREDENTIALS_MAX, CertificateProof, Credential, CredentialId, CredentialKind, CredentialState, DeviceId,
    DeviceState, Product, Proof, Validity,
};
use crate::scram::ScramVerifier;
use crate::store::{Kick, NewEntry};
use crate::{PasswordHash, Secret, SecretUse, UnixMillis};

/// What a new credential is made of.
#[derive(Clone, Debug)]
pub enum NewProof {
    /// A secret that is generated here.
    Secret,
    /// A password that was hashed already.
    Password(PasswordHash),
    /// A verifier that was made already.
    Scram(Arc<ScramVerifier>),
    /// A client certificate: no other device has it.
    Certificate(Arc<CertificateProof>),
}

/// A credential that was made.
#[derive(Debug)]
pub struct Added {
    /// It.
    pub credential: Credential,
    /// Its secret, if one was generated: to be shown now and never again.
    pub secret: Option<Secret>,
}

/// Gives a device one more credential.
#[derive(Clone, Debug)]
pub struct AddCredential {
    /// Whose.
    pub device: DeviceId,
    /// What it is made of.
    pub proof: NewProof,
    /// When it is good.
    pub validity: Validity,
}

/// Replaces the generated secret of a device. The old one stays good until the new one is first used, or for
/// as long as its grace lasts.
#[derive(Clone, Debug)]
pub struct Rotate {
    /// Whose.
    pub device: DeviceId,
    /// How long the old one stays good, in milliseconds; 0 ends it at once.
    pub grace_millis: u64,
    /// What happens to connections that used the old one.
    pub kick: Kick,
    /// The new one is not good before this time.
    pub not_before: Option<UnixMillis>,
    /// The new one is not good from this time on.
    pub not_after: Option<UnixMillis>,
}

/// What became of a rotation.
pub type Rotated = Added;

/// Revokes a credential, whose connections go.
#[derive(Clone, Debug)]
pub struct RevokeCredential {
    /// Which.
    pub id: CredentialId,
    /// Why, for the audit log.
    pub reason: Box<str>,
}

/// Takes down when credentials were last used.
#[derive(Clone, Debug)]
pub struct TouchCredentials(pub Vec<(CredentialId, UnixMillis)>);

/// Makes a secret and what is kept of it; writes no row.
pub(super) async fn issue(desk: &mut Desk<'_>, device: &DeviceId) -> Result<(Credential, Secret), Refusal> {
    let now = desk.now();
    let id = CredentialId::generate(now, desk)?;
    let secret = Secret::generate(SecretUse::Device, desk)?;
    let verifier = desk.keyring().verifier_of(&id.to_string(), secret.expose().as_bytes());
    let proof = Proof::Secret(secret.key_id(), verifier);
    let mut credential = Credential::pending(id, device.clone(), proof, now);
    credential.state = CredentialState::Active;
    Ok((credential, secret))
}

pub(super) fn allows(product: &Product, kind: CredentialKind) -> Result<(), Refusal> {
    if product.kinds.contains(&kind) { Ok(()) } else { Err(Refusal::KindNotAllowed(kind)) }
}

fn is_secret(credential: &Credential) -> bool {
    credential.proof.kind() == CredentialKind::Secret
}

#[async_trait]
impl Command for AddCredential {
    type Outcome = Added;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Added, Refusal> {
        let device = desk.device(&self.device).await?;
        if device.state == DeviceState::Retired {
            return Err(Refusal::DeviceState(device.state));
        }
        let product = desk.product(device.product).await?;
        let now = desk.now();
        let known = desk.rows().credentials_of(&device.id).await?;
        if known.iter().filter(|credential| credential.is_live(now)).count() >= CREDENTIALS_MAX {
            return Err(Refusal::CredentialLimit);
        }
        let mut added = match &self.proof {
            NewProof::Secret => {
                let (credential, secret) = issue(desk, &device.id).await?;
                Added { credential, secret: Some(secret) }
            }
            NewProof::Password(hash) => added(desk, &device.id, Proof::Password(hash.clone()))?,
            NewProof::Scram(verifier) => added(desk, &device.id, Proof::Scram(verifier.clone()))?,
            NewProof::Certificate(proof) => {
                is_free(desk, proof).await?;
                let known = forget_ended(desk, known).await?;
                room_for_certificate(&known, now)?;
                added(desk, &device.id, Proof::Certificate(proof.clone()))?
            }
        };
        allows(&product, added.credential.proof.kind())?;
        let certified = Validity { not_before: None, not_after: ends_at(&added.credential) };
        added.credential.validity = self.validity.and(certified);
        desk.rows().put_credential(&added.credential).await?;
        desk.log(NewEntry::device(device.id, Some(added.credential.id))).await?;
        desk.audit("credential.add", "", None, Some(&added.credential)).await?;
        Ok(added)
    }
}

/// When the certificate ends that a credential is of.
fn ends_at(credential: &Credential) -> Option<UnixMillis> {
    credential.proof.certificate().and_then(|proof| proof.ends_at)
}

/// A certificate is of one device.
pub(super) async fn is_free(desk: &mut Desk<'_>, proof: &CertificateProof) -> Result<(), Refusal> {
    let known = desk.rows().credentials_of_certificate(proof.fingerprint).await?;
    if known.iter().all(|known| known.state == CredentialState::Revoked) {
        return Ok(());
    }
    Err(Refusal::Exists { what: What::Credential, field: "certificate" })
}

/// Forgets those of a device's certificates that have ended by themselves: nobody is let in with them any more.
/// Returns what is left of `known`.
pub(super) async fn forget_ended(
    desk: &mut Desk<'_>,
    known: Vec<Credential>,
) -> Result<Vec<Credential>, Refusal> {
    let now = desk.now();
    let (ended, left): (Vec<_>, Vec<_>) =
        known.into_iter().partition(|known| ends_at(known).is_some_and(|end| end <= now));
    for credential in ended {
        desk.rows().delete_credential(credential.id).await?;
    }
    Ok(left)
}

/// Whether a device may have one more certificate, those that are revoked and remembered counted as well.
pub(super) fn room_for_certificate(known: &[Credential], now: UnixMillis) -> Result<(), Refusal> {
    let remembered = known.iter().filter(|known| known.proof.certificate().is_some()).count();
    let live = known.iter().filter(|known| known.is_live(now)).count();
    if live >= CREDENTIALS_MAX || remembered >= REVOKED_OF_DEVICE_MAX + CREDENTIALS_MAX {
        return Err(Refusal::CredentialLimit);
    }
    Ok(())
}

fn added(desk: &mut Desk<'_>, device: &DeviceId, proof: Proof) -> Result<Added, Refusal> {
    let now = desk.now();
    let id = CredentialId::generate(now, desk)?;
    let mut credential = Credential::pending(id, device.clone(), proof, now);
    credential.state = CredentialState::Active;
    Ok(Added { credential, secret: None })
}

#[async_trait]
impl Command for Rotate {
    type Outcome = Rotated;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Rotated, Refusal> {
        let device = desk.device(&self.device).await?;
        if device.state == DeviceState::Retired {
            return Err(Refusal::DeviceState(device.state));
        }
        allows(&desk.product(device.product).await?, CredentialKind::Secret)?;
        let now = desk.now();
        let mut old = desk.rows().credentials_of(&device.id).await?;
        desk.forget_surplus(&old).await?;
        old.retain(|credential| credential.is_live(now));
        let live_count = old.len();
        old.retain(is_secret);
        if old.is_empty() {
            return Err(Refusal::NothingToRotate);
        }
        let before = old.last().cloned();
        let end = match self.kick {
            Kick::Hard => None,
            Kick::None | Kick::Soft if self.grace_millis == 0 => None,
            Kick::None | Kick::Soft => Some(UnixMillis::new(now.millis().saturating_add(self.grace_millis))),
        };
        // What was replaced before, and is still in its grace, makes room.
        let surplus = (live_count + 1).saturating_sub(CREDENTIALS_MAX);
        for (place, credential) in old.iter_mut().enumerate() {
            match end {
                Some(end) if place >= surplus => {
                    // One that is pending has its hour and no more.
                    credential.validity = credential.window().until(end);
                    credential.state = CredentialState::Grace;
                }
                Some(_) | None => drop(credential.revoke(now)),
            }
            desk.rows().put_credential(credential).await?;
        }
        let (mut credential, secret) = issue(desk, &device.id).await?;
        credential.validity = Validity { not_before: self.not_before, not_after: self.not_after };
        desk.rows().put_credential(&credential).await?;
        desk.log(NewEntry::device(device.id, Some(credential.id)).kicking(self.kick)).await?;
        desk.audit("credential.rotate", "", before.as_ref(), Some(&credential)).await?;
        Ok(Added { credential, secret: Some(secret) })
    }
}

#[async_trait]
impl Command for RevokeCredential {
    type Outcome = Credential;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Credential, Refusal> {
        let before = desk.credential(self.id).await?;
        let mut credential = before.clone();
        if credential.revoke(desk.now()) {
            desk.rows().put_credential(&credential).await?;
            reject(desk, self.id).await?;
            desk.log(NewEntry::device(credential.device.clone(), Some(credential.id))).await?;
            desk.audit("credential.revoke", &self.reason, Some(&before), Some(&credential)).await?;
        }
        Ok(credential)
    }
}

#[async_trait]
impl Command for TouchCredentials {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        Ok(desk.rows().touch_credentials(&self.0).await?)
    }
}
