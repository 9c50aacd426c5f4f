use std::fmt;
use std::time::SystemTime;

use rcgen::{
    Certificate, CertificateRevocationListParams, CertificateSigningRequestParams, Issuer, KeyIdMethod,
    KeyPair, PublicKeyData, RevokedCertParams, SerialNumber,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer};
use time::OffsetDateTime;
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::revocation_list::CertificateRevocationList;
use x509_parser::time::ASN1Time;
use zeroize::Zeroizing;

use super::{Request, Usage};
use crate::Fingerprint;

/// Who signs certificates.
pub struct Authority {
    certificate: CertificateDer<'static>,
    pem: String,
    key: KeyPair,
}

/// A certificate, and its key where that was made with it.
pub struct Issued {
    certificate: Certificate,
    key: Option<KeyPair>,
}

/// What an authority says about what it has revoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revocations {
    /// Serial numbers, big-endian ([`serial_of`]), and since when each is revoked.
    pub revoked: Vec<(Vec<u8>, SystemTime)>,
    /// When it says so.
    pub this_update: SystemTime,
    /// When it will say so again at the latest.
    pub next_update: SystemTime,
    /// Which one in order.
    pub number: u64,
}

/// Why a certificate is not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IssueFault {
    /// A name that cannot stand in a certificate.
    #[error("'{0}' is no name for a certificate: write a host, an address, URI:… or email:…")]
    Name(Box<str>),
    /// The authority's files are not what they should be.
    #[error("this is no authority: {0}")]
    Authority(String),
    /// The request for a certificate is damaged, or not signed by its key.
    #[error("the request is no good: {0}")]
    Request(String),
    /// The revocation list is not what it should be.
    #[error("the revocation list is no good: {0}")]
    List(String),
    /// The certificate cannot be read.
    #[error("this is no certificate in PEM")]
    Certificate,
    /// The library refuses.
    #[error("the certificate cannot be made: {0}")]
    Made(#[from] rcgen::Error),
}

/// A certificate that nobody but itself vouches for: for trying things out.
///
/// # Errors
/// [`IssueFault`].
pub fn self_signed(request: &Request) -> Result<Issued, IssueFault> {
    let key = KeyPair::generate()?;
    Ok(Issued { certificate: request.parameters()?.self_signed(&key)?, key: Some(key) })
}

/// The serial number of a certificate in PEM, big-endian.
///
/// # Errors
/// [`IssueFault::Certificate`].
pub fn serial_of(certificate_pem: &str) -> Result<Vec<u8>, IssueFault> {
    let der =
        CertificateDer::from_pem_slice(certificate_pem.as_bytes()).map_err(|_| IssueFault::Certificate)?;
    let (_, parsed) = X509Certificate::from_der(&der).map_err(|_| IssueFault::Certificate)?;
    Ok(parsed.raw_serial().to_vec())
}

// === impl Authority ===

impl Authority {
    /// A new authority that vouches for itself. The usage of `request` is taken for [`Usage::Authority`].
    ///
    /// # Errors
    /// [`IssueFault`].
    pub fn create(request: &Request) -> Result<Self, IssueFault> {
        let key = KeyPair::generate()?;
        let request = Request { usage: Usage::Authority, ..request.clone() };
        let certificate = request.parameters()?.self_signed(&key)?;
        Ok(Self { pem: certificate.pem(), certificate: certificate.into(), key })
    }

    /// An authority from its files, in PEM.
    ///
    /// # Errors
    /// [`IssueFault::Authority`]: damaged, or a key that is not that of the certificate.
    pub fn open(certificate_pem: &str, key_pem: &str) -> Result<Self, IssueFault> {
        let fault = |why: &dyn fmt::Display| IssueFault::Authority(why.to_string());
        let key = KeyPair::from_pem(key_pem).map_err(|why| fault(&why))?;
        let certificate =
            CertificateDer::from_pem_slice(certificate_pem.as_bytes()).map_err(|why| fault(&why))?;
        let (_, parsed) = X509Certificate::from_der(&certificate).map_err(|why| fault(&why))?;
        if parsed.public_key().raw != key.subject_public_key_info() {
            return Err(fault(&"the key is not that of the certificate"));
        }
        if !parsed.is_ca() {
            return Err(fault(&"its certificate does not say CA:TRUE"));
        }
        Ok(Self { certificate, pem: certificate_pem.to_owned(), key })
    }

    /// An authority below this one. The usage of `request` is taken for [`Usage::Authority`].
    ///
    /// # Errors
    /// [`IssueFault`].
    pub fn delegate(&self, request: &Request) -> Result<Self, IssueFault> {
        let key = KeyPair::generate()?;
        let request = Request { usage: Usage::Authority, ..request.clone() };
        let certificate = request.parameters()?.signed_by(&key, &self.issuer()?)?;
        Ok(Self { pem: certificate.pem(), certificate: certificate.into(), key })
    }

