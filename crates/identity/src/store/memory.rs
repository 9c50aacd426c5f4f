//! A store in memory, for tests: what the contract says, without a database.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;

use super::{Aborted, AuditEntry, Job, LogEntry, LogId, NewEntry, Rows, Store, StoreFault, Transaction};
use crate::model::{
    ApiKey, ApiKeyId, BlockEntry, BlockId, ClaimToken, ClaimTokenId, Credential, CredentialId, Device,
    DeviceId, Product, ProductId, Registration, RegistrationId,
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
    /// No block can be read by its target.
    are_blocks_corrupt: bool,
    log_id: LogId,
    log: Vec<LogEntry>,
    keys: BTreeMap<PepperVersion, CheckValue>,
    products: BTreeMap<ProductId, Product>,
    devices: BTreeMap<DeviceId, Device>,
    credentials: BTreeMap<CredentialId, Credential>,
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

    /// From now on blocks that are asked for by their target are not what was written, or they are again.
    pub fn corrupt_blocks(&self, are_corrupt: bool) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).are_blocks_corrupt = are_corrupt;
    }

    fn snapshot(&self) -> Result<State, StoreFault> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.fault.clone().map_or_else(|| Ok(state.clone()), Err)
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

    async fn touch_credentials(&mut self, used: &[(CredentialId, UnixMillis)]) -> Result<(), StoreFault> {
        for (id, at) in used {
            if let Some(credential) = self.credentials.get_mut(id) {
                credential.last_used_at = Some(*at);
            }
        }
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

    async fn put_log_id(&mut self, id: LogId) -> Result<(), StoreFault> {
        self.log_id = id;
        Ok(())
    }

    async fn append_log(&mut self, at: UnixMillis, change: NewEntry) -> Result<u64, StoreFault> {
        let sequence = self.log.len() as u64 + 1;
        self.log.push(LogEntry { sequence, at, change });
        Ok(sequence)
    }

    async fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreFault> {
        self.audit.push(entry.clone());
        Ok(())
    }
}
