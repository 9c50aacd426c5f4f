use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::Request;
use axum::response::Response;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};
use vouchmq_identity::model::Scope;

use super::body::BodyDeadline;
use super::read_ahead::read_ahead;
use super::stream::held;
use super::watch::Watch;
use super::{Code, Principal, Problem};

/// The requests that may be worked on at a time: half of them of one principal, and some of administrators only, so
/// that no key can keep out who could revoke it.
#[derive(Debug)]
pub(super) struct Turns {
    all: Arc<Semaphore>,
    /// Those that everybody may have.
    common: Arc<Semaphore>,
    own_max: usize,
    /// What principals have whose requests wait, are worked on, or stream.
    shares: Mutex<HashMap<Box<str>, Share>>,
}

#[derive(Debug)]
struct Share {
    turns: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    /// [`Seat`]s.
    users: usize,
}

/// Keeps the share of a principal for as long as one of its requests is here.
struct Seat {
    turns: Arc<Turns>,
    name: Box<str>,
}

/// How a request waits for its turn to be worked on: an extension of every request.
#[derive(Clone)]
pub(super) struct Line {
    pub(super) turns: Arc<Turns>,
    pub(super) watch: Arc<Watch>,
    pub(super) body_timeout: Duration,
}

/// A request is worked on.
pub(super) struct Turn {
    _all: OwnedSemaphorePermit,
    _common: Option<OwnedSemaphorePermit>,
    _own: OwnedSemaphorePermit,
    seat: Seat,
}

/// Turns that administrators alone have.
const KEPT: usize = 2;
/// Answers of one principal at a time that go on: event streams, lists, exports.
const STREAMS_MAX: usize = 16;

// === impl Turns ===

impl Turns {
    /// So many.
    pub(super) fn new(count: usize) -> Arc<Self> {
        let count = count.min(Semaphore::MAX_PERMITS);
        let kept = KEPT.min(count / 4);
        Arc::new(Self {
            all: Arc::new(Semaphore::new(count)),
            common: Arc::new(Semaphore::new(count - kept)),
            own_max: count.div_ceil(2),
            shares: Mutex::default(),
        })
    }

    fn seat(self: &Arc<Self>, name: &str) -> (Seat, Arc<Semaphore>) {
        let mut shares = self.lock();
        let share = shares.entry(name.into()).or_insert_with(|| Share {
            turns: Arc::new(Semaphore::new(self.own_max)),
            streams: Arc::new(Semaphore::new(STREAMS_MAX)),
            users: 0,
        });
        share.users += 1;
        (Seat { turns: self.clone(), name: name.into() }, share.turns.clone())
    }

    /// The next turn of a principal. Its own bound comes first: who waits for that stands in nobody's way.
    async fn next(self: &Arc<Self>, principal: &Principal) -> Result<Turn, AcquireError> {
        let (seat, own) = self.seat(&principal.name);
        let own = own.acquire_owned().await?;
        let common = match principal.opens(Scope::Admin) {
            true => None,
            false => Some(self.common.clone().acquire_owned().await?),
        };
        let all = self.all.clone().acquire_owned().await?;
        Ok(Turn { _all: all, _common: common, _own: own, seat })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Share>> {
        self.shares.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut shares = self.turns.lock();
        if let Some(share) = shares.get_mut(&self.name) {
            share.users -= 1;
            if share.users == 0 {
                shares.remove(&self.name);
            }
        }
    }
}

// === impl Turn ===

impl Turn {
    /// Waits for the turn of a request, which lasts as long as what this returns. An ordinary body is read before, so
    /// that nobody is kept waiting by one that does not come; for the rest of a longer one the time begins then.
    ///
    /// # Errors
    /// 503: it did not come in time. 408, 400: the body did not come.
    pub(super) async fn take(
        mut request: Request,
        principal: &Principal,
    ) -> Result<(Request, Option<Self>), Problem> {
        let Some(Line { turns, watch, body_timeout }) = request.extensions().get().cloned() else {
            return Ok((request, None));
        };
        request = read_ahead(request, Instant::now() + body_timeout).await?;
        let Ok(turn) = timeout_at(watch.answer_by(), turns.next(principal)).await else {
            let detail = "as many requests as may are worked on; nothing was done";
            return Err(Problem::new(Code::Unavailable, detail));
        };
        request.extensions_mut().insert(BodyDeadline(Instant::now() + body_timeout));
        // The semaphores are never closed.
        Ok((request, turn.ok()))
    }

    /// The answer to the request of this turn. One that goes on is counted for as long as it does.
    ///
    /// # Errors
    /// 429: its principal has as many of these as one may have.
    pub(super) fn end(self, response: Response) -> Result<Response, Problem> {
        held(response, || {
            let streams = self.seat.turns.lock().get(&self.seat.name).map(|share| share.streams.clone());
            // There is a share as long as there is a seat.
            let place = streams.and_then(|streams| streams.try_acquire_owned().ok()).ok_or_else(|| {
                let detail = format!("{STREAMS_MAX} answers that go on are open with this key");
                Problem::new(Code::TooManyRequests, detail).with_retry_after(Duration::from_secs(1))
            })?;
            Ok((place, self.seat))
        })
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn next(turns: &Arc<Turns>, name: &str, scope: Scope) -> Option<Turn> {
        turns.next(&Principal::new(name, [scope])).now_or_never().map(Result::unwrap)
    }

    #[test]
    fn one_principal_has_half_of_the_turns_and_administrators_the_last() {
        let turns = Turns::new(8);
        let of = |name, count| {
            let had: Vec<Turn> = (0..8).filter_map(|_| next(&turns, name, Scope::DevicesRead)).collect();
            assert_eq!(had.len(), count, "{name}");
            had
        };
        let (one, other, third) = (of("one", 4), of("other", 2), of("third", 0));
        let administrators: Vec<Turn> = (0..8).filter_map(|_| next(&turns, "admin", Scope::Admin)).collect();
        assert_eq!(administrators.len(), 2);
        drop((other, third));
        assert!(next(&turns, "one", Scope::DevicesRead).is_none(), "it has half");
        assert!(next(&turns, "third", Scope::DevicesRead).is_some());
        drop((one, administrators));
        assert!(turns.lock().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn the_least_count_still_serves_everybody() {
        for count in 1..4 {
            let turns = Turns::new(count);
            assert!(next(&turns, "one", Scope::DevicesRead).is_some(), "{count}");
            assert!(next(&turns, "admin", Scope::Admin).is_some(), "{count}");
        }
    }
}
