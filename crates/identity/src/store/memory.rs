//! A store in memory, for tests: what the contract says, without a database.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{
    Aborted, AuditEntry, Found, Job, LogEntry, LogId, NewEntry, Rows, Store, StoreFault, Transaction,
};
use crate::model::{
    ApiKey, ApiKeyId, BlockEntry, BlockId, CertificateAuthority, CertificateAuthorityId, ClaimToken,
    ClaimTokenId, Credential, CredentialId, Device, DeviceId, Product, ProductId, Registration,
    RegistrationId, RegistrationState,
};
use crate::{CheckValue, PepperVersion, UnixMillis};

mod rows;

/// Keeps the rows of a registry in memory, and forgets them.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    /// Grows with every commit.
    version: u64,
    /// What the next answers are, when somebody wants them to fail.
    fault: Option<StoreFault>,
    /// Rows, by their ids, that lists of what is over cannot read.
    corrupt: BTreeSet<Box<str>>,
    /// No block can be read by its target.
    are_blocks_corrupt: bool,
    /// No entry of the log can be read.
    is_log_corrupt: bool,
    log_id: LogId,
    /// The last number that was given.
    head: u64,
    log: Vec<LogEntry>,
    keys: BTreeMap<PepperVersion, CheckValue>,
    products: BTreeMap<ProductId, Product>,
    devices: BTreeMap<DeviceId, Device>,
    credentials: BTreeMap<CredentialId, Credential>,
    authorities: BTreeMap<CertificateAuthorityId, CertificateAuthority>,
    claim_tokens: BTreeMap<ClaimTokenId, ClaimToken>,
    registrations: BTreeMap<RegistrationId, Registration>,
    blocks: BTreeMap<BlockId, BlockEntry>,
    api_keys: BTreeMap<ApiKeyId, ApiKey>,
    audit: Vec<AuditEntry>,
}

impl MemoryStore {
    /// From now on nothing is read or written, for this reason; `None` ends it.
    pub fn fail_with(&self, fault: Option<StoreFault>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).fault = fault;
    }

    /// From now on the credential, registration or block with this id is not what was written, for who looks for
    /// what is over.
    pub fn corrupt_row(&self, id: impl std::fmt::Display) {
        let id = id.to_string().into();
        self.state.lock().unwrap_or_else(PoisonError::into_inner).corrupt.insert(id);
    }

    /// From now on blocks that are asked for by their target are not what was written, or they are again.
    pub fn corrupt_blocks(&self, are_corrupt: bool) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).are_blocks_corrupt = are_corrupt;
    }

    /// From now on entries of the change log are not what was written.
    pub fn corrupt_log(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).is_log_corrupt = true;
    }

    fn snapshot(&self) -> Result<State, StoreFault> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.fault.clone().map_or_else(|| Ok(state.clone()), Err)
    }
}

/// The first of these in the order of their times.
fn first<T: Ord>(items: impl Iterator<Item = (UnixMillis, T)>, limit: u32) -> Vec<T> {
    let mut items: Vec<_> = items.collect();
    items.sort_unstable();
    items.truncate(limit as usize);
    items.into_iter().map(|(_, item)| item).collect()
}

impl State {
    /// A row, unless it is corrupt.
    fn sound<T: Clone>(
        &self,
        table: &'static str,
        id: impl std::fmt::Display,
        row: &T,
    ) -> Result<T, StoreFault> {
        let id: Box<str> = id.to_string().into();
        if !self.corrupt.contains(&id) {
            return Ok(row.clone());
        }
        Err(StoreFault::Corrupt { table, id, column: "state", why: "it was changed by hand".into() })
    }

    /// The sound ones of these, in the order of their times.
    fn found<T: Clone, K: Ord + Copy + std::fmt::Display>(
        &self,
        table: &'static str,
        rows: &BTreeMap<K, T>,
        time_of: impl Fn(&T) -> Option<UnixMillis>,
        (before, limit): (UnixMillis, u32),
    ) -> Result<Found<T>, StoreFault> {
        let over = rows.iter().filter_map(|(id, row)| Some((time_of(row)?, *id)));
        let over = first(over.filter(|(at, _)| *at < before), u32::MAX);
        Found::of(over.iter().filter_map(|id| Some(self.sound(table, id, rows.get(id)?))), limit)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn read(&self) -> Result<Box<dyn Rows + '_>, StoreFault> {
        Ok(Box::new(self.snapshot()?))
    }

