use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::UnixMillis;
use crate::model::Validity;

mod fingerprint;
mod name;
mod pem;

#[cfg(test)]
pub(crate) mod tests;

pub use fingerprint::CertificateFingerprint;
pub(crate) use name::NAMES as SUBJECT_NAMES;
pub(crate) use pem::write as write_pem;

use name::SubjectValue;

/// Bytes of one certificate: more than any that a device presents, and little enough to be copied for each.
pub const CERTIFICATE_LEN_MAX: usize = 16 * 1024;

/// Names of one certificate, those of its subject and its alternative names each.
pub const CERTIFICATE_NAMES_MAX: usize = 64;

/// The certificate that a client presented with its TLS handshake: who it says the client is.
///
/// Nothing is verified here. Whoever puts one into an [`AuthRequest`](crate::AuthRequest) vouches for it: the
/// client has its private key, and an authority that the listener trusts has signed it for clients, for this
/// time, and has not revoked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCertificate {
    fingerprint: CertificateFingerprint,
    authority: Option<CertificateFingerprint>,
    subject: Box<str>,
    issuer: Box<str>,
    values: Box<[SubjectValue]>,
    dns: Box<[Box<str>]>,
    uris: Box<[Box<str>]>,
    emails: Box<[Box<str>]>,
    serial: Box<str>,
    validity: Validity,
    is_authority: bool,
}

/// Why bytes are no certificate that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// More than [`CERTIFICATE_LEN_MAX`] bytes.
    #[error("a certificate has at most {CERTIFICATE_LEN_MAX} bytes")]
    TooLong,
    /// Not an X.509 certificate in DER, and nothing else.
    #[error("not a certificate (X.509, DER)")]
    Malformed,
    /// The subject or the alternative names are not what they should be, or more than
    /// [`CERTIFICATE_NAMES_MAX`].
    #[error("the names of the certificate cannot be read")]
    Names,
    /// Not exactly one `CERTIFICATE` block of PEM.
    #[error("give one certificate in PEM, from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE-----")]
    Pem,
    /// The certificate of a device, where that of an authority is asked for.
    #[error("not the certificate of an authority: it has no basicConstraints with CA:TRUE")]
    NoAuthority,
    /// Not the text of a fingerprint.
    #[error("a fingerprint is sha256: and 64 hexadecimal digits")]
    Fingerprint,
}

