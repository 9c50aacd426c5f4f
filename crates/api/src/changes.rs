//! The change stream: server-sent events that tell other brokers what is not good any more.
//!
//! Each consumer has a task that reads the log of the store from where the consumer stands, a page at a time
//! and only when there is room, so that one that lags costs no memory. What is told is applied here already: an
//! answer that a consumer asks for after a change is not older than the change.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use vouchmq_identity::registry::Registry;

use crate::http::{Authorized, Code, Draining, Problem, Pusher, pushed, pushed_to};

mod consumer;
mod frame;
mod position;

pub(crate) use position::{Start, Wanted};

use consumer::Consumer;
use position::Position;

/// What is followed, and by how many.
pub struct Changes {
    registry: Arc<Registry>,
    applied: watch::Receiver<u64>,
    places: Arc<Semaphore>,
    /// Those of the places that holders of API keys may take together.
    operators: Arc<Semaphore>,
}

/// Consumers at a time.
const CONSUMERS_MAX: usize = 64;
/// So many of them with a key of the management API: brokers must find a place.
const OPERATORS_MAX: usize = 16;
const MEDIA_TYPE: &str = "text/event-stream";
/// Pages of the log that wait for a consumer to read them.
const PAGES_MAX: usize = 4;

impl Changes {
    /// Follows the log of `registry`, as far as `applied` says that it is applied here.
    pub fn new(registry: Arc<Registry>, applied: watch::Receiver<u64>) -> Self {
        let (places, operators) = (Semaphore::new(CONSUMERS_MAX), Semaphore::new(OPERATORS_MAX));
        Self { registry, applied, places: Arc::new(places), operators: Arc::new(operators) }
    }

    /// How many follow.
    pub fn consumer_count(&self) -> usize {
        CONSUMERS_MAX.saturating_sub(self.places.available_permits())
    }

    /// A stream that begins behind `start`.
    ///
    /// # Errors
    /// 503: there are 64 streams already, or the database does not answer.
    pub(crate) async fn follow(&self, start: Start, draining: Draining) -> Result<Response, Problem> {
        let place = place_of(&self.places, CONSUMERS_MAX)?;
        self.stream(start, draining, vec![place], pushed(MEDIA_TYPE, PAGES_MAX)).await
    }

    /// The same for who has a key of the management API, as long as it is good.
    ///
    /// # Errors
    /// 503: there are 16 of these already, too.
    pub(crate) async fn follow_as_operator(
        &self,
        start: Start,
        draining: Draining,
        reader: &Authorized,
    ) -> Result<Response, Problem> {
        let operator = place_of(&self.operators, OPERATORS_MAX)?;
        let places = vec![operator, place_of(&self.places, CONSUMERS_MAX)?];
        self.stream(start, draining, places, pushed_to(reader, MEDIA_TYPE, PAGES_MAX)).await
    }

    async fn stream(
        &self,
        start: Start,
        draining: Draining,
        places: Vec<OwnedSemaphorePermit>,
        (pusher, response): (Pusher, Response),
    ) -> Result<Response, Problem> {
        let (log, head) = self.registry.read().await?.log_head().await?;
        let applied = *self.applied.borrow();
        let (position, is_reset) = start.on(Position { log, sequence: head }, applied);
        let consumer = Consumer {
            registry: self.registry.clone(),
            applied: self.applied.clone(),
            pusher,
            position,
            _places: places,
        };
        tokio::spawn(consumer.serve(is_reset, draining));
        Ok(response)
    }
}

fn place_of(places: &Arc<Semaphore>, most: usize) -> Result<OwnedSemaphorePermit, Problem> {
    places.clone().try_acquire_owned().map_err(|_| {
        let detail = format!("there are {most} streams already");
        Problem::new(Code::Unavailable, detail).with_retry_after(Duration::from_secs(1))
    })
}

impl std::fmt::Debug for Changes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Changes").field("consumer_count", &self.consumer_count()).finish_non_exhaustive()
    }
}
