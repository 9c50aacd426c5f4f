use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::AbortHandle;

use super::HttpLimits;
use super::origin::Origin;
use super::watch::Watch;

/// Who is connected, in all and from each address.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    last: u64,
    all: HashMap<u64, Member>,
    each: HashMap<IpAddr, usize>,
}

/// A connection.
#[derive(Debug)]
struct Member {
    origin: Origin,
    /// Whom it counts for; nobody if it is exempt.
    network: Option<IpAddr>,
    watch: Arc<Watch>,
    task: Option<AbortHandle>,
}

/// A place in a [`Crowd`], given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
}

/// How somebody came in.
#[derive(Debug)]
pub(super) enum Entry {
    /// There was a place.
    Free(Place),
    /// Somebody who asked nothing was closed for it.
    Made(Place),
    /// There is none.
    Full,
}

// === impl Crowd ===

impl Crowd {
    /// A place for one more. Where there is none left for all, the connection goes that has asked nothing for the
    /// longest time: so many who say nothing cannot keep out those who ask. Who is exempt, and loopback, counts in all
    /// only.
    pub(super) fn enter(
        self: &Arc<Self>,
        origin: Origin,
        is_exempt: bool,
        limits: &HttpLimits,
        watch: Arc<Watch>,
    ) -> Entry {
        let address = origin.ip().to_canonical();
        let is_exempt = is_exempt || address.is_loopback();
        let network = (!is_exempt).then(|| network_of(address));
        let mut counts = self.lock();
        let of_network = |network| counts.each.get(&network).copied().unwrap_or_default();
        if network.is_some_and(|network| of_network(network) >= limits.connections_per_address_max) {
            return Entry::Full;
        }
        let is_full = counts.all.len() >= limits.connections_max;
        if is_full && !counts.displace() {
            return Entry::Full;
        }
        counts.last += 1;
        let number = counts.last;
        counts.all.insert(number, Member { origin, network, watch, task: None });
        if let Some(network) = network {
            *counts.each.entry(network).or_default() += 1;
        }
        let place = Place { crowd: self.clone(), number };
        if is_full { Entry::Made(place) } else { Entry::Free(place) }
    }

    /// Says which task serves the connection.
    pub(super) fn serves(&self, number: u64, task: AbortHandle) {
        // It may have ended already.
        if let Some(member) = self.lock().all.get_mut(&number) {
            member.task = Some(task);
        }
    }

    /// Closes all other connections; how many.
    pub(super) fn keep(&self, is_kept: impl Fn(Origin) -> bool) -> u64 {
        let mut counts = self.lock();
        let gone: Vec<u64> = counts
            .all
            .iter()
            .filter(|(_, member)| !is_kept(member.origin) && member.task.is_some())
            .map(|(number, _)| *number)
            .collect();
        gone.iter().for_each(|number| counts.close(*number));
        u64::try_from(gone.len()).unwrap_or(u64::MAX)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.lock().all.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    /// Closes the connection that has asked nothing for the longest time; whether there is one.
    fn displace(&mut self) -> bool {
        let waiting = self.all.iter().filter(|(_, member)| member.task.is_some());
        let waiting = waiting.filter_map(|(number, member)| Some((member.watch.waits_since()?, *number)));
        let Some((_, number)) = waiting.min() else { return false };
        self.close(number);
        true
    }

    fn close(&mut self, number: u64) {
        if let Some(task) = self.remove(number).and_then(|member| member.task) {
            task.abort();
        }
    }

    fn remove(&mut self, number: u64) -> Option<Member> {
        let member = self.all.remove(&number)?;
        if let Some(network) = member.network
            && let Some(count) = self.each.get_mut(&network)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.each.remove(&network);
            }
        }
        Some(member)
    }
}

// === impl Place ===

impl Place {
    pub(super) const fn number(&self) -> u64 {
        self.number
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.lock().remove(self.number);
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

    fn at(text: &str) -> Origin {
        Origin::Tcp((text.parse::<IpAddr>().unwrap(), 4711).into())
    }

    struct Door {
        crowd: Arc<Crowd>,
        limits: Arc<HttpLimits>,
    }

    impl Door {
        fn new(all_max: usize, each_max: usize) -> Self {
            let limits = HttpLimits {
                connections_max: all_max,
                connections_per_address_max: each_max,
                ..HttpLimits::default()
            };
            Self { crowd: Arc::default(), limits: Arc::new(limits) }
        }

        fn enter(&self, text: &str, is_exempt: bool) -> Option<Place> {
            let watch = Arc::new(Watch::start(self.limits.clone()));
            match self.crowd.enter(at(text), is_exempt, &self.limits, watch) {
                Entry::Free(place) | Entry::Made(place) => Some(place),
                Entry::Full => None,
            }
        }
    }

    #[test]
    fn places_are_bounded_in_all_and_for_each_neighbour_but_loopback() {
        let door = Door::new(4, 2);
        let at = |text: &str| door.enter(text, false);
        let held = [at("10.0.0.1"), at("::ffff:10.0.0.1")];
        assert!(at("10.0.0.1").is_none(), "two of one address");
        let more = [at("127.0.0.1"), at("127.0.0.1")];
        assert!(at("10.0.0.2").is_none(), "four in all, and nobody who could be closed");
        drop(more);
        assert!(at("10.0.0.1").is_none());
        assert!(door.enter("10.0.0.1", true).is_some(), "a proxy");
        drop(held);
        let neighbours = [at("2001:db8::1"), at("2001:db8::2")];
        assert!(at("2001:db8::3").is_none(), "one host has a /64");
        assert!(at("2001:db8:0:1::").is_some());
        drop(neighbours);
        assert!(door.crowd.lock().each.is_empty(), "nothing is kept of who is gone");
        assert_eq!(door.crowd.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_asked_nothing_for_the_longest_time_makes_room() {
        let door = Door::new(3, 3);
        let mut members = Vec::new();
        for _ in 0..3 {
            let watch = Arc::new(Watch::start(door.limits.clone()));
            let Entry::Free(place) = door.crowd.enter(at("10.0.0.1"), true, &door.limits, watch.clone())
            else {
                unreachable!("there is a place")
            };
            let task = tokio::spawn(std::future::pending::<()>());
            door.crowd.serves(place.number(), task.abort_handle());
            members.push((watch, place, task));
            tokio::time::advance(std::time::Duration::from_secs(1)).await;
        }
        members[0].0.began();
        let newcomer = door.enter("10.0.0.2", false);
        assert!(newcomer.is_some());
        let [(_, _, busy), (_, _, oldest), (_, _, younger)] = &mut members[..] else { unreachable!("three") };
        assert!(oldest.await.unwrap_err().is_cancelled());
        assert!(!busy.is_finished() && !younger.is_finished());
        assert_eq!(door.crowd.len(), 3);
        drop(members);
        assert_eq!(door.crowd.len(), 1, "a place is given back once");
    }
}
