use std::fmt;

use super::Names;
use crate::Cidr;
use crate::blocks::CidrFault;

/// Whom a rule is about.
///
/// Names are compared byte by byte, and a user name counts only when it is proven. What cannot be told of a
/// client (where it comes from, when it has no address) neither lets it in nor frees it: a rule that allows
/// is not about it, a rule that denies is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// Everybody, anonymous clients too.
    Everybody,
    /// The client that proved this user name.
    UserName(Box<str>),
    /// The client with this Client Identifier: only as good as the check that binds it to the client.
    ClientId(Box<str>),
    /// Clients whose address lies in one of these networks.
    Address(Vec<Cidr>),
    /// Whom all of these are about.
    And(Vec<Self>),
    /// Whom one of these is about.
    Or(Vec<Self>),
}

/// How a file writes that a user name or a Client Identifier does not matter.
const ANY_NAME: &str = "#";

impl Selector {
    /// A user name as a file has it: `#` is everybody, with a name or without.
    pub fn of_user_name(text: &str) -> Self {
        if text == ANY_NAME { Self::Everybody } else { Self::UserName(text.into()) }
    }

    /// A Client Identifier as a file has it: `#` is everybody.
    pub fn of_client_id(text: &str) -> Self {
        if text == ANY_NAME { Self::Everybody } else { Self::ClientId(text.into()) }
    }

    /// Addresses and networks as a file has them: `192.0.2.1`, `10.0.0.0/8`, `2001:db8::/32`.
    ///
    /// # Errors
    /// [`CidrFault`]: the first that is neither.
    pub fn of_addresses<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, CidrFault> {
        let network = |text: &str| match text.parse() {
            Err(CidrFault::NoPrefixLength { network }) => Ok(network),
            parsed => parsed,
        };
        texts.into_iter().map(network).collect::<Result<_, _>>().map(Self::Address)
    }

    /// Whether it is about this client; `None` where that cannot be told. Lists without members, which no
    /// file can have, tell nothing.
    pub fn is_about(&self, names: &Names<'_>) -> Option<bool> {
        match self {
            Self::Everybody => Some(true),
            Self::UserName(name) => Some(names.username == Some(name)),
            Self::ClientId(id) => Some(names.client_id == &**id),
            Self::Address(networks) => {
                let address = names.address.filter(|_| !networks.is_empty())?;
                Some(networks.iter().any(|network| network.contains(address)))
            }
            Self::And(members) => all(members.iter().map(|member| member.is_about(names))),
            // One is about it, unless none is.
            Self::Or(members) => {
                all(members.iter().map(|member| member.is_about(names).map(|is| !is))).map(|none| !none)
            }
        }
    }
}

/// Whether all hold: one that does not is enough to say no, one that is not known keeps from saying yes.
fn all(members: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    members.reduce(|one, other| match (one, other) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        (None, _) | (_, None) => None,
    })?
}

impl fmt::Display for Selector {
    /// In words, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |f: &mut fmt::Formatter<'_>, members: &[Self], word: &str| {
            f.write_str("(")?;
            for (index, member) in members.iter().enumerate() {
                let between = if index == 0 { "" } else { word };
                write!(f, "{between}{member}")?;
            }
            f.write_str(")")
        };
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::UserName(name) => write!(f, "user {name:?}"),
            Self::ClientId(id) => write!(f, "client {id:?}"),
            Self::Address(networks) => {
                f.write_str("address")?;
                networks.iter().try_for_each(|network| write!(f, " {network}"))
            }
            Self::And(members) => joined(f, members, " and "),
            Self::Or(members) => joined(f, members, " or "),
        }
    }
}
