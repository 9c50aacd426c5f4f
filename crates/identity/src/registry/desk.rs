use std::sync::{Mutex, PoisonError};

use super::{Actor, Fingerprint, Refusal, What};
use crate::model::{
    Credential, CredentialId, CredentialState, Device, DeviceId, Product, ProductId, ProductState,
};
use crate::store::{AuditChain, AuditRecord, NewEntry, StoreFault, Transaction};
use crate::{Entropy, Keyring, NoEntropy, UnixMillis};

/// Revoked credentials of one device that are kept when it rotates: a device rotates as often as it likes, and each
/// change of it reads all that it has.
pub(super) const REVOKED_OF_DEVICE_MAX: usize = if cfg!(test) { 3 } else { 64 };

/// What a command works with: the rows of one transaction, the time, the keys, randomness, and for whom.
pub struct Desk<'a> {
    rows: &'a mut dyn Transaction,
    now: UnixMillis,
    actor: &'a Actor,
    keyring: &'a Keyring,
    entropy: &'a Mutex<dyn Entropy + Send>,
    sequence: Option<u64>,
    is_undone: bool,
    is_audited: bool,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        rows: &'a mut dyn Transaction,
        now: UnixMillis,
        actor: &'a Actor,
        keyring: &'a Keyring,
        entropy: &'a Mutex<dyn Entropy + Send>,
    ) -> Self {
        Self {
            rows,
            now,
            actor,
            keyring,
            entropy,
            sequence: None,
            is_undone: false,
            is_audited: actor.is_administrator(),
        }
    }

    /// The rows.
    pub fn rows(&mut self) -> &mut (dyn Transaction + 'a) {
        self.rows
    }

    /// The time of the command.
    pub const fn now(&self) -> UnixMillis {
        self.now
    }

    /// Who wants it.
    pub const fn actor(&self) -> &'a Actor {
        self.actor
    }

    /// What verifiers are made with.
    pub const fn keyring(&self) -> &'a Keyring {
        self.keyring
    }

    /// The last entry of the change log that was written here.
    pub(super) const fn sequence(&self) -> Option<u64> {
        self.sequence
    }

    /// Nothing of the command is to be kept, though it has an outcome: it only tries.
    pub(super) const fn undo(&mut self) {
        self.is_undone = true;
        self.sequence = None;
    }

    pub(super) const fn is_undone(&self) -> bool {
        self.is_undone
    }

    /// From now on what is done is administrative, though nobody administers.
    pub(super) const fn audit_all(&mut self) {
        self.is_audited = true;
    }

    /// Writes down what verifiers must know.
    pub async fn log(&mut self, change: NewEntry) -> Result<(), Refusal> {
        self.sequence = Some(self.rows.append_log(self.now, change).await?);
        Ok(())
    }

    /// Writes down an administrative change; what devices do by themselves are events, not audit entries, or
    /// strangers could write to the log.
    pub async fn audit<T: Fingerprint>(
        &mut self,
        action: &str,
        reason: &str,
        before: Option<&T>,
        after: Option<&T>,
    ) -> Result<(), Refusal> {
        if !self.is_audited {
            return Ok(());
        }
        let target = before.or(after).map(Fingerprint::name).unwrap_or_default();
        let record = AuditRecord {
            at: self.now,
            actor: self.actor.name().into(),
            address: self.actor.address(),
            request_id: self.actor.request_id().map(Into::into),
            action: action.into(),
            target: target.into(),
            reason: reason.into(),
            before: before.map(Fingerprint::digest),
            after: after.map(Fingerprint::digest),
        };
        self.append_audit(record).await.map_err(Refusal::AuditUnavailable)
    }

    async fn append_audit(&mut self, record: AuditRecord) -> Result<(), StoreFault> {
        let last = self.rows.audit_head().await?;
        let mut chain = last.as_ref().map(AuditChain::from).unwrap_or_default();
        self.rows.append_audit(&chain.append(record)).await
    }

    /// A product that must be there. One that is being deleted is not.
    pub(super) async fn product(&mut self, id: ProductId) -> Result<Product, Refusal> {
        let product = self.rows.product(id).await?.filter(|product| product.state != ProductState::Deleting);
        product.ok_or(Refusal::NotFound(What::Product))
    }

    /// A device that must be there.
    pub(super) async fn device(&mut self, id: &DeviceId) -> Result<Device, Refusal> {
        self.rows.device(id).await?.ok_or(Refusal::NotFound(What::Device))
    }

    /// A credential that must be there.
    pub(super) async fn credential(&mut self, id: CredentialId) -> Result<Credential, Refusal> {
        self.rows.credential(id).await?.ok_or(Refusal::NotFound(What::Credential))
    }

    /// Writes a device that was changed.
    pub(super) async fn change_device(&mut self, device: &mut Device) -> Result<(), Refusal> {
        device.version += 1;
        device.updated_at = self.now;
        self.rows.put_device(device).await?;
        Ok(())
    }

    /// Deletes the oldest of a device's credentials, these, that are revoked and more than
    /// [`REVOKED_OF_DEVICE_MAX`]. The last that was used stays: it tells that the device has connected.
    pub(super) async fn forget_surplus(&mut self, known: &[Credential]) -> Result<(), Refusal> {
        // A certificate is remembered until it ends by itself, or it would be unknown, and let in by its authority.
        let is_revoked = |known: &&Credential| {
            known.state == CredentialState::Revoked && known.proof.certificate().is_none()
        };
        let revoked = || known.iter().filter(is_revoked);
        let last_used = revoked().rfind(|known| known.first_used_at.is_some()).map(|known| known.id);
        let surplus = revoked().count().saturating_sub(REVOKED_OF_DEVICE_MAX);
        for over in revoked().take(surplus).filter(|over| Some(over.id) != last_used) {
            self.rows.delete_credential(over.id).await?;
        }
        Ok(())
    }

    /// Revokes what is live of a device's credentials, save those that are to stay; returns those it revoked.
    pub(super) async fn revoke_all(
        &mut self,
        device: &DeviceId,
        stays: impl Fn(&Credential) -> bool + Send,
    ) -> Result<Vec<Credential>, Refusal> {
        let mut revoked = Vec::new();
        for mut credential in self.rows.credentials_of(device).await? {
            if !stays(&credential) && credential.revoke(self.now) {
                self.rows.put_credential(&credential).await?;
                revoked.push(credential);
            }
        }
        Ok(revoked)
    }
}

impl Entropy for Desk<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        self.entropy.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes)
    }
}

/// Whether a change is based on the version that is there; `None` asks for no particular one.
pub(super) fn is_current(what: What, expected: Option<u64>, current: u64) -> Result<(), Refusal> {
    match expected {
        Some(expected) if expected != current => Err(Refusal::Stale { what, expected, current }),
        Some(_) | None => Ok(()),
    }
}

impl std::fmt::Debug for Desk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("actor", &self.actor).finish_non_exhaustive()
    }
}
