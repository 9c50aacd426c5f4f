use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;

/// Connections of one shard that may be in the vestibule at once: more are closed. A handshake holds some 30 KB.
const PLACES: usize = 1024;
/// How many of them may be of one address. Who comes from this machine may be a proxy, with the clients of many.
const OF_ADDRESS_MAX: usize = 256;

/// Bounds handshakes in progress.
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
    fn a_proxy_counts_as_those_for_whom_it_connects() {
        let places: Rc<Places> = Rc::default();
        let mut of_proxy: Vec<_> = (0..=OF_ADDRESS_MAX).filter_map(|_| places.take(None)).collect();
        assert_eq!(of_proxy.len(), OF_ADDRESS_MAX + 1);
        let accepted =
            of_proxy.iter_mut().map(|place| place.is_of(address(1))).filter(|is_of| *is_of).count();
        assert_eq!(accepted, OF_ADDRESS_MAX);
    }
}
