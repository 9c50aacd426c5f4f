use async_trait::async_trait;

use super::desk::is_current;
use super::{Command, Desk, Refusal, What};
use crate::model::{
    AUTHORITIES_MAX, AuthorityCertificate, AuthorityState, CertificateAuthority, CertificateAuthorityId,
    IdTemplate, ProductId,
};
use crate::store::{NewEntry, PageRequest};

/// Has an authority vouch for the devices of a product.
#[derive(Clone, Debug)]
pub struct AttachAuthority {
    /// Whose devices.
    pub product: ProductId,
    /// Its certificate.
    pub certificate: AuthorityCertificate,
    /// How a device's id follows from its certificate.
    pub template: IdTemplate,
}

/// Changes whether an authority vouches, and how it names devices. What is `None` stays.
#[derive(Clone, Debug)]
pub struct ChangeAuthority {
    /// Which.
    pub id: CertificateAuthorityId,
    /// The version that the change is based on.
    pub expected: Option<u64>,
    /// Whether it vouches. Connections of devices that became known by one that is disabled go.
    pub state: Option<AuthorityState>,
    /// How ids follow from certificates that nobody has seen yet.
    pub template: Option<IdTemplate>,
}

/// Removes an authority. Connections of devices that became known by it go.
#[derive(Clone, Debug)]
pub struct RemoveAuthority {
    /// Which.
    pub id: CertificateAuthorityId,
    /// The version that the wish is based on.
    pub expected: Option<u64>,
    /// Why, for the audit log.
    pub reason: Box<str>,
}

const ALL: PageRequest = PageRequest::first(AUTHORITIES_MAX as u32);

#[async_trait]
impl Command for AttachAuthority {
    type Outcome = CertificateAuthority;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<CertificateAuthority, Refusal> {
        desk.product(self.product).await?;
        let now = desk.now();
        if self.certificate.validity().holds(now).is_err() {
            return Err(Refusal::field("/certificate", "it has expired, or is not valid yet"));
        }
        let fingerprint = self.certificate.fingerprint();
        if desk.rows().authority_of(fingerprint).await?.is_some() {
            return Err(Refusal::Exists { what: What::CertificateAuthority, field: "certificate" });
        }
        if desk.rows().authorities(ALL).await?.items.len() >= AUTHORITIES_MAX {
            return Err(Refusal::AuthorityLimit);
        }
        let authority = CertificateAuthority {
            id: CertificateAuthorityId::generate(now, desk)?,
            product: self.product,
            certificate: self.certificate.clone(),
            template: self.template.clone(),
            state: AuthorityState::Active,
            version: 1,
            created_at: now,
            updated_at: now,
        };
        desk.rows().put_authority(&authority).await?;
        desk.log(NewEntry::authorities()).await?;
        desk.audit("certificate_authority.attach", "", None, Some(&authority)).await?;
        Ok(authority)
    }
}

#[async_trait]
impl Command for ChangeAuthority {
    type Outcome = CertificateAuthority;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<CertificateAuthority, Refusal> {
        let before = find(desk, self.id).await?;
        is_current(What::CertificateAuthority, self.expected, before.version)?;
        let mut authority = before.clone();
        authority.state = self.state.unwrap_or(authority.state);
        authority.template = self.template.clone().unwrap_or(authority.template);
        authority.version += 1;
        authority.updated_at = desk.now();
        desk.rows().put_authority(&authority).await?;
        desk.log(NewEntry::authorities()).await?;
        desk.audit("certificate_authority.change", "", Some(&before), Some(&authority)).await?;
        Ok(authority)
    }
}

#[async_trait]
impl Command for RemoveAuthority {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let before = find(desk, self.id).await?;
        is_current(What::CertificateAuthority, self.expected, before.version)?;
        desk.rows().delete_authority(self.id).await?;
        desk.log(NewEntry::authorities()).await?;
        desk.audit("certificate_authority.remove", &self.reason, Some(&before), None).await
    }
}

async fn find(desk: &mut Desk<'_>, id: CertificateAuthorityId) -> Result<CertificateAuthority, Refusal> {
    desk.rows().authority(id).await?.ok_or(Refusal::NotFound(What::CertificateAuthority))
}

/// Removes those of a product that is deleted.
pub(super) async fn remove_all_of(desk: &mut Desk<'_>, product: ProductId) -> Result<(), Refusal> {
    let all = desk.rows().authorities(ALL).await?.items;
    let mut is_changed = false;
    for authority in all.iter().filter(|authority| authority.product == product) {
        desk.rows().delete_authority(authority.id).await?;
        desk.audit("certificate_authority.remove", "", Some(authority), None).await?;
        is_changed = true;
    }
    if is_changed { desk.log(NewEntry::authorities()).await } else { Ok(()) }
}
