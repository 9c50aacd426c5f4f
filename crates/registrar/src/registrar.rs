use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use vouchmq_identity::events::Events;
use vouchmq_identity::follower::{FollowFault, Followed, Follower, Loaded};
use vouchmq_identity::model::NodeId;
use vouchmq_identity::registry::{Actor, AdoptKeys, KeysFault, Opened, Refusal, Registry};
use vouchmq_identity::resident::Resident;
use vouchmq_identity::store::{LogId, Store};
use vouchmq_identity::{Clock, DoorBook, Keyring, Sessions, Uses};

use crate::beats::Beating;
use crate::housekeeper::keep_house;
use crate::peers::{Neighbours, Peers};
use crate::progress::State;
use crate::{HighWater, HighWaterFault, Progress, SystemEntropy};

/// A registry that is open, and everything that has to do with it.
pub struct Registrar {
    /// Executes commands.
    pub registry: Arc<Registry>,
    /// Verifies devices.
    pub resident: Arc<Resident>,
    /// What happens at the door.
    pub events: Arc<Events>,
    /// When credentials were last used.
    pub uses: Arc<Uses>,
    book: Arc<DoorBook>,
    loaded: Loaded,
    changes: watch::Receiver<u64>,
    high_water: Option<HighWater>,
    opened: Opened,
    tell: watch::Sender<State>,
    company: Option<Company>,
}

/// The other nodes, and what they are told.
struct Company {
    neighbours: Arc<Neighbours>,
    beating: Beating,
}

/// With what a registry is opened.
pub struct Opening {
    /// Its rows.
    pub store: Arc<dyn Store>,
    /// The same rows, for following them: nobody else waits for or holds its connections.
    pub followed: Arc<dyn Store>,
    /// Says how far the change log goes, after each commit of whoever.
    pub changes: watch::Receiver<u64>,
    /// Its keys.
    pub keyring: Arc<Keyring>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// What verifies devices; nothing is loaded yet.
    pub resident: Arc<Resident>,
    /// Where it is kept how far the log once went; `None` keeps it nowhere.
    pub high_water: Option<PathBuf>,
    /// The other nodes on the same database; `None` where there can be none.
    pub peers: Option<Peers>,
    /// Nobody else writes to the database: one that has a past and no high-water mark is not trusted.
    pub is_ours: bool,
    /// A database that is older than it was, or another one, is accepted, and begins a new log.
    pub accepts_rollback: bool,
}

