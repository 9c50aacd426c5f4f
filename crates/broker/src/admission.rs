//! Who may open a connection: bounds on all connections, on one address, on memory.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use vouchmq_mqtt::time::Timestamp;

use crate::offences::{Judgement, Offences};
use crate::transport::Peer;

/// Addresses whose connections and rates are remembered.
const ADDRESSES_MAX: usize = 65_536;

/// Bounds on connections; 0 = none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnectionLimits {
    pub(crate) total_max: usize,
    pub(crate) per_address_max: usize,
    pub(crate) connects_per_address_per_sec: u32,
}

/// Counts connections and refuses those that are too many. Shared by all shards.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: ConnectionLimits,
    open_count: AtomicUsize,
    is_memory_short: AtomicBool,
    addresses: Mutex<Addresses>,
    failed_logins: Mutex<Offences<IpAddr>>,
    pub(crate) counters: Counters,
}

/// What the runtime counted since its start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) accepted: AtomicU64,
    pub(crate) refused_total: AtomicU64,
    pub(crate) refused_address: AtomicU64,
    pub(crate) refused_rate: AtomicU64,
    pub(crate) refused_memory: AtomicU64,
    pub(crate) accept_pauses: AtomicU64,
    pub(crate) blocked_logins: AtomicU64,
    pub(crate) log_lines_suppressed: AtomicU64,
}

#[derive(Debug, Default)]
struct Addresses {
    known: HashMap<IpAddr, Address>,
    /// No sooner is it worth to look for addresses that can be forgotten.
    sweep_at: Timestamp,
}

#[derive(Debug, Default)]
struct Address {
    open_count: usize,
    /// When its connections so far would have come at the allowed rate.
    busy_until: Timestamp,
}

impl Admission {
    pub(crate) fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            open_count: AtomicUsize::new(0),
            is_memory_short: AtomicBool::new(false),
            addresses: Mutex::new(Addresses::default()),
            failed_logins: Mutex::new(Offences::new()),
            counters: Counters::default(),
        }
    }

    /// Counts a new connection in; `false` when it is one too many.
    pub(crate) fn admit(&self, now: Timestamp, peer: Peer) -> bool {
        let refused = |counter: &AtomicU64| {
            counter.fetch_add(1, Ordering::Relaxed);
            false
        };
        if self.is_memory_short.load(Ordering::Relaxed) {
            return refused(&self.counters.refused_memory);
        }
        let open_count = self.open_count.fetch_add(1, Ordering::Relaxed);
        if self.limits.total_max > 0 && open_count >= self.limits.total_max {
            self.open_count.fetch_sub(1, Ordering::Relaxed);
            return refused(&self.counters.refused_total);
        }
        if let Err(counter) = self.admit_address(now, peer) {
            self.open_count.fetch_sub(1, Ordering::Relaxed);
            return refused(counter);
        }
        self.counters.accepted.fetch_add(1, Ordering::Relaxed);
        true
    }

    /// Counts a connection out.
    pub(crate) fn release(&self, peer: Peer) {
        self.open_count.fetch_sub(1, Ordering::Relaxed);
        if !self.watches_addresses() {
            return;
        }
        let Some(ip) = peer.network() else { return };
        if let Some(address) = self.addresses.lock().known.get_mut(&ip) {
            address.open_count = address.open_count.saturating_sub(1);
        }
    }

    pub(crate) fn open_count(&self) -> usize {
        self.open_count.load(Ordering::Relaxed)
    }

    /// Memory is short: nobody new is let in until it is not.
    pub(crate) fn set_memory_short(&self, is_short: bool) {
        self.is_memory_short.store(is_short, Ordering::Relaxed);
    }

    /// A client of this address gave a wrong user name or password.
    pub(crate) fn login_failed(&self, now: Timestamp, peer: Peer) {
        if let Some(ip) = peer.network().filter(|ip| !ip.is_loopback()) {
            self.failed_logins.lock().record(now, &ip);
        }
    }

    /// What a login from this address meets.
    pub(crate) fn judge_login(&self, now: Timestamp, peer: Peer) -> Judgement {
        let Some(ip) = peer.network().filter(|ip| !ip.is_loopback()) else { return Judgement::Free };
        self.failed_logins.lock().judge(now, &ip)
    }

    fn watches_addresses(&self) -> bool {
        self.limits.per_address_max > 0 || self.limits.connects_per_address_per_sec > 0
    }

    fn admit_address(&self, now: Timestamp, peer: Peer) -> Result<(), &AtomicU64> {
        if !self.watches_addresses() {
            return Ok(());
        }
        let Some(ip) = peer.network() else { return Ok(()) };
        let mut addresses = self.addresses.lock();
        let address = addresses.get_or_insert(now, ip);
        if self.limits.per_address_max > 0 && address.open_count >= self.limits.per_address_max {
            return Err(&self.counters.refused_address);
        }
        if self.limits.connects_per_address_per_sec > 0 {
            let each = Duration::from_secs(1) / self.limits.connects_per_address_per_sec;
            if address.busy_until.since(now) > Duration::from_secs(1) {
                return Err(&self.counters.refused_rate);
            }
            address.busy_until = address.busy_until.max(now).after(each);
        }
        address.open_count += 1;
        Ok(())
    }
}

