//! Which addresses a name has.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::{fmt, io, vec};

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::Name;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

/// Looks names up.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, the best first.
    ///
    /// # Errors
    /// It has none, or nobody knows.
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// How names are looked up. Cheap to clone.
#[derive(Clone)]
pub struct Lookup(Arc<dyn Resolve>);

/// What the connector of hyper wants.
pub(crate) type LookupService = BoxCloneSyncService<Name, vec::IntoIter<SocketAddr>, io::Error>;

/// As the system does it.
struct System;

impl Lookup {
    /// As the system does it.
    pub fn system() -> Self {
        Self(Arc::new(System))
    }

    /// As `resolve` does it.
    pub fn by(resolve: Arc<dyn Resolve>) -> Self {
        Self(resolve)
    }

    pub(crate) fn into_service(self) -> LookupService {
        BoxCloneSyncService::new(service_fn(move |name: Name| {
            let resolve = Arc::clone(&self.0);
            async move {
                let found = resolve.resolve(name.as_str()).await?;
                // whoever connects knows the port
                let found: Vec<_> = found.into_iter().map(|address| SocketAddr::new(address, 0)).collect();
                Ok(found.into_iter())
            }
        }))
    }
}

/// One lookup at a time, whose result is for all that wait for it: a name server that hangs holds one thread, and not
/// one for each connection.
struct OneAtATime {
    lookup: Lookup,
    turn: Arc<Semaphore>,
    last: Arc<Mutex<Option<Found>>>,
}

/// What was found, or not, by a lookup that ended then.
struct Found {
    at: Instant,
    what: Result<Vec<IpAddr>, (io::ErrorKind, String)>,
}

/// As `lookup`, one at a time.
pub(super) fn one_at_a_time(lookup: Lookup) -> Lookup {
    Lookup(Arc::new(OneAtATime {
        lookup,
        turn: Arc::new(Semaphore::new(1)),
        last: Arc::new(Mutex::new(None)),
    }))
}

#[async_trait]
impl Resolve for OneAtATime {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let wanted = Instant::now();
        let turn = Arc::clone(&self.turn).acquire_owned().await.map_err(io::Error::other)?;
        let found = |last: &Mutex<Option<Found>>| {
            let last = last.lock();
            let last = last.as_ref().filter(|found| found.at >= wanted)?;
            Some(last.what.clone().map_err(|(kind, why)| io::Error::new(kind, why)))
        };
        if let Some(found) = found(&self.last) {
            return found;
        }
        // It goes on when nobody waits any longer, and keeps its turn: it cannot be stopped.
        let (lookup, last, host) = (self.lookup.clone(), Arc::clone(&self.last), host.to_owned());
        let looking = tokio::spawn(async move {
            let what = lookup.0.resolve(&host).await;
            let what = what.map_err(|error| (error.kind(), error.to_string()));
            *last.lock() = Some(Found { at: Instant::now(), what });
            drop(turn);
        });
        looking.await.map_err(io::Error::other)?;
        found(&self.last).unwrap_or_else(|| Err(io::Error::other("nothing was found")))
    }
}

#[async_trait]
impl Resolve for System {
    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}
