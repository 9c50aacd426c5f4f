use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use vouchmq_identity::store::{Job, LogId, Rows, Store, StoreFault};
use vouchmq_identity::{Entropy, NoEntropy};

use crate::connection::{Connection, unavailable};
use crate::engine::Engine;
use crate::fault::OpenError;
use crate::heads::Heads;
use crate::migrate::{self, MigrationFault, migrate};
use crate::nodes::SqlNodes;
use crate::options::{Location, StoreOptions};
use crate::postgres::{self, Server};
use crate::readers::Readers;
use crate::rows::log;
use crate::sqlite::{Database, Lock};
use crate::writer::{Link, QUEUE_LEN, Request, Writer};

/// A [`Store`] in SQLite or PostgreSQL.
///
/// One task writes, on a connection of its own; jobs that wait share a commit. Some connections read, each as
/// rows were when it began. When it is dropped, what waits is still written; [`close`](Self::close) waits for
/// that.
pub struct SqlStore {
    engine: Arc<Engine>,
    /// Connections for reading that have been given apart.
    apart: Mutex<Vec<Arc<Readers>>>,
    queue: mpsc::Sender<Request>,
    readers: Arc<Readers>,
    heads: Arc<Heads>,
    commit_count: Arc<AtomicU64>,
    /// Listens to other instances.
    follower: Option<AbortHandle>,
}

/// Randomness of the operating system, for the identity of a new log.
struct SystemEntropy;

// === impl SqlStore ===

impl SqlStore {
    /// Opens a database, and makes it if there is none. Called within a tokio runtime, which has to outlive
    /// the store.
    ///
    /// # Errors
    /// [`OpenError`] says who is at fault and what to do.
    pub async fn open(options: StoreOptions) -> Result<Self, OpenError> {
        let StoreOptions { location, readers } = options;
        let (engine, lock) = match &location {
            Location::Sqlite(path) => {
                let database = Database::new(path);
                let lock = database.prepare().await?;
                (Engine::Sqlite(database), Some(lock))
            }
            Location::Postgres(url) => {
                let server = Server::new(url).map_err(|why| OpenError::Url { why: why.into() })?;
                (Engine::Postgres(server), None)
            }
        };
        let mut connection = engine.writer().await.map_err(|fault| blame(&engine, fault))?;
        let head = match prepare(&mut connection).await {
            Ok(head) => head,
            Err(error) => {
                connection.close().await;
                return Err(error);
            }
        };
        Ok(Self::start(Arc::new(engine), connection, readers.get(), (head, lock)))
    }

    fn start(
        engine: Arc<Engine>,
        connection: Connection,
        reader_count: usize,
        (head, lock): (u64, Option<Lock>),
    ) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE_LEN);
        let heads = Arc::new(Heads::new(head));
        let commit_count = Arc::new(AtomicU64::new(0));
        let readers = Arc::new(Readers::new(Arc::clone(&engine), reader_count));
        let follower = matches!(*engine, Engine::Postgres(_)).then(|| {
            let follow = postgres::follow(Arc::clone(&engine), Arc::clone(&readers), Arc::clone(&heads));
            tokio::spawn(follow).abort_handle()
        });
        let writer = Writer {
            queue: requests,
            link: Link::new(Arc::clone(&engine), connection),
            heads: Arc::clone(&heads),
            commit_count: Arc::clone(&commit_count),
            closing: Vec::new(),
            lock,
        };
        tokio::spawn(writer.work());
        Self { engine, apart: Mutex::default(), queue, readers, heads, commit_count, follower }
    }

    /// The same rows, read on a connection that nobody else uses: for who must not wait behind those that list
    /// and search.
    pub fn apart(self: &Arc<Self>) -> Apart {
        let readers = Arc::new(Readers::new(Arc::clone(&self.engine), 1));
        self.apart.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&readers));
        Apart { store: Arc::clone(self), readers }
    }

    /// Where the processes that use this database tell each other how far they are, on a connection of its
    /// own. There is nobody to tell anything to where the database is a file.
    pub fn nodes(&self) -> SqlNodes {
        SqlNodes::new(Arc::clone(&self.engine))
    }

    /// Writes what waits, takes nothing more, and closes all connections; those that are being read from have
    /// five seconds to end, and are closed as soon as they do.
    pub async fn close(&self) {
        self.stop_following();
        self.readers.close().await;
        // One that stays open keeps SQLite from putting its journal into the file.
        let apart = std::mem::take(&mut *self.apart.lock().unwrap_or_else(PoisonError::into_inner));
        for readers in apart {
            readers.close().await;
        }
        let (closing, closed) = oneshot::channel();
        if self.queue.send(Request::Close(closing)).await.is_ok() {
            let _ = closed.await; // an error: the writer has ended, which is what is wanted
        }
    }

    /// The newest number of the change log: after each commit of this store, and on PostgreSQL within about a
    /// second after those of others. It may be behind, and never goes back.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.heads.subscribe()
    }

    /// How many commits this store made: fewer than jobs, where jobs shared one.
    pub fn commit_count(&self) -> u64 {
        self.commit_count.load(Ordering::Relaxed)
    }

    fn stop_following(&self) {
        if let Some(follower) = &self.follower {
            follower.abort();
        }
    }
}