    /// A certificate with a key of its own.
    ///
    /// # Errors
    /// [`IssueFault`].
    pub fn issue(&self, request: &Request) -> Result<Issued, IssueFault> {
        let key = KeyPair::generate()?;
        let certificate = request.parameters()?.signed_by(&key, &self.issuer()?)?;
        Ok(Issued { certificate, key: Some(key) })
    }

    /// A certificate for a key that its owner keeps: of the request (PKCS #10) only the key counts, and that its owner
    /// has it.
    ///
    /// # Errors
    /// [`IssueFault`].
    pub fn sign(&self, signing_request_pem: &str, request: &Request) -> Result<Issued, IssueFault> {
        let asked = CertificateSigningRequestParams::from_pem(signing_request_pem)
            .map_err(|why| IssueFault::Request(why.to_string()))?;
        let certificate = request.parameters()?.signed_by(&asked.public_key, &self.issuer()?)?;
        Ok(Issued { certificate, key: None })
    }

    /// A revocation list in PEM.
    ///
    /// # Errors
    /// [`IssueFault`].
    pub fn revocation_list(&self, revocations: &Revocations) -> Result<String, IssueFault> {
        let revoked = revocations.revoked.iter().map(|(serial, since)| RevokedCertParams {
            serial_number: SerialNumber::from_slice(serial),
            revocation_time: OffsetDateTime::from(*since),
            reason_code: None,
            invalidity_date: None,
        });
        let list = CertificateRevocationListParams {
            this_update: OffsetDateTime::from(revocations.this_update),
            next_update: OffsetDateTime::from(revocations.next_update),
            crl_number: SerialNumber::from(revocations.number),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        Ok(list.signed_by(&self.issuer()?)?.pem()?)
    }

    /// What a list of this authority says, in PEM.
    ///
    /// # Errors
    /// [`IssueFault::List`]: damaged, or not signed by this authority.
    pub fn revocations_of(&self, list_pem: &str) -> Result<Revocations, IssueFault> {
        let fault = |why: &dyn fmt::Display| IssueFault::List(why.to_string());
        let der =
            CertificateRevocationListDer::from_pem_slice(list_pem.as_bytes()).map_err(|why| fault(&why))?;
        let (_, list) = CertificateRevocationList::from_der(&der).map_err(|why| fault(&why))?;
        let (_, own) = X509Certificate::from_der(&self.certificate).map_err(|why| fault(&why))?;
        if list.verify_signature(own.public_key()).is_err() {
            return Err(fault(&"this authority has not signed it"));
        }
        let at = |time: ASN1Time| SystemTime::from(time.to_datetime());
        let number = list.crl_number().and_then(|number| u64::try_from(number).ok());
        let revoked = list.iter_revoked_certificates();
        Ok(Revocations {
            revoked: revoked.map(|one| (one.raw_serial().to_vec(), at(one.revocation_date))).collect(),
            this_update: at(list.last_update()),
            next_update: at(list.next_update().unwrap_or_else(|| list.last_update())),
            number: number.unwrap_or(0),
        })
    }

    /// Whether it has signed a certificate in PEM.
    ///
    /// # Errors
    /// [`IssueFault::Certificate`].
    pub fn has_signed(&self, certificate_pem: &str) -> Result<bool, IssueFault> {
        let der = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| IssueFault::Certificate)?;
        let (_, certificate) = X509Certificate::from_der(&der).map_err(|_| IssueFault::Certificate)?;
        let (_, own) = X509Certificate::from_der(&self.certificate).map_err(|_| IssueFault::Certificate)?;
        Ok(certificate.verify_signature(Some(own.public_key())).is_ok())
    }

    /// Its certificate in PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.pem
    }

    /// Its certificate.
    pub const fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// Its key in PEM (PKCS #8).
    pub fn key_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(self.key.serialize_pem())
    }

    fn issuer(&self) -> Result<Issuer<'static, &KeyPair>, IssueFault> {
        Issuer::from_ca_cert_der(&self.certificate, &self.key)
            .map_err(|why| IssueFault::Authority(why.to_string()))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("fingerprint", &Fingerprint::of(&self.certificate))
            .finish_non_exhaustive()
    }
}

// === impl Issued ===

impl Issued {
    /// The certificate in PEM.
    pub fn certificate_pem(&self) -> String {
        self.certificate.pem()
    }

    /// The certificate.
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    /// Its key in PEM (PKCS #8), if it was made with it.
    pub fn key_pem(&self) -> Option<Zeroizing<String>> {
        Some(Zeroizing::new(self.key.as_ref()?.serialize_pem()))
    }

    /// What it is known by.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.certificate.der())
    }
}

impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("fingerprint", &self.fingerprint()).finish_non_exhaustive()
    }
}
