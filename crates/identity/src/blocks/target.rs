use std::{borrow::Borrow, fmt, str::FromStr, sync::Arc};

use super::{AddressFault, Cidr, CidrFault, PeerAddress};

#[cfg(test)]
mod tests;

/// What a [`Block`](super::Block) is about, the most specific first: the order in which blocks that hit the
/// same client are told.
///
/// First what names the client itself, from one of its credentials to the user it shares; then where it
/// comes from; last what it is one of many of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockKind {
    /// One credential of a device.
    Credential,
    /// A device.
    Device,
    /// A Client Identifier.
    ClientId,
    /// A User Name.
    UserName,
    /// One IP address.
    Ip,
    /// An IP network.
    Cidr,
    /// A product: all its devices.
    Product,
}

/// Whom a [`Block`](super::Block) keeps out.
///
/// `Display` is the value in the one spelling that [`BlockTarget::parse`] gives it back from, with
/// [`BlockTarget::kind`]. A name is written as it is: escape it where control characters do harm.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BlockTarget {
    /// The credential with this id.
    Credential(BlockName),
    /// The device with this id.
    Device(BlockName),
    /// Whoever gives this Client Identifier.
    ClientId(BlockName),
    /// Whoever gives this User Name.
    UserName(BlockName),
    /// Whoever comes from this address.
    Ip(PeerAddress),
    /// Whoever comes from this network.
    Cidr(Cidr),
    /// The devices of the product with this id.
    Product(BlockName),
}

/// A name that can be blocked: 1 to 256 bytes of UTF-8 without U+0000, compared byte by byte.
///
/// Nothing longer gets as far as a block: the broker refuses such Client Identifiers and User Names.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockName(Arc<str>);

/// Why a kind and a value are not a [`BlockTarget`]. Whoever wrote them is at fault; the text says what to
/// write instead and repeats neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockFault {
    /// No such kind.
    #[error("unknown kind: there are credential, device, clientid, username, ip, cidr and product")]
    UnknownKind,
    /// The value cannot be a name.
    #[error("{kind}: {fault}")]
    Name {
        /// What should have been named.
        kind: BlockKind,
        /// What is wrong with the name.
        fault: NameFault,
    },
    /// The value of kind `ip` is a network.
    #[error("ip: this is a network: give it the kind cidr")]
    NetworkAsAddress,
    /// The value of kind `ip` is not an address.
    #[error("ip: {0}")]
    Address(#[from] AddressFault),
    /// The value of kind `cidr` is one address.
    #[error("cidr: no prefix length: give one address the kind ip, or write {network}")]
    AddressAsNetwork {
        /// The network of the one address.
        network: Cidr,
    },
    /// The value of kind `cidr` is not a network.
    #[error("cidr: {0}")]
    Cidr(CidrFault),
}

/// Why a string is not a [`BlockName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// No byte at all.
    #[error("the value is empty: name whom to block")]
    Empty,
    /// More than 256 bytes.
    #[error("the value is longer than 256 bytes: no client has such a name")]
    TooLong,
    /// U+0000, which MQTT forbids in strings.
    #[error("the value contains U+0000: no client has such a name")]
    Nul,
}

const NAME_LEN_MAX: usize = 256;

// === impl BlockKind ===

impl BlockKind {
    /// Every kind, the most specific first.
    pub const ALL: [Self; 7] =
        [Self::Credential, Self::Device, Self::ClientId, Self::UserName, Self::Ip, Self::Cidr, Self::Product];

    /// The word for it in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Device => "device",
            Self::ClientId => "clientid",
            Self::UserName => "username",
            Self::Ip => "ip",
            Self::Cidr => "cidr",
            Self::Product => "product",
        }
    }
}

impl FromStr for BlockKind {
    type Err = BlockFault;

    fn from_str(text: &str) -> Result<Self, BlockFault> {
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or(BlockFault::UnknownKind)
    }
}

impl fmt::Display for BlockKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

// === impl BlockTarget ===

impl BlockTarget {
    /// The target that a kind and a value of the API name, both exactly as they are: nothing is trimmed, and
    /// case matters in names.
    ///
    /// An address may have any of its spellings, and IPv4-mapped IPv6 is IPv4.
    ///
    /// # Errors
    /// [`BlockFault`], to be shown to whoever wrote the two.
    pub fn parse(kind: &str, value: &str) -> Result<Self, BlockFault> {
        Self::of(kind.parse()?, value)
    }

    /// As [`BlockTarget::parse`], of a known kind.
    ///
    /// # Errors
    /// [`BlockFault`], never [`BlockFault::UnknownKind`].
    pub fn of(kind: BlockKind, value: &str) -> Result<Self, BlockFault> {
        let name = || value.parse().map_err(|fault| BlockFault::Name { kind, fault });
        Ok(match kind {
            BlockKind::Credential => Self::Credential(name()?),
            BlockKind::Device => Self::Device(name()?),
            BlockKind::ClientId => Self::ClientId(name()?),
            BlockKind::UserName => Self::UserName(name()?),
            BlockKind::Product => Self::Product(name()?),
            BlockKind::Ip if value.parse::<Cidr>().is_ok() => return Err(BlockFault::NetworkAsAddress),
            BlockKind::Ip => Self::Ip(value.parse()?),
            BlockKind::Cidr => Self::Cidr(value.parse()?),
        })
    }

    /// What the target is.
    #[must_use]
    pub const fn kind(&self) -> BlockKind {
        match self {
            Self::Credential(_) => BlockKind::Credential,
            Self::Device(_) => BlockKind::Device,
            Self::ClientId(_) => BlockKind::ClientId,
            Self::UserName(_) => BlockKind::UserName,
            Self::Ip(_) => BlockKind::Ip,
            Self::Cidr(_) => BlockKind::Cidr,
            Self::Product(_) => BlockKind::Product,
        }
    }
}

impl fmt::Display for BlockTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Credential(name)
            | Self::Device(name)
            | Self::ClientId(name)
            | Self::UserName(name)
            | Self::Product(name) => name.fmt(f),
            Self::Ip(address) => address.fmt(f),
            Self::Cidr(cidr) => cidr.fmt(f),
        }
    }
}

// === impl BlockName ===

impl BlockName {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for BlockName {
    type Err = NameFault;

    fn from_str(text: &str) -> Result<Self, NameFault> {
        if text.is_empty() {
            return Err(NameFault::Empty);
        }
        if text.len() > NAME_LEN_MAX {
            return Err(NameFault::TooLong);
        }
        if text.contains('\0') {
            return Err(NameFault::Nul);
        }
        Ok(Self(text.into()))
    }
}

/// So that a table of names can be asked with a `&str`.
impl Borrow<str> for BlockName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BlockName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

// === impl BlockFault ===

impl From<CidrFault> for BlockFault {
    fn from(fault: CidrFault) -> Self {
        match fault {
            CidrFault::NoPrefixLength { network } => Self::AddressAsNetwork { network },
            CidrFault::Address(_) | CidrFault::PrefixLength { .. } | CidrFault::HostBits { .. } => {
                Self::Cidr(fault)
            }
        }
    }
}
