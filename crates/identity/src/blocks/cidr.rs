use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
    str::FromStr,
};

use super::prefix::Prefix;

#[cfg(test)]
mod tests;

/// An IP address in the one form it is compared in: an IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, as a
/// socket for both families reports it) is the IPv4 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerAddress(IpAddr);

/// An IPv4 or IPv6 network, `192.0.2.0/24`.
///
/// The families are apart: `::/0` is every IPv6 address and no IPv4 address, `0.0.0.0/0` the reverse. A
/// network of IPv4-mapped addresses (`::ffff:192.0.2.0/120`) is the IPv4 network.
///
/// `Display` writes what `FromStr` reads.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(Prefix);

/// The string is not an IP address. Whoever wrote it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IP address: write it like 192.0.2.1 or 2001:db8::1, without port, brackets or zone")]
pub struct AddressFault;

/// Why a string is not a [`Cidr`]. Whoever wrote it is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CidrFault {
    /// What stands before the `/` is not an address.
    #[error(transparent)]
    Address(#[from] AddressFault),
    /// An address, but no `/` and prefix length.
    #[error("no prefix length: the network of this one address is {network}")]
    NoPrefixLength {
        /// The network of the one address.
        network: Cidr,
    },
    /// What stands behind the `/` is no length, or one that this family does not have.
    #[error("the prefix length is not a plain number from 0 to {max}")]
    PrefixLength {
        /// The number of bits of the address.
        max: u8,
    },
    /// An address within the network, where the network was expected. It may be a slip of the address or of
    /// the length, so it is not repaired.
    #[error("bits are set behind the prefix length: if the network is meant, write {network}")]
    HostBits {
        /// The network of this length that the address is in.
        network: Cidr,
    },
}

/// How many bits of a [`Prefix`] stand before an IPv4 address: `::ffff:0:0/96`.
const MAPPED_LEN: u8 = 96;
const IPV4_LEN: u8 = 32;

// === impl PeerAddress ===

impl PeerAddress {
    /// The address.
    #[must_use]
    pub const fn ip(self) -> IpAddr {
        self.0
    }

    /// The IPv6 address, or the IPv4 address mapped to one.
    pub(super) const fn bits(self) -> u128 {
        bits_of(self.0)
    }

    /// The length of the shortest prefix whose network can contain this address: a shorter one than
    /// `::ffff:0:0/96` is of the other family.
    pub(super) const fn prefix_len_min(self) -> u8 {
        if self.0.is_ipv4() { MAPPED_LEN } else { 0 }
    }
}

impl From<IpAddr> for PeerAddress {
    fn from(address: IpAddr) -> Self {
        Self(address.to_canonical())
    }
}

impl FromStr for PeerAddress {
    type Err = AddressFault;

    fn from_str(text: &str) -> Result<Self, AddressFault> {
        text.parse::<IpAddr>().map(Self::from).map_err(|_| AddressFault)
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// === impl Cidr ===

impl Cidr {
    /// The network of `prefix_len` bits at `network`, counted in the family that `network` is given in.
    ///
    /// # Errors
    /// * [`CidrFault::PrefixLength`] — more than 32 or 128.
    /// * [`CidrFault::HostBits`] — `network` is an address within; the fault names the network.
    pub fn new(network: IpAddr, prefix_len: u8) -> Result<Self, CidrFault> {
        let (before, max) = match network {
            IpAddr::V4(_) => (MAPPED_LEN, IPV4_LEN),
            IpAddr::V6(_) => (0, Prefix::LEN_MAX),
        };
        if prefix_len > max {
            return Err(CidrFault::PrefixLength { max });
        }
        let prefix = Prefix::of(bits_of(network), prefix_len.saturating_add(before));
        if prefix.bits() != bits_of(network) {
            return Err(CidrFault::HostBits { network: Self(prefix) });
        }
        Ok(Self(prefix))
    }

    /// Whether the address lies in the network. An IPv4-mapped IPv6 address is taken as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = PeerAddress::from(address);
        self.0.len() >= address.prefix_len_min() && self.0.covers(address.bits())
    }

    /// The first address of the network.
    #[must_use]
    pub fn network(&self) -> IpAddr {
        let address = Ipv6Addr::from_bits(self.0.bits());
        if self.is_ipv4() { address.to_canonical() } else { IpAddr::V6(address) }
    }

    /// The number of bits that all addresses of the network share: 0 to 32 for IPv4, 0 to 128 for IPv6.
    #[must_use]
    pub fn prefix_len(&self) -> u8 {
        if self.is_ipv4() { self.0.len().saturating_sub(MAPPED_LEN) } else { self.0.len() }
    }

    pub(super) const fn prefix(self) -> Prefix {
        self.0
    }

    fn is_ipv4(self) -> bool {
        let all = Prefix::of(bits_of(IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED)), MAPPED_LEN);
        self.0.len() >= MAPPED_LEN && all.covers(self.0.bits())
    }
}

impl FromStr for Cidr {
    type Err = CidrFault;

    fn from_str(text: &str) -> Result<Self, CidrFault> {
        let (address, len) = match text.split_once('/') {
            Some((address, len)) => (address, Some(len)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| AddressFault)?;
        let max = if address.is_ipv4() { IPV4_LEN } else { Prefix::LEN_MAX };
        match len {
            Some(len) => Self::new(address, prefix_len_of(len).ok_or(CidrFault::PrefixLength { max })?),
            None => Err(CidrFault::NoPrefixLength { network: Self::new(address, max)? }),
        }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.network(), self.prefix_len())
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

const fn bits_of(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// Digits without sign or leading zeros, so that every length has one spelling.
fn prefix_len_of(text: &str) -> Option<u8> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_plain)
}
