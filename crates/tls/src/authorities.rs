//! Who may vouch for clients, what they have revoked, and what that says about one client.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, TrustAnchor, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{CertificateError, RootCertStore};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, KeyUsage, RevocationOptionsBuilder,
    UnknownStatusPolicy,
};

use crate::certificate::Inspected;
use crate::chain::{Bounded, CERTIFICATES_MAX, LongChain};
use crate::revocation::Lists;
use crate::{ClientCertificates, ExpiredRevocationList, Fingerprint, Notice, TlsFault, pem};

/// A client whose certificate is good now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// The authority whose certificate, of those that are configured, ends the chain.
    pub authority: Fingerprint,
}

/// Why a client's certificate is not good now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The listener asks nobody for a certificate.
    #[error("certificates of clients are not asked for")]
    NotAsked,
    /// There is none.
    #[error("no certificate was presented")]
    Missing,
    /// Its time is over.
    #[error("the certificate has expired")]
    Expired,
    /// Its time has not come.
    #[error("the certificate is not valid yet")]
    NotYetValid,
    /// It, or one that leads to its authority, is on a revocation list.
    #[error("the certificate is revoked")]
    Revoked,
    /// The revocation list that it would be looked up in is out of date, and the listener's policy is to refuse then.
    #[error("the revocation list of the authority has expired")]
    ExpiredRevocationList,
    /// None of the authorities has signed it, or one that leads to it.
    #[error("no authority of this listener has signed the certificate")]
    UnknownAuthority,
    /// It is not for clients, or is an authority's own.
    #[error("the certificate is not for clients")]
    WrongUsage,
    /// More certificates came with it than are looked at.
    #[error("more than {} certificates were presented", crate::chain::CERTIFICATES_MAX)]
    LongChain,
    /// It, or its revocation list, is damaged, or signed by a method that is not spoken (SHA-1, short RSA).
    #[error("the certificate or its signature is not of a kind that is spoken")]
    Unusable,
}

/// The authorities of a listener, as its files say at one time.
#[derive(Debug)]
pub(crate) struct Authorities {
    certificates: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
    lists: Lists,
    expired: ExpiredRevocationList,
    is_required: bool,
    signatures: Vec<&'static dyn rustls::pki_types::SignatureVerificationAlgorithm>,
}

impl Authorities {
    /// # Errors
    /// [`TlsFault`]: see its variants.
    pub(crate) fn load(
        options: &ClientCertificates,
        provider: &CryptoProvider,
        now: SystemTime,
        notices: &mut Vec<Notice>,
    ) -> Result<Self, TlsFault> {
        let file = options.authorities.as_path();
        let certificates = pem::certificates(file)?;
        let mut anchors = Vec::with_capacity(certificates.len());
        for der in &certificates {
            let inspected = Inspected::of(file, der)?;
            inspected.refuse_other_than_authority()?;
            inspected.refuse_weak(None)?;
            inspected.notice_validity(now, notices);
            let anchor = webpki::anchor_from_trusted_cert(der)
                .map_err(|fault| TlsFault::Damaged { file: file.into(), what: fault.to_string() })?;
            anchors.push(anchor.to_owned());
        }
        let lists = Lists::load(options, &certificates, now, notices)?;
        Ok(Self {
            certificates,
            anchors,
            lists,
            expired: options.expired_revocation_list,
            is_required: options.is_required,
            signatures: provider.signature_verification_algorithms.all.to_vec(),
        })
    }

    /// Whether both say the same about every client.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.certificates == other.certificates
            && self.lists.raw == other.lists.raw
            && self.expired == other.expired
            && self.is_required == other.is_required
    }

    /// Whether a client without a certificate is refused.
    pub(crate) const fn is_required(&self) -> bool {
        self.is_required
    }

    /// What judges certificates during a handshake, by the same rules as [`vouch`](Self::vouch).
    ///
    /// # Errors
    /// [`TlsFault::Options`].
    pub(crate) fn verifier(
        &self,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsFault> {
        let mut roots = RootCertStore::empty();
        roots.extend(self.anchors.iter().cloned());
        let lists = self.lists.raw.iter().map(|der| CertificateRevocationListDer::from(der.clone()));
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .with_crls(lists)
            .allow_unknown_revocation_status();
        if self.expired == ExpiredRevocationList::Refuse {
            builder = builder.enforce_revocation_expiration();
        }
        if !self.is_required {
            builder = builder.allow_unauthenticated();
        }
        let verifier = builder
            .build()
            .map_err(|fault| TlsFault::Options(format!("the authorities of clients: {fault}")))?;
        Ok(Arc::new(Bounded(verifier)))
    }

    pub(crate) fn vouch(&self, chain: &[CertificateDer<'_>], now: SystemTime) -> Result<Vouched, Refusal> {
        let (leaf, rest) = chain.split_first().ok_or(Refusal::Missing)?;
        if chain.len() > CERTIFICATES_MAX {
            return Err(Refusal::LongChain);
        }
        let leaf = EndEntityCert::try_from(leaf).map_err(refusal)?;
        let lists: Vec<&CertRevocationList<'_>> = self.lists.parsed.iter().collect();
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|builder| {
            let expiration = match self.expired {
                ExpiredRevocationList::Refuse => ExpirationPolicy::Enforce,
                ExpiredRevocationList::Accept => ExpirationPolicy::Ignore,
            };
            builder.with_status_policy(UnknownStatusPolicy::Allow).with_expiration_policy(expiration).build()
        });
        let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO));
        let path = leaf
            .verify_for_usage(
                &self.signatures,
                &self.anchors,
                rest,
                now,
                KeyUsage::client_auth(),
                revocation,
                None,
            )
            .map_err(refusal)?;
        // the path borrows its anchor from ours
        let place = self.anchors.iter().position(|anchor| std::ptr::eq(anchor, path.anchor()));
        let certificate =
            place.and_then(|place| self.certificates.get(place)).ok_or(Refusal::UnknownAuthority)?;
        Ok(Vouched { authority: Fingerprint::of(certificate) })
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign list of faults is one refusal")]
fn refusal(fault: Error) -> Refusal {
    match fault {
        Error::CertExpired { .. } => Refusal::Expired,
        Error::CertNotValidYet { .. } => Refusal::NotYetValid,
        Error::CertRevoked => Refusal::Revoked,
        Error::CrlExpired { .. } => Refusal::ExpiredRevocationList,
        // an authority is its key, not its name
        Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => Refusal::UnknownAuthority,
        Error::RequiredEkuNotFoundContext(_) | Error::CaUsedAsEndEntity => Refusal::WrongUsage,
        _ => Refusal::Unusable,
    }
}

impl Refusal {
    /// What a handshake says, in our words.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest of a foreign list of faults is one refusal")]
    pub(crate) fn of(fault: &CertificateError) -> Self {
        match fault {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            CertificateError::Revoked => Self::Revoked,
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => Self::ExpiredRevocationList,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::UnknownAuthority,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongUsage
            }
            CertificateError::Other(other) if other.0.is::<LongChain>() => Self::LongChain,
            CertificateError::Other(other) => match other.0.downcast_ref::<Error>() {
                Some(Error::CaUsedAsEndEntity) => Self::WrongUsage,
                Some(_) | None => Self::Unusable,
            },
            _ => Self::Unusable,
        }
    }
}
