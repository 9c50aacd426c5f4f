use std::pin::Pin;
use std::sync::Arc;

use crate::Denial;
use crate::model::{CredentialId, DeviceId, Unusable};

/// The connections of a broker, as the registry sees them: the port through which what was changed reaches
/// who is connected.
///
/// Whoever changes what clients are judged by changes it first and calls this then. Every question is put
/// when the function is called, whether its future is polled or not; the future ends when every shard has
/// answered. A shard that has ended has nobody connected.
pub trait Sessions: Send + Sync {
    /// Has the authenticator asked again about these connections, and does what it says: some end, some have
    /// other rights from then on. Yields how many were ended.
    ///
    /// When it is done, nobody who was let in by a verdict from before the call is connected with rights
    /// that do not hold any more, nor will be.
    fn reconsider(&self, whom: Whom) -> Pending<'_, usize>;

    /// Ends these connections; where a credential is named, only those that were let in with it. Yields how
    /// many were ended. Nothing keeps them from coming again.
    fn disconnect(
        &self,
        whom: Whom,
        credential: Option<CredentialId>,
        farewell: Farewell,
    ) -> Pending<'_, usize>;

    /// Whether each of these devices has a connection now, in their order.
    fn connected(&self, devices: Vec<DeviceId>) -> Pending<'_, Vec<bool>>;
}

/// An answer that is on its way.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Whose connections are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    /// All of them.
    Everybody,
    /// Those of these devices.
    Devices(Arc<[DeviceId]>),
}

/// Why a connection is ended, as its client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Somebody wants it so; the client may come again.
    Asked,
    /// The client may not be connected any more.
    NotAllowed,
    /// The time for which it was let in is over.
    Expired,
}

impl Farewell {
    /// What a client is told that was let in and may not stay for this reason.
    pub const fn of(denial: Denial) -> Self {
        match denial {
            Denial::DeviceExpired | Denial::Credential(Unusable::Expired) => Self::Expired,
            Denial::NoCredential
            | Denial::UnknownUser
            | Denial::NoPassword
            | Denial::WrongPassword
            | Denial::Credential(Unusable::Revoked | Unusable::NotYet)
            | Denial::Suspended
            | Denial::Retired
            | Denial::ProductDisabled
            | Denial::CredentialKind
            | Denial::Authority
            | Denial::CertificateName
            | Denial::UserName
            | Denial::NotRegistered
            | Denial::RegistrationPending
            | Denial::RegistrationRejected
            | Denial::RegistrationFull
            | Denial::ClientId
            | Denial::Blocked
            | Denial::NoScramCredential
            | Denial::ServiceBadCredential
            | Denial::ServiceNotAllowed
            | Denial::Scram(_) => Self::NotAllowed,
        }
    }
}
