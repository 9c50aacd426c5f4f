use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Peer {
    Address(SocketAddr),
    /// A Unix socket has no address.
    Local,
}

impl Peer {
    /// The address without its port; IPv4 in one form.
    pub(crate) fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Address(address) => Some(address.ip().to_canonical()),
            Self::Local => None,
        }
    }

    /// The port, if it has one.
    pub(crate) fn port(self) -> Option<u16> {
        match self {
            Self::Address(address) => Some(address.port()),
            Self::Local => None,
        }
    }

    /// What counts as one address: of IPv6 the network of 64 bits, all of which one client may have.
    pub(crate) fn network(self) -> Option<IpAddr> {
        Some(match self.ip()? {
            IpAddr::V4(address) => address.into(),
            IpAddr::V6(address) if address.is_loopback() => address.into(),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64))),
        })
    }

    /// Whether it comes from this machine: it may be a proxy, with the clients of many.
    pub(crate) fn is_of_this_machine(self) -> bool {
        self.ip().is_none_or(|address| address.is_loopback())
    }
}

impl std::fmt::Display for Peer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Address(address) => address.fmt(f),
            Self::Local => f.write_str("unix"),
        }
    }
}
