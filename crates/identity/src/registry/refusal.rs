use crate::NoEntropy;
use crate::model::{ClaimFault, CredentialKind, DeviceState, Refused, TextFault};
use crate::store::StoreFault;
use crate::{HashFault, NoHash};

/// What a command is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// A product.
    Product,
    /// A device.
    Device,
    /// A credential.
    Credential,
    /// A certificate authority.
    CertificateAuthority,
    /// A claim token.
    ClaimToken,
    /// A registration.
    Registration,
    /// A block.
    Block,
    /// An API key.
    ApiKey,
}

/// Why a command was not executed: nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such thing.
    #[error("there is no such {0}")]
    NotFound(What),
    /// Somebody else changed it first.
    #[error("the {what} is at version {current}, not {expected}: read it again")]
    Stale {
        /// What.
        what: What,
        /// The version that the caller knows.
        expected: u64,
        /// The version it has.
        current: u64,
    },
    /// There is one already.
    #[error("there is a {what} with this {field} already")]
    Exists {
        /// What.
        what: What,
        /// What has to be unique.
        field: &'static str,
    },
    /// The device stands elsewhere.
    #[error(transparent)]
    Transition(#[from] Refused),
    /// A device that is retired cannot be changed.
    #[error("a device that is {0} cannot be changed so")]
    DeviceState(DeviceState),
    /// The device has as many credentials as it may.
    #[error("a device has at most 4 live credentials: revoke one")]
    CredentialLimit,
    /// The product does not have credentials of this kind.
    #[error("the product does not allow credentials of kind {0}")]
    KindNotAllowed(CredentialKind),
    /// The credential is over, or of a kind that cannot be rotated.
    #[error("there is no live generated secret to rotate: add a credential")]
    NothingToRotate,
    /// The product is full.
    #[error("the product has {max} devices, as many as it may")]
    DeviceQuota {
        /// The bound.
        max: u32,
    },
    /// The product still has devices.
    #[error("the product has {count} devices: retire them first, or delete it with cascade=retire")]
    HasDevices {
        /// How many.
        count: u64,
    },
    /// There are too many blocks.
    #[error("there are as many blocks as there may be: remove some, or block a network or a product")]
    BlocksFull,
    /// There are too many certificate authorities.
    #[error("there are as many certificate authorities as there may be: remove some")]
    AuthorityLimit,
    /// The product takes in nobody, or not this device. Outwardly like [`Refusal::Claim`].
    #[error("this device may not register: {0}")]
    NotListed(&'static str),
    /// The claim token does not let the device in.
    #[error(transparent)]
    Claim(#[from] ClaimFault),
    /// The device has connected already, or is gone.
    #[error("a device with this hardware id is {0}: an operator has to reset it first")]
    AlreadyRegistered(DeviceState),
    /// The registration is decided already.
    #[error("the registration is {0} already")]
    Decided(crate::model::RegistrationState),
    /// The registration is still on its way.
    #[error("the registration is {0}: approve or reject it, or reset its device")]
    Undecided(crate::model::RegistrationState),
    /// Somebody said no to a device with this hardware id.
    #[error("a device with this hardware id was rejected: reset it, or delete its registration")]
    Rejected,
    /// As many devices wait for approval as may.
    #[error("{max} devices of this {what} wait for approval, as many as may: approve or reject some")]
    QuarantineFull {
        /// Whose devices are counted: those of a claim token, or of a product.
        what: What,
        /// The bound.
        max: u32,
    },
    /// A field cannot be so.
    #[error("{pointer}: {why}")]
    Field {
        /// Which, as a JSON pointer.
        pointer: &'static str,
        /// What is wrong with it, and what to write.
        why: Box<str>,
    },
    /// The audit log cannot be written: nothing is administered meanwhile.
    #[error("the audit log cannot be written: {0}")]
    AuditUnavailable(StoreFault),
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// No randomness.
    #[error(transparent)]
    NoEntropy(#[from] NoEntropy),
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Product => "product",
            Self::Device => "device",
            Self::Credential => "credential",
            Self::CertificateAuthority => "certificate authority",
            Self::ClaimToken => "claim token",
            Self::Registration => "registration",
            Self::Block => "block",
            Self::ApiKey => "API key",
        })
    }
}

impl Refusal {
    /// A field cannot be so.
    pub(super) fn field(pointer: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Field { pointer, why: why.to_string().into() }
    }
}

impl From<TextFault> for Refusal {
    fn from(fault: TextFault) -> Self {
        Self::field("", fault)
    }
}

impl From<HashFault> for Refusal {
    fn from(fault: HashFault) -> Self {
        Self::field("/password_hash", fault)
    }
}

impl From<NoHash> for Refusal {
    fn from(fault: NoHash) -> Self {
        Self::field("/password", fault)
    }
}
