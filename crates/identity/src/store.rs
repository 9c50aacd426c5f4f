//! What the registry asks of whoever keeps its rows: reading them, and changing them in transactions.
//!
//! A [`Store`] knows nothing of the rules: a command of the [registry](crate::registry) is a [`Job`] that reads
//! and writes rows within one transaction. It is durable when [`Store::write`] returns, or nothing of it
//! happened.

use async_trait::async_trait;

use crate::UnixMillis;
use crate::model::{
    ApiKey, ApiKeyId, BlockEntry, BlockId, CertificateAuthority, CertificateAuthorityId, ClaimToken,
    ClaimTokenId, Credential, CredentialId, Device, DeviceId, HardwareId, Product, ProductId, ProductState,
    Registration, RegistrationId, Slug, Voucher,
};
use crate::{CertificateFingerprint, CheckValue, KeyId, PepperVersion};

mod audit;
mod keys;
mod log;
pub mod memory;
mod nodes;
mod page;

pub use audit::{AuditEntry, AuditRecord, Chain as AuditChain, ChainFault, Digest};
pub use keys::KeyUses;
pub use log::{ChangeKind, Kick, LogEntry, LogId, NewEntry};
pub use nodes::{Node, Nodes, SeenNode};
pub use page::{DeviceFilter, Found, Page, PageRequest, RegistrationFilter};

/// Keeps the rows of the registry.
#[async_trait]
pub trait Store: Send + Sync {
    /// Looks at rows as they are after some commit.
    ///
    /// # Errors
    /// [`StoreFault`]: nobody to ask.
    async fn read(&self) -> Result<Box<dyn Rows + '_>, StoreFault>;

    /// Runs a job in a transaction of its own, after those that were handed in before. When it returns `Ok`
    /// and the job [wants](Job::run) its writes, they are durable; in each other case none is there.
    ///
    /// The store owns the job, since it may run where others run, after the caller has gone away: a job that
    /// found something out leaves it where its caller looks. It is dropped before this returns.
    ///
    /// Jobs may share a commit. A job is run once or, when another instance got in between, more than once:
    /// what counts is its last run.
    ///
    /// # Errors
    /// [`StoreFault`]: nothing was written, or it is not known whether something was.
    async fn write(&self, job: Box<dyn Job>) -> Result<(), StoreFault>;
}

/// What is done within one transaction.
#[async_trait]
pub trait Job: Send {
    /// Reads and writes.
    ///
    /// # Errors
    /// [`Aborted`]: what was written is to be forgotten.
    async fn run(&mut self, rows: &mut dyn Transaction) -> Result<(), Aborted>;
}

/// A job does not want its writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Aborted {
    /// It decided so.
    Refused,
    /// The store failed it.
    Failed(StoreFault),
}

/// Why a store does not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreFault {
    /// The database cannot be reached, is full, locked, or gone; the text is for operators.
    #[error("the database does not answer: {0}")]
    Unavailable(Box<str>),
    /// A row is not what we wrote: somebody else did, or the disk.
    #[error("row {id} of table {table} has a bad {column}: {why}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The key of the row.
        id: Box<str>,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        why: Box<str>,
    },
    /// The commands in waiting are too many.
    #[error("too many changes wait for the database")]
    Busy,
}

/// Reading rows.
#[async_trait]
pub trait Rows: Send {
    /// What kind of log this database has, and how far it goes.
    async fn log_head(&mut self) -> Result<(LogId, u64), StoreFault>;
    /// Entries of the change log after `after`, the oldest first, at most `limit`.
    async fn log_after(&mut self, after: u64, limit: u32) -> Result<Vec<LogEntry>, StoreFault>;
    /// The keys that this database was used with.
    async fn keys(&mut self) -> Result<Vec<(PepperVersion, CheckValue)>, StoreFault>;
    /// What still needs a key.
    async fn key_uses(&mut self, version: PepperVersion) -> Result<KeyUses, StoreFault>;

    /// A product.
    async fn product(&mut self, id: ProductId) -> Result<Option<Product>, StoreFault>;
    /// The product with this key.
    async fn product_by_key(&mut self, key: &Slug) -> Result<Option<Product>, StoreFault>;
    /// The oldest product in this state.
    async fn product_in_state(&mut self, state: ProductState) -> Result<Option<Product>, StoreFault>;
    /// Products, oldest first.
    async fn products(&mut self, page: PageRequest) -> Result<Page<Product>, StoreFault>;

