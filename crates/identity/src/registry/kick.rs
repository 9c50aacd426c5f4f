use async_trait::async_trait;

use super::{Command, Desk, Refusal};
use crate::model::DeviceId;
use crate::store::{Kick, NewEntry};

/// Has every node disconnect a device, and takes down in the audit log that somebody wants it. Nothing of the
/// device changes: it may come again at once.
#[derive(Clone, Debug)]
pub struct KickDevice {
    /// Which.
    pub id: DeviceId,
    /// Why, for the audit log.
    pub reason: Box<str>,
}

#[async_trait]
impl Command for KickDevice {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let device = desk.device(&self.id).await?;
        desk.log(NewEntry::device(device.id.clone(), None).kicking(Kick::Soft)).await?;
        desk.audit("device.kick", &self.reason, Some(&device), Some(&device)).await
    }
}
