use std::{fmt, sync::Arc};

use vouchmq_mqtt::Authorize;

use crate::{NoEntropy, Principal, UnixMillis, model::Unusable, scram::ScramFault};

/// What an [`Authenticator`](crate::Authenticator) says about a client that wants to connect.
#[derive(Clone, Debug)]
#[must_use]
pub enum Verdict {
    /// The client is who it says and may connect.
    Allow(Allowance),
    /// The client may not connect, and nobody else is asked.
    Deny(Denial),
    /// This authenticator does not know the client: ask the next one.
    NotMine,
    /// It cannot be decided now: the client is refused for the moment, and nobody else is asked.
    Unavailable(Unavailable),
}

/// What an accepted client may do, and until when.
#[derive(Clone)]
pub struct Allowance {
    /// Who the client is.
    pub principal: Principal,
    /// What it may publish and receive.
    pub authorize: Arc<dyn Authorize>,
    /// When the verdict ends and the client is disconnected; `None` if never.
    pub expires_at: Option<UnixMillis>,
}

/// Why a client was denied, exactly; for the audit log and for operators, never for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The client gave no user name, and anonymous clients are not allowed.
    #[error("no user name given, and anonymous clients are not allowed")]
    NoCredential,
    /// No authenticator knows the user name.
    #[error("unknown user name")]
    UnknownUser,
    /// The user is known, but the client gave no password.
    #[error("no password given")]
    NoPassword,
    /// The user is known, the password is another.
    #[error("wrong password")]
    WrongPassword,
    /// The credential is the right one, and may not be used now.
    #[error(transparent)]
    Credential(Unusable),
    /// The device is suspended.
    #[error("the device is suspended")]
    Suspended,
    /// The device is retired.
    #[error("the device is retired")]
    Retired,
    /// The device's time is over.
    #[error("the device has expired")]
    DeviceExpired,
    /// The device's product is disabled, or gone.
    #[error("the product is disabled")]
    ProductDisabled,
    /// The device's product does not have credentials of this kind any more.
    #[error("the product does not allow credentials of this kind")]
    CredentialKind,
    /// The authority of the device's certificate does not vouch for the product any more.
    #[error("the authority of the certificate does not vouch for the product any more")]
    Authority,
    /// The certificate makes no device id by the template of its authority.
    #[error("the certificate names no device by the template of its authority")]
    CertificateName,
    /// The certificate is one of a device, and the user name is not that device.
    #[error("the user name is not the device of the certificate")]
    UserName,
    /// The product does not take in this device by its certificate.
    #[error("the product does not take in this device by a certificate")]
    NotRegistered,
    /// Somebody has to approve the device first.
    #[error("the device waits for approval")]
    RegistrationPending,
    /// Somebody turned the device away.
    #[error("the registration of the device was rejected")]
    RegistrationRejected,
    /// There are as many devices, certificates or registrations as may be.
    #[error("there is no room for one more device, certificate or registration")]
    RegistrationFull,
    /// The Client Identifier is not one that the device may use.
    #[error("the client id is not the device's own")]
    ClientId,
    /// A block keeps the client out.
    #[error("blocked")]
    Blocked,
    /// The user is known, but has no credential for the SCRAM that the client chose.
    #[error("no SCRAM credential")]
    NoScramCredential,
    /// The authentication service says that the user name or password is wrong.
    #[error("the authentication service says that the user name or password is wrong")]
    ServiceBadCredential,
    /// The authentication service says that this client may not connect.
    #[error("the authentication service says that this client may not connect")]
    ServiceNotAllowed,
    /// The client's part of a SCRAM exchange was not as it must be.
    #[error("SCRAM: {0}")]
    Scram(#[from] ScramFault),
}

/// What a denied client may learn: the two classes that MQTT tells apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutwardDenial {
    /// The user name or password is wrong; which of the two stays secret.
    BadCredential,
    /// This client may not connect.
    NotAllowed,
}

