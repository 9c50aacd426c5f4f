//! Questions that are put once for all who wait for the answer.

use std::collections::{HashMap, VecDeque};
use std::mem::take;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;

use super::cache::Key;

#[cfg(test)]
mod tests;

/// Who waits for an answer.
pub trait Passenger: Send {
    /// Whether it still does: its client may be gone.
    fn is_wanted(&self) -> bool;
}

/// Questions that are being asked, each by the first who wanted to know; whoever wants to know the same, password
/// included, waits for that answer.
pub struct Flights<P: Passenger>(Arc<Inner<P>>);

/// What becomes of one who wants to know.
#[derive(Debug)]
#[must_use]
pub enum Boarding<P: Passenger> {
    /// It has to ask, for itself and for those who will join.
    Lead(Lead<P>, P),
    /// It waits for who asks already.
    Joined,
    /// Too many wait for this answer.
    Full(P),
}

/// The right and the duty to ask. Dropped before [`landed`](Self::land), as when its client has gone, it passes to the
/// next who still waits.
#[must_use]
pub struct Lead<P: Passenger> {
    key: Key,
    flights: Weak<Inner<P>>,
}

/// How many questions were put, and how many were not because of that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FlightCounters {
    /// Those who asked.
    pub leads: u64,
    /// Those who joined them.
    pub joins: u64,
    /// Those who could not: too many wait.
    pub refused: u64,
    /// Those who had joined and had to ask when the one before went away.
    pub handed_over: u64,
    /// Questions that are being asked now.
    pub flights: usize,
}

struct Inner<P: Passenger> {
    waiting: Mutex<HashMap<Key, VecDeque<P>>>,
    joiners_max: usize,
    relaunch: Box<dyn Fn(Lead<P>, P) + Send + Sync>,
    leads: AtomicU64,
    joins: AtomicU64,
    refused: AtomicU64,
    handed_over: AtomicU64,
}

// === impl Flights ===

impl<P: Passenger> Flights<P> {
    /// At most `joiners_max` wait for one answer. `relaunch` begins to ask anew for one who has joined, when the one
    /// before has gone: it is quick, as it runs wherever that one was dropped.
    pub fn new(joiners_max: usize, relaunch: impl Fn(Lead<P>, P) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Inner {
            waiting: Mutex::default(),
            joiners_max,
            relaunch: Box::new(relaunch),
            leads: AtomicU64::new(0),
            joins: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            handed_over: AtomicU64::new(0),
        }))
    }

    /// Wants to know.
    pub fn board(&self, key: Key, passenger: P) -> Boarding<P> {
        let inner = &self.0;
        // Dropped outside the lock: what they drop may do anything.
        let mut gone = VecDeque::new();
        let mut waiting = inner.waiting.lock();
        let Some(others) = waiting.get_mut(&key) else {
            waiting.insert(key, VecDeque::new());
            inner.leads.fetch_add(1, Ordering::Relaxed);
            return Boarding::Lead(Lead { key, flights: Arc::downgrade(inner) }, passenger);
        };
        if others.len() >= inner.joiners_max {
            // Whoever has gone keeps no place.
            (*others, gone) = take(others).into_iter().partition(Passenger::is_wanted);
        }
        if others.len() >= inner.joiners_max {
            inner.refused.fetch_add(1, Ordering::Relaxed);
            return Boarding::Full(passenger);
        }
        others.push_back(passenger);
        inner.joins.fetch_add(1, Ordering::Relaxed);
        drop(waiting);
        drop(gone);
        Boarding::Joined
    }

    /// What happened so far, and what there is now.
    pub fn counters(&self) -> FlightCounters {
        let inner = &self.0;
        FlightCounters {
            leads: inner.leads.load(Ordering::Relaxed),
            joins: inner.joins.load(Ordering::Relaxed),
            refused: inner.refused.load(Ordering::Relaxed),
            handed_over: inner.handed_over.load(Ordering::Relaxed),
            flights: inner.waiting.lock().len(),
        }
    }
}

impl<P: Passenger> Clone for Flights<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<P: Passenger> std::fmt::Debug for Flights<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Flights").field(&self.counters()).finish()
    }
}

// === impl Lead ===

impl<P: Passenger> Lead<P> {
    /// What is asked.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Whether nobody waits for the answer but, perhaps, who leads.
    pub fn is_alone(&self) -> bool {
        self.flights.upgrade().is_none_or(|inner| {
            let waiting = inner.waiting.lock();
            waiting.get(&self.key).is_none_or(|others| !others.iter().any(Passenger::is_wanted))
        })
    }

    /// The answer is there: those who wait for it, in the order in which they came. Whoever comes from now on asks
    /// anew, so store the answer first.
    pub fn land(mut self) -> impl Iterator<Item = P> + use<P> {
        let inner = take(&mut self.flights).upgrade();
        let others = inner.and_then(|inner| inner.waiting.lock().remove(&self.key));
        others.unwrap_or_default().into_iter()
    }
}

impl<P: Passenger> Drop for Lead<P> {
    fn drop(&mut self) {
        // Landed, or nobody is there any more.
        let Some(inner) = self.flights.upgrade() else { return };
        let mut gone = Vec::new();
        let next = {
            let mut waiting = inner.waiting.lock();
            let next = waiting.get_mut(&self.key).and_then(|others| {
                while let Some(next) = others.pop_front() {
                    if next.is_wanted() {
                        return Some(next);
                    }
                    gone.push(next);
                }
                None
            });
            if next.is_none() {
                waiting.remove(&self.key);
            }
            next
        };
        // As above.
        drop(gone);
        let Some(next) = next else { return };
        inner.handed_over.fetch_add(1, Ordering::Relaxed);
        (inner.relaunch)(Self { key: self.key, flights: Arc::downgrade(&inner) }, next);
    }
}

impl<P: Passenger> std::fmt::Debug for Lead<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lead").finish_non_exhaustive()
    }
}
