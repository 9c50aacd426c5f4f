use std::cell::Cell;
use std::time::Duration;

use super::counters::CacheCounters;
use super::index::Name;
use super::key::Key;
use super::lifetime::Lifetime;
use super::segment::{Bound, Entry, Segment};
use super::{Hit, Stored, Ttl, Verdict};
use crate::remote::options::CacheOptions;

/// The verdicts of some identities. A key is in one of the segments at most.
#[derive(Debug)]
pub(super) struct Shard<V> {
    allowed: Segment<V>,
    denied: Segment<V>,
    stale_hits: u64,
    misses: u64,
    invalidated: u64,
    /// Answers that were not taken.
    pub(super) discarded: u64,
}

/// What a shard holds at most, of verdicts that allow and of those that deny.
#[derive(Clone, Copy, Debug)]
pub(super) struct Share {
    allowed: Bound,
    denied: Bound,
}

/// More would not be faster.
const SHARDS_MAX: usize = 16;
/// A shard for fewer is full while others are empty.
const SHARD_ENTRIES_MIN: usize = 1_024;
/// One part of so many is for verdicts that deny.
const DENIED_PART: usize = 10;

/// The shares of all shards; how many there are is a power of two.
pub(super) fn shares(options: &CacheOptions) -> impl Iterator<Item = Share> {
    let most = (options.entries_max / SHARD_ENTRIES_MIN).clamp(1, SHARDS_MAX);
    let count = 1 << most.ilog2();
    let (entries, bytes) = (options.entries_max / count, options.bytes_max / count);
    let denied =
        Bound { entries: (entries / DENIED_PART).max(usize::from(entries > 1)), bytes: bytes / DENIED_PART };
    let allowed = Bound { entries: entries - denied.entries, bytes: bytes - denied.bytes };
    std::iter::repeat_n(Share { allowed, denied }, count)
}

impl<V: Clone> Shard<V> {
    pub(super) fn new(share: Share) -> Self {
        Self {
            allowed: Segment::new(share.allowed),
            denied: Segment::new(share.denied),
            stale_hits: 0,
            misses: 0,
            invalidated: 0,
            discarded: 0,
        }
    }

    /// What is good now, and whether it allows.
    pub(super) fn find(&self, key: &Key, now: Duration, ttl: Ttl) -> Option<(&Entry<V>, bool)> {
        let good = |entry: &&Entry<V>| entry.is_fresh(now);
        let may_allow = |entry: &&Entry<V>| match ttl {
            Ttl::Full => true,
            Ttl::Capped(longest) => entry.age(now) < longest,
            Ttl::NotUsed => false,
        };
        let allowed = self.allowed.find(key.digest()).filter(good).filter(may_allow);
        let denied = || self.denied.find(key.digest()).filter(good).map(|entry| (entry, false));
        allowed.map(|entry| (entry, true)).or_else(denied)
    }

    pub(super) fn hit(&mut self, key: &Key, now: Duration, ttl: Ttl) -> Option<Hit<V>> {
        let Some(hit) = self.find(key, now, ttl).map(|(entry, allows)| hit_of(entry, allows, now)) else {
            self.misses += 1;
            return None;
        };
        let segment = if hit.allows { &mut self.allowed } else { &mut self.denied };
        segment.hit();
        Some(hit)
    }

    pub(super) fn stale_hit(&mut self, key: &Key, now: Duration) -> Option<Hit<V>> {
        let entry = self.allowed.find(key.digest()).filter(|entry| !entry.is_gone(now))?;
        let hit = hit_of(entry, true, now);
        self.stale_hits += 1;
        Some(hit)
    }

    pub(super) fn store(
        &mut self,
        key: &Key,
        device: Option<u64>,
        verdict: Verdict<'_, V>,
        options: &CacheOptions,
        now: Duration,
        random: u32,
    ) -> Stored {
        let Verdict { value, allows, as_of, bounds, bytes, .. } = verdict;
        // Whatever was known is older, and the other segment must not contradict.
        let _ = self.allowed.remove(key.digest());
        let refused = self.denied.remove(key.digest()).filter(|entry| !allows && !entry.is_gone(now));
        let repetitions = refused.map_or(0, |entry| entry.repetitions.saturating_add(1));
        let lifetime = if allows {
            Lifetime::of_allowed(options, bounds, random)
        } else {
            Lifetime::of_denied(options, bounds, repetitions, random)
        };
        if lifetime.fresh.is_zero() {
            return Stored::NotKept;
        }
        let entry = Entry {
            digest: *key.digest(),
            value,
            as_of,
            stored_at: now,
            lifetime,
            repetitions,
            bytes,
            is_used: Cell::new(false),
        };
        let names = [
            device.map(Name::Device),
            key.user().map(Name::User),
            Some(Name::Client(key.client())),
            Some(Name::Identity(key.identity())),
        ];
        let segment = if allows { &mut self.allowed } else { &mut self.denied };
        if segment.insert(entry, names, now) { Stored::Kept } else { Stored::NotKept }
    }

    pub(super) fn invalidate(&mut self, name: Option<Name>, sequence: Option<u64>) -> usize {
        let dropped = self.allowed.invalidate(name, sequence) + self.denied.invalidate(name, sequence);
        self.invalidated += u64::try_from(dropped).unwrap_or(u64::MAX);
        dropped
    }

    pub(super) fn counters(&self) -> CacheCounters {
        CacheCounters {
            allowed: self.allowed.counters(),
            denied: self.denied.counters(),
            stale_hits: self.stale_hits,
            misses: self.misses,
            invalidated: self.invalidated,
            discarded: self.discarded,
        }
    }
}

fn hit_of<V: Clone>(entry: &Entry<V>, allows: bool, now: Duration) -> Hit<V> {
    entry.is_used.set(true);
    Hit { value: entry.value.clone(), allows, as_of: entry.as_of, age: entry.age(now) }
}
