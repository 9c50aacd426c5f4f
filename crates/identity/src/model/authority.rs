use std::fmt;
use std::str::FromStr;

use super::word::words;
use super::{CertificateAuthorityId, IdTemplate, ProductId, Validity};
use crate::{CertificateFault, CertificateFingerprint, ClientCertificate, UnixMillis};

/// Certificate authorities of one registry: each of them is resident, and all are looked at when one changes.
pub const AUTHORITIES_MAX: usize = 256;

words! {
    /// Whether an authority vouches for devices.
    AuthorityState {
        /// It does.
        Active = "active",
        /// It does not: devices whose certificates became known by it are kept out as well.
        Disabled = "disabled",
    }
}

/// An authority that vouches for the devices of a product: who has a certificate of it is the device that the
/// certificate names.
#[derive(Clone, Debug)]
pub struct CertificateAuthority {
    /// Its id.
    pub id: CertificateAuthorityId,
    /// Whose devices it vouches for: of one product, so that no certificate names devices of two.
    pub product: ProductId,
    /// Its own certificate.
    pub certificate: AuthorityCertificate,
    /// How a device's id follows from its certificate.
    pub template: IdTemplate,
    /// Whether it vouches now.
    pub state: AuthorityState,
    /// Grows with every change.
    pub version: u64,
    /// When it was attached.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// The certificate of an authority. It says of itself that it signs others; nothing else was verified.
#[derive(Clone, PartialEq, Eq)]
pub struct AuthorityCertificate {
    der: Box<[u8]>,
    read: ClientCertificate,
}

impl AuthorityCertificate {
    /// Reads the certificate of an authority in DER.
    ///
    /// # Errors
    /// [`CertificateFault`]: it cannot be read, or is not the certificate of an authority.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateFault> {
        let read = ClientCertificate::from_der(der)?;
        if !read.is_authority() {
            return Err(CertificateFault::NoAuthority);
        }
        Ok(Self { der: der.into(), read })
    }

    /// The SHA-256 of its DER.
    pub const fn fingerprint(&self) -> CertificateFingerprint {
        self.read.fingerprint()
    }

    /// Its subject (RFC 4514).
    pub fn subject(&self) -> &str {
        self.read.subject()
    }

    /// From when and until when it holds.
    pub const fn validity(&self) -> Validity {
        self.read.validity()
    }

    /// Its DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl FromStr for AuthorityCertificate {
    type Err = CertificateFault;

    /// Reads PEM.
    fn from_str(text: &str) -> Result<Self, CertificateFault> {
        Self::from_der(&ClientCertificate::der_of_pem(text)?)
    }
}

impl fmt::Display for AuthorityCertificate {
    /// PEM.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::certificate::write_pem(&self.der, f)
    }
}

impl fmt::Debug for AuthorityCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AuthorityCertificate").field(&self.fingerprint()).finish()
    }
}
