use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Where a connection comes from, as its socket says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// An address of TCP, or what a proxy says of its client.
    Tcp(SocketAddr),
    /// A Unix socket: a process on this machine.
    Unix,
}

impl Origin {
    /// Its address; who comes by a Unix socket counts as loopback.
    pub(super) fn address(self) -> SocketAddr {
        match self {
            Self::Tcp(address) => address,
            Self::Unix => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        }
    }

    pub(super) const fn is_unix(self) -> bool {
        matches!(self, Self::Unix)
    }

    pub(super) fn ip(self) -> IpAddr {
        self.address().ip()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("unix"),
        }
    }
}
