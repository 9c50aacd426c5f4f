use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;
use vouchmq_mqtt::time::Timestamp;

/// Connections of one shard and one listener that may be in the vestibule at once. A handshake holds some 30 KB.
const PLACES: usize = 1024;
/// How many of them may be of one address. Who comes from this machine may be a proxy, with the clients of many.
const OF_ADDRESS_MAX: usize = 256;
/// How long somebody says nothing before its place is given to another, when there is no other.
const SILENCE: Duration = Duration::from_secs(1);

/// Bounds handshakes in progress, at each door for itself: a crowd at one closes no other.
#[derive(Debug, Default)]
pub(super) struct Rooms(RefCell<HashMap<u64, Rc<Places>>>);

impl Rooms {
    /// The places of a door.
    pub(super) fn of(&self, door: u64) -> Rc<Places> {
        let mut rooms = self.0.borrow_mut();
        if !rooms.contains_key(&door) {
            // doors come and go
            rooms.retain(|_, places| places.taken_count.get() > 0);
        }
        rooms.entry(door).or_default().clone()
    }
}

/// Bounds handshakes in progress at a door. When all places are taken, who has been silent the longest makes room.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken_count: Cell<usize>,
    /// Those who are waited for, by since when.
    silent: RefCell<BTreeMap<Silent, Rc<Notify>>>,
    next_number: Cell<u64>,
    of_address: RefCell<HashMap<IpAddr, usize>>,
}

/// Since when nothing has come, and the number that no other of the door has.
type Silent = (Timestamp, u64);

/// One of the places, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Rc<Places>,
    number: u64,
    /// `None` while it is this machine that is waited for.
    silent_since: Option<Timestamp>,
    eviction: Rc<Notify>,
    address: Option<IpAddr>,
}

impl Places {
    /// Takes a place for somebody of this network; `None` when there is none.
    pub(super) fn take(self: &Rc<Self>, now: Timestamp, network: Option<IpAddr>) -> Option<Place> {
        let number = self.next_number.get();
        self.next_number.set(number + 1);
        self.taken_count.set(self.taken_count.get() + 1);
        let (places, eviction) = (self.clone(), Rc::default());
        let mut place = Place { places, number, silent_since: None, eviction, address: None };
        // Too many of one network take no place of others.
        if !place.is_of(network) || (self.taken_count.get() > PLACES && !self.evict(now)) {
            return None;
        }
        place.waits(now);
        Some(place)
    }

    /// Ends the one that has been silent the longest; `false` when nobody has been for long.
    fn evict(&self, now: Timestamp) -> bool {
        let mut silent = self.silent.borrow_mut();
        let Some(longest) = silent.first_entry().filter(|first| now.since(first.key().0) >= SILENCE) else {
            return false;
        };
        longest.remove().notify_one();
        self.give_back();
        true
    }

    fn give_back(&self) {
        self.taken_count.set(self.taken_count.get().saturating_sub(1));
    }
}

impl Place {
    /// Tells when the place is needed for another.
    pub(super) fn eviction(&self) -> Rc<Notify> {
        self.eviction.clone()
    }

    /// The client is waited for, from now on.
    pub(super) fn waits(&mut self, now: Timestamp) {
        if self.silent_since.is_none() {
            self.silent_since = Some(now);
            self.places.silent.borrow_mut().insert((now, self.number), self.eviction.clone());
        }
    }

    /// Something has come, and the client waits for this machine; `false` when its place is another's already.
    pub(super) fn hears(&mut self) -> bool {
        let Some(since) = self.silent_since else { return true };
        let is_here = self.places.silent.borrow_mut().remove(&(since, self.number)).is_some();
        if is_here {
            self.silent_since = None;
        }
        is_here
    }