    async fn write(&self, mut job: Box<dyn Job>) -> Result<(), StoreFault> {
        loop {
            let mut draft = self.snapshot()?;
            match job.run(&mut draft).await {
                Ok(()) => {}
                Err(Aborted::Refused) => return Ok(()),
                Err(Aborted::Failed(fault)) => return Err(fault),
            }
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.version == draft.version {
                draft.version += 1;
                draft.fault = state.fault.take();
                draft.corrupt = std::mem::take(&mut state.corrupt);
                *state = draft;
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl Transaction for State {
    async fn put_product(&mut self, product: &Product) -> Result<(), StoreFault> {
        self.products.insert(product.id, product.clone());
        Ok(())
    }

    async fn delete_product(&mut self, id: ProductId) -> Result<(), StoreFault> {
        self.products.remove(&id);
        Ok(())
    }

    async fn put_device(&mut self, device: &Device) -> Result<(), StoreFault> {
        self.devices.insert(device.id.clone(), device.clone());
        Ok(())
    }

    async fn put_credential(&mut self, credential: &Credential) -> Result<(), StoreFault> {
        self.credentials.insert(credential.id, credential.clone());
        Ok(())
    }

    async fn delete_credential(&mut self, id: CredentialId) -> Result<(), StoreFault> {
        self.credentials.remove(&id);
        Ok(())
    }

    async fn delete_revoked_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreFault> {
        // What is unknown of a certificate may be good for ever.
        let ended = |known: &Credential| {
            known.proof.certificate().is_none_or(|proof| proof.ends_at.is_some_and(|end| end < before))
        };
        let forgettable = self.credentials.values().filter(|known| ended(known));
        let over = forgettable.filter_map(|known| Some((known.revoked_at?, known.id)));
        let over = first(over.filter(|(at, _)| *at < before), limit);
        over.iter().for_each(|id| drop(self.credentials.remove(id)));
        Ok(over.len() as u64)
    }

    async fn touch_credentials(&mut self, used: &[(CredentialId, UnixMillis)]) -> Result<(), StoreFault> {
        for (id, at) in used {
            if let Some(credential) = self.credentials.get_mut(id) {
                credential.last_used_at = Some(*at);
            }
        }
        Ok(())
    }

    async fn put_authority(&mut self, authority: &CertificateAuthority) -> Result<(), StoreFault> {
        self.authorities.insert(authority.id, authority.clone());
        Ok(())
    }

    async fn delete_authority(&mut self, id: CertificateAuthorityId) -> Result<(), StoreFault> {
        self.authorities.remove(&id);
        Ok(())
    }

    async fn put_claim_token(&mut self, token: &ClaimToken) -> Result<(), StoreFault> {
        self.claim_tokens.insert(token.id, token.clone());
        Ok(())
    }

    async fn put_registration(&mut self, registration: &Registration) -> Result<(), StoreFault> {
        self.registrations.insert(registration.id, registration.clone());
        Ok(())
    }

    async fn delete_registration(&mut self, id: RegistrationId) -> Result<(), StoreFault> {
        self.registrations.remove(&id);
        Ok(())
    }

    async fn delete_past_registrations(&mut self, before: UnixMillis, limit: u32) -> Result<u64, StoreFault> {
        let is_past = |known: &&Registration| {
            matches!(known.state, RegistrationState::Confirmed | RegistrationState::Expired)
                && known.updated_at < before
        };
        let past = self.registrations.values().filter(is_past);
        let past = first(past.map(|known| (known.updated_at, known.id)), limit);
        past.iter().for_each(|id| drop(self.registrations.remove(id)));
        Ok(past.len() as u64)
    }

    async fn put_block(&mut self, block: &BlockEntry) -> Result<(), StoreFault> {
        self.blocks.insert(block.id, block.clone());
        Ok(())
    }

    async fn delete_block(&mut self, id: BlockId) -> Result<(), StoreFault> {
        self.blocks.remove(&id);
        Ok(())
    }

    async fn put_api_key(&mut self, key: &ApiKey) -> Result<(), StoreFault> {
        self.api_keys.insert(key.id, key.clone());
        Ok(())
    }

    async fn put_key(&mut self, version: PepperVersion, check: CheckValue) -> Result<(), StoreFault> {
        self.keys.insert(version, check);
        Ok(())
    }

    async fn delete_key(&mut self, version: PepperVersion) -> Result<(), StoreFault> {
        self.keys.remove(&version);
        Ok(())
    }

    async fn put_log_id(&mut self, id: LogId) -> Result<(), StoreFault> {
        self.log_id = id;
        Ok(())
    }

    async fn append_log(&mut self, at: UnixMillis, change: NewEntry) -> Result<u64, StoreFault> {
        self.head += 1;
        self.log.push(LogEntry { sequence: self.head, at, change });
        Ok(self.head)
    }

    async fn delete_log(&mut self, up_to: u64) -> Result<(), StoreFault> {
        self.log.retain(|entry| entry.sequence > up_to);
        Ok(())
    }

    async fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreFault> {
        self.audit.push(entry.clone());
        Ok(())
    }
}
