//! Who may open a connection: bounds on all connections, on one address, on memory.

pub(crate) mod queue_delay;
mod tarpit;
mod verdicts;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use vouchmq_mqtt::ReasonCode;
use vouchmq_mqtt::time::Timestamp;

use crate::door::Entrance;
use crate::offences::{Judgement, Offences};
use crate::strangers::{Strangers, Taken};
use crate::transport::Peer;
use tarpit::Tarpit;
use verdicts::VerdictCounters;

pub(crate) use tarpit::Held;
pub use verdicts::VerdictStats;

/// Addresses whose connections and rates are remembered.
const ADDRESSES_MAX: usize = 65_536;

/// Connections that are open only to be told why they are refused.
const REFUSED_MAX: usize = 64;
/// How far an address may be ahead of its rate before its clients are delayed.
const FREE_AHEAD: Duration = Duration::from_secs(1);
/// How long a client is delayed before its address is refused.
const DELAY_MAX: Duration = Duration::from_secs(1);

/// What counts a refusal, and what the client is told.
type Refusal<'a> = (&'a AtomicU64, ReasonCode);

/// A place among the connections, which is given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    admission: Arc<Admission>,
    pub(crate) peer: Peer,
    /// There is no place: the client is only to be told so.
    pub(crate) refusal: Option<ReasonCode>,
    /// How long the client waits before it is judged, in microseconds.
    delay_micros: u32,
    /// By which listener it came.
    pub(crate) entrance: Option<Arc<Entrance>>,
    /// What it sent before it was let in; `None` from then on.
    stranger: Option<Taken>,
}

/// Bounds on connections; 0 = none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnectionLimits {
    pub(crate) total_max: usize,
    pub(crate) per_address_max: usize,
    pub(crate) connects_per_address_per_sec: u32,
    /// Failed logins of an address per minute that are free.
    pub(crate) failed_logins_free: u32,
    /// Takeovers of a client id per minute that are free.
    pub(crate) takeovers_free: u32,
    /// How long CONNECTs may wait before fewer are taken.
    pub(crate) queue_delay_target: Duration,
}

/// Counts connections and refuses those that are too many. Shared by all shards.
#[derive(Debug)]
pub(crate) struct Admission {
    limits: ArcSwap<ConnectionLimits>,
    open_count: AtomicUsize,
    /// Connections that are told why they are refused.
    refused_count: AtomicUsize,
    is_memory_short: AtomicBool,
    addresses: Mutex<Addresses>,
    failed_logins: Mutex<Offences<IpAddr>>,
    strangers: Strangers,
    tarpit: Arc<Tarpit>,
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
    pub(crate) refused_strangers: AtomicU64,
    pub(crate) refused_overload: AtomicU64,
    pub(crate) tarpitted: AtomicU64,
    pub(crate) accept_delays: AtomicU64,
    pub(crate) accept_pauses: AtomicU64,
    pub(crate) delayed_logins: AtomicU64,
    pub(crate) blocked_logins: AtomicU64,
    pub(crate) blocked_takeovers: AtomicU64,
    pub(crate) ended_by_reconsideration: AtomicU64,
    pub(crate) refused_at_second_look: AtomicU64,
    pub(crate) log_lines_suppressed: AtomicU64,
    pub(crate) handshakes: HandshakeCounters,
    pub(crate) verdicts: VerdictCounters,
    pub(crate) inquiries: InquiryCounters,
}

/// What others said about what clients want to do.
#[derive(Debug, Default)]
pub(crate) struct InquiryCounters {
    pub(crate) asked: AtomicU64,
    pub(crate) allowed: AtomicU64,
    pub(crate) denied: AtomicU64,
    pub(crate) unavailable: AtomicU64,
}

