//! The registry of devices: its database, its keys, and what judges clients by it.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Runtime;
use vouchmq_broker::{SteadyClock, SystemClock};
use vouchmq_identity::resident::Resident;
use vouchmq_identity::store::Store;
use vouchmq_identity::{Keyring, Sessions};
use vouchmq_mqtt::topic::HashSeed;
use vouchmq_registrar::{Opening, Peers, Registrar, Running, SystemEntropy, keys_at, keys_of};
use vouchmq_store::{Location, SqlStore, StoreOptions};

use super::settings::random;
use crate::exit::Failure;
use crate::runtime::block_on;

/// A registry that is open and loaded; nobody is judged by it yet.
pub(super) struct Open {
    /// Where everything runs that is not a shard.
    pub(super) runtime: Runtime,
    pub(super) registrar: Registrar,
    pub(super) keyring: Arc<Keyring>,
    store: Arc<SqlStore>,
}

/// A registry at work.
pub(super) struct AtWork {
    pub(super) runtime: Runtime,
    pub(super) running: Running,
    store: Arc<SqlStore>,
}

/// What the flags say about the registry.
pub(super) struct Choices<'a> {
    /// The database; `None` is a file in the data directory.
    pub(super) database: Option<&'a str>,
    /// The keys; `None` is a file in the data directory.
    pub(super) keys: Option<&'a str>,
    pub(super) accepts_rollback: bool,
    /// For how long another broker on the same database may say nothing and is still waited for.
    pub(super) node_timeout: Duration,
    /// For how long devices are let in while the database does not answer; `None` is for ever.
    pub(super) max_staleness: Option<Duration>,
}

/// Threads of the control plane.
const THREADS: usize = 2;

impl Open {
    /// Opens the registry of a data directory.
    pub(super) fn at(data: &Path, choices: &Choices<'_>) -> Result<Self, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("control")
            .enable_all()
            .build()
            .map_err(|error| Failure::unusable(format_args!("cannot start a thread: {error}")))?;
        let (registrar, keyring, store) = block_on(&runtime, open(data, choices))?;
        Ok(Self { runtime, registrar, keyring, store })
    }

    /// Follows changes from now on, for the clients of a broker.
    pub(super) fn work(self, sessions: Arc<dyn Sessions>) -> AtWork {
        let Self { runtime, registrar, store, .. } = self;
        let running = {
            let _runtime = runtime.enter();
            registrar.run(sessions)
        };
        AtWork { runtime, running, store }
    }
}

impl AtWork {
    /// Says to others that this one goes, writes what waits, and closes the database.
    pub(super) fn close(self) {
        let Self { runtime, mut running, store } = self;
        runtime.block_on(running.leave());
        drop(running);
        block_on(&runtime, store.close());
        runtime.shutdown_background();
    }
}

async fn open(
    data: &Path,
    choices: &Choices<'_>,
) -> Result<(Registrar, Arc<Keyring>, Arc<SqlStore>), Failure> {
    let location = match choices.database {
        Some(text) => text.parse().map_err(Failure::unusable)?,
        None => Location::Sqlite(data.join("vouchmq.db")),
    };
    let is_ours = matches!(location, Location::Sqlite(_));
    let store = Arc::new(SqlStore::open(StoreOptions::new(location)).await.map_err(Failure::unusable)?);
    let keyring = Arc::new(keys(data, choices.keys, &*store).await?);
    // Nobody else may use a file.
    let peers =
        (!is_ours).then(|| Peers { nodes: Arc::new(store.nodes()), stale_after: choices.node_timeout });
    let clock = Arc::new(SystemClock);
    let seed = HashSeed::new([random()?, random()?]);
    let mut resident = Resident::new(keyring.clone(), seed, clock.clone());
    if let Some(max) = choices.max_staleness {
        resident = resident.bounded(max, Arc::new(SteadyClock::start()));
    }
    let opening = Opening {
        store: store.clone(),
        followed: Arc::new(store.apart()),
        changes: store.changes(),
        keyring: keyring.clone(),
        clock,
        resident: Arc::new(resident),
        high_water: Some(data.join("high-water")),
        peers,
        is_ours,
        accepts_rollback: choices.accepts_rollback,
    };
    let registrar = Registrar::open(opening).await.map_err(Failure::unusable)?;
    Ok((registrar, keyring, store))
}

async fn keys(data: &Path, given: Option<&str>, store: &dyn Store) -> Result<Keyring, Failure> {
    if let Some(text) = given {
        return keys_of(text, "VOUCHMQ_KEYS").map_err(Failure::unusable);
    }
    let known = async { store.read().await?.keys().await }.await.map_err(Failure::unusable)?;
    keys_at(&data.join("keys"), known.is_empty(), &mut SystemEntropy).map_err(Failure::unusable)
}
