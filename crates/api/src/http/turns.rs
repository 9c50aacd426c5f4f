use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::body::BodyDeadline;
use super::watch::Watch;
use super::{Code, Problem};

/// How a request waits for its turn to be worked on: an extension of every request.
#[derive(Clone)]
pub(super) struct Turns {
    pub(super) turns: Arc<Semaphore>,
    pub(super) watch: Arc<Watch>,
    pub(super) body_timeout: Duration,
}

impl Turns {
    /// Waits for the turn of a request, which lasts as long as what this returns. The time for its body begins then.
    ///
    /// # Errors
    /// 503: it did not come in time.
    pub(super) async fn take(request: &mut Request) -> Result<Option<OwnedSemaphorePermit>, Problem> {
        let Some(Self { turns, watch, body_timeout }) = request.extensions().get::<Self>().cloned() else {
            return Ok(None);
        };
        let Ok(turn) = timeout_at(watch.answer_by(), turns.acquire_owned()).await else {
            let detail = "as many requests as may are worked on; nothing was done";
            return Err(Problem::new(Code::Unavailable, detail));
        };
        request.extensions_mut().insert(BodyDeadline(Instant::now() + body_timeout));
        // The semaphore is never closed.
        Ok(turn.ok())
    }
}