/// What became of connections that something lies below MQTT of.
#[derive(Debug, Default)]
pub(crate) struct HandshakeCounters {
    pub(crate) completed: AtomicU64,
    pub(crate) resumed: AtomicU64,
    pub(crate) abandoned: AtomicU64,
    pub(crate) timed_out: AtomicU64,
    pub(crate) crowded: AtomicU64,
    pub(crate) evicted: AtomicU64,
    pub(crate) failed_proxy: AtomicU64,
    pub(crate) failed_tls: AtomicU64,
    pub(crate) failed_certificate: AtomicU64,
    pub(crate) failed_websocket: AtomicU64,
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
    pub(crate) fn new(limits: ConnectionLimits, memory_bytes_max: Option<u64>) -> Self {
        Self {
            limits: ArcSwap::from_pointee(limits),
            strangers: Strangers::new(memory_bytes_max),
            open_count: AtomicUsize::new(0),
            refused_count: AtomicUsize::new(0),
            is_memory_short: AtomicBool::new(false),
            addresses: Mutex::new(Addresses::default()),
            failed_logins: Mutex::new(Offences::new()),
            tarpit: Arc::default(),
            counters: Counters::default(),
        }
    }

    /// Other bounds from now on; who is beyond them already stays.
    pub(crate) fn set_limits(&self, limits: ConnectionLimits, memory_bytes_max: Option<u64>) {
        self.limits.store(Arc::new(limits));
        self.strangers.set_memory(memory_bytes_max);
    }

    /// Finds a place for a new connection, if only to be told why there is none; `None` when even those who
    /// are to be told are too many.
    pub(crate) fn admit(self: &Arc<Self>, now: Timestamp, peer: Peer) -> Option<Seat> {
        let (refusal, delay) = match self.count_in(now, peer) {
            Ok(delay) => {
                self.counters.accepted.fetch_add(1, Ordering::Relaxed);
                (None, delay)
            }
            Err((counter, reason)) => {
                counter.fetch_add(1, Ordering::Relaxed);
                if self.refused_count.fetch_add(1, Ordering::Relaxed) >= REFUSED_MAX {
                    self.refused_count.fetch_sub(1, Ordering::Relaxed);
                    return None;
                }
                (Some(reason), Duration::ZERO)
            }
        };
        Some(Seat {
            admission: self.clone(),
            peer,
            refusal,
            delay_micros: u32::try_from(delay.as_micros()).unwrap_or(u32::MAX),
            entrance: None,
            stranger: Some(Taken::default()),
        })
    }

    /// Counts a new connection in, and says how long its verification has to wait.
    fn count_in(&self, now: Timestamp, peer: Peer) -> Result<Duration, Refusal<'_>> {
        if self.is_memory_short.load(Ordering::Relaxed) {
            return Err((&self.counters.refused_memory, ReasonCode::SERVER_BUSY));
        }
        let limits = **self.limits.load();
        let open_count = self.open_count.fetch_add(1, Ordering::Relaxed);
        let counted = if limits.total_max > 0 && open_count >= limits.total_max {
            Err((&self.counters.refused_total, ReasonCode::SERVER_BUSY))
        } else {
            self.admit_address(now, peer, limits)
        };
        if counted.is_err() {
            self.open_count.fetch_sub(1, Ordering::Relaxed);
        }
        counted
    }

    /// Counts a connection out.
    fn release(&self, peer: Peer) {
        self.open_count.fetch_sub(1, Ordering::Relaxed);
        let Some(ip) = peer.network() else { return };
        if let Some(address) = self.addresses.lock().known.get_mut(&ip) {
            address.open_count = address.open_count.saturating_sub(1);
        }
    }

    /// Bytes held of clients that were not let in yet, beside what each of them may send in any case.
    pub(crate) fn stranger_byte_count(&self) -> u64 {
        self.strangers.byte_count()
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
        let free = self.limits.load().failed_logins_free;
        if let Some(ip) = peer.network().filter(|ip| !ip.is_loopback()) {
            self.failed_logins.lock().record(now, &ip, free);
        }
    }

    /// What a login from this address meets: a [network](Peer::network), so that all of it counts as one.
    pub(crate) fn judge_login(&self, now: Timestamp, network: Option<IpAddr>) -> Judgement {
        let Some(ip) = network.filter(|ip| !ip.is_loopback()) else { return Judgement::Free };
        let free = self.limits.load().failed_logins_free;
        self.failed_logins.lock().judge(now, &ip, free)
    }

    /// Holds a client that is refused because there are too many; `None` when too many are held.
    pub(crate) fn hold(&self) -> Option<Held> {
        self.tarpit.hold(self.limits.load().total_max)
    }

    pub(crate) fn limits(&self) -> ConnectionLimits {
        **self.limits.load()
    }

    /// Counts always: a bound that is set while connections are open counts them too.
    fn admit_address(
        &self,
        now: Timestamp,
        peer: Peer,
        limits: ConnectionLimits,
    ) -> Result<Duration, Refusal<'_>> {
        let Some(ip) = peer.network() else { return Ok(Duration::ZERO) };
        let mut addresses = self.addresses.lock();
        let address = addresses.known_or_new(now, ip);
        if limits.per_address_max > 0 && address.open_count >= limits.per_address_max {
            return Err((&self.counters.refused_address, ReasonCode::SERVER_BUSY));
        }
        let mut delay = Duration::ZERO;
        if limits.connects_per_address_per_sec > 0 {
            let each = Duration::from_secs(1) / limits.connects_per_address_per_sec;
            delay = address.busy_until.since(now).saturating_sub(FREE_AHEAD);
            if delay > DELAY_MAX {
                return Err((&self.counters.refused_rate, ReasonCode::CONNECTION_RATE_EXCEEDED));
            }
            address.busy_until = address.busy_until.max(now).after(each);
        }
        address.open_count += 1;
        Ok(delay)
    }
}