/// A [`SqlStore`] with a connection for reading of its own.
pub struct Apart {
    store: Arc<SqlStore>,
    readers: Arc<Readers>,
}

#[async_trait]
impl Store for Apart {
    async fn read(&self) -> Result<Box<dyn Rows + '_>, StoreFault> {
        Ok(Box::new(self.readers.lend().await?))
    }

    async fn write(&self, job: Box<dyn Job>) -> Result<(), StoreFault> {
        self.store.write(job).await
    }
}

impl std::fmt::Debug for Apart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Apart").field("store", &self.store).finish_non_exhaustive()
    }
}

#[async_trait]
impl Store for SqlStore {
    async fn read(&self) -> Result<Box<dyn Rows + '_>, StoreFault> {
        Ok(Box::new(self.readers.lend().await?))
    }

    async fn write(&self, job: Box<dyn Job>) -> Result<(), StoreFault> {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Request::Write(job, answer)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreFault::Busy,
            mpsc::error::TrySendError::Closed(_) => unavailable("the store is closed"),
        })?;
        answered.await.unwrap_or_else(|_| Err(unavailable("the store is closed")))
    }
}

impl Drop for SqlStore {
    fn drop(&mut self) {
        self.stop_following();
    }
}

impl std::fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlStore").field("commit_count", &self.commit_count()).finish_non_exhaustive()
    }
}

/// Brings the schema up to date and the log into being; returns how far that goes.
async fn prepare(connection: &mut Connection) -> Result<u64, OpenError> {
    let id = LogId::generate(&mut SystemEntropy).map_err(|NoEntropy| OpenError::NoEntropy)?;
    migrate(connection).await.map_err(|fault| match fault {
        MigrationFault::Newer { found } => OpenError::NewerSchema { found, known: migrate::VERSION },
        MigrationFault::Store(fault) => schema(&fault),
    })?;
    log::begin(connection, id).await.map_err(|fault| schema(&fault))?;
    let (_, head) = log::head(connection).await.map_err(|fault| schema(&fault))?;
    Ok(head)
}

fn schema(fault: &StoreFault) -> OpenError {
    OpenError::Schema { why: fault.to_string().into() }
}

fn blame(engine: &Engine, fault: StoreFault) -> OpenError {
    let why = match fault {
        StoreFault::Unavailable(why) => why,
        other @ (StoreFault::Corrupt { .. } | StoreFault::Busy) => other.to_string().into(),
    };
    match engine {
        Engine::Sqlite(_) => OpenError::Schema { why },
        Engine::Postgres(server) => OpenError::Connect { server: server.name().into(), why },
    }
}

impl Entropy for SystemEntropy {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        getrandom::fill(bytes).map_err(|_| NoEntropy)
    }
}
