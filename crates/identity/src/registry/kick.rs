use async_trait::async_trait;

use super::{Command, Desk, Refusal};
use crate::model::DeviceId;

/// Takes down in the audit log that somebody disconnects a device, which must be there. Nothing of it changes:
/// it may come again at once.
#[derive(Clone, Debug)]
pub struct NoteKick {
    /// Which.
    pub id: DeviceId,
    /// Why, for the audit log.
    pub reason: Box<str>,
}

#[async_trait]
impl Command for NoteKick {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let device = desk.device(&self.id).await?;
        desk.audit("device.kick", &self.reason, Some(&device), Some(&device)).await
    }
}
