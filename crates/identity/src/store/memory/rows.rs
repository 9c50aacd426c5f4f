use async_trait::async_trait;

use super::State;
use crate::model::{
    ApiKey, ApiKeyId, BlockEntry, BlockId, CertificateAuthority, CertificateAuthorityId, ClaimToken,
    ClaimTokenId, Credential, CredentialId, CredentialState, Device, DeviceId, DeviceState, HardwareId,
    Product, ProductId, ProductState, Proof, Registration, RegistrationId, RegistrationState, Slug, Voucher,
};
use crate::store::{
    AuditEntry, DeviceFilter, Found, KeyUses, LogEntry, LogId, Page, PageRequest, RegistrationFilter, Rows,
    StoreFault,
};
use crate::{CertificateFingerprint, CheckValue, KeyId, PepperVersion, UnixMillis};

/// Part of a list that is in the order of its keys.
fn page_of<'a, T: Clone + 'a>(
    items: impl Iterator<Item = &'a T>,
    request: &PageRequest,
    key_of: impl Fn(&T) -> String,
) -> Page<T> {
    let is_behind = |item: &&T| request.after.as_deref().is_none_or(|after| *key_of(item) > *after);
    let found = items.filter(is_behind).take(request.limit as usize + 1).cloned().collect();
    Page::of(found, request.limit, |item| key_of(item).into())
}

#[async_trait]
impl Rows for State {
    async fn log_head(&mut self) -> Result<(LogId, u64), StoreFault> {
        Ok((self.log_id, self.head))
    }

    async fn log_after(&mut self, after: u64, limit: u32) -> Result<Vec<LogEntry>, StoreFault> {
        if self.is_log_corrupt {
            let (table, column, why) = ("change_log", "kind", "it was changed by hand".into());
            return Err(StoreFault::Corrupt { table, id: (after + 1).to_string().into(), column, why });
        }
        let newer = self.log.iter().filter(|entry| entry.sequence > after);
        Ok(newer.take(limit as usize).cloned().collect())
    }

    async fn keys(&mut self) -> Result<Vec<(PepperVersion, CheckValue)>, StoreFault> {
        Ok(self.keys.iter().map(|(version, check)| (*version, *check)).collect())
    }

    async fn key_uses(&mut self, version: PepperVersion) -> Result<KeyUses, StoreFault> {
        let needs = |known: &&Credential| {
            let is_made_with = match &known.proof {
                Proof::Secret(_, verifier) => verifier.version == version,
                Proof::Password(_) | Proof::Scram(_) | Proof::Certificate(_) => false,
            };
            is_made_with && known.state != CredentialState::Revoked
        };
        let claims = self.claim_tokens.values();
        let claims = claims.filter(|known| known.verifier.version == version && known.revoked_at.is_none());
        let api_keys = self.api_keys.values();
        let api_keys =
            api_keys.filter(|known| known.verifier.version == version && known.revoked_at.is_none());
        Ok(KeyUses {
            credential_count: self.credentials.values().filter(needs).count() as u64,
            claim_token_count: claims.count() as u64,
            api_key_count: api_keys.count() as u64,
        })
    }

    async fn product(&mut self, id: ProductId) -> Result<Option<Product>, StoreFault> {
        Ok(self.products.get(&id).cloned())
    }

    async fn product_by_key(&mut self, key: &Slug) -> Result<Option<Product>, StoreFault> {
        Ok(self.products.values().find(|product| product.key == *key).cloned())
    }

    async fn product_in_state(&mut self, state: ProductState) -> Result<Option<Product>, StoreFault> {
        Ok(self.products.values().find(|product| product.state == state).cloned())
    }

    async fn products(&mut self, page: PageRequest) -> Result<Page<Product>, StoreFault> {
        Ok(page_of(self.products.values(), &page, |product| product.id.to_string()))
    }

    async fn device(&mut self, id: &DeviceId) -> Result<Option<Device>, StoreFault> {
        Ok(self.devices.get(id).cloned())
    }

