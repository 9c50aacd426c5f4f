use std::time::Duration;

use async_trait::async_trait;
use vouchmq_api::management::{Application, Applied};
use vouchmq_registrar::{Progress, Reach};

/// How far this process, and those beside it, have applied changes.
pub(in crate::command::serve) struct Here(pub(super) Progress);

#[async_trait]
impl Applied for Here {
    async fn wait(&self, sequence: u64, timeout: Duration) -> Application {
        let Reach { acked, total, stale, sessions_closed } = self.0.wait_everywhere(sequence, timeout).await;
        Application { acked, total, stale, sessions_closed }
    }

    async fn wait_here(&self, sequence: u64, timeout: Duration) -> bool {
        self.0.wait(sequence, timeout).await.is_applied
    }
}
