use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vouchmq_identity::store::StoreFault;

use crate::connection::Connection;
use crate::engine::Engine;
use crate::session::Session;

/// The writer's connection, made again when it is lost: at once the first time, then less and less often.
pub(crate) struct Link {
    engine: Arc<Engine>,
    session: Session,
    pause: Duration,
    /// Not before this, and why not.
    wait: Option<(Instant, StoreFault)>,
}

const PAUSE_MIN: Duration = Duration::from_millis(50);
const PAUSE_MAX: Duration = Duration::from_secs(5);

// === impl Link ===

impl Link {
    pub(crate) fn new(engine: Arc<Engine>, connection: Connection) -> Self {
        let session = Session::new(connection, None);
        Self { engine, session, pause: PAUSE_MIN, wait: None }
    }

    pub(crate) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Begins a transaction, on a new connection if need be.
    ///
    /// # Errors
    /// [`StoreFault`]: there is no transaction.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreFault> {
        self.session.appended = 0;
        if !self.session.connection.is_gone() {
            match self.session.connection.begin_write().await {
                Ok(()) => return Ok(()),
                // It was lost while nothing was asked of it: another one may do.
                Err(_) if self.session.connection.is_gone() => {}
                Err(fault) => return Err(fault),
            }
        }
        self.connect().await?;
        self.session.connection.begin_write().await
    }

    /// Gives up whatever the transaction has come to, and its connection, of which nothing is known.
    pub(crate) async fn abandon(&mut self) {
        let mut connection = self.session.connection.take();
        if !connection.is_gone() {
            let _ = connection.script("ROLLBACK").await; // it ends with the connection in any case
            connection.close().await;
        }
    }

    pub(crate) async fn close(&mut self) {
        self.session.connection.take().close().await;
    }

    async fn connect(&mut self) -> Result<(), StoreFault> {
        if let Some((until, fault)) = &self.wait
            && Instant::now() < *until
        {
            return Err(fault.clone());
        }
        match self.engine.writer().await {
            Ok(connection) => {
                self.session = Session::new(connection, None);
                self.pause = PAUSE_MIN;
                self.wait = None;
                Ok(())
            }
            Err(fault) => {
                self.wait = Some((Instant::now() + self.pause, fault.clone()));
                self.pause = (self.pause * 2).min(PAUSE_MAX);
                Err(fault)
            }
        }
    }
}