impl Addresses {
    /// What is known of an address. Those of which there is nothing to know are forgotten, at most once a
    /// second; those that have connections are as many as there are connections.
    fn get_or_insert(&mut self, now: Timestamp, ip: IpAddr) -> &mut Address {
        if self.known.len() >= ADDRESSES_MAX && now >= self.sweep_at && !self.known.contains_key(&ip) {
            self.known.retain(|_, known| known.open_count > 0 || known.busy_until > now);
            self.sweep_at = now.after(Duration::from_secs(1));
        }
        self.known.entry(ip).or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(last: u8) -> Peer {
        Peer::Address(([192, 0, 2, last], 1).into())
    }

    #[test]
    fn connections_above_the_bound_are_refused_until_one_is_released() {
        let admission = Admission::new(ConnectionLimits { total_max: 2, ..Default::default() });
        assert!(admission.admit(Timestamp::ZERO, peer(1)) && admission.admit(Timestamp::ZERO, peer(2)));
        assert!(!admission.admit(Timestamp::ZERO, peer(3)));
        assert_eq!(admission.counters.refused_total.load(Ordering::Relaxed), 1);
        admission.release(peer(1));
        assert!(admission.admit(Timestamp::ZERO, peer(3)));
        assert_eq!(admission.open_count(), 2);
    }

    #[test]
    fn an_address_has_its_own_bound_and_rate() {
        let limits = ConnectionLimits { per_address_max: 1, ..Default::default() };
        let admission = Admission::new(limits);
        assert!(admission.admit(Timestamp::ZERO, peer(1)));
        assert!(!admission.admit(Timestamp::ZERO, peer(1)));
        assert!(admission.admit(Timestamp::ZERO, peer(2)));

        let limits = ConnectionLimits { connects_per_address_per_sec: 5, ..Default::default() };
        let admission = Admission::new(limits);
        let admitted = (0..20).filter(|_| admission.admit(Timestamp::ZERO, peer(1))).count();
        assert!((5..=6).contains(&admitted), "{admitted}");
        assert!(admission.admit(Timestamp::from_micros(2_000_000), peer(1)));
    }

    #[test]
    fn loopback_is_never_blocked_for_failed_logins() {
        let admission = Admission::new(ConnectionLimits::default());
        let local = Peer::Address(([127, 0, 0, 1], 1).into());
        for _ in 0..100 {
            admission.login_failed(Timestamp::ZERO, local);
            admission.login_failed(Timestamp::ZERO, peer(9));
        }
        assert_eq!(admission.judge_login(Timestamp::ZERO, local), Judgement::Free);
        assert_eq!(admission.judge_login(Timestamp::ZERO, peer(9)), Judgement::Blocked);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let admission = Admission::new(ConnectionLimits { per_address_max: 1, ..Default::default() });
        let peer = |text: &str| Peer::Address(format!("[{text}]:1").parse().unwrap());
        assert!(admission.admit(Timestamp::ZERO, peer("2001:db8::1")));
        assert!(!admission.admit(Timestamp::ZERO, peer("2001:db8::2:1")));
        assert!(admission.admit(Timestamp::ZERO, peer("2001:db8:0:1::1")));
        assert!(admission.admit(Timestamp::ZERO, peer("::ffff:192.0.2.1")));
        assert!(admission.admit(Timestamp::ZERO, peer("::ffff:192.0.2.2")), "IPv4 in another form");
    }

    #[test]
    fn nobody_is_let_in_while_memory_is_short() {
        let admission = Admission::new(ConnectionLimits::default());
        admission.set_memory_short(true);
        assert!(!admission.admit(Timestamp::ZERO, peer(1)));
        admission.set_memory_short(false);
        assert!(admission.admit(Timestamp::ZERO, peer(1)));
    }
}
