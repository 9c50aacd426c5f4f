use vouchmq_identity::ClientCertificate;
use vouchmq_identity::model::Rights;
use vouchmq_tls::{Fingerprint, Peer};

use crate::http::{Login, Principal, Stranger};

/// Whose certificate opens what. All that is said of it has to fit, and something has to be said.
#[derive(Clone, Debug)]
pub struct KnownCertificate {
    /// What its holder is called.
    pub name: Box<str>,
    /// Its subject (RFC 4514).
    pub subject: Option<Box<str>>,
    /// One of its alternative names: a DNS name, a URI or an e-mail address.
    pub alternative_name: Option<Box<str>>,
    /// Its fingerprint.
    pub fingerprint: Option<Fingerprint>,
    /// What it opens.
    pub rights: Rights,
}

/// Who presents a certificate that the connection has verified.
pub(super) fn holder(known: &[KnownCertificate], peer: &Peer) -> Result<Principal, Stranger> {
    let unknown = Stranger::because("certificate_unknown");
    let (Some(der), Some(fingerprint)) = (peer.certificate(), peer.fingerprint()) else {
        return Err(unknown);
    };
    let certificate = ClientCertificate::from_der(der).map_err(|_| unknown)?;
    let found = known.iter().find(|known| known.fits(&certificate, fingerprint)).ok_or(unknown)?;
    Ok(Principal {
        name: format!("cert:{}", found.name).into(),
        login: Login::Certificate,
        rights: found.rights.clone(),
        expires_at: certificate.validity().not_after,
    })
}

impl KnownCertificate {
    fn fits(&self, certificate: &ClientCertificate, fingerprint: Fingerprint) -> bool {
        let Self { subject, alternative_name, fingerprint: expected, .. } = self;
        let says_something = subject.is_some() || alternative_name.is_some() || expected.is_some();
        says_something
            && subject.as_deref().is_none_or(|subject| subject == certificate.subject())
            && alternative_name.as_deref().is_none_or(|name| has_name(certificate, name))
            && expected.is_none_or(|expected| expected == fingerprint)
    }
}

/// Host names and what stands behind the `@` have no case; we take them as they are written, but for DNS.
fn has_name(certificate: &ClientCertificate, name: &str) -> bool {
    certificate.dns_names().any(|dns| dns.eq_ignore_ascii_case(name))
        || certificate.uris().any(|uri| uri == name)
        || certificate.emails().any(|email| email == name)
}
