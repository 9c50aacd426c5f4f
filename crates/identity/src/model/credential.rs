use super::word::words;
use super::{CredentialId, DeviceId};
use crate::{KeyId, PasswordHash, SecretVerifier, UnixMillis};

/// Live credentials of one device.
pub const CREDENTIALS_MAX: usize = 4;

words! {
    /// How a device proves who it is.
    CredentialKind {
        /// A generated secret of 256 bits.
        Secret = "secret",
        /// A password that somebody chose, or that was imported.
        Password = "password",
        /// SCRAM-SHA-256 (RFC 7677) in MQTT 5.0 AUTH.
        Scram = "scram",
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
}

/// What is kept of a credential: nothing that could be used in its place. `Debug` shows no part of it.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Of a generated secret.
    Secret(KeyId, SecretVerifier),
    /// Of a password.
    Password(PasswordHash),
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
    /// Whether it may be used now.
    ///
    /// # Errors
    /// [`Unusable`] says why not.
    pub fn is_usable(&self, now: UnixMillis) -> Result<(), Unusable> {
        match self.state {
            CredentialState::Revoked => Err(Unusable::Revoked),
            CredentialState::Pending | CredentialState::Active | CredentialState::Grace => {
                self.validity.holds(now)
            }
        }
    }

    /// Whether it is, or may become, usable: such credentials count against [`CREDENTIALS_MAX`].
    pub fn is_live(&self, now: UnixMillis) -> bool {
        !matches!(self.is_usable(now), Err(Unusable::Revoked | Unusable::Expired))
    }
}

// === impl Proof ===

impl Proof {
    /// The kind of credential it belongs to.
    pub const fn kind(&self) -> CredentialKind {
        match self {
            Self::Secret(..) => CredentialKind::Secret,
            Self::Password(_) => CredentialKind::Password,
        }
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

    /// The same, but no longer than until `end`.
    #[must_use]
    pub fn until(self, end: UnixMillis) -> Self {
        Self { not_after: Some(self.not_after.map_or(end, |set| set.min(end))), ..self }
    }
}
