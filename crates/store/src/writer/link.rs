use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use vouchmq_identity::store::StoreFault;

use crate::connection::Connection;
use crate::engine::Engine;
use crate::postgres::CHANNEL;
use crate::rows::{device, log};
use crate::session::{Ends, Session};
use crate::value::values;

/// The writer's connection, made again when it is lost: at once the first time, then less and less often.
pub(crate) struct Link {
    engine: Arc<Engine>,
    session: Session,
    /// How far the change log went when the transaction began.
    begun_at: u64,
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
        Self { engine, session, begun_at: 0, pause: PAUSE_MIN, wait: None }
    }

    pub(crate) const fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Begins a transaction, on a new connection if need be.
    ///
    /// # Errors
    /// [`StoreFault`]: there is no transaction.
    pub(crate) async fn begin(&mut self) -> Result<(), StoreFault> {
        if !self.session.connection.is_gone() {
            match self.try_begin().await {
                Ok(()) => return Ok(()),
                // It was lost while nothing was asked of it: another one may do.
                Err(_) if self.session.connection.is_gone() => {}
                Err(fault) => return Err(fault),
            }
        }
        self.connect().await?;
        self.try_begin().await
    }

    async fn try_begin(&mut self) -> Result<(), StoreFault> {
        let head = log::number(self.session.connection.begin_write().await?)?;
        self.begun_at = head;
        self.session.ends = Some(Ends { head, ..Ends::default() });
        Ok(())
    }

    /// Keeps what was written so far, whatever becomes of the next job.
    pub(crate) async fn mark(&mut self) -> Result<(), StoreFault> {
        self.session.connection.script("RELEASE SAVEPOINT job; SAVEPOINT job").await
    }

    /// Commits; returns how far the change log goes now. On PostgreSQL others are told, if it has grown.
    ///
    /// # Errors
    /// [`StoreFault`]: nothing is committed, or nobody knows.
    pub(crate) async fn commit(&mut self) -> Result<u64, StoreFault> {
        let Ends { head, device_counts, audit: _ } = self.session.ends.take().unwrap_or_default();
        let connection = &mut self.session.connection;
        for (product, more) in device_counts.into_iter().filter(|(_, more)| *more != 0) {
            device::add_to_count(connection, product, more).await?;
        }
        if head > self.begun_at {
            log::put_head(connection, head).await?;
            if connection.is_postgres() {
                let notice = values![CHANNEL, head.to_string().as_str()];
                connection.query("SELECT pg_notify($1, $2)", notice).await?;
            }
        }
        connection.script("RELEASE SAVEPOINT job; COMMIT").await?;
        Ok(head)
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
