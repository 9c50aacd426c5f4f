use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Router;

/// What a listener serves, which can be replaced while it serves: a request that has begun is answered by what
/// was there when it came. All clones change together.
#[derive(Clone, Debug)]
pub struct Service(Arc<ArcSwap<Router>>);

impl Service {
    /// Serves this, until it is replaced.
    pub fn new(router: Router) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(router)))
    }

    /// Serves this from the next request on.
    pub fn replace(&self, router: Router) {
        self.0.store(Arc::new(router));
    }

    pub(super) fn router(&self) -> Router {
        Router::clone(&self.0.load())
    }
}

impl From<Router> for Service {
    fn from(router: Router) -> Self {
        Self::new(router)
    }
}
