use super::word::words;
use super::{CredentialId, DeviceId};
use std::sync::Arc;

use crate::scram::ScramVerifier;
use crate::{CertificateFingerprint, ClientCertificate, KeyId, PasswordHash, SecretVerifier, UnixMillis};

/// Live credentials of one device.
pub const CREDENTIALS_MAX: usize = 4;

/// How long a credential that was handed out may stay unused, in milliseconds: an hour.
pub const PENDING_MILLIS: u64 = 3_600_000;

words! {
    /// How a device proves who it is.
    CredentialKind {
        /// A generated secret of 256 bits.
        Secret = "secret",
        /// A password that somebody chose, or that was imported.
        Password = "password",
        /// SCRAM-SHA-256 (RFC 7677) in MQTT 5.0 AUTH.
        Scram = "scram",
        /// The client certificate of its TLS handshake.
        X509 = "x509",
    }
}

words! {
    /// Where a credential stands.
    CredentialState {
        /// Handed out, and not used yet: the device may not have received it.
        Pending = "pending",
        /// In use.
        Active = "active",
        /// Replaced, and good until the device has moved on.
        Grace = "grace",
        /// Good for nothing any more.
        Revoked = "revoked",
    }
}

/// One way of one device to prove who it is.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// Whose it is.
    pub device: DeviceId,
    /// What it is compared with.
    pub proof: Proof,
    /// Where it stands.
    pub state: CredentialState,
    /// When it is good.
    pub validity: Validity,
    /// When it was made.
    pub created_at: UnixMillis,
    /// When it was first used.
    pub first_used_at: Option<UnixMillis>,
    /// When it was last used, to within some seconds.
    pub last_used_at: Option<UnixMillis>,
    /// When it was revoked.
    pub revoked_at: Option<UnixMillis>,
}

/// What is kept of a credential: nothing that could be used in its place. `Debug` shows no part of it.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Of a generated secret.
    Secret(KeyId, SecretVerifier),
    /// Of a password.
    Password(PasswordHash),
    /// Of a password that is proven without being sent.
    Scram(Arc<ScramVerifier>),
    /// Of a client certificate.
    Certificate(Arc<CertificateProof>),
}

/// What is kept of a client certificate: nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateProof {
    /// Which certificate it is.
    pub fingerprint: CertificateFingerprint,
    /// Its subject (RFC 4514); `None` until it was seen.
    pub subject: Option<Box<str>>,
    /// When it ends, by its own account; `None` until it was seen. What is revoked is remembered until then.
    pub ends_at: Option<UnixMillis>,
    /// The authority by which it became known: it is good as long as that vouches for the device's product.
    /// `None` for one that an operator entered, which stands for itself.
    pub authority: Option<CertificateFingerprint>,
}

/// From when and until when something holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// Not before this time.
    pub not_before: Option<UnixMillis>,
    /// Not from this time on.
    pub not_after: Option<UnixMillis>,
}

/// Why a credential cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Unusable {
    /// It is revoked.
    #[error("the credential is revoked")]
    Revoked,
    /// Its time has not come.
    #[error("the credential is not valid yet")]
    NotYet,
    /// Its time is over.
    #[error("the credential has expired")]
    Expired,
}

// === impl Credential ===

impl Credential {
    /// A new one, of which nobody knows yet whether its device received it.
    pub const fn pending(id: CredentialId, device: DeviceId, proof: Proof, now: UnixMillis) -> Self {
        let (state, validity) = (CredentialState::Pending, Validity { not_before: None, not_after: None });
        let (first_used_at, last_used_at, revoked_at) = (None, None, None);
        Self { id, device, proof, state, validity, created_at: now, first_used_at, last_used_at, revoked_at }
    }

    /// When it is good as it stands: one that is pending must be used within an hour.
    pub fn window(&self) -> Validity {
        match self.state {
            CredentialState::Pending => {
                self.validity.until(UnixMillis::new(self.created_at.millis().saturating_add(PENDING_MILLIS)))
            }
            CredentialState::Active | CredentialState::Grace | CredentialState::Revoked => self.validity,
        }
    }

    /// Whether it may be used now.
    ///
    /// # Errors
    /// [`Unusable`] says why not.
    pub fn is_usable(&self, now: UnixMillis) -> Result<(), Unusable> {
        match self.state {
            CredentialState::Revoked => Err(Unusable::Revoked),
            CredentialState::Pending | CredentialState::Active | CredentialState::Grace => {
                self.window().holds(now)
            }
        }
    }

    /// Whether it is, or may become, usable: such credentials count against [`CREDENTIALS_MAX`].
    pub fn is_live(&self, now: UnixMillis) -> bool {
        !matches!(self.is_usable(now), Err(Unusable::Revoked | Unusable::Expired))
    }

    /// Ends it for good; `false` if it was over already.
    pub fn revoke(&mut self, now: UnixMillis) -> bool {
        if self.state == CredentialState::Revoked {
            return false;
        }
        self.state = CredentialState::Revoked;
        self.revoked_at = Some(now);
        true
    }
}

// === impl Proof ===

impl Proof {
    /// The kind of credential it belongs to.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Secret(..) => CredentialKind::Secret,
            Self::Password(_) => CredentialKind::Password,
            Self::Scram(_) => CredentialKind::Scram,
            Self::Certificate(_) => CredentialKind::X509,
        }
    }

    /// The client certificate, if it is of one.
    pub fn certificate(&self) -> Option<&CertificateProof> {
        match self {
            Self::Certificate(proof) => Some(proof),
            Self::Secret(..) | Self::Password(_) | Self::Scram(_) => None,
        }
    }
}

// === impl CertificateProof ===

impl CertificateProof {
    /// Of a certificate that is there, known by this authority or entered by an operator.
    pub fn of(certificate: &ClientCertificate, authority: Option<CertificateFingerprint>) -> Self {
        Self {
            fingerprint: certificate.fingerprint(),
            subject: Some(certificate.subject().into()),
            ends_at: certificate.validity().not_after,
            authority,
        }
    }

    /// Of one of which nothing is known but its fingerprint.
    pub const fn of_fingerprint(fingerprint: CertificateFingerprint) -> Self {
        Self { fingerprint, subject: None, ends_at: None, authority: None }
    }
}

// === impl Validity ===

impl Validity {
    /// Whether now is the time.
    ///
    /// # Errors
    /// [`Unusable::NotYet`] or [`Unusable::Expired`].
    pub fn holds(&self, now: UnixMillis) -> Result<(), Unusable> {
        if self.not_before.is_some_and(|from| now < from) {
            Err(Unusable::NotYet)
        } else if self.not_after.is_some_and(|until| until <= now) {
            Err(Unusable::Expired)
        } else {
            Ok(())
        }
    }

    /// While both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let not_before = self.not_before.max(other.not_before);
        let not_after = self.not_after.into_iter().chain(other.not_after).min();
        Self { not_before, not_after }
    }

    /// The same, but no longer than until `end`.
    #[must_use]
    pub fn until(self, end: UnixMillis) -> Self {
        Self { not_after: Some(self.not_after.map_or(end, |set| set.min(end))), ..self }
    }
}
