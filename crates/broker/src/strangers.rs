use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

/// Bytes that a connection may send before it is let in, whatever others do: enough for the CONNECT of an honest
/// client, and not more than a connection costs anyway.
const FREE: u32 = 4096;
/// The budget is never smaller, however little memory there is.
const BYTES_MIN: u64 = 8 * 1024 * 1024;
/// What part of the budget one address may have.
const OF_ADDRESS: u64 = 4;

/// Bounds what the process holds of clients that it does not know yet.
///
/// One of them may send as much as a large CONNECT takes; thousands of them together may not, and those of one address
/// leave most of it to others. What counts is what was
/// received, since it waits in one place or another (for the rest of its packet, for its verdict) until the client
/// is let in or is gone.
#[derive(Debug)]
pub(crate) struct Strangers {
    held: Mutex<Held>,
    bytes_max: AtomicU64,
}

#[derive(Debug, Default)]
struct Held {
    bytes: u64,
    /// Never 0.
    of_address: HashMap<IpAddr, u64>,
}

/// Bytes that one connection sent before it was let in. What is beyond [`FREE`] is taken of the budget.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken(u32);

impl Strangers {
    /// An eighth of the memory that the process may take.
    pub(crate) fn new(memory_bytes_max: Option<u64>) -> Self {
        Self { held: Mutex::default(), bytes_max: share_of(memory_bytes_max).into() }
    }

    /// The process may take more memory now, or less.
    pub(crate) fn set_memory(&self, memory_bytes_max: Option<u64>) {
        self.bytes_max.store(share_of(memory_bytes_max), Ordering::Relaxed);
    }

    /// A stranger at `network` sent `count` bytes; `false` when they are too many, and must not be kept.
    pub(crate) fn take(&self, network: Option<IpAddr>, taken: &mut Taken, count: usize) -> bool {
        let received = u32::try_from(count).ok().and_then(|count| taken.0.checked_add(count));
        let Some(received) = received.map(Taken) else { return false };
        let more = received.charge() - taken.charge();
        if more > 0 && !self.held.lock().take(network, more, self.bytes_max.load(Ordering::Relaxed)) {
            return false;
        }
        *taken = received;
        true
    }

    /// A connection is no stranger any more, or is gone.
    pub(crate) fn give_back(&self, network: Option<IpAddr>, taken: Taken) {
        if taken.charge() > 0 {
            self.held.lock().give_back(network, taken.charge());
        }
    }

    /// Bytes that strangers have taken of the budget.
    pub(crate) fn byte_count(&self) -> u64 {
        self.held.lock().bytes
    }
}

fn share_of(memory_bytes_max: Option<u64>) -> u64 {
    memory_bytes_max.map_or(BYTES_MIN, |max| max / 8).max(BYTES_MIN)
}

impl Held {
    fn take(&mut self, network: Option<IpAddr>, more: u64, max: u64) -> bool {
        let watched = watched(network);
        let of_address = watched.and_then(|ip| self.of_address.get(&ip)).copied().unwrap_or(0) + more;
        if self.bytes + more > max || (watched.is_some() && of_address > max / OF_ADDRESS) {
            return false;
        }
        self.bytes += more;
        if let Some(ip) = watched {
            self.of_address.insert(ip, of_address);
        }
        true
    }

    fn give_back(&mut self, network: Option<IpAddr>, count: u64) {
        self.bytes -= count;
        let Some(ip) = watched(network) else { return };
        if let Some(of_address) = self.of_address.get_mut(&ip) {
            *of_address -= count;
            if *of_address == 0 {
                self.of_address.remove(&ip);
            }
        }
    }
}

/// An address that has a bound of its own. Who comes from this machine may be a proxy, with the clients of many.
fn watched(network: Option<IpAddr>) -> Option<IpAddr> {
    network.filter(|ip| !ip.is_loopback())
}

impl Taken {
    fn charge(self) -> u64 {
        u64::from(self.0.saturating_sub(FREE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGE: usize = 60_000;

    fn address(number: u32) -> Option<IpAddr> {
        Some(IpAddr::from(number.to_be_bytes()))
    }

    /// Takes large beginnings until one is refused, each from where `of` says.
    fn flood(strangers: &Strangers, of: impl Fn(u32) -> Option<IpAddr>) -> Vec<(Option<IpAddr>, Taken)> {
        let take = |number| {
            let (network, mut taken) = (of(number), Taken::default());
            strangers.take(network, &mut taken, LARGE).then_some((network, taken))
        };
        (0..1000).map_while(take).collect()
    }

    #[test]
    fn many_large_beginnings_are_bounded_and_a_small_one_is_always_taken() {
        for of in [address as fn(u32) -> _, |_| None, |_| Some(IpAddr::from([127, 0, 0, 1]))] {
            let strangers = Strangers::new(Some(0));
            let crowd = flood(&strangers, of);
            assert!(
                strangers.byte_count() <= BYTES_MIN && (100..200).contains(&crowd.len()),
                "{}",
                crowd.len()
            );
            let mut honest = Taken::default();
            let taken = |honest: &mut Taken, count| strangers.take(address(7), honest, count);
            assert!(taken(&mut honest, 300) && taken(&mut honest, 300));
            assert!(!taken(&mut honest, LARGE));
            crowd.into_iter().for_each(|(network, taken)| strangers.give_back(network, taken));
            assert_eq!(strangers.byte_count(), 0);
            assert!(taken(&mut honest, LARGE), "there is room again");
        }
    }

    #[test]
    fn one_address_leaves_most_of_the_budget_to_others() {
        let strangers = Strangers::new(Some(0));
        let crowd = flood(&strangers, |_| address(1));
        assert!(strangers.byte_count() <= BYTES_MIN / 4 && crowd.len() > 30, "{}", crowd.len());
        let others = flood(&strangers, |number| address(2 + number));
        assert!(others.len() > 90, "{}", others.len());
        crowd.into_iter().chain(others).for_each(|(network, taken)| strangers.give_back(network, taken));
        let held = strangers.held.lock();
        assert_eq!((held.bytes, held.of_address.len()), (0, 0));
    }

    #[test]
    fn what_comes_in_small_pieces_counts_as_well() {
        let (strangers, mut taken) = (Strangers::new(Some(0)), Taken::default());
        for _ in 0..LARGE {
            assert!(strangers.take(address(1), &mut taken, 1));
        }
        assert_eq!(strangers.byte_count(), LARGE as u64 - u64::from(FREE));
    }

    #[test]
    fn the_budget_is_a_share_of_the_memory() {
        assert_eq!(share_of(Some(800 << 20)), 100 << 20);
        assert_eq!(share_of(Some(1)), BYTES_MIN);
        assert_eq!(share_of(None), BYTES_MIN);
    }
}