/// Why a registry does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenFault {
    /// The database fails.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Its keys are not at hand.
    #[error(transparent)]
    Keys(#[from] KeysFault),
    /// It is not what it was.
    #[error(transparent)]
    HighWater(#[from] HighWaterFault),
    /// It cannot be loaded.
    #[error(transparent)]
    Load(#[from] FollowFault),
}

/// Following ended by itself: the process must not go on as if it knew who may come in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunFault {
    /// The database was exchanged under our feet.
    #[error("{0}; start again")]
    Exchanged(FollowFault),
    /// A bug.
    #[error("following the change log panicked: see the log, and report it")]
    Panicked,
    /// A bug: what is over would be good for ever.
    #[error("housekeeping ended: see the log, and report it")]
    Housekeeping,
}

/// A registrar at work; it stops when this is dropped.
#[derive(Debug)]
pub struct Running {
    progress: Progress,
    follower: JoinHandle<RunFault>,
    housekeeper: JoinHandle<()>,
    beating: Option<Beating>,
}

/// How often it is looked for changes that nobody told of.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

impl Registrar {
    /// Opens a registry: compares keys, notices a database that was restored, and loads what verifies
    /// devices.
    ///
    /// # Errors
    /// [`OpenFault`] says who is at fault and what to do; nothing was changed.
    pub async fn open(opening: Opening) -> Result<Self, OpenFault> {
        let Opening {
            store,
            followed,
            changes,
            keyring,
            clock,
            resident,
            high_water,
            peers,
            is_ours,
            accepts_rollback,
        } = opening;
        let registry = Arc::new(Registry::new(store, keyring, clock.clone(), SystemEntropy));
        let mut high_water = high_water.map(|path| HighWater::at(&path)).transpose()?;
        let mut opened = adopt(&registry, false).await?;
        if let Some(high_water) = &mut high_water {
            match high_water.check(opened.log, opened.head, is_ours) {
                Ok(()) => {}
                Err(
                    HighWaterFault::RolledBack { .. }
                    | HighWaterFault::Exchanged { .. }
                    | HighWaterFault::Unmarked { .. },
                ) if accepts_rollback => {
                    tracing::warn!(
                        "the database is older than it was, or another one; a new change log begins"
                    );
                    opened = adopt(&registry, true).await?;
                }
                Err(fault) => return Err(fault.into()),
            }
            high_water.rise(opened.log, opened.head)?;
        }
        let (tell, state) = watch::channel(State::at(opened.head));
        // Before anything is loaded: whoever waits for a change that is not among it knows of this node.
        let company = match peers {
            Some(peers) => Some(Company::join(peers, opened.log, &*clock, state).await?),
            None => None,
        };
        let loaded = Loaded::load(followed, resident.clone()).await?;
        let (events, uses) = (Arc::new(Events::default()), Arc::new(Uses::default()));
        let book = Arc::new(DoorBook::new(resident.clone(), events.clone(), uses.clone(), clock));
        Ok(Self {
            registry,
            resident,
            events,
            uses,
            book,
            loaded,
            changes,
            high_water,
            opened,
            tell,
            company,
        })
    }

    /// What is taken down at the door.
    pub fn book(&self) -> Arc<DoorBook> {
        self.book.clone()
    }

    /// Which log it has, and how far that went when it was opened.
    pub const fn opened(&self) -> Opened {
        self.opened
    }

    /// Follows and keeps house from now on, for these connections, on the runtime this is called on.
    pub fn run(self, sessions: Arc<dyn Sessions>) -> Running {
        let Self { registry, uses, loaded, changes, high_water, resident, tell, company, .. } = self;
        tell.send_replace(State::at(resident.applied()));
        let progress = tell.subscribe();
        let (tell_applied, applied) = watch::channel(resident.applied());
        let following = Following {
            follower: loaded.follow(sessions),
            changes,
            high_water,
            tell,
            tell_applied,
            is_stale: false,
        };
        let (neighbours, beating) =
            company.map(|Company { neighbours, beating }| (neighbours, beating)).unzip();
        Running {
            progress: Progress::new(progress, applied, neighbours),
            follower: tokio::spawn(following.run()),
            housekeeper: tokio::spawn(keep_house(registry, uses)),
            beating,
        }
    }
}

impl Company {
    async fn join(
        peers: Peers,
        log: LogId,
        clock: &dyn Clock,
        state: watch::Receiver<State>,
    ) -> Result<Self, Refusal> {
        let own = NodeId::generate(clock.now(), &mut SystemEntropy)?;
        let neighbours = Arc::new(Neighbours::new(peers, own, log));
        let beating = Beating::begin(neighbours.clone(), state).await;
        Ok(Self { neighbours, beating })
    }
}

async fn adopt(registry: &Registry, is_new_log: bool) -> Result<Opened, OpenFault> {
    let (opened, retired) = registry.execute(Actor::system(), AdoptKeys { is_new_log }).await?.outcome?;
    for version in retired {
        tracing::warn!(%version, "a key is not there any more; nothing needed it, and it is forgotten");
    }
    Ok(opened)
}

/// Follows the log.
struct Following {
    follower: Follower,
    changes: watch::Receiver<u64>,
    high_water: Option<HighWater>,
    tell: watch::Sender<State>,
    tell_applied: watch::Sender<u64>,
    /// It was told that nobody is let in any more.
    is_stale: bool,
}

impl Following {
    async fn run(mut self) -> RunFault {
        let mut is_behind = false;
        loop {
            if !is_behind {
                self.wait().await;
            }
            is_behind = false;
            match self.follower.catch_up().await {
                Ok(followed) => {
                    is_behind = followed.is_behind;
                    self.tell(&followed);
                }
                Err(fault @ (FollowFault::Exchanged | FollowFault::Gap(_))) => {
                    self.tell.send_modify(|state| state.is_healthy = false);
                    tracing::error!(%fault, "the change log cannot be followed");
                    return RunFault::Exchanged(fault);
                }
                Err(fault @ (FollowFault::Store(_) | FollowFault::Blocks(_))) => self.stumble(&fault),
            }
        }
    }

    /// Waits for a change. One that nobody told of is found all the same.
    async fn wait(&mut self) {
        let told = tokio::time::timeout(LOOK_INTERVAL, self.changes.changed()).await;
        if matches!(told, Ok(Err(_))) {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    fn tell(&mut self, followed: &Followed) {
        for fault in &followed.corrupt {
            tracing::error!(%fault, "a row is not what was written: who it is about is not let in any more");
        }
        self.is_stale = false;
        if let Some(high_water) = &mut self.high_water
            && let Err(fault) = high_water.rise(self.follower.log(), followed.sequence)
        {
            tracing::warn!(%fault, "a restored backup would not be noticed");
        }
        self.tell.send_if_modified(|state| {
            let is_news = !state.is_healthy || state.sequence != followed.sequence;
            if !state.is_healthy {
                tracing::info!("the database answers again");
            }
            state.is_healthy = true;
            state.advance(followed.sequence, &followed.closed);
            is_news
        });
        self.tell_applied
            .send_if_modified(|applied| std::mem::replace(applied, followed.sequence) != followed.sequence);
    }

    /// Once for each outage, and once when it lasts too long.
    fn stumble(&mut self, fault: &FollowFault) {
        self.tell.send_if_modified(|state| {
            let was_healthy = std::mem::replace(&mut state.is_healthy, false);
            if was_healthy {
                tracing::warn!(%fault, "changes cannot be followed; known devices are let in as before, for no longer than registry.max_staleness");
            }
            was_healthy
        });
        let was_stale = std::mem::replace(&mut self.is_stale, self.follower.is_stale());
        if self.is_stale && !was_stale {
            tracing::error!(%fault, "no device is let in until changes can be followed again");
        }
    }
}

// === impl Running ===

impl Running {
    /// How far following is.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// Says to the other nodes that this one goes: nobody is connected to it any more.
    pub async fn leave(&mut self) {
        if let Some(beating) = &mut self.beating {
            beating.leave().await;
        }
    }

    /// Waits until following or housekeeping ends by itself, which is a fault.
    pub async fn failed(&mut self) -> RunFault {
        tokio::select! {
            followed = &mut self.follower => followed.unwrap_or(RunFault::Panicked),
            _ = &mut self.housekeeper => RunFault::Housekeeping,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.follower.abort();
        self.housekeeper.abort();
    }
}

impl std::fmt::Debug for Registrar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registrar").field("opened", &self.opened).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Opening {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Opening").field("high_water", &self.high_water).finish_non_exhaustive()
    }
}