impl Seat {
    /// It came by this listener.
    pub(crate) fn by(self, entrance: Arc<Entrance>) -> Self {
        entrance.crowd.arrived.fetch_add(1, Ordering::Relaxed);
        entrance.crowd.present.fetch_add(1, Ordering::Relaxed);
        let mut seat = self;
        seat.entrance = Some(entrance);
        seat
    }

    /// How long the client waits before it is judged, because its address connects too often.
    pub(crate) const fn delay(&self) -> Duration {
        Duration::from_micros(self.delay_micros as u64)
    }

    /// It has waited.
    pub(crate) const fn was_delayed(&mut self) {
        self.delay_micros = 0;
    }

    /// The client sent `count` bytes; `false` when strangers have sent too much, and these must not be kept.
    pub(crate) fn takes(&mut self, count: usize) -> bool {
        let Some(taken) = &mut self.stranger else { return true };
        let is_taken = self.admission.strangers.take(self.peer.network(), taken, count);
        if !is_taken {
            self.admission.counters.refused_strangers.fetch_add(1, Ordering::Relaxed);
        }
        is_taken
    }

    /// Nothing is held any more of what the client sent so far.
    pub(crate) fn starts_afresh(&mut self) {
        if let Some(taken) = &mut self.stranger {
            self.admission.strangers.give_back(self.peer.network(), std::mem::take(taken));
        }
    }

    /// The client has proven who it is.
    pub(crate) fn let_in(&mut self) {
        if let Some(taken) = self.stranger.take() {
            self.admission.strangers.give_back(self.peer.network(), taken);
        }
    }

    /// Nobody knows yet who the client is.
    pub(crate) fn is_stranger(&self) -> bool {
        self.stranger.is_some()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.let_in();
        if let Some(entrance) = &self.entrance {
            entrance.crowd.present.fetch_sub(1, Ordering::Relaxed);
        }
        match self.refusal {
            Some(_) => drop(self.admission.refused_count.fetch_sub(1, Ordering::Relaxed)),
            None => self.admission.release(self.peer),
        }
    }
}

