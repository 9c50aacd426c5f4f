use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// How many connections there are, in all and from each address.
#[derive(Debug)]
pub(super) struct Crowd {
    counts: Mutex<Counts>,
    all_max: usize,
    each_max: usize,
}

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    each: HashMap<IpAddr, usize>,
}

/// A place in a [`Crowd`], given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    network: Option<IpAddr>,
}

// === impl Crowd ===

impl Crowd {
    pub(super) fn new(all_max: usize, each_max: usize) -> Self {
        Self { counts: Mutex::default(), all_max, each_max }
    }

    /// A place for one more; `None` if it would be too many. Loopback counts in all only.
    pub(super) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let network = (!address.to_canonical().is_loopback()).then(|| network_of(address));
        let mut counts = self.lock();
        let is_crowded =
            network.is_some_and(|network| counts.each.get(&network).is_some_and(|n| *n >= self.each_max));
        if counts.all >= self.all_max || is_crowded {
            return None;
        }
        counts.all += 1;
        if let Some(network) = network {
            *counts.each.entry(network).or_default() += 1;
        }
        drop(counts);
        Some(Place { crowd: self.clone(), network })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut counts = self.crowd.lock();
        counts.all = counts.all.saturating_sub(1);
        let Some(network) = self.network else { return };
        if let Some(count) = counts.each.get_mut(&network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                counts.each.remove(&network);
            }
        }
    }
}

/// What counts as one neighbour: an IPv4 address, or the /64 that one IPv6 host can have all of.
pub(crate) fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_in_all_and_for_each_neighbour_but_loopback() {
        let crowd = Arc::new(Crowd::new(4, 2));
        let at = |text: &str| crowd.enter(text.parse().unwrap());
        let held = [at("10.0.0.1"), at("::ffff:10.0.0.1")];
        assert!(at("10.0.0.1").is_none(), "two of one address");
        let more = [at("127.0.0.1"), at("127.0.0.1")];
        assert!(at("10.0.0.2").is_none(), "four in all");
        drop(more);
        assert!(at("10.0.0.1").is_none());
        drop(held);
        let neighbours = [at("2001:db8::1"), at("2001:db8::2")];
        assert!(at("2001:db8::3").is_none(), "one host has a /64");
        assert!(at("2001:db8:0:1::").is_some());
        drop(neighbours);
        assert!(crowd.lock().each.is_empty(), "nothing is kept of who is gone");
    }
}
