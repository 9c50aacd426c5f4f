//! Which addresses a name has.

use std::net::SocketAddr;
use std::sync::Arc;
use std::{fmt, io, vec};

use async_trait::async_trait;
use hyper_util::client::legacy::connect::dns::Name;
use tower::service_fn;
use tower::util::BoxCloneSyncService;

/// Looks names up.
#[async_trait]
pub trait Resolve: Send + Sync {
    /// The addresses of `host`, the best first.
    ///
    /// # Errors
    /// It has none, or nobody knows.
    async fn resolve(&self, host: &str) -> io::Result<Vec<std::net::IpAddr>>;
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

#[async_trait]
impl Resolve for System {
    async fn resolve(&self, host: &str) -> io::Result<Vec<std::net::IpAddr>> {
        Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lookup")
    }
}
