//! Connections for reading: a few, lent out and taken back.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use vouchmq_identity::store::StoreFault;

use crate::connection::{Connection, unavailable};
use crate::engine::Engine;
use crate::session::Session;

/// At most so many connections as there are permits; none is opened before it is needed.
pub(crate) struct Readers {
    engine: Arc<Engine>,
    count: u32,
    permits: Arc<Semaphore>,
    is_closing: AtomicBool,
    idle: Mutex<Vec<Connection>>,
    /// Where connections are cleaned up that come back.
    runtime: Handle,
}

/// Where a connection came from.
pub(crate) struct Home {
    readers: Arc<Readers>,
    permit: OwnedSemaphorePermit,
}

/// How long a reader waits for a connection.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How long the end waits for readers.
const CLOSE_WAIT_MAX: Duration = Duration::from_secs(5);
/// More than any machine has use for.
const COUNT_MAX: u32 = 64;

// === impl Readers ===

impl Readers {
    /// At most `count` connections. Called within a runtime.
    pub(crate) fn new(engine: Arc<Engine>, count: usize) -> Self {
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(COUNT_MAX);
        let permits = Arc::new(Semaphore::new(count as usize));
        let (is_closing, idle) = (AtomicBool::new(false), Mutex::new(Vec::new()));
        Self { engine, count, permits, is_closing, idle, runtime: Handle::current() }
    }

    /// Rows as they are now, and stay for as long as the session is kept.
    ///
    /// # Errors
    /// [`StoreFault::Unavailable`]: the database does not answer, all connections are in use for long, or the
    /// store is closed.
    pub(crate) async fn lend(self: &Arc<Self>) -> Result<Session, StoreFault> {
        let permit = tokio::time::timeout(WAIT_MAX, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit
            .map_err(|_| unavailable("all connections for reading are in use"))?
            .map_err(|_| unavailable("the store is closed"))?;
        if self.is_closing.load(Ordering::Relaxed) {
            return Err(unavailable("the store is closed"));
        }
        let home = Home { readers: Arc::clone(self), permit };
        let idle = self.idle().pop();
        if let Some(mut connection) = idle
            && connection.begin_read().await.is_ok()
        {
            return Ok(Session::new(connection, Some(home)));
        }
        // None is idle, or it was idle for too long and the server has forgotten it.
        let mut connection = self.engine.reader().await?;
        connection.begin_read().await?;
        Ok(Session::new(connection, Some(home)))
    }

    /// Lends nothing any more, waits some time for what is lent, and closes what is idle. What comes back later
    /// is closed then.
    pub(crate) async fn close(&self) {
        self.is_closing.store(true, Ordering::Relaxed);
        let all = tokio::time::timeout(CLOSE_WAIT_MAX, self.permits.acquire_many(self.count)).await;
        self.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *self.idle());
        for connection in idle {
            connection.close().await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Home ===

impl Home {
    /// Takes a connection back, as soon as it has let go of what it looked at.
    pub(crate) fn take_back(self, mut connection: Connection) {
        let runtime = self.readers.runtime.clone();
        runtime.spawn(async move {
            let Self { readers, permit } = self;
            let is_usable = connection.script("ROLLBACK").await.is_ok();
            if is_usable && !readers.permits.is_closed() {
                readers.idle().push(connection);
            } else {
                connection.close().await;
            }
            drop(permit);
        });
    }
}
