use async_trait::async_trait;

use super::fingerprint::Fingerprint;
use super::{Command, Desk, Refusal};

/// Writes into the audit log what somebody did that no row of the registry tells: imported, exported, had the
/// configuration read again.
#[derive(Clone, Debug)]
pub struct RecordDeed {
    /// What was done, as `import.finish`.
    pub action: &'static str,
    /// What it was done to.
    pub name: String,
    /// What exactly, or how much: at most 256 bytes.
    pub detail: String,
}

#[async_trait]
impl Command for RecordDeed {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        desk.audit(self.action, &self.detail, None, Some(self)).await
    }
}

impl Fingerprint for RecordDeed {
    fn name(&self) -> String {
        self.name.clone()
    }

    fn parts(&self) -> Vec<String> {
        vec![self.name.clone(), self.detail.clone()]
    }
}
