use async_trait::async_trait;

use super::proven::still_proven;
use super::{Command, Desk, Refusal, Rotate, Rotated, What};
use crate::model::{CredentialId, CredentialState};
use crate::store::Kick;

/// A device replaces its own secret by one that it proved, if that is still good when this happens: a verdict
/// never outlives a revocation. The old one stays good until the new one is first used, or for as long as its
/// grace lasts.
///
/// Refused with [`Refusal::NotFound`] when what was proven is good for nothing any more.
#[derive(Clone, Copy, Debug)]
pub struct RotateOwn {
    /// What it proved.
    pub credential: CredentialId,
    /// How long that stays good, in milliseconds; 0 ends it at once.
    pub grace_millis: u64,
}

#[async_trait]
impl Command for RotateOwn {
    type Outcome = Rotated;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Rotated, Refusal> {
        let (credential, device) = still_proven(desk, self.credential).await?;
        // One that was replaced is good for logging in until its grace is over, and for nothing else: whoever
        // stole it must not get the next.
        if credential.state != CredentialState::Active {
            return Err(Refusal::NotFound(What::Credential));
        }
        let rotate = Rotate {
            device: device.id,
            grace_millis: self.grace_millis,
            kick: Kick::None,
            not_before: None,
            // The next is good no longer than the one that it replaces.
            not_after: credential.validity.not_after,
        };
        rotate.run(desk).await
    }
}