    /// A device.
    async fn device(&mut self, id: &DeviceId) -> Result<Option<Device>, StoreFault>;
    /// The device of a product with this hardware id.
    async fn device_by_hardware_id(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Device>, StoreFault>;
    /// Devices that fit, in the order of their ids.
    async fn devices(&mut self, filter: &DeviceFilter, page: PageRequest)
    -> Result<Page<Device>, StoreFault>;
    /// How many devices a product has, those that are retired not counted.
    async fn device_count(&mut self, product: ProductId) -> Result<u64, StoreFault>;

    /// A credential.
    async fn credential(&mut self, id: CredentialId) -> Result<Option<Credential>, StoreFault>;
    /// Every credential of a device, oldest first.
    async fn credentials_of(&mut self, device: &DeviceId) -> Result<Vec<Credential>, StoreFault>;
    /// The credentials of a client certificate, those that are revoked too, oldest first.
    async fn credentials_of_certificate(
        &mut self,
        fingerprint: CertificateFingerprint,
    ) -> Result<Vec<Credential>, StoreFault>;
    /// Devices after `after`, in the order of their ids, each with its credentials that are not revoked: what
    /// is loaded at the start, or, of one product, anew. Retired devices are left out.
    async fn devices_with_credentials(
        &mut self,
        product: Option<ProductId>,
        after: Option<&DeviceId>,
        limit: u32,
    ) -> Result<Vec<(Device, Vec<Credential>)>, StoreFault>;
    /// Pending credentials that were made before `before`, at most `limit`. This list and the others of what
    /// housekeeping ends pass over rows that are corrupt, at least 500 of them.
    async fn pending_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Credential>, StoreFault>;
    /// Credentials that are not revoked and whose time was over before `before`, the longest first, at most
    /// `limit`.
    async fn expired_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Credential>, StoreFault>;

    /// A certificate authority.
    async fn authority(
        &mut self,
        id: CertificateAuthorityId,
    ) -> Result<Option<CertificateAuthority>, StoreFault>;
    /// The authority with this certificate.
    async fn authority_of(
        &mut self,
        fingerprint: CertificateFingerprint,
    ) -> Result<Option<CertificateAuthority>, StoreFault>;
    /// Certificate authorities, oldest first.
    async fn authorities(&mut self, page: PageRequest) -> Result<Page<CertificateAuthority>, StoreFault>;

    /// A claim token.
    async fn claim_token(&mut self, id: ClaimTokenId) -> Result<Option<ClaimToken>, StoreFault>;
    /// The claim token whose text names this key.
    async fn claim_token_by_key(&mut self, key: KeyId) -> Result<Option<ClaimToken>, StoreFault>;
    /// Claim tokens, oldest first.
    async fn claim_tokens(&mut self, page: PageRequest) -> Result<Page<ClaimToken>, StoreFault>;

    /// A registration.
    async fn registration(&mut self, id: RegistrationId) -> Result<Option<Registration>, StoreFault>;
    /// The registration of a hardware id that is not over yet.
    async fn open_registration(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Registration>, StoreFault>;
    /// The last registration of a hardware id that somebody rejected.
    async fn rejected_registration(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Registration>, StoreFault>;
    /// How many registrations for a product wait, quarantined or approved, all or those of one claim token or
    /// certificate authority.
    async fn waiting_count(&mut self, product: ProductId, source: Option<Voucher>)
    -> Result<u64, StoreFault>;
    /// The registration that a credential was handed out by.
    async fn registration_of(&mut self, credential: CredentialId)
    -> Result<Option<Registration>, StoreFault>;
    /// Registrations that wait, quarantined or approved, and did not change since `before`, the longest first,
    /// at most `limit`.
    async fn waiting_registrations(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Registration>, StoreFault>;
    /// Registrations that fit, oldest first.
    async fn registrations(
        &mut self,
        filter: &RegistrationFilter,
        page: PageRequest,
    ) -> Result<Page<Registration>, StoreFault>;

    /// A block.
    async fn block(&mut self, id: BlockId) -> Result<Option<BlockEntry>, StoreFault>;
    /// The block of this kind and value, as [`BlockTarget`](crate::BlockTarget) writes them.
    async fn block_of(&mut self, kind: &str, value: &str) -> Result<Option<BlockEntry>, StoreFault>;
    /// Blocks that were over before `before`, the longest first, at most `limit`.
    async fn expired_blocks(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<BlockEntry>, StoreFault>;
    /// Blocks, oldest first.
    async fn blocks(&mut self, page: PageRequest) -> Result<Page<BlockEntry>, StoreFault>;

    /// An API key.
    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreFault>;
    /// API keys, oldest first.
    async fn api_keys(&mut self, page: PageRequest) -> Result<Page<ApiKey>, StoreFault>;

    /// Audit entries after the one with the sequence number in `page`, oldest first.
    async fn audit(&mut self, page: PageRequest) -> Result<Page<AuditEntry>, StoreFault>;
    /// The last audit entry.
    async fn audit_head(&mut self) -> Result<Option<AuditEntry>, StoreFault>;
}

/// Reading and writing rows. A `put` writes the whole row, new or not.
#[async_trait]
pub trait Transaction: Rows {
    /// Writes a product.
    async fn put_product(&mut self, product: &Product) -> Result<(), StoreFault>;
    /// Deletes a product.
    async fn delete_product(&mut self, id: ProductId) -> Result<(), StoreFault>;
    /// Writes a device.
    async fn put_device(&mut self, device: &Device) -> Result<(), StoreFault>;
    /// Writes a credential.
    async fn put_credential(&mut self, credential: &Credential) -> Result<(), StoreFault>;
    /// Deletes a credential.
    async fn delete_credential(&mut self, id: CredentialId) -> Result<(), StoreFault>;
    /// Deletes credentials that were revoked before `before`, the longest ago first, at most `limit`; returns
    /// how many. One of a certificate stays until that has ended before `before` as well.
    async fn delete_revoked_credentials(&mut self, before: UnixMillis, limit: u32)
    -> Result<u64, StoreFault>;
    /// Takes down when credentials were last used; those that are unknown are passed over.
    async fn touch_credentials(&mut self, used: &[(CredentialId, UnixMillis)]) -> Result<(), StoreFault>;
    /// Writes a certificate authority.
    async fn put_authority(&mut self, authority: &CertificateAuthority) -> Result<(), StoreFault>;
    /// Deletes a certificate authority.
    async fn delete_authority(&mut self, id: CertificateAuthorityId) -> Result<(), StoreFault>;
    /// Writes a claim token.
    async fn put_claim_token(&mut self, token: &ClaimToken) -> Result<(), StoreFault>;
    /// Writes a registration.
    async fn put_registration(&mut self, registration: &Registration) -> Result<(), StoreFault>;
    /// Deletes a registration.
    async fn delete_registration(&mut self, id: RegistrationId) -> Result<(), StoreFault>;
    /// Deletes registrations that are confirmed or expired and did not change since `before`, the oldest first,
    /// at most `limit`; returns how many. Those that are rejected stay.
    async fn delete_past_registrations(&mut self, before: UnixMillis, limit: u32) -> Result<u64, StoreFault>;
    /// Writes a block.
    async fn put_block(&mut self, block: &BlockEntry) -> Result<(), StoreFault>;
    /// Deletes a block.
    async fn delete_block(&mut self, id: BlockId) -> Result<(), StoreFault>;
    /// Writes an API key.
    async fn put_api_key(&mut self, key: &ApiKey) -> Result<(), StoreFault>;
    /// Takes down what a key is known by.
    async fn put_key(&mut self, version: PepperVersion, check: CheckValue) -> Result<(), StoreFault>;
    /// Forgets a key.
    async fn delete_key(&mut self, version: PepperVersion) -> Result<(), StoreFault>;
    /// Gives the log another identity: what followed it must begin anew.
    async fn put_log_id(&mut self, id: LogId) -> Result<(), StoreFault>;

    /// Appends to the change log; returns the entry's number, which is one more than the last one's.
    async fn append_log(&mut self, at: UnixMillis, change: NewEntry) -> Result<u64, StoreFault>;
    /// Deletes the entries of the change log up to this number. Those that follow keep theirs.
    async fn delete_log(&mut self, up_to: u64) -> Result<(), StoreFault>;
    /// Appends to the audit log.
    async fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreFault>;
}
