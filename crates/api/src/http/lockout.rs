use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep};

use super::crowd::network_of;

/// Counts attempts that were wrong, by where they came from, and by that and the user name: who guesses waits, and
/// then is not listened to.
///
/// An attempt counts from its beginning, so that many at once are not more than one after the other; what is right is
/// given back. A user name alone is never counted: whoever guesses from one address keeps nobody out at another.
/// Loopback, where everybody behind a proxy comes from that tells nothing, is counted by user name only, waits, and is
/// never shut out.
pub(super) struct Lockout {
    bounds: Bounds,
    table: Mutex<HashMap<Source, Count>>,
    /// Hides user names, which may be passwords typed into the wrong field.
    names: RandomState,
    /// Who is made to wait at a time.
    waiting: Arc<Semaphore>,
}

/// What is counted of one kind of login.
#[derive(Clone, Copy)]
struct Bounds {
    /// Failures of one address in a minute, before it has to wait; and of one user there.
    free: u32,
    free_of_user: u32,
    /// So many more, each after a wait, and it is not listened to.
    slow: u32,
}

/// One who shows something, from before it is looked at. Unless it says how it ended, it was wrong: whoever hangs up
/// gains nothing.
#[must_use]
pub(super) struct Attempt<'a> {
    lockout: &'a Lockout,
    sources: [Option<Source>; 2],
    is_near: bool,
    /// A failure has to wait, and this is where.
    place: Option<OwnedSemaphorePermit>,
    is_settled: bool,
}

/// A network, and perhaps the hash of a user name.
type Source = (IpAddr, Option<u64>);

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    /// Attempts that have not ended.
    pending: u32,
    since: Instant,
    /// Nothing is listened to before.
    until: Option<Instant>,
    /// The next of those that have to wait begins then.
    next: Instant,
}

/// What becomes of an attempt.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Right,
    Wrong,
    Undecided,
}

const PASSWORDS: Bounds = Bounds { free: 30, free_of_user: 10, slow: 10 };
/// Signed tokens cannot be guessed, but cost time to be verified.
const TOKENS: Bounds = Bounds { free: 300, free_of_user: 300, slow: 0 };
const WINDOW: Duration = Duration::from_secs(60);
const BLOCKED: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_secs(1);
const SOURCES_MAX: usize = 10_000;
const WAITING_MAX: usize = 32;

impl Lockout {
    /// For user names and passwords.
    pub(super) fn of_passwords() -> Self {
        Self::with(PASSWORDS)
    }

    /// For signed tokens.
    pub(super) fn of_tokens() -> Self {
        Self::with(TOKENS)
    }

    fn with(bounds: Bounds) -> Self {
        let (table, names) = (Mutex::default(), RandomState::new());
        Self { bounds, table, names, waiting: Arc::new(Semaphore::new(WAITING_MAX)) }
    }

