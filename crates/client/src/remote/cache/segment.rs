use std::cell::Cell;
use std::collections::HashMap;
use std::time::Duration;

use super::counters::SegmentCounters;
use super::index::{INDEX_BYTES, Index, Name, Names, Place, at};
use super::key::Digest;
use super::lifetime::Lifetime;

/// Verdicts of one kind, bounded: CLOCK (an approximation of least recently used) says which gives its place.
#[derive(Debug)]
pub(super) struct Segment<V> {
    bound: Bound,
    places: Vec<Option<Entry<V>>>,
    free: Vec<Place>,
    by_digest: HashMap<Digest, Place>,
    index: Index,
    /// Where the next entry to be evicted is looked for.
    hand: usize,
    /// Where the next entry whose time is over is looked for.
    broom: usize,
    counters: SegmentCounters,
}

/// What a segment holds at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bound {
    pub(super) entries: usize,
    pub(super) bytes: usize,
}

/// A verdict that is remembered.
#[derive(Debug)]
pub(super) struct Entry<V> {
    pub(super) digest: Digest,
    pub(super) value: V,
    pub(super) as_of: Option<u64>,
    pub(super) stored_at: Duration,
    pub(super) lifetime: Lifetime,
    /// How often it was refused before.
    pub(super) repetitions: u8,
    /// What the value takes beyond its own size.
    pub(super) bytes: usize,
    /// Since the hand came by.
    pub(super) is_used: Cell<bool>,
}

/// Passwords, ports and certificates of one identity that are remembered at a time.
const OF_IDENTITY_MAX: usize = 4;
/// Places that are looked at for something to be swept away when something comes.
const SWEPT: usize = 2;
/// What an entry takes in the table of digests at worst.
const DIGEST_BYTES: usize = 2 * (size_of::<(Digest, Place)>() + 1) * 8 / 7;

impl<V> Entry<V> {
    pub(super) const fn age(&self, now: Duration) -> Duration {
        now.saturating_sub(self.stored_at)
    }

    pub(super) fn is_fresh(&self, now: Duration) -> bool {
        self.age(now) < self.lifetime.fresh
    }

    pub(super) fn is_gone(&self, now: Duration) -> bool {
        self.age(now) >= self.lifetime.gone
    }

    /// What it takes, everything included.
    const fn cost(&self) -> usize {
        // A vector that has just grown is half empty.
        2 * size_of::<Option<Self>>() + size_of::<Place>() + DIGEST_BYTES + INDEX_BYTES + self.bytes
    }
}

impl<V> Segment<V> {
    pub(super) fn new(bound: Bound) -> Self {
        Self {
            bound,
            places: Vec::new(),
            free: Vec::new(),
            by_digest: HashMap::new(),
            index: Index::default(),
            hand: 0,
            broom: 0,
            counters: SegmentCounters::default(),
        }
    }

    pub(super) fn find(&self, digest: &Digest) -> Option<&Entry<V>> {
        self.places.get(at(*self.by_digest.get(digest)?))?.as_ref()
    }

    /// Counts what was found.
    pub(super) const fn hit(&mut self) {
        self.counters.hits += 1;
    }

    pub(super) fn counters(&self) -> SegmentCounters {
        SegmentCounters { entries: self.by_digest.len(), ..self.counters }
    }

    /// Whether it was taken: one that is larger than the segment is not. What had the same digest is gone before.
    pub(super) fn insert(&mut self, entry: Entry<V>, names: Names, now: Duration) -> bool {
        if self.bound.entries == 0 || entry.cost() > self.bound.bytes {
            return false;
        }
        self.sweep(now);
        for name in names.into_iter().flatten().filter(|name| matches!(name, Name::Identity(_))) {
            let oldest = self.index.places(name).nth(OF_IDENTITY_MAX - 1);
            if let Some(oldest) = oldest {
                self.give_up(oldest, now);
            }
        }
        while self.by_digest.len() >= self.bound.entries
            || self.counters.bytes + entry.cost() > self.bound.bytes
        {
            let Some(place) = self.least_used(now) else { return false };
            self.give_up(place, now);
        }
        let place = self.free.pop().or_else(|| Place::try_from(self.places.len()).ok());
        let Some(place) = place else { return false };
        self.counters.stores += 1;
        self.counters.bytes += entry.cost();
        self.by_digest.insert(entry.digest, place);
        self.index.insert(place, names);
        if at(place) == self.places.len() {
            self.places.push(Some(entry));
        } else {
            self.places[at(place)] = Some(entry);
        }
        true
    }

    /// Forgets what has this digest.
    pub(super) fn remove(&mut self, digest: &Digest) -> Option<Entry<V>> {
        let place = *self.by_digest.get(digest)?;
        self.take(place)
    }

    /// Forgets everything of this name, or everything; but for what is at least as new as `sequence`. Returns how many.
    pub(super) fn invalidate(&mut self, name: Option<Name>, sequence: Option<u64>) -> usize {
        let all = self.by_digest.len();
        let Some(sequence) = sequence else {
            let Some(name) = name else {
                self.clear();
                return all;
            };
            return self.take_all(self.index.places(name).collect());
        };
        let is_older = |place: &Place| {
            let entry = self.places.get(at(*place)).and_then(Option::as_ref);
            entry.is_some_and(|entry| entry.as_of.is_none_or(|as_of| as_of < sequence))
        };
        let older = match name {
            Some(name) => self.index.places(name).filter(is_older).collect(),
            None => self.by_digest.values().copied().filter(is_older).collect(),
        };
        self.take_all(older)
    }

    fn take_all(&mut self, places: Vec<Place>) -> usize {
        places.into_iter().filter_map(|place| self.take(place)).count()
    }

    fn clear(&mut self) {
        self.places = Vec::new();
        self.free = Vec::new();
        self.by_digest = HashMap::new();
        self.index.clear();
        self.counters.bytes = 0;
    }

    fn take(&mut self, place: Place) -> Option<Entry<V>> {
        let entry = self.places.get_mut(at(place))?.take()?;
        self.by_digest.remove(&entry.digest);
        self.index.remove(place);
        self.free.push(place);
        self.counters.bytes = self.counters.bytes.saturating_sub(entry.cost());
        Some(entry)
    }

    /// It gives its place to others.
    fn give_up(&mut self, place: Place, now: Duration) {
        let Some(entry) = self.take(place) else { return };
        if entry.is_fresh(now) {
            self.counters.evictions += 1;
        } else {
            self.counters.expired += 1;
        }
    }

    /// The next one that nobody has looked for since the hand came by last.
    fn least_used(&mut self, now: Duration) -> Option<Place> {
        for _ in 0..2 * self.places.len() {
            let place = self.hand % self.places.len();
            self.hand = place + 1;
            if let Some(entry) = &self.places[place]
                && (!entry.is_used.replace(false) || !entry.is_fresh(now))
            {
                return Place::try_from(place).ok();
            }
        }
        None
    }

    fn sweep(&mut self, now: Duration) {
        for _ in 0..SWEPT.min(self.places.len()) {
            let place = self.broom % self.places.len();
            self.broom = place + 1;
            if self.places[place].as_ref().is_some_and(|entry| entry.is_gone(now)) {
                self.give_up(Place::try_from(place).unwrap_or(Place::MAX), now);
            }
        }
    }
}
