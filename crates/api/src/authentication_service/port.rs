use async_trait::async_trait;
use vouchmq_identity::model::{CredentialId, DeviceId};
use vouchmq_identity::registry::{self, Actor, Registry};
use vouchmq_identity::resident::{Allowed, Judgement, Named, Resident};
use vouchmq_identity::{AuthRequest, Authenticator, Cost, Denial, Standing};

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
    /// A device that was let in before, by the credential that it proved then. Quick.
    fn judge_again(&self, standing: &Standing<'_>) -> Judgement;
    /// The change of the registry that is applied.
    fn applied(&self) -> u64;
    /// Does something quick once this change is applied; never, if too many wait.
    fn when_applied(&self, sequence: u64, then: Box<dyn FnOnce() + Send>);
}

/// Makes the first use of a credential durable, before its device is let in: it ends the credential that it
/// replaces.
#[async_trait]
pub trait Confirm: Send + Sync {
    /// The change of the registry with which it is durable. If it cannot be, the client is refused for the moment.
    async fn confirm(&self, device: &DeviceId, credential: CredentialId) -> Option<u64>;
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

    fn judge_again(&self, standing: &Standing<'_>) -> Judgement {
        Self::judge_again(self, standing)
    }

    fn applied(&self) -> u64 {
        Self::applied(self)
    }

    fn when_applied(&self, sequence: u64, then: Box<dyn FnOnce() + Send>) {
        Self::when_applied(self, sequence, then);
    }
}

#[async_trait]
impl Confirm for Registry {
    async fn confirm(&self, _: &DeviceId, credential: CredentialId) -> Option<u64> {
        let done = self.execute(Actor::system(), registry::Confirm(credential)).await.ok()?;
        if done.sequence.is_some() {
            return done.sequence;
        }
        // Somebody else has confirmed it, and it is not known here yet.
        let (_, head) = self.read().await.ok()?.log_head().await.ok()?;
        Some(head)
    }
}

#[async_trait]
impl Confirm for ConfirmNone {
    async fn confirm(&self, _: &DeviceId, _: CredentialId) -> Option<u64> {
        None
    }
}