    /// Begins an attempt, which counts as a failure as long as it has not been right.
    ///
    /// # Errors
    /// It is not listened to; so long to wait.
    pub(super) fn begin(&self, peer: IpAddr, user: Option<&str>) -> Result<Attempt<'_>, Duration> {
        let (now, is_near) = (Instant::now(), peer.to_canonical().is_loopback());
        let network = network_of(peer);
        let of_user = user.map(|user| (network, Some(self.names.hash_one(user))));
        let sources = [(!is_near).then_some((network, None)), of_user];
        let mut table = self.table();
        let counts = sources.map(|source| {
            let source = source?;
            make_room(&mut table, source, now);
            let count = table.entry(source).or_insert(Count::new(now));
            count.renew(now);
            Some((*count, self.bounds.free_of(source)))
        });
        let mut has_to_wait = false;
        for (count, free) in counts.into_iter().flatten() {
            if let Some(left) = count.until.and_then(|until| until.checked_duration_since(now))
                && !left.is_zero()
            {
                return Err(left);
            }
            let so_many = count.failures.saturating_add(count.pending);
            if so_many < free {
                continue;
            }
            // Those that have not ended may use up all that is left.
            if so_many >= free + self.bounds.slow && !is_near {
                return Err(WAIT);
            }
            has_to_wait = true;
            if let Some(left) = count.next.checked_duration_since(now)
                && !left.is_zero()
            {
                return Err(left);
            }
        }
        let place = match has_to_wait.then(|| self.waiting.clone().try_acquire_owned()) {
            Some(Ok(place)) => Some(place),
            Some(Err(_)) => return Err(WAIT),
            None => None,
        };
        for source in sources.into_iter().flatten() {
            if let Some(count) = table.get_mut(&source) {
                count.pending = count.pending.saturating_add(1);
                count.next = if has_to_wait { now + WAIT } else { count.next };
            }
        }
        Ok(Attempt { lockout: self, sources, is_near, place, is_settled: false })
    }

    fn settle(&self, sources: [Option<Source>; 2], is_near: bool, outcome: Outcome) {
        let now = Instant::now();
        let mut table = self.table();
        for source in sources.into_iter().flatten() {
            let Some(count) = table.get_mut(&source) else { continue };
            count.pending = count.pending.saturating_sub(1);
            match outcome {
                // What this user did wrong from there is forgotten, what others did is not.
                Outcome::Right if source.1.is_some() => count.failures = 0,
                Outcome::Right | Outcome::Undecided => {}
                Outcome::Wrong => {
                    count.renew(now);
                    count.failures = count.failures.saturating_add(1);
                    if count.failures >= self.bounds.free_of(source) + self.bounds.slow && !is_near {
                        count.until = Some(now + BLOCKED);
                    }
                }
            }
            if count.is_nothing(now) {
                table.remove(&source);
            }
        }
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Source, Count>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It was right.
    pub(super) fn proven(self) {
        self.settle(Outcome::Right);
    }

    /// Nobody knows whether it was right, and that is not its fault.
    pub(super) fn undecided(self) {
        self.settle(Outcome::Undecided);
    }

    /// It was wrong: waits, if there were many.
    pub(super) async fn failed(mut self) {
        let place = self.place.take();
        self.settle(Outcome::Wrong);
        if place.is_some() {
            sleep(WAIT).await;
        }
    }

    fn settle(mut self, outcome: Outcome) {
        self.is_settled = true;
        self.lockout.settle(self.sources, self.is_near, outcome);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_settled {
            self.lockout.settle(self.sources, self.is_near, Outcome::Wrong);
        }
    }
}

impl Bounds {
    const fn free_of(self, source: Source) -> u32 {
        if source.1.is_some() { self.free_of_user } else { self.free }
    }
}

impl Count {
    const fn new(now: Instant) -> Self {
        Self { failures: 0, pending: 0, since: now, until: None, next: now }
    }

    /// Begins a new minute. Who is not listened to is not for that listened to earlier.
    fn renew(&mut self, now: Instant) {
        if now.duration_since(self.since) >= WINDOW {
            (self.failures, self.since) = (0, now);
        }
        self.until = self.until.filter(|until| *until > now);
    }

    fn is_nothing(&self, now: Instant) -> bool {
        self.failures == 0 && self.pending == 0 && self.until.is_none_or(|until| until <= now)
    }

    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.since) >= WINDOW
            && self.pending == 0
            && self.until.is_none_or(|until| until <= now)
    }
}

/// A full table forgets those whose time is over, or else those who began first: it never makes one count of many
/// sources, or these could keep others out.
fn make_room(table: &mut HashMap<Source, Count>, wanted: Source, now: Instant) {
    if table.len() < SOURCES_MAX || table.contains_key(&wanted) {
        return;
    }
    table.retain(|_, count| !count.is_over(now));
    if table.len() >= SOURCES_MAX {
        let mut since: Vec<Instant> = table.values().map(|count| count.since).collect();
        since.sort_unstable();
        let quarter = since.get(SOURCES_MAX / 4).copied().unwrap_or(now);
        table.retain(|_, count| count.since > quarter);
    }
}

impl std::fmt::Debug for Lockout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lockout").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
