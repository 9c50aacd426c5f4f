use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::{MissedTickBehavior, interval, sleep};
use vouchmq_identity::registry::Registry;
use vouchmq_identity::store::StoreFault;

use super::frame;
use super::position::Position;
use crate::http::{Draining, Pusher};

/// One who follows.
pub(super) struct Consumer {
    pub(super) registry: Arc<Registry>,
    pub(super) applied: watch::Receiver<u64>,
    pub(super) pusher: Pusher,
    /// What was told last.
    pub(super) position: Position,
    pub(super) _places: Vec<OwnedSemaphorePermit>,
}

/// Why a consumer is told nothing more.
enum End {
    /// It has gone, or nothing is applied here any more.
    Gone,
    /// Not now: the database does not answer.
    Later(StoreFault),
}

const HEARTBEAT: Duration = Duration::from_secs(1);
/// Then the consumer comes back and goes on, if it still may: a key that was revoked is noticed.
const LIFETIME: Duration = Duration::from_mins(10);
/// Entries of the log that are read at once.
const PAGE: u32 = 64;

impl Consumer {
    /// Tells what changes until the consumer goes, its time is over, or the listener drains.
    pub(super) async fn serve(mut self, is_reset: bool, mut draining: Draining) {
        let pusher = self.pusher.clone();
        tokio::select! {
            () = draining.begun() => {}
            () = pusher.closed() => {}
            () = sleep(LIFETIME) => {}
            () = self.follow(is_reset) => {}
        }
    }

    async fn follow(&mut self, is_reset: bool) {
        if is_reset && self.push(frame::reset(self.position)).await.is_err() {
            return;
        }
        let mut beat = interval(HEARTBEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = self.applied.changed() => if changed.is_err() { return },
                _ = beat.tick() => {
                    let head = *self.applied.borrow();
                    // Whoever has not read what was sent before needs no sign of life.
                    let _ = self.pusher.try_send(Ok(frame::heartbeat(self.position.log, head, self.registry.now())));
                }
            }
            match self.catch_up().await {
                Ok(()) => {}
                // The next heartbeat says how far behind the consumer is.
                Err(End::Later(fault)) => tracing::debug!(%fault, "the change stream waits"),
                Err(End::Gone) => return,
            }
        }
    }

    /// Tells everything that is applied.
    async fn catch_up(&mut self) -> Result<(), End> {
        loop {
            let head = *self.applied.borrow_and_update();
            if self.position.sequence >= head {
                return Ok(());
            }
            // Room first: what is read has somewhere to go.
            let room = self.pusher.clone().reserve_owned().await.map_err(|_| End::Gone)?;
            let mut rows = self.registry.read().await?;
            let (log, _) = rows.log_head().await?;
            let mut entries = rows.log_after(self.position.sequence, PAGE).await?;
            drop(rows);
            entries.retain(|entry| entry.sequence <= head);
            let expected = self.position.sequence + 1..;
            let is_whole = log == self.position.log
                && !entries.is_empty()
                && expected.zip(&entries).all(|(expected, entry)| entry.sequence == expected);
            if is_whole {
                self.position.sequence = entries.last().map_or(head, |last| last.sequence);
                room.send(Ok(frame::changes(log, &entries)));
            } else {
                self.position = Position { log, sequence: head };
                room.send(Ok(frame::reset(self.position)));
            }
        }
    }

    async fn push(&self, frame: Bytes) -> Result<(), End> {
        self.pusher.send(Ok(frame)).await.map_err(|_| End::Gone)
    }
}

impl From<StoreFault> for End {
    fn from(fault: StoreFault) -> Self {
        Self::Later(fault)
    }
}
