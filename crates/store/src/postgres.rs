//! PostgreSQL: a server somewhere else, which other instances write to, too.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _};
use tokio::time::{MissedTickBehavior, interval, timeout};
use vouchmq_identity::store::StoreFault;

use crate::connection::{Connection, Engine, told, unavailable};
use crate::engine;
use crate::heads::Heads;
use crate::readers::Readers;
use crate::rows::log;

/// A server and how to connect to it.
pub(crate) struct Server {
    options: PgConnectOptions,
}

/// What instances tell each other the newest number of the change log by.
pub(crate) const CHANNEL: &str = "vouchmq_changes";

const CONNECT_DEADLINE: Duration = Duration::from_secs(10);
/// Notices get lost with their connection; then the change log is looked at.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// Prepared statements that a connection keeps: all that there are.
const STATEMENTS: usize = 256;

/// Nothing is acknowledged that the server might forget, nobody waits without end for a lock, and an instance
/// that hangs while it holds the lock of all writers loses it.
const WRITER_SETTINGS: &str = "
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off';
    SET lock_timeout = 10000;
    SET statement_timeout = 14000;
    SET idle_in_transaction_session_timeout = 60000";
/// What nodes say of themselves is said again soon: it may be lost, and must not pile up.
const BEAT_SETTINGS: &str = "
    SET synchronous_commit = off;
    SET lock_timeout = 1000;
    SET statement_timeout = 2000";
const READER_SETTINGS: &str = "SET statement_timeout = 14000";

// === impl Server ===

impl Server {
    /// The server that a URL names.
    ///
    /// # Errors
    /// It is not such a URL. The text does not repeat it, as there may be a password in it.
    pub(crate) fn new(url: &str) -> Result<Self, String> {
        let options: PgConnectOptions = url.parse().map_err(|error| told(&error))?;
        let options = options.statement_cache_capacity(STATEMENTS).application_name("vouchmq");
        Ok(Self { options: options.disable_statement_logging() })
    }

    /// Host, port and database, for messages.
    pub(crate) fn name(&self) -> String {
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        format!("{}:{}/{database}", self.options.get_host(), self.options.get_port())
    }

    pub(crate) async fn writer(&self) -> Result<Connection, StoreFault> {
        self.connect(WRITER_SETTINGS).await
    }

    pub(crate) async fn beats(&self) -> Result<Connection, StoreFault> {
        self.connect(BEAT_SETTINGS).await
    }

    pub(crate) async fn reader(&self) -> Result<Connection, StoreFault> {
        self.connect(READER_SETTINGS).await
    }

    async fn connect(&self, settings: &'static str) -> Result<Connection, StoreFault> {
        let connected = timeout(CONNECT_DEADLINE, PgConnection::connect_with(&self.options)).await;
        let connected = connected.map_err(|_| unavailable("no connection within 10 s"))?;
        let engine = Engine::Postgres(connected.map_err(|error| unavailable(&told(&error)))?);
        let mut connection = Connection::new(engine);
        connection.script(settings).await?;
        Ok(connection)
    }

    /// Listens for the commits of others; `None` when the server does not answer.
    async fn listen(&self) -> Option<PgListener> {
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(CONNECT_DEADLINE);
        let pool = pool.max_lifetime(None).idle_timeout(None).connect_lazy_with(self.options.clone());
        let mut listener = PgListener::connect_with(&pool).await.ok()?;
        listener.ignore_pool_close_event(true);
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await.ok()?;
        Some(listener)
    }
}

/// Says what others commit, for as long as it is polled: when they tell it, or a second later.
///
/// A notice says only that it is time to look: whoever may use the database may send one.
pub(crate) async fn follow(engine: Arc<engine::Engine>, readers: Arc<Readers>, heads: Arc<Heads>) {
    let engine::Engine::Postgres(server) = &*engine else { return };
    let mut polls = interval(POLL_EVERY);
    polls.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut listener = None;
    loop {
        tokio::select! {
            notice = notice(&mut listener) => match notice {
                Some(head) if heads.is_newer(head) => look(&readers, &heads).await,
                Some(_) => {}
                None => listener = None,
            },
            _ = polls.tick() => {
                if listener.is_none() {
                    listener = server.listen().await;
                }
                look(&readers, &heads).await;
            }
        }
    }
}

/// Asks how far the change log goes; without an answer, the next poll asks again.
async fn look(readers: &Arc<Readers>, heads: &Heads) {
    let Ok(mut session) = readers.lend().await else { return };
    if let Ok((_, head)) = log::head(&mut session.connection).await {
        heads.raise(head);
    }
}

/// The next notice: how far it says that the log goes. `None` when the connection is lost. Waits for ever if
/// there is none.
async fn notice(listener: &mut Option<PgListener>) -> Option<u64> {
    let Some(listener) = listener else { return std::future::pending().await };
    match listener.try_recv().await {
        Ok(Some(notice)) => Some(notice.payload().parse().unwrap_or(0)), // not from us
        Ok(None) => None,
        Err(error) => {
            tracing::warn!(error = told(&error), "changes of other instances are seen up to a second later");
            None
        }
    }
}