impl Addresses {
    /// What is known of an address. Those of which there is nothing to know are forgotten, at most once a
    /// second; those that have connections are as many as there are connections.
    fn known_or_new(&mut self, now: Timestamp, ip: IpAddr) -> &mut Address {
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

    fn admission(limits: ConnectionLimits) -> Arc<Admission> {
        Arc::new(Admission::new(limits, None))
    }

    /// A place for a client that is let in.
    fn seat(admission: &Arc<Admission>, at: Timestamp, peer: Peer) -> Option<Seat> {
        admission.admit(at, peer).filter(|seat| seat.refusal.is_none())
    }

    #[test]
    fn connections_above_the_bound_are_refused_until_one_is_released() {
        let admission = admission(ConnectionLimits { total_max: 2, ..Default::default() });
        let first = seat(&admission, Timestamp::ZERO, peer(1)).unwrap();
        let _second = seat(&admission, Timestamp::ZERO, peer(2)).unwrap();
        let refused = admission.admit(Timestamp::ZERO, peer(3)).unwrap();
        assert_eq!(refused.refusal, Some(ReasonCode::SERVER_BUSY));
        assert_eq!(admission.counters.refused_total.load(Ordering::Relaxed), 1);
        drop((first, refused));
        let _third = seat(&admission, Timestamp::ZERO, peer(3)).unwrap();
        assert_eq!(admission.open_count(), 2);
    }

    #[test]
    fn those_who_are_told_of_their_refusal_are_bounded_too() {
        let admission = admission(ConnectionLimits::default());
        admission.set_memory_short(true);
        let told: Vec<_> = (0..200).filter_map(|_| admission.admit(Timestamp::ZERO, peer(1))).collect();
        assert_eq!(told.len(), REFUSED_MAX);
        drop(told);
        assert!(admission.admit(Timestamp::ZERO, peer(1)).is_some());
        assert_eq!(admission.open_count(), 0);
    }

    #[test]
    fn an_address_has_its_own_bound() {
        let admission = admission(ConnectionLimits { per_address_max: 1, ..Default::default() });
        let _first = seat(&admission, Timestamp::ZERO, peer(1)).unwrap();
        assert!(seat(&admission, Timestamp::ZERO, peer(1)).is_none());
        assert!(seat(&admission, Timestamp::ZERO, peer(2)).is_some());
    }

    #[test]
    fn an_address_that_connects_too_often_is_delayed_then_refused() {
        let limits = ConnectionLimits { connects_per_address_per_sec: 5, ..Default::default() };
        let admission = admission(limits);
        let seats: Vec<_> = (0..20).filter_map(|_| seat(&admission, Timestamp::ZERO, peer(1))).collect();
        let delayed_count = seats.iter().filter(|seat| !seat.delay().is_zero()).count();
        assert_eq!((seats.len(), delayed_count), (11, 5));
        assert!(seats.iter().all(|seat| seat.delay() <= DELAY_MAX));
        let refused = admission.admit(Timestamp::ZERO, peer(1)).unwrap();
        assert_eq!(refused.refusal, Some(ReasonCode::CONNECTION_RATE_EXCEEDED));
        let later = seat(&admission, Timestamp::from_micros(3_000_000), peer(1)).unwrap();
        assert!(later.delay().is_zero());
    }

    #[test]
    fn loopback_is_never_blocked_for_failed_logins() {
        let limits = ConnectionLimits { failed_logins_free: 30, ..Default::default() };
        let admission = Admission::new(limits, None);
        let local = Peer::Address(([127, 0, 0, 1], 1).into());
        for _ in 0..100 {
            admission.login_failed(Timestamp::ZERO, local);
            admission.login_failed(Timestamp::ZERO, peer(9));
        }
        assert_eq!(admission.judge_login(Timestamp::ZERO, local.network()), Judgement::Free);
        assert_eq!(admission.judge_login(Timestamp::ZERO, peer(9).network()), Judgement::Blocked);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let admission = admission(ConnectionLimits { per_address_max: 1, ..Default::default() });
        let peer = |text: &str| Peer::Address(format!("[{text}]:1").parse().unwrap());
        let _first = seat(&admission, Timestamp::ZERO, peer("2001:db8::1")).unwrap();
        assert!(seat(&admission, Timestamp::ZERO, peer("2001:db8::2:1")).is_none());
        assert!(seat(&admission, Timestamp::ZERO, peer("2001:db8:0:1::1")).is_some());
        let _mapped = seat(&admission, Timestamp::ZERO, peer("::ffff:192.0.2.1")).unwrap();
        assert!(
            seat(&admission, Timestamp::ZERO, peer("::ffff:192.0.2.2")).is_some(),
            "IPv4 in another form"
        );
    }

    /// Every connection has one.
    #[test]
    fn a_seat_takes_little_memory() {
        assert!(size_of::<Seat>() <= 64, "{}", size_of::<Seat>());
    }

    #[test]
    fn nobody_is_let_in_while_memory_is_short() {
        let admission = admission(ConnectionLimits::default());
        admission.set_memory_short(true);
        assert!(seat(&admission, Timestamp::ZERO, peer(1)).is_none());
        admission.set_memory_short(false);
        assert!(seat(&admission, Timestamp::ZERO, peer(1)).is_some());
    }
}