    /// The place is for somebody of this network; `false` when too many of it have one.
    pub(super) fn is_of(&mut self, network: Option<IpAddr>) -> bool {
        let Some(address) = network.filter(|address| !address.is_loopback()) else { return true };
        let mut of_address = self.places.of_address.borrow_mut();
        let count = of_address.entry(address).or_default();
        if *count >= OF_ADDRESS_MAX {
            return false;
        }
        *count += 1;
        self.address = Some(address);
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.hears() {
            self.places.give_back();
        }
        let Some(address) = self.address else { return };
        let mut of_address = self.places.of_address.borrow_mut();
        if let Some(count) = of_address.get_mut(&address) {
            *count -= 1;
            if *count == 0 {
                of_address.remove(&address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([192, 0, 2, last]))
    }

    #[test]
    fn one_address_leaves_most_places_to_others() {
        let places: Rc<Places> = Rc::default();
        let take = |network| {
            (0..2 * PLACES).map_while(|_| places.take(Timestamp::ZERO, network)).collect::<Vec<_>>()
        };
        let of_one = take(address(1));
        assert_eq!(of_one.len(), OF_ADDRESS_MAX);
        let of_other = take(address(2));
        assert_eq!(of_other.len(), OF_ADDRESS_MAX);
        let local = take(Some(IpAddr::from([127, 0, 0, 1])));
        assert_eq!(local.len(), PLACES - 2 * OF_ADDRESS_MAX, "and no more in all");
        drop((of_one, of_other, local));
        assert_eq!((places.taken_count.get(), places.of_address.borrow().len()), (0, 0));
    }

    #[test]
    fn a_crowd_at_one_door_takes_no_place_of_another() {
        let rooms = Rooms::default();
        let crowd: Vec<_> = (0..2 * PLACES).map_while(|_| rooms.of(1).take(Timestamp::ZERO, None)).collect();
        assert_eq!((crowd.len(), rooms.of(1).take(Timestamp::ZERO, None).is_none()), (PLACES, true));
        assert!(rooms.of(2).take(Timestamp::ZERO, None).is_some());
        drop(crowd);
        assert!(rooms.of(3).take(Timestamp::ZERO, None).is_some());
        assert_eq!(rooms.0.borrow().len(), 1, "and nothing is kept of doors that nobody stands at");
    }

    #[test]
    fn a_proxy_counts_as_those_for_whom_it_connects() {
        let places: Rc<Places> = Rc::default();
        let mut of_proxy: Vec<_> =
            (0..=OF_ADDRESS_MAX).filter_map(|_| places.take(Timestamp::ZERO, None)).collect();
        assert_eq!(of_proxy.len(), OF_ADDRESS_MAX + 1);
        let accepted =
            of_proxy.iter_mut().map(|place| place.is_of(address(1))).filter(|is_of| *is_of).count();
        assert_eq!(accepted, OF_ADDRESS_MAX);
    }

    /// Something came of somebody, which was done; `false` when its place is another's.
    fn heard(place: &mut Place, at: Timestamp) -> bool {
        let is_here = place.hears();
        if is_here {
            place.waits(at);
        }
        is_here
    }

    #[test]
    fn who_has_been_silent_the_longest_makes_room() {
        let at = |millis: u64| Timestamp::from_micros(millis * 1000);
        let places: Rc<Places> = Rc::default();
        let mut crowd: Vec<_> = (0..PLACES).filter_map(|_| places.take(at(0), None)).collect();
        assert!(places.take(at(999), None).is_none(), "nobody has been silent for long");
        crowd.iter_mut().rev().for_each(|place| assert!(heard(place, at(500))));
        crowd.iter_mut().skip(2).for_each(|place| assert!(heard(place, at(1500))));
        let newcomers: Vec<_> = (0..5).filter_map(|_| places.take(at(1500), None)).collect();
        assert_eq!(newcomers.len(), 2, "all others were heard");
        let evicted: Vec<_> = crowd.iter_mut().map(|place| !place.hears()).collect();
        assert!(evicted[0] && evicted[1] && evicted.iter().filter(|is| **is).count() == 2);
        assert!(places.take(at(60_000), None).is_some_and(|_| true), "the newcomers say nothing either");
        assert_eq!(places.taken_count.get(), PLACES - 1, "one left with its newcomer");
        drop(crowd);
        assert_eq!(places.taken_count.get(), 1, "who was evicted gives back no place of another");
        drop(newcomers);
        assert_eq!((places.taken_count.get(), places.silent.borrow().len()), (0, 0));
    }

    #[test]
    fn who_waits_for_this_machine_is_not_silent() {
        let places: Rc<Places> = Rc::default();
        let mut crowd: Vec<_> = (0..PLACES).filter_map(|_| places.take(Timestamp::ZERO, None)).collect();
        assert!(crowd.iter_mut().all(Place::hears));
        let later = Timestamp::from_micros(5_000_000);
        assert!(places.take(later, None).is_none());
        crowd.iter_mut().for_each(|place| place.waits(later));
        assert!(places.take(later.after(SILENCE), None).is_some());
    }

    #[test]
    fn a_crowd_of_one_address_evicts_no_more_than_it_may_have() {
        let places: Rc<Places> = Rc::default();
        let mut silent: Vec<_> = (0..PLACES).filter_map(|_| places.take(Timestamp::ZERO, None)).collect();
        let later = Timestamp::from_micros(5_000_000);
        let crowd: Vec<_> = (0..PLACES).filter_map(|_| places.take(later, address(1))).collect();
        assert_eq!(crowd.len(), OF_ADDRESS_MAX);
        let evicted_count = silent.iter_mut().map(|place| usize::from(!place.hears())).sum::<usize>();
        assert_eq!(evicted_count, OF_ADDRESS_MAX);
    }
}
