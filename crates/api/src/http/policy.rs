use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use arc_swap::ArcSwap;
use vouchmq_identity::Cidr;

use super::crowd::Crowd;
use super::origin::Origin;
use super::turns::Turns;
use super::{HostNames, HttpLimits};

/// What a listener gives to whom.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Bounds.
    pub limits: HttpLimits,
    /// Names that `Host` may have beside those of loopback.
    pub host_names: HostNames,
    /// Networks of clients; all networks if empty. Who comes by a Unix socket may open its file, and is not looked up.
    pub allow: Vec<Cidr>,
    /// Proxies that say for whom they ask. A Unix socket counts as 127.0.0.1.
    pub trusted_proxies: Vec<Cidr>,
    /// Every connection begins with a header of the PROXY protocol, and comes from a trusted proxy.
    pub has_proxy_protocol: bool,
}

/// The [`Rules`] of a listener and the connections that it has, by all its sockets. All clones are one; rules change
/// at work, for who connects from then on and for the next request of who is connected.
#[derive(Clone, Debug, Default)]
pub struct Policy(Arc<Shared>);

/// How many connections a listener refused or closed, and why, since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// Refused: their address is not allowed.
    pub unlisted: u64,
    /// Refused: there are as many connections as may be, of all or of their address.
    pub crowded: u64,
    /// Closed while they asked nothing, to make room for others.
    pub displaced: u64,
    /// Closed: a deadline was over.
    pub slow: u64,
}

#[derive(Debug, Default)]
struct Shared {
    now: ArcSwap<Now>,
    crowd: Arc<Crowd>,
    turned: Counts,
    /// A proxy that is not trusted was told of.
    has_told: AtomicBool,
}

/// The rules in force.
#[derive(Debug)]
pub(super) struct Now {
    pub(super) rules: Rules,
    pub(super) limits: Arc<HttpLimits>,
    /// Requests that may be worked on at a time.
    pub(super) turns: Arc<Turns>,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) unlisted: AtomicU64,
    pub(super) crowded: AtomicU64,
    pub(super) displaced: AtomicU64,
    pub(super) slow: AtomicU64,
}

// === impl Policy ===

impl Policy {
    /// Rules, and nobody who is connected.
    pub fn new(rules: Rules) -> Self {
        Self(Arc::new(Shared { now: ArcSwap::from_pointee(Now::new(rules, None)), ..Shared::default() }))
    }

    /// Goes by other rules; connections whose address is not allowed any more are closed.
    pub fn replace(&self, rules: Rules) {
        let before = self.0.now.load_full();
        self.0.now.store(Arc::new(Now::new(rules, Some(&before))));
        self.0.has_told.store(false, Ordering::Relaxed);
        let now = self.now();
        let closed = self.0.crowd.keep(|origin| now.rules.admits(origin));
        self.0.turned.unlisted.fetch_add(closed, Ordering::Relaxed);
    }

    /// The connections that were refused or closed.
    pub fn turned(&self) -> Turned {
        let Counts { unlisted, crowded, displaced, slow } = &self.0.turned;
        let [unlisted, crowded, displaced, slow] =
            [unlisted, crowded, displaced, slow].map(|count| count.load(Ordering::Relaxed));
        Turned { unlisted, crowded, displaced, slow }
    }

    /// How many connections there are.
    pub fn connections(&self) -> usize {
        self.0.crowd.len()
    }

    pub(super) fn now(&self) -> Arc<Now> {
        self.0.now.load_full()
    }

    pub(super) fn crowd(&self) -> &Arc<Crowd> {
        &self.0.crowd
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.0.turned
    }

    /// Whether this is the first proxy since the rules changed that would have to be told of.
    pub(super) fn tells_of_a_proxy(&self) -> bool {
        !self.0.has_told.swap(true, Ordering::Relaxed)
    }
}

// === impl Rules ===

impl Rules {
    /// Whether a proxy's word counts.
    pub(super) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(address))
    }

    /// Whether a client may ask.
    fn allows(&self, address: IpAddr) -> bool {
        self.allow.is_empty() || self.allow.iter().any(|network| network.contains(address))
    }

    /// Whether somebody may connect: for itself, or as a proxy for others. By a Unix socket comes who may open its file.
    pub(super) fn admits(&self, origin: Origin) -> bool {
        let is_proxy = self.trusts(origin.ip());
        if self.has_proxy_protocol { is_proxy } else { is_proxy || self.takes(origin) }
    }

    /// Whether somebody may ask for itself.
    pub(super) fn takes(&self, origin: Origin) -> bool {
        origin.is_unix() || self.allows(origin.ip())
    }
}

// === impl Now ===

impl Now {
    fn new(rules: Rules, before: Option<&Self>) -> Self {
        let limits = Arc::new(rules.limits.clone());
        let kept = before.filter(|before| before.limits.requests_max == limits.requests_max);
        let turns = kept.map_or_else(|| Turns::new(limits.requests_max), |kept| kept.turns.clone());
        Self { rules, limits, turns }
    }
}

impl Default for Now {
    fn default() -> Self {
        Self::new(Rules::default(), None)
    }
}
