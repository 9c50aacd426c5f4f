//! The port's rows on one connection: each method is a statement of its table.

use std::collections::BTreeMap;

use async_trait::async_trait;
use vouchmq_identity::model::{
    ApiKey, ApiKeyId, BlockEntry, BlockId, CertificateAuthority, CertificateAuthorityId, ClaimToken,
    ClaimTokenId, Credential, CredentialId, Device, DeviceId, DeviceState, HardwareId, Product, ProductId,
    ProductState, Registration, RegistrationId, Slug, Voucher,
};
use vouchmq_identity::store::{
    AuditEntry, DeviceFilter, Found, KeyUses, LogEntry, LogId, NewEntry, Page, PageRequest,
    RegistrationFilter, Rows, StoreFault, Transaction,
};
use vouchmq_identity::{CertificateFingerprint, CheckValue, KeyId, PepperVersion, UnixMillis};

use crate::connection::{Connection, unavailable};
use crate::readers::Home;
use crate::rows::device::Counted;
use crate::rows::{
    api_key, audit, authority, block, claim_token, credential, device, log, pepper, product, registration,
};

/// Rows within a transaction.
pub(crate) struct Session {
    pub(crate) connection: Connection,
    /// There while a transaction writes.
    pub(crate) ends: Option<Ends>,
    /// Where the connection goes when this is dropped.
    home: Option<Home>,
}

/// What all jobs add to, and is written once for those that share a commit: the ends of both logs, and how many
/// devices there are. Nobody else changes them meanwhile.
#[derive(Clone, Default)]
pub(crate) struct Ends {
    /// The last number of the change log. Numbers do not come from a sequence of the engine: those leave gaps
    /// when a transaction is rolled back, and number transactions in the order in which they asked instead of
    /// that of the commits.
    pub(crate) head: u64,
    /// The last audit entry, if this transaction wrote one.
    pub(crate) audit: Option<AuditEntry>,
    /// How many devices more, or less, each product has that are not retired.
    pub(crate) device_counts: BTreeMap<ProductId, i64>,
}

// === impl Session ===

impl Session {
    pub(crate) const fn new(connection: Connection, home: Option<Home>) -> Self {
        Self { connection, ends: None, home }
    }
}

impl Ends {
    fn count(&mut self, (product, state): Counted, more: i64) {
        if state != DeviceState::Retired {
            *self.device_counts.entry(product).or_default() += more;
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(home) = self.home.take() {
            home.take_back(self.connection.take());
        }
    }
}

#[async_trait]
impl Rows for Session {
    async fn log_head(&mut self) -> Result<(LogId, u64), StoreFault> {
        let (id, head) = log::head(&mut self.connection).await?;
        Ok((id, self.ends.as_ref().map_or(head, |ends| ends.head)))
    }

    async fn log_after(&mut self, after: u64, limit: u32) -> Result<Vec<LogEntry>, StoreFault> {
        log::after(&mut self.connection, after, limit).await
    }

    async fn keys(&mut self) -> Result<Vec<(PepperVersion, CheckValue)>, StoreFault> {
        pepper::all(&mut self.connection).await
    }

    async fn key_uses(&mut self, version: PepperVersion) -> Result<KeyUses, StoreFault> {
        pepper::uses(&mut self.connection, version).await
    }

    async fn product(&mut self, id: ProductId) -> Result<Option<Product>, StoreFault> {
        product::by_id(&mut self.connection, id).await
    }

    async fn product_by_key(&mut self, key: &Slug) -> Result<Option<Product>, StoreFault> {
        product::by_key(&mut self.connection, key).await
    }

    async fn product_in_state(&mut self, state: ProductState) -> Result<Option<Product>, StoreFault> {
        product::in_state(&mut self.connection, state).await
    }

    async fn products(&mut self, page: PageRequest) -> Result<Page<Product>, StoreFault> {
        product::list(&mut self.connection, &page).await
    }

    async fn device(&mut self, id: &DeviceId) -> Result<Option<Device>, StoreFault> {
        device::by_id(&mut self.connection, id).await
    }