/// Why it cannot be decided now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    /// Too many verifications are waiting.
    #[error("too many verifications at once")]
    Busy,
    /// No answer in time.
    #[error("no answer in time")]
    TimedOut,
    /// No memory for the verification.
    #[error("not enough memory to verify")]
    OutOfMemory,
    /// The pepper that the credential was made with is not in the keyring.
    #[error("the key of this credential is not there")]
    NoKey,
    /// The first use of a credential could not be written down.
    #[error("the first use of the credential cannot be written down")]
    NotRecorded,
    /// Changes could not be followed for longer than is allowed.
    #[error("the database has not answered for longer than registry.max_staleness")]
    Stale,
    /// No authentication service answered.
    #[error("no authentication service answered")]
    NoService,
    /// The authentication service answered what cannot be understood.
    #[error("the authentication service answered what cannot be understood")]
    NotUnderstood,
    /// No randomness for a challenge.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl Denial {
    /// A word for it that stays the same: in events, metrics and the management API.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NoCredential => "no_credential",
            Self::UnknownUser => "unknown_user",
            Self::NoPassword => "no_password",
            Self::WrongPassword => "wrong_password",
            Self::Credential(Unusable::Revoked) => "credential_revoked",
            Self::Credential(Unusable::NotYet) => "credential_not_yet_valid",
            Self::Credential(Unusable::Expired) => "credential_expired",
            Self::Suspended => "device_suspended",
            Self::Retired => "device_retired",
            Self::DeviceExpired => "device_expired",
            Self::ProductDisabled => "product_disabled",
            Self::CredentialKind => "credential_kind_not_allowed",
            Self::Authority => "authority_not_attached",
            Self::CertificateName => "certificate_names_no_device",
            Self::UserName => "username_not_of_certificate",
            Self::NotRegistered => "not_registered",
            Self::RegistrationPending => "registration_pending",
            Self::RegistrationRejected => "registration_rejected",
            Self::RegistrationFull => "registration_full",
            Self::ClientId => "client_id_not_bound",
            Self::Blocked => "blocked",
            Self::NoScramCredential => "no_scram_credential",
            Self::ServiceBadCredential => "service_bad_credential",
            Self::ServiceNotAllowed => "service_not_allowed",
            Self::Scram(_) => "scram_malformed",
        }
    }

    /// Whether the client could not prove who it is, which counts against who guesses. A service that says no more than
    /// that the client may not connect may mean its password: that counts, too.
    pub const fn is_failed_proof(self) -> bool {
        match self.outward() {
            OutwardDenial::BadCredential => true,
            OutwardDenial::NotAllowed => matches!(self, Self::ServiceNotAllowed),
        }
    }

    /// What the client may learn.
    pub const fn outward(self) -> OutwardDenial {
        match self {
            Self::NoCredential
            | Self::Suspended
            | Self::Retired
            | Self::DeviceExpired
            | Self::ProductDisabled
            | Self::CredentialKind
            | Self::Authority
            | Self::CertificateName
            | Self::UserName
            | Self::NotRegistered
            | Self::RegistrationPending
            | Self::RegistrationRejected
            | Self::RegistrationFull
            | Self::ClientId
            | Self::Blocked
            | Self::ServiceNotAllowed => OutwardDenial::NotAllowed,
            Self::UnknownUser
            | Self::NoPassword
            | Self::WrongPassword
            | Self::Credential(_)
            | Self::NoScramCredential
            | Self::ServiceBadCredential
            | Self::Scram(_) => OutwardDenial::BadCredential,
        }
    }
}

impl Unavailable {
    /// A word for it that stays the same.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::TimedOut => "timed_out",
            Self::OutOfMemory => "out_of_memory",
            Self::NoKey => "no_key",
            Self::NotRecorded => "not_recorded",
            Self::Stale => "stale",
            Self::NoService => "no_service",
            Self::NotUnderstood => "not_understood",
            Self::NoEntropy(_) => "no_entropy",
        }
    }
}

impl fmt::Debug for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allowance")
            .field("principal", &self.principal)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}
