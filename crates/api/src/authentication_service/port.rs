use async_trait::async_trait;
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::registry::{self, Actor, Registry};
use vouchmq_identity::resident::{Allowed, Judgement, Named, Resident};
use vouchmq_identity::{AuthRequest, Authenticator, Cost, Denial};

/// Judges clients for the service: a [`Resident`].
pub trait Judge: Send + Sync {
    /// Whether [`judge`](Self::judge) of this request is quick.
    fn cost(&self, request: &AuthRequest) -> Cost;
    /// Who the client is.
    fn judge(&self, request: &AuthRequest) -> Judgement;
    /// What a client may do that was let in before.
    ///
    /// # Errors
    /// Nothing, for this reason.
    fn permit(&self, named: &Named<'_>) -> Result<Allowed, Denial>;
    /// The change of the registry that is applied.
    fn applied(&self) -> u64;
}

/// Makes the first use of a credential durable, before its device is let in: it ends the credential that it
/// replaces.
#[async_trait]
pub trait Confirm: Send + Sync {
    /// Whether it is durable now. If it cannot be, the client is refused for the moment.
    async fn confirm(&self, device: &DeviceId, credential: CredentialId) -> bool;
}

/// Can confirm nothing: for a service whose registry has no credentials that wait for their first use.
#[derive(Clone, Copy, Debug, Default)]
pub struct ConfirmNone;

impl Judge for Resident {
    fn cost(&self, request: &AuthRequest) -> Cost {
        Authenticator::cost(self, request)
    }

    fn judge(&self, request: &AuthRequest) -> Judgement {
        Self::judge(self, request)
    }

    fn permit(&self, named: &Named<'_>) -> Result<Allowed, Denial> {
        Self::permit(self, named)
    }

    fn applied(&self) -> u64 {
        Self::applied(self)
    }
}

#[async_trait]
impl Confirm for Registry {
    async fn confirm(&self, _: &DeviceId, credential: CredentialId) -> bool {
        self.execute(Actor::system(), registry::Confirm(credential)).await.is_ok()
    }
}

#[async_trait]
impl Confirm for ConfirmNone {
    async fn confirm(&self, _: &DeviceId, _: CredentialId) -> bool {
        false
    }
}