impl ClientCertificate {
    /// Reads a certificate in DER.
    ///
    /// # Errors
    /// [`CertificateFault`]: it is too long, malformed, or followed by something else.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateFault> {
        if der.len() > CERTIFICATE_LEN_MAX {
            return Err(CertificateFault::TooLong);
        }
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateFault::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateFault::Malformed);
        }
        let (subject, values) = name::read(certificate.subject())?;
        let (issuer, _) = name::read(certificate.issuer())?;
        let names = certificate.subject_alternative_name().map_err(|_| CertificateFault::Names)?;
        let names = names.map_or(&[][..], |names| names.value.general_names.as_slice());
        if names.len() > CERTIFICATE_NAMES_MAX {
            return Err(CertificateFault::Names);
        }
        Ok(Self {
            fingerprint: CertificateFingerprint::of(der),
            authority: None,
            subject,
            issuer,
            values,
            dns: all(names, dns),
            uris: all(names, uri),
            emails: all(names, email),
            serial: certificate.raw_serial().iter().map(|byte| format!("{byte:02x}")).collect(),
            validity: Validity {
                not_before: Some(millis(certificate.validity().not_before)),
                not_after: Some(millis(certificate.validity().not_after)),
            },
            is_authority: certificate.is_ca(),
        })
    }

    /// One of which nothing is known but its fingerprint: enough to find whose it is, where somebody asks.
    pub fn from_fingerprint(fingerprint: CertificateFingerprint) -> Self {
        Self {
            fingerprint,
            authority: None,
            subject: "".into(),
            issuer: "".into(),
            values: Box::default(),
            dns: Box::default(),
            uris: Box::default(),
            emails: Box::default(),
            serial: "".into(),
            validity: Validity::default(),
            is_authority: false,
        }
    }

    /// Reads one certificate in PEM.
    ///
    /// # Errors
    /// [`CertificateFault`]: it is not exactly one, or cannot be read.
    pub fn from_pem(text: &str) -> Result<Self, CertificateFault> {
        Self::from_der(&Self::der_of_pem(text)?)
    }

    /// The DER of one certificate in PEM, which is not looked at.
    ///
    /// # Errors
    /// [`CertificateFault::Pem`]: it is not exactly one, or there is something else, such as a key.
    pub fn der_of_pem(text: &str) -> Result<Vec<u8>, CertificateFault> {
        pem::der_of(text)
    }

    /// The same, vouched for by the authority with this fingerprint: the trust anchor where its verified
    /// chain ends.
    #[must_use]
    pub fn with_authority(self, authority: impl Into<CertificateFingerprint>) -> Self {
        Self { authority: Some(authority.into()), ..self }
    }

    /// The SHA-256 of its DER.
    pub const fn fingerprint(&self) -> CertificateFingerprint {
        self.fingerprint
    }

    /// The SHA-256 of the DER of the trust anchor that vouches for it, if that was told.
    pub const fn authority(&self) -> Option<CertificateFingerprint> {
        self.authority
    }

    /// Its subject as RFC 4514 writes it.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Who signed it, by its own account (RFC 4514).
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The common name, if there is exactly one that is text.
    pub fn common_name(&self) -> Option<&str> {
        self.subject_value("cn")
    }

    /// The value of an attribute of the subject, by its short name in any case (`cn`, `o`, `ou`,
    /// `serialnumber`, …), if there is exactly one and it is text.
    pub fn subject_value(&self, name: &str) -> Option<&str> {
        only({ self.values.iter() }.filter(|value| value.name.eq_ignore_ascii_case(name)))
            .and_then(|value| value.text.as_deref())
    }

    /// The DNS names among its alternative names.
    pub fn dns_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.dns.iter().map(AsRef::as_ref)
    }

    /// The URIs among its alternative names.
    pub fn uris(&self) -> impl ExactSizeIterator<Item = &str> {
        self.uris.iter().map(AsRef::as_ref)
    }

    /// The e-mail addresses among its alternative names.
    pub fn emails(&self) -> impl ExactSizeIterator<Item = &str> {
        self.emails.iter().map(AsRef::as_ref)
    }

    /// Its serial number in hexadecimal digits, two for each byte.
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// From when and until when it holds, to the second.
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Whether it is the certificate of an authority: it says of itself that it may sign others.
    pub const fn is_authority(&self) -> bool {
        self.is_authority
    }
}

/// The only one; `None` where there are none, or several of which nobody says which is meant.
pub(crate) fn only<T>(mut among: impl Iterator<Item = T>) -> Option<T> {
    let first = among.next()?;
    among.next().is_none().then_some(first)
}

/// The text of all names of one sort.
fn all(names: &[GeneralName<'_>], text_of: fn(&GeneralName<'_>) -> Option<Box<str>>) -> Box<[Box<str>]> {
    names.iter().filter_map(text_of).collect()
}

fn dns(name: &GeneralName<'_>) -> Option<Box<str>> {
    if let GeneralName::DNSName(text) = name { Some((*text).into()) } else { None }
}

fn uri(name: &GeneralName<'_>) -> Option<Box<str>> {
    if let GeneralName::URI(text) = name { Some((*text).into()) } else { None }
}

fn email(name: &GeneralName<'_>) -> Option<Box<str>> {
    if let GeneralName::RFC822Name(text) = name { Some((*text).into()) } else { None }
}

/// Times before 1970 are its beginning.
fn millis(time: ASN1Time) -> UnixMillis {
    UnixMillis::new(u64::try_from(time.timestamp()).unwrap_or(0).saturating_mul(1000))
}