    async fn device_by_hardware_id(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Device>, StoreFault> {
        let is_it =
            |device: &&Device| device.product == product && device.hardware_id.as_ref() == Some(hardware_id);
        Ok(self.devices.values().find(is_it).cloned())
    }

    async fn devices(
        &mut self,
        filter: &DeviceFilter,
        page: PageRequest,
    ) -> Result<Page<Device>, StoreFault> {
        let fits = |device: &&Device| filter.admits(device);
        Ok(page_of(self.devices.values().filter(fits), &page, |device| device.id.to_string()))
    }

    async fn device_count(&mut self, product: ProductId) -> Result<u64, StoreFault> {
        let counts = |device: &&Device| device.product == product && device.state != DeviceState::Retired;
        Ok(self.devices.values().filter(counts).count() as u64)
    }

    async fn credential(&mut self, id: CredentialId) -> Result<Option<Credential>, StoreFault> {
        Ok(self.credentials.get(&id).cloned())
    }

    async fn credentials_of(&mut self, device: &DeviceId) -> Result<Vec<Credential>, StoreFault> {
        let own = self.credentials.values().filter(|credential| credential.device == *device);
        Ok(own.cloned().collect())
    }

    async fn credentials_of_certificate(
        &mut self,
        fingerprint: CertificateFingerprint,
    ) -> Result<Vec<Credential>, StoreFault> {
        let is_it = |known: &&Credential| {
            known.proof.certificate().is_some_and(|proof| proof.fingerprint == fingerprint)
        };
        Ok(self.credentials.values().filter(is_it).cloned().collect())
    }

    async fn authority(
        &mut self,
        id: CertificateAuthorityId,
    ) -> Result<Option<CertificateAuthority>, StoreFault> {
        Ok(self.authorities.get(&id).cloned())
    }

    async fn authority_of(
        &mut self,
        fingerprint: CertificateFingerprint,
    ) -> Result<Option<CertificateAuthority>, StoreFault> {
        let is_it = |known: &&CertificateAuthority| known.certificate.fingerprint() == fingerprint;
        Ok(self.authorities.values().find(is_it).cloned())
    }

    async fn authorities(&mut self, page: PageRequest) -> Result<Page<CertificateAuthority>, StoreFault> {
        Ok(page_of(self.authorities.values(), &page, |authority| authority.id.to_string()))
    }

    async fn devices_with_credentials(
        &mut self,
        product: Option<ProductId>,
        after: Option<&DeviceId>,
        limit: u32,
    ) -> Result<Vec<(Device, Vec<Credential>)>, StoreFault> {
        let is_wanted = |device: &&Device| {
            product.is_none_or(|product| device.product == product)
                && after.is_none_or(|after| device.id > *after)
                && device.state != DeviceState::Retired
        };
        let live = |device: &Device| {
            let is_live = |credential: &&Credential| {
                credential.device == device.id && credential.state != CredentialState::Revoked
            };
            self.credentials.values().filter(is_live).cloned().collect()
        };
        let devices = self.devices.values().filter(is_wanted).take(limit as usize);
        Ok(devices.map(|device| (device.clone(), live(device))).collect())
    }

    async fn pending_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Credential>, StoreFault> {
        let made = |known: &Credential| (known.state == CredentialState::Pending).then_some(known.created_at);
        self.found("credentials", &self.credentials, made, (before, limit))
    }

    async fn expired_credentials(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Credential>, StoreFault> {
        let end =
            |known: &Credential| known.validity.not_after.filter(|_| known.state != CredentialState::Revoked);
        self.found("credentials", &self.credentials, end, (before, limit))
    }

    async fn claim_token(&mut self, id: ClaimTokenId) -> Result<Option<ClaimToken>, StoreFault> {
        Ok(self.claim_tokens.get(&id).cloned())
    }

    async fn claim_token_by_key(&mut self, key: KeyId) -> Result<Option<ClaimToken>, StoreFault> {
        Ok(self.claim_tokens.values().find(|token| token.key_id == key).cloned())
    }

    async fn claim_tokens(&mut self, page: PageRequest) -> Result<Page<ClaimToken>, StoreFault> {
        Ok(page_of(self.claim_tokens.values(), &page, |token| token.id.to_string()))
    }

    async fn registration(&mut self, id: RegistrationId) -> Result<Option<Registration>, StoreFault> {
        Ok(self.registrations.get(&id).cloned())
    }

    async fn open_registration(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Registration>, StoreFault> {
        let is_it = |known: &&Registration| {
            known.product == product && known.hardware_id == *hardware_id && known.state.is_open()
        };
        Ok(self.registrations.values().find(is_it).cloned())
    }

    async fn rejected_registration(
        &mut self,
        product: ProductId,
        hardware_id: &HardwareId,
    ) -> Result<Option<Registration>, StoreFault> {
        let is_it = |known: &&Registration| {
            known.product == product
                && known.hardware_id == *hardware_id
                && known.state == RegistrationState::Rejected
        };
        Ok(self.registrations.values().rfind(is_it).cloned())
    }

    async fn waiting_count(
        &mut self,
        product: ProductId,
        source: Option<Voucher>,
    ) -> Result<u64, StoreFault> {
        let is_waiting = |known: &&Registration| {
            matches!(known.state, RegistrationState::Quarantined | RegistrationState::Approved)
                && known.product == product
                && source.is_none_or(|source| known.voucher.is_of_same_source(&source))
        };
        Ok(self.registrations.values().filter(is_waiting).count() as u64)
    }

    async fn registration_of(
        &mut self,
        credential: CredentialId,
    ) -> Result<Option<Registration>, StoreFault> {
        let found = self.registrations.values().find(|known| known.credential == Some(credential));
        found.map(|known| self.sound("registrations", known.id, known)).transpose()
    }

    async fn waiting_registrations(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<Registration>, StoreFault> {
        let changed = |known: &Registration| {
            let is_waiting =
                matches!(known.state, RegistrationState::Quarantined | RegistrationState::Approved);
            is_waiting.then_some(known.updated_at)
        };
        self.found("registrations", &self.registrations, changed, (before, limit))
    }

    async fn registrations(
        &mut self,
        filter: &RegistrationFilter,
        page: PageRequest,
    ) -> Result<Page<Registration>, StoreFault> {
        let fits = |known: &&Registration| {
            filter.product.is_none_or(|product| product == known.product)
                && filter.state.is_none_or(|state| state == known.state)
        };
        Ok(page_of(self.registrations.values().filter(fits), &page, |known| known.id.to_string()))
    }

    async fn block(&mut self, id: BlockId) -> Result<Option<BlockEntry>, StoreFault> {
        Ok(self.blocks.get(&id).cloned())
    }

    async fn block_of(&mut self, kind: &str, value: &str) -> Result<Option<BlockEntry>, StoreFault> {
        if self.are_blocks_corrupt {
            let (table, column, why) = ("blocks", "until", "it was changed by hand".into());
            return Err(StoreFault::Corrupt { table, id: value.into(), column, why });
        }
        let is_it = |entry: &&BlockEntry| {
            entry.block.target.kind().name() == kind && entry.block.target.to_string() == value
        };
        Ok(self.blocks.values().find(is_it).cloned())
    }

    async fn expired_blocks(
        &mut self,
        before: UnixMillis,
        limit: u32,
    ) -> Result<Found<BlockEntry>, StoreFault> {
        self.found("blocks", &self.blocks, |entry| entry.block.until, (before, limit))
    }

    async fn blocks(&mut self, page: PageRequest) -> Result<Page<BlockEntry>, StoreFault> {
        Ok(page_of(self.blocks.values(), &page, |entry| entry.id.to_string()))
    }

    async fn api_key(&mut self, id: ApiKeyId) -> Result<Option<ApiKey>, StoreFault> {
        Ok(self.api_keys.get(&id).cloned())
    }

    async fn api_keys(&mut self, page: PageRequest) -> Result<Page<ApiKey>, StoreFault> {
        Ok(page_of(self.api_keys.values(), &page, |key| key.id.to_string()))
    }

    async fn audit(&mut self, page: PageRequest) -> Result<Page<AuditEntry>, StoreFault> {
        let after = page.after.as_deref().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        let newer = self.audit.iter().filter(|entry| entry.sequence > after);
        let found = newer.take(page.limit as usize + 1).cloned().collect();
        Ok(Page::of(found, page.limit, |entry: &AuditEntry| entry.sequence.to_string().into()))
    }

    async fn audit_head(&mut self) -> Result<Option<AuditEntry>, StoreFault> {
        Ok(self.audit.last().cloned())
    }
}
