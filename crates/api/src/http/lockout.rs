use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use super::crowd::network_of;

/// Counts passwords that were wrong, by where they came from, and by that and the user name: who guesses waits, and
/// then is not listened to.
///
/// A user name alone is never counted: whoever guesses from one address keeps nobody out at another. Loopback, where
/// everybody behind a proxy comes from that tells nothing, waits and is listened to.
pub(super) struct Lockout {
    table: Mutex<HashMap<Source, Count>>,
    /// Hides user names, which may be passwords typed into the wrong field.
    names: RandomState,
    /// Who is made to wait at a time.
    waiting: Arc<Semaphore>,
}

/// A network, and perhaps the hash of a user name.
type Source = (IpAddr, Option<u64>);

#[derive(Clone, Copy)]
struct Count {
    failures: u32,
    since: Instant,
    /// Nothing is listened to before.
    until: Option<Instant>,
}

/// Failures of one address in a minute, before it has to wait; and of one user there.
const FREE: u32 = 30;
const FREE_OF_USER: u32 = 10;
/// So many more, each after a wait, and it is not listened to.
const SLOW: u32 = 10;
const WINDOW: Duration = Duration::from_secs(60);
const BLOCKED: Duration = Duration::from_secs(60);
const WAIT: Duration = Duration::from_secs(1);
const SOURCES_MAX: usize = 10_000;
const WAITING_MAX: usize = 32;

impl Default for Lockout {
    fn default() -> Self {
        Self {
            table: Mutex::default(),
            names: RandomState::new(),
            waiting: Arc::new(Semaphore::new(WAITING_MAX)),
        }
    }
}

impl Lockout {
    /// How long nothing is listened to that this user shows from there.
    pub(super) fn blocked(&self, peer: IpAddr, user: &str) -> Option<Duration> {
        let now = Instant::now();
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let until = |source| table.get(&source).and_then(|count: &Count| count.until);
        let latest = self.sources(peer, user).into_iter().filter_map(until).max()?;
        latest.checked_duration_since(now).filter(|left| !left.is_zero())
    }

    /// A password was wrong: counts it, and waits if there were many.
    pub(super) async fn failed(&self, peer: IpAddr, user: &str) {
        if !self.count(peer, user) {
            return;
        }
        // Who finds no place to wait is refused the sooner, and gains nothing: the count goes on.
        if let Ok(_place) = self.waiting.clone().try_acquire_owned() {
            sleep(WAIT).await;
        }
    }

    /// A password was right: what this user did wrong from there is forgotten, what others did is not.
    pub(super) fn succeeded(&self, peer: IpAddr, user: &str) {
        let [_, of_user] = self.sources(peer, user);
        self.table.lock().unwrap_or_else(PoisonError::into_inner).remove(&of_user);
    }

    /// Whether to wait.
    fn count(&self, peer: IpAddr, user: &str) -> bool {
        let now = Instant::now();
        let is_near = peer.to_canonical().is_loopback();
        let mut has_to_wait = false;
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        for source in self.sources(peer, user) {
            make_room(&mut table, source, now);
            let count = table.entry(source).or_insert(Count { failures: 0, since: now, until: None });
            if now.duration_since(count.since) >= WINDOW {
                *count = Count { failures: 0, since: now, until: None };
            }
            count.failures = count.failures.saturating_add(1);
            let free = if source.1.is_some() { FREE_OF_USER } else { FREE };
            has_to_wait |= count.failures > free;
            if count.failures >= free + SLOW && !is_near {
                count.until = Some(now + BLOCKED);
            }
        }
        has_to_wait
    }

    fn sources(&self, peer: IpAddr, user: &str) -> [Source; 2] {
        let network = network_of(peer);
        [(network, None), (network, Some(self.names.hash_one(user)))]
    }
}

/// A full table forgets those whose time is over, or else those who began first: it never makes one count of many
/// sources, or these could keep others out.
fn make_room(table: &mut HashMap<Source, Count>, wanted: Source, now: Instant) {
    if table.len() < SOURCES_MAX || table.contains_key(&wanted) {
        return;
    }
    let is_over = |count: &Count| {
        now.duration_since(count.since) >= WINDOW && count.until.is_none_or(|until| until <= now)
    };
    table.retain(|_, count| !is_over(count));
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
mod tests {
    use tokio::time::advance;

    use super::*;

    fn at(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn who_guesses_waits_is_not_listened_to_for_a_minute_and_keeps_nobody_else_out() {
        let lockout = Lockout::default();
        let here = at("192.0.2.1");
        for _ in 0..FREE_OF_USER + SLOW {
            assert_eq!(lockout.blocked(here, "bob"), None);
            lockout.failed(here, "bob").await;
        }
        assert!(lockout.blocked(here, "bob").is_some_and(|left| left <= BLOCKED));
        assert_eq!(lockout.blocked(at("192.0.2.2"), "bob"), None, "the right password from elsewhere");
        assert_eq!(lockout.blocked(here, "alice"), None, "another user from there");
        advance(BLOCKED).await;
        assert_eq!(lockout.blocked(here, "bob"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn one_address_cannot_try_many_names_either() {
        let lockout = Lockout::default();
        for number in 0..FREE + SLOW {
            lockout.failed(at("2001:db8::1"), &format!("user {number}")).await;
        }
        assert!(lockout.blocked(at("2001:db8::2"), "bob").is_some(), "one host has a /64");
        assert_eq!(lockout.blocked(at("2001:db8:0:1::1"), "bob"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn loopback_waits_and_is_listened_to() {
        let lockout = Lockout::default();
        let before = Instant::now();
        for _ in 0..100 {
            lockout.failed(at("127.0.0.1"), "bob").await;
        }
        assert!(before.elapsed() >= WAIT);
        assert_eq!(lockout.blocked(at("127.0.0.1"), "bob"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_of_sources_fills_no_memory_and_keeps_nobody_else_out() {
        let lockout = Lockout::default();
        for number in 0..=u32::try_from(SOURCES_MAX).unwrap() {
            lockout.failed(std::net::Ipv4Addr::from_bits(number << 4).into(), "bob").await;
        }
        assert!(lockout.table.lock().unwrap().len() <= SOURCES_MAX);
        assert_eq!(lockout.blocked(at("203.0.113.9"), "bob"), None);
    }
}
