//! A thread that connects beside the first one.

use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

use super::crowd::{Crowd, Plan};
use super::tally::Tally;
use crate::command::bench;

/// A thread that connects, then holds what it has until it is released.
#[derive(Debug)]
pub(super) struct Worker {
    thread: JoinHandle<io::Result<()>>,
    tally: oneshot::Receiver<Tally>,
}

impl Worker {
    /// Begins; it ends when the sender of `release` is gone.
    pub(super) fn start(
        plan: Arc<Plan>,
        number: u32,
        tally: Tally,
        mut release: watch::Receiver<()>,
    ) -> io::Result<Self> {
        let (done, has_opened) = oneshot::channel();
        let run = move || {
            bench::runtime()?.block_on(async move {
                let crowd = Crowd::open(plan, number, tally).await;
                // Nobody listens any more when the first thread has failed.
                let _ = done.send(crowd.tally());
                let _ = release.changed().await;
            });
            Ok(())
        };
        let thread = std::thread::Builder::new().name(format!("conn-{number}")).spawn(run)?;
        Ok(Self { thread, tally: has_opened })
    }

    /// Waits until it has opened its connections; `None`: it could not start.
    pub(super) async fn opened(&mut self) -> Option<Tally> {
        (&mut self.tally).await.ok()
    }

    /// Waits for its end.
    pub(super) fn join(self) -> io::Result<()> {
        self.thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread has panicked")))
    }
}
