use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::sync::Notify;

use super::Shard;

/// Whether a task of the shard has panicked. What it left behind is not to be trusted: the shard ends.
#[derive(Debug, Default)]
pub(super) struct Breakage {
    has_happened: Cell<bool>,
    told: Notify,
}

/// A task of a shard: its panic, which the runtime would only note, ends the shard.
struct Guarded<F> {
    shard: Rc<Shard>,
    task: F,
}

impl Breakage {
    /// Waits for the first panic.
    pub(super) async fn happened(&self) {
        self.told.notified().await;
    }
}

impl Shard {
    /// Starts a task whose panic ends the shard.
    pub(super) fn spawn(
        self: &Rc<Self>,
        task: impl Future<Output = ()> + Unpin + 'static,
    ) -> tokio::task::JoinHandle<()> {
        tokio::task::spawn_local(Guarded { shard: self.clone(), task })
    }
}

impl<F: Future<Output = ()> + Unpin> Future for Guarded<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.shard.breakage.has_happened.get() {
            return Poll::Ready(());
        }
        let task = &mut self.task;
        match catch_unwind(AssertUnwindSafe(|| Pin::new(task).poll(cx))) {
            Ok(polled) => polled,
            Err(_) => {
                self.shard.breakage.has_happened.set(true);
                self.shard.breakage.told.notify_one();
                Poll::Ready(())
            }
        }
    }
}
