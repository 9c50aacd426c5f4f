use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{
    AuthorityState, CertificateAuthority, CertificateAuthorityId, IdTemplate, ProductId, Validity,
};
use crate::{CertificateFingerprint, ClientCertificate, UnixMillis};

/// What is resident of a certificate authority that vouches for devices.
#[derive(Clone, Debug)]
pub struct ResidentAuthority {
    /// Its id.
    pub id: CertificateAuthorityId,
    /// Its certificate.
    pub fingerprint: CertificateFingerprint,
    /// Its subject, by which those that it signed name it.
    pub subject: Box<str>,
    /// Whose devices it vouches for.
    pub product: ProductId,
    /// How a device's id follows from its certificate.
    pub template: IdTemplate,
    /// When its certificate holds.
    pub validity: Validity,
}

/// The authorities that vouch for devices: few, and seldom changed.
#[derive(Clone, Debug, Default)]
pub struct Authorities(HashMap<CertificateFingerprint, Arc<ResidentAuthority>>);

impl Authorities {
    /// The one that vouches for a certificate now, as whoever verified the certificate says.
    pub(super) fn of(
        &self,
        certificate: &ClientCertificate,
        now: UnixMillis,
    ) -> Option<&Arc<ResidentAuthority>> {
        let found = self.0.get(&certificate.authority()?)?;
        found.validity.holds(now).is_ok().then_some(found)
    }

    /// Whether the one with this certificate vouches for devices of this product.
    pub(super) fn vouches(&self, fingerprint: CertificateFingerprint, product: ProductId) -> bool {
        self.0.get(&fingerprint).is_some_and(|known| known.product == product)
    }

    /// One with this subject, if there is exactly one.
    pub(super) fn named(&self, subject: &str) -> Option<&Arc<ResidentAuthority>> {
        crate::certificate::only(self.0.values().filter(|known| *known.subject == *subject))
    }
}

/// Those that are disabled are not there.
impl<'a> FromIterator<&'a CertificateAuthority> for Authorities {
    fn from_iter<T: IntoIterator<Item = &'a CertificateAuthority>>(all: T) -> Self {
        let active = all.into_iter().filter(|known| known.state == AuthorityState::Active);
        let resident = active.map(|known| ResidentAuthority {
            id: known.id,
            fingerprint: known.certificate.fingerprint(),
            subject: known.certificate.subject().into(),
            product: known.product,
            template: known.template.clone(),
            validity: known.certificate.validity(),
        });
        Self(resident.map(|known| (known.fingerprint, Arc::new(known))).collect())
    }
}
