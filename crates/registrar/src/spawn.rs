use std::pin::Pin;
use std::time::Duration;

use tokio::runtime::Handle;
use vouchmq_identity::Spawn;

/// Runs tasks on a tokio runtime.
#[derive(Clone, Debug)]
pub struct OnRuntime(pub Handle);

impl Spawn for OnRuntime {
    fn spawn(&self, task: Pin<Box<dyn Future<Output = ()> + Send>>) {
        drop(self.0.spawn(task));
    }

    fn after(&self, delay: Duration, then: Box<dyn FnOnce() + Send>) {
        drop(self.0.spawn(async move {
            tokio::time::sleep(delay).await;
            then();
        }));
    }
}
