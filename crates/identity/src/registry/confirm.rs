use std::sync::Arc;

use async_trait::async_trait;

use super::proven::still_proven;
use super::{Command, Desk, Refusal};
use crate::model::{
    CertificateProof, Credential, CredentialId, CredentialState, DeviceState, Proof, RegistrationState,
    Validity,
};
use crate::store::NewEntry;
use crate::{ClientCertificate, PasswordHash};

/// Takes down that a device has used a credential for the first time, before it is let in: what the
/// credential replaces is over, and the device cannot register any more.
#[derive(Clone, Copy, Debug)]
pub struct Confirm(pub CredentialId);

/// The same for the credential of a certificate. Of one that was entered by its fingerprint, what it says is taken
/// down: who it is about, and when it ends.
#[derive(Clone, Debug)]
pub struct ConfirmCertificate(pub CredentialId, pub Arc<ClientCertificate>);

/// What the first use of a credential brought about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Credentials that it replaced.
    pub revoked_count: usize,
}

/// Replaces the hash of a password by a better one of the same password.
#[derive(Clone, Debug)]
pub struct UpgradePassword {
    /// The credential.
    pub id: CredentialId,
    /// The hash that the password was compared with.
    pub from: PasswordHash,
    /// The better one.
    pub to: PasswordHash,
}

#[async_trait]
impl Command for Confirm {
    type Outcome = Confirmed;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Confirmed, Refusal> {
        let (mut credential, mut device) = still_proven(desk, self.0).await?;
        let now = desk.now();
        if credential.first_used_at.is_some() {
            return Ok(Confirmed::default());
        }
        credential.state = match credential.state {
            CredentialState::Pending => CredentialState::Active,
            other @ (CredentialState::Active | CredentialState::Grace | CredentialState::Revoked) => other,
        };
        credential.first_used_at = Some(now);
        credential.last_used_at = Some(now);
        desk.rows().put_credential(&credential).await?;
        let is_replaced = |other: &Credential| {
            other.created_at <= credential.created_at
                && matches!(other.state, CredentialState::Grace | CredentialState::Pending)
        };
        let id = credential.id;
        let is_grace = credential.state == CredentialState::Grace;
        let stays = move |other: &Credential| other.id == id || is_grace || !is_replaced(other);
        let revoked = desk.revoke_all(&credential.device.clone(), stays).await?;
        if device.state == DeviceState::Registered {
            device.state = DeviceState::Active;
            desk.change_device(&mut device).await?;
        }
        // The device has connected, be it with what it was given instead of what it registered for.
        for connected in revoked.iter().map(|replaced| replaced.id).chain([id]) {
            confirm_registration(desk, connected).await?;
        }
        desk.log(NewEntry::device(credential.device.clone(), Some(id))).await?;
        Ok(Confirmed { revoked_count: revoked.len() })
    }
}

#[async_trait]
impl Command for ConfirmCertificate {
    type Outcome = Confirmed;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Confirmed, Refusal> {
        let Self(id, seen) = self;
        let mut credential = desk.credential(*id).await?;
        let proof = credential.proof.certificate().cloned();
        // Written before it is confirmed, whose entry in the log tells of both.
        if let Some(proof) = proof.filter(|known| known.ends_at.is_none())
            && proof.fingerprint == seen.fingerprint()
            && credential.first_used_at.is_none()
        {
            let end = Validity { not_before: None, not_after: seen.validity().not_after };
            credential.validity = credential.validity.and(end);
            credential.proof = Proof::Certificate(Arc::new(CertificateProof::of(seen, proof.authority)));
            desk.rows().put_credential(&credential).await?;
        }
        Confirm(*id).run(desk).await
    }
}

async fn confirm_registration(desk: &mut Desk<'_>, credential: CredentialId) -> Result<(), Refusal> {
    let known = desk.rows().registration_of(credential).await?;
    let Some(mut registration) = known.filter(|known| known.state == RegistrationState::Issued) else {
        return Ok(());
    };
    registration.state = RegistrationState::Confirmed;
    registration.version += 1;
    registration.updated_at = desk.now();
    Ok(desk.rows().put_registration(&registration).await?)
}

#[async_trait]
impl Command for UpgradePassword {
    type Outcome = bool;

    /// `false` when the credential is not what it was any more.
    async fn run(&self, desk: &mut Desk<'_>) -> Result<bool, Refusal> {
        let Some(mut credential) = desk.rows().credential(self.id).await? else { return Ok(false) };
        let is_same = match &credential.proof {
            Proof::Password(known) => known.to_string() == self.from.to_string(),
            Proof::Secret(..) | Proof::Scram(_) | Proof::Certificate(_) => false,
        };
        if !is_same || credential.state == CredentialState::Revoked {
            return Ok(false);
        }
        credential.proof = Proof::Password(self.to.clone());
        desk.rows().put_credential(&credential).await?;
        desk.log(NewEntry::device(credential.device, Some(self.id))).await?;
        Ok(true)
    }
}
