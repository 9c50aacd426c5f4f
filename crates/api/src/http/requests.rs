//! How many requests there were, and how long they took, by route: labels are templates of paths, never what a
//! client wrote.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::Instant;
use vouchmq_identity::{Histogram, HistogramSnapshot};

/// The requests of all listeners, by route. There are as many as are declared.
#[derive(Debug, Default)]
pub struct Requests(Mutex<BTreeMap<CountedRoute, Arc<Tally>>>);

/// What is counted apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CountedRoute {
    /// What its listener is for.
    pub(crate) listener: Box<str>,
    /// The path with its parameters by name; `other` for all that is not there.
    pub(crate) template: Box<str>,
    /// The method; `other` for all that is not there.
    pub(crate) method: Box<str>,
}

/// The requests of one route.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// By the first digit of the status.
    classes: [AtomicU64; 5],
    took: Histogram,
}

impl Requests {
    /// Where the requests of a route are counted; one that is made again goes on.
    pub(crate) fn of(&self, listener: &str, method: &str, template: &str) -> Arc<Tally> {
        let (listener, method, template) = (listener.into(), method.into(), template.into());
        let mut routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        routes.entry(CountedRoute { listener, template, method }).or_default().clone()
    }

    /// Each route, how many answers of each class there were, and how long they took.
    pub(crate) fn snapshot(&self) -> Vec<(CountedRoute, [u64; 5], HistogramSnapshot)> {
        let routes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |tally: &Tally| {
            std::array::from_fn(|at| tally.classes.get(at).map_or(0, |class| class.load(Ordering::Relaxed)))
        };
        routes.iter().map(|(route, tally)| (route.clone(), read(tally), tally.took.snapshot())).collect()
    }
}

/// Those of one path, by method.
pub(super) type Tallies = Arc<[(&'static str, Arc<Tally>)]>;

/// Counts a request of one path.
pub(super) async fn count(State(tallies): State<Tallies>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let of_method = tallies.iter().find(|(method, _)| *method == request.method().as_str());
    // HEAD is answered as GET is.
    let Some((_, tally)) = of_method.or_else(|| tallies.first()).cloned() else {
        return next.run(request).await;
    };
    let response = next.run(request).await;
    tally.count(response.status().as_u16(), start.elapsed());
    response
}

impl Tally {
    /// A request was answered with this status, after so long.
    pub(crate) fn count(&self, status: u16, took: Duration) {
        let class = usize::from(status / 100).saturating_sub(1);
        if let Some(class) = self.classes.get(class) {
            class.fetch_add(1, Ordering::Relaxed);
        }
        self.took.observe(took);
    }
}
