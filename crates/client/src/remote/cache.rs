//! Verdicts that are remembered, and everything that ends them.
//!
//! Pure: time and randomness are arguments. Time is a duration since any instant that stays the same.

use std::time::Duration;

use parking_lot::Mutex;

use super::options::CacheOptions;

mod counters;
mod index;
mod key;
mod lifetime;
mod marks;
mod segment;
mod shard;

#[cfg(test)]
mod tests;

pub use counters::{CacheCounters, SegmentCounters};
pub use key::{Key, Keys, SECRET_BYTES};
pub use lifetime::Bounds;
pub use marks::Asked;

use index::Name;
use marks::{Evidence, Marks};
use shard::{Shard, shares};

/// Verdicts, each under the [`Key`] of the question that it answers: bounded in entries and bytes, in two segments, so
/// that clients who are refused never displace those who are allowed.
///
/// Any number of threads read and write it; each holds one of sixteen locks for less than a microsecond.
pub struct Cache<V> {
    keys: Keys,
    shards: Box<[Mutex<Shard<V>>]>,
    marks: Mutex<Marks>,
    options: CacheOptions,
}

/// A verdict, as it came.
#[derive(Clone, Debug)]
pub struct Verdict<'a, V> {
    /// What it means.
    pub value: V,
    /// Whether it allows.
    pub allows: bool,
    /// The device that it is about.
    pub device_id: Option<&'a str>,
    /// The change of the service's registry that it is at least as new as; `None` where the service counts none.
    pub as_of: Option<u64>,
    /// For how long the service lets it be remembered.
    pub bounds: Bounds,
    /// What the value takes, in bytes, beyond its own size.
    pub bytes: usize,
}

/// A verdict that was remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit<V> {
    /// What it means.
    pub value: V,
    /// Whether it allows.
    pub allows: bool,
    /// The change of the service's registry that it is at least as new as.
    pub as_of: Option<u64>,
    /// How old it is.
    pub age: Duration,
}

/// For how long verdicts that allow are good, as far as it depends on who could revoke them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// As long as they hold.
    Full,
    /// Not when they are older than this.
    Capped(Duration),
    /// Not at all.
    NotUsed,
}

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Stored {
    /// It is remembered.
    Kept,
    /// It is good, but not remembered: it may not be, or it is too large.
    NotKept,
    /// What it is about has changed since: it is not good. Ask again.
    AskAgain,
}

/// What is not good any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// Whatever is about this device.
    Device(&'a str),
    /// Whatever was asked with this user name.
    Username(&'a str),
    /// Whatever was asked with this client id.
    ClientId(&'a str),
    /// Everything.
    All,
}

// === impl Cache ===

impl<V: Clone> Cache<V> {
    /// Nothing is remembered yet. `secret` is random, and known to nobody else.
    pub fn new(options: &CacheOptions, secret: &[u8; SECRET_BYTES]) -> Self {
        let shards = shares(options).map(|share| Mutex::new(Shard::new(share))).collect();
        Self { keys: Keys::new(secret), shards, marks: Mutex::default(), options: *options }
    }

    /// Makes the keys of questions.
    pub const fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Note this when a question is put, and show it with the answer.
    pub fn ask(&self) -> Asked {
        self.marks.lock().ask()
    }

    /// Whether there is a verdict that [`get`](Self::get) would find. Counts nothing.
    pub fn contains(&self, key: &Key, now: Duration, ttl: Ttl) -> bool {
        self.shard(key).lock().find(key, now, ttl).is_some()
    }

    /// The verdict on a question, if it is remembered and good now. One that denies does not depend on `ttl`.
    pub fn get(&self, key: &Key, now: Duration, ttl: Ttl) -> Option<Hit<V>> {
        self.shard(key).lock().hit(key, now, ttl)
    }

    /// A verdict that allows, even past its time, up to [`CacheOptions::stale_if_error`]. For when no server answers;
    /// `silence` is for how long nobody could have revoked it, zero where nobody tells.
    pub fn stale(&self, key: &Key, now: Duration, silence: Duration) -> Option<Hit<V>> {
        self.options.stale_if_error.filter(|longest| silence <= *longest)?;
        self.shard(key).lock().stale_hit(key, now)
    }

    /// Remembers the answer to a question that was put at `asked`. `random` spreads when verdicts end.
    pub fn store(
        &self,
        key: &Key,
        asked: Asked,
        verdict: Verdict<'_, V>,
        now: Duration,
        random: u32,
    ) -> Stored {
        let device = verdict.device_id.map(|device| self.keys.name(device));
        let mut shard = self.shard(key).lock();
        // With the shard locked: whoever invalidates marks first, and comes to this shard afterwards.
        if !self.marks.lock().admit(&names_of(key, device), asked, verdict.as_of) {
            shard.discarded += 1;
            return Stored::AskAgain;
        }
        shard.store(key, device, verdict, &self.options, now, random)
    }

    /// Whether an answer is still good: what [`store`](Self::store) would find, without storing.
    pub fn is_current(&self, key: &Key, asked: Asked, device_id: Option<&str>, as_of: Option<u64>) -> bool {
        let device = device_id.map(|device| self.keys.name(device));
        self.marks.lock().admit(&names_of(key, device), asked, as_of)
    }

    /// Drops what is not good any more, and all answers to questions that were put before. With `sequence`, the number
    /// of the change that says so, what is at least as new as that stays, and no older answer is taken even later.
    ///
    /// Returns how many verdicts were dropped.
    pub fn invalidate(&self, target: Target<'_>, sequence: Option<u64>) -> usize {
        let name = match target {
            Target::Device(device) => Some(Name::Device(self.keys.name(device))),
            Target::Username(user) => Some(Name::User(self.keys.name(user))),
            Target::ClientId(client) => Some(Name::Client(self.keys.name(client))),
            Target::All => None,
        };
        let evidence = sequence.map_or(Evidence::Nothing, Evidence::Sequence);
        self.marks.lock().mark(name, evidence);
        self.shards.iter().map(|shard| shard.lock().invalidate(name, sequence)).sum()
    }

    /// Drops everything, and all answers to questions that were put before: the service counts changes anew, and the
    /// last one is `head`.
    ///
    /// Returns how many verdicts were dropped.
    pub fn reset(&self, head: u64) -> usize {
        self.marks.lock().reset(head);
        self.shards.iter().map(|shard| shard.lock().invalidate(None, None)).sum()
    }

    /// What happened so far, and what there is now.
    pub fn counters(&self) -> CacheCounters {
        self.shards.iter().map(|shard| shard.lock().counters()).sum()
    }

    fn shard(&self, key: &Key) -> &Mutex<Shard<V>> {
        // All entries of an identity are in one shard, which bounds them.
        let at = usize::try_from(key.identity() >> 32).unwrap_or(0) & (self.shards.len() - 1);
        &self.shards[at]
    }
}

fn names_of(key: &Key, device: Option<u64>) -> [Option<Name>; 3] {
    [device.map(Name::Device), key.user().map(Name::User), Some(Name::Client(key.client()))]
}

impl<V> std::fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("options", &self.options).finish_non_exhaustive()
    }
}