    async fn device_by_hardware_id(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Device>, StoreFault> {
        device::by_hardware_id(&mut self.connection, product, hardware_id).await
    }

    async fn devices(
        &mut self,
        filter: &DeviceFilter,
        page: PageRequest,
    ) -> Result<Page<Device>, StoreFault> {
        device::list(&mut self.connection, filter, &page).await
    }

    async fn device_count(&mut self, product: ProductId) -> Result<u64, StoreFault> {
        let committed = device::count(&mut self.connection, product).await?;
        let more = self.ends.as_ref().and_then(|ends| ends.device_counts.get(&product)).copied();
        Ok(u64::try_from(committed.saturating_add(more.unwrap_or(0))).unwrap_or(0))
    }

    async fn credential(&mut self, id: CredentialId) -> Result<Option<Credential>, StoreFault> {
        credential::by_id(&mut self.connection, id).await
    }

    async fn credentials_of(&mut self, device: &DeviceId) -> Result<Vec<Credential>, StoreFault> {
        credential::of_device(&mut self.connection, device).await
    }

    async fn credentials_of_certificate(
        &mut self,
        fingerprint: CertificateFingerprint,
    ) -> Result<Vec<Credential>, StoreFault> {
        credential::of_certificate(&mut self.connection, fingerprint).await
    }

    async fn authority(
        &mut self,
        id: CertificateAuthorityId,
    ) -> Result<Option<CertificateAuthority>, StoreFault> {
        authority::by_id(&mut self.connection, id).await
    }

    async fn authority_of(
        &mut self,
        fingerprint: CertificateFingerprint,
    ) -> Result<Option<CertificateAuthority>, StoreFault> {
        authority::by_fingerprint(&mut self.connection, fingerprint).await
    }

    async fn authorities(&mut self, page: PageRequest) -> Result<Page<CertificateAuthority>, StoreFault> {
        authority::list(&mut self.connection, &page).await
    }

    async fn devices_with_credentials(
        &mut self,
        product: Option<ProductId>,
        after: Option<&DeviceId>,
        limit: u32,
    ) -> Result<Vec<(Device, Vec<Credential>)>, StoreFault> {
        let devices = device::portion(&mut self.connection, product, after, limit).await?;
        let Some(last) = devices.last() else { return Ok(Vec::new()) };
        let credentials = credential::between(&mut self.connection, product, after, &last.id).await?;
        Ok(merge(devices, credentials))
    }

    async fn pending_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Credential>, StoreFault> {
        credential::pending(&mut self.connection, before, limit).await
    }

    async fn expired_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Credential>, StoreFault> {
        credential::expired(&mut self.connection, before, limit).await
    }

    async fn claim_token(&mut self, id: ClaimTokenId) -> Result<Option<ClaimToken>, StoreFault> {
        claim_token::by_id(&mut self.connection, id).await
    }

    async fn claim_token_by_key(&mut self, key: KeyId) -> Result<Option<ClaimToken>, StoreFault> {
        claim_token::by_key(&mut self.connection, key).await
    }

    async fn claim_tokens(&mut self, page: PageRequest) -> Result<Page<ClaimToken>, StoreFault> {
        claim_token::list(&mut self.connection, &page).await
    }

    async fn registration(&mut self, id: RegistrationId) -> Result<Option<Registration>, StoreFault> {
        registration::by_id(&mut self.connection, id).await
    }

    async fn open_registration(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Registration>, StoreFault> {
        registration::open(&mut self.connection, product, hardware_id).await
    }

    async fn rejected_registration(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Registration>, StoreFault> {
        registration::rejected(&mut self.connection, product, hardware_id).await
    }

    async fn waiting_count(
        &mut self,
        product: ProductId,
        source: Option<Voucher>,
    ) -> Result<u64, StoreFault> {
        registration::waiting_count(&mut self.connection, product, source).await
    }

    async fn registration_of(
        &mut self,
        credential: CredentialId,
    ) -> Result<Option<Registration>, StoreFault> {
        registration::of_credential(&mut self.connection, credential).await
    }

    async fn waiting_registrations(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Registration>, StoreFault> {
        registration::waiting(&mut self.connection, before, limit).await
    }

    async fn registrations(
        &mut self,
        filter: &RegistrationFilter,
        page: PageRequest,
    ) -> Result<Page<Registration>, StoreFault> {
        registration::list(&mut self.connection, *filter, &page).await
    }

    async fn block(&mut self, id: BlockId) -> Result<Option<BlockEntry>, StoreFault> {
        block::by_id(&mut self.connection, id).await
    }

    async fn block_of(&mut self, kind: &str, value: &str) -> Result<Option<BlockEntry>, StoreFault> {
        block::of(&mut self.connection, kind, value).await
    }

    async fn expired_blocks(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<BlockEntry>, StoreFault> {
        block::expired(&mut self.connection, before, limit).await
    }

    async fn blocks(&mut self, page: PageRequest) -> Result<Page<BlockEntry>, StoreFault> {
        block::list(&mut self.connection, &page).await
    }

    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreFault> {
        api_key::by_id(&mut self.connection, id).await
    }

    async fn api_keys(&mut self, page: PageRequest) -> Result<Page<ApiKey>, StoreFault> {
        api_key::list(&mut self.connection, &page).await
    }

    async fn audit(&mut self, page: PageRequest) -> Result<Page<AuditEntry>, StoreFault> {
        audit::list(&mut self.connection, &page).await
    }

    async fn audit_head(&mut self) -> Result<Option<AuditEntry>, StoreFault> {
        if let Some(Ends { audit: Some(last), .. }) = &self.ends {
            return Ok(Some(last.clone()));
        }
        audit::head(&mut self.connection).await
    }
}

#[async_trait]
impl Transaction for Session {
    async fn put_product(&mut self, product: &Product) -> Result<(), StoreFault> {
        product::put(&mut self.connection, product).await
    }

    async fn delete_product(&mut self, id: ProductId) -> Result<(), StoreFault> {
        product::delete(&mut self.connection, id).await
    }

    async fn put_device(&mut self, device: &Device) -> Result<(), StoreFault> {
        let old = device::put(&mut self.connection, device).await?;
        if let Some(ends) = &mut self.ends {
            old.into_iter().for_each(|old| ends.count(old, -1));
            ends.count((device.product, device.state), 1);
        }
        Ok(())
    }

    async fn put_credential(&mut self, credential: &Credential) -> Result<(), StoreFault> {
        credential::put(&mut self.connection, credential).await
    }

    async fn delete_credential(&mut self, id: CredentialId) -> Result<(), StoreFault> {
        credential::delete(&mut self.connection, id).await
    }

    async fn delete_revoked_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<u64, StoreFault> {
        credential::delete_revoked(&mut self.connection, before, limit).await
    }

    async fn touch_credentials(&mut self, used: &[(CredentialId, UnixMillis)]) -> Result<(), StoreFault> {
        credential::touch(&mut self.connection, used).await
    }

    async fn put_authority(&mut self, authority: &CertificateAuthority) -> Result<(), StoreFault> {
        authority::put(&mut self.connection, authority).await
    }

    async fn delete_authority(&mut self, id: CertificateAuthorityId) -> Result<(), StoreFault> {
        authority::delete(&mut self.connection, id).await
    }

    async fn put_claim_token(&mut self, token: &ClaimToken) -> Result<(), StoreFault> {
        claim_token::put(&mut self.connection, token).await
    }

    async fn put_registration(&mut self, registration: &Registration) -> Result<(), StoreFault> {
        registration::put(&mut self.connection, registration).await
    }

    async fn delete_registration(&mut self, id: RegistrationId) -> Result<(), StoreFault> {
        registration::delete(&mut self.connection, id).await
    }

    async fn delete_past_registrations(&mut self, before: UnixMillis, limit: u32) -> Result<u64, StoreFault> {
        registration::delete_past(&mut self.connection, before, limit).await
    }

    async fn put_block(&mut self, block: &BlockEntry) -> Result<(), StoreFault> {
        block::put(&mut self.connection, block).await
    }

    async fn delete_block(&mut self, id: BlockId) -> Result<(), StoreFault> {
        block::delete(&mut self.connection, id).await
    }

    async fn put_api_key(&mut self, key: &ApiKey) -> Result<(), StoreFault> {
        api_key::put(&mut self.connection, key).await
    }

    async fn put_key(&mut self, version: PepperVersion, check: CheckValue) -> Result<(), StoreFault> {
        pepper::put(&mut self.connection, version, check).await
    }

    async fn delete_key(&mut self, version: PepperVersion) -> Result<(), StoreFault> {
        pepper::delete(&mut self.connection, version).await
    }

    async fn put_log_id(&mut self, id: LogId) -> Result<(), StoreFault> {
        log::put_id(&mut self.connection, id).await
    }

    async fn append_log(&mut self, at: UnixMillis, entry: NewEntry) -> Result<u64, StoreFault> {
        let Some(ends) = &mut self.ends else { return Err(unavailable("there is no transaction")) };
        let sequence = ends.head + 1;
        log::append(&mut self.connection, sequence, at, &entry).await?;
        ends.head = sequence;
        Ok(sequence)
    }

    async fn delete_log(&mut self, up_to: u64) -> Result<(), StoreFault> {
        log::delete(&mut self.connection, up_to).await
    }

    async fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreFault> {
        audit::append(&mut self.connection, entry).await?;
        if let Some(ends) = &mut self.ends {
            ends.audit = Some(entry.clone());
        }
        Ok(())
    }
}

/// Gives each device its credentials; both are in the order of the devices' ids. Credentials of devices that
/// are not there are left out.
fn merge(devices: Vec<Device>, credentials: Vec<Credential>) -> Vec<(Device, Vec<Credential>)> {
    let mut credentials = credentials.into_iter().peekable();
    let of = |device: Device| {
        while credentials.next_if(|credential| credential.device < device.id).is_some() {}
        let own = std::iter::from_fn(|| credentials.next_if(|credential| credential.device == device.id));
        let own = own.collect();
        (device, own)
    };
    devices.into_iter().map(of).collect()
}
