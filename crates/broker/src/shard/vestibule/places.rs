use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

/// Connections of one shard and one listener that may be in the vestibule at once: more are closed. A handshake holds some 30 KB.
const PLACES: usize = 1024;
/// How many of them may be of one address. Who comes from this machine may be a proxy, with the clients of many.
const OF_ADDRESS_MAX: usize = 256;

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

/// Bounds handshakes in progress at a door.
#[derive(Debug, Default)]
pub(super) struct Places {
    taken_count: Cell<usize>,
    of_address: RefCell<HashMap<IpAddr, usize>>,
}

/// One of the places, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Rc<Places>,
    address: Option<IpAddr>,
}

impl Places {
    /// Takes a place for somebody of this network; `None` when there is none.
    pub(super) fn take(self: &Rc<Self>, network: Option<IpAddr>) -> Option<Place> {
        if self.taken_count.get() >= PLACES {
            return None;
        }
        self.taken_count.set(self.taken_count.get() + 1);
        let mut place = Place { places: self.clone(), address: None };
        place.is_of(network).then_some(place)
    }
}

impl Place {
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
        self.places.taken_count.set(self.places.taken_count.get().saturating_sub(1));
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
        let take = |network| (0..2 * PLACES).map_while(|_| places.take(network)).collect::<Vec<_>>();
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
        let crowd: Vec<_> = (0..2 * PLACES).map_while(|_| rooms.of(1).take(None)).collect();
        assert_eq!((crowd.len(), rooms.of(1).take(None).is_none()), (PLACES, true));
        assert!(rooms.of(2).take(None).is_some());
        drop(crowd);
        assert!(rooms.of(3).take(None).is_some());
        assert_eq!(rooms.0.borrow().len(), 1, "and nothing is kept of doors that nobody stands at");
    }

    #[test]
    fn a_proxy_counts_as_those_for_whom_it_connects() {
        let places: Rc<Places> = Rc::default();
        let mut of_proxy: Vec<_> = (0..=OF_ADDRESS_MAX).filter_map(|_| places.take(None)).collect();
        assert_eq!(of_proxy.len(), OF_ADDRESS_MAX + 1);
        let accepted =
            of_proxy.iter_mut().map(|place| place.is_of(address(1))).filter(|is_of| *is_of).count();
        assert_eq!(accepted, OF_ADDRESS_MAX);
    }
}
