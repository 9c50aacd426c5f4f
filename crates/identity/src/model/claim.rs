use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use super::{ClaimTokenId, HardwareId, Name, ProductId};
use crate::blocks::Cidr;
use crate::{KeyId, SecretVerifier, UnixMillis};

/// Lets new devices of one product register: so often, so long, from there, with such hardware ids.
///
/// A use is reserved when a secret is handed out and given back when that was never used, so a token lets no
/// more devices in than it says, and a device that lost the answer takes no second use.
#[derive(Clone, Debug)]
pub struct ClaimToken {
    /// Its id.
    pub id: ClaimTokenId,
    /// Whose devices may use it.
    pub product: ProductId,
    /// What its text names it by.
    pub key_id: KeyId,
    /// What its text is compared with.
    pub verifier: SecretVerifier,
    /// Devices it lets in; `None` for any number.
    pub uses_max: Option<u32>,
    /// Devices it has let in, or is letting in.
    pub uses: u32,
    /// It lets nobody in from this time on.
    pub expires_at: Option<UnixMillis>,
    /// Where devices have to come from; anywhere if empty.
    pub networks: Vec<Cidr>,
    /// What their hardware ids look like.
    pub hardware_ids: Option<HardwareIdPattern>,
    /// When it was withdrawn.
    pub revoked_at: Option<UnixMillis>,
    /// Who made it.
    pub created_by: Name,
    /// When it was made.
    pub created_at: UnixMillis,
}

/// Who wants to use a claim token.
#[derive(Clone, Copy, Debug)]
pub struct Claimant<'a> {
    /// Its product.
    pub product: ProductId,
    /// Its hardware id.
    pub hardware_id: &'a HardwareId,
    /// Where it comes from.
    pub peer: Option<IpAddr>,
}

/// Why a claim token does not let a device in. For operators: the device learns only that it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClaimFault {
    /// No such token, or not its text.
    #[error("the claim token is not known")]
    Unknown,
    /// It was withdrawn.
    #[error("the claim token is revoked")]
    Revoked,
    /// Its time is over.
    #[error("the claim token has expired")]
    Expired,
    /// It is used up.
    #[error("the claim token is used up")]
    UsedUp,
    /// It is of another product.
    #[error("the claim token is of another product")]
    Product,
    /// The device comes from elsewhere.
    #[error("the claim token does not hold for this address")]
    Address,
    /// The hardware id looks otherwise.
    #[error("the claim token does not hold for this hardware id")]
    HardwareId,
}

/// What hardware ids look like: text in which `*` stands for any characters, none included, and `?` for one.
///
/// 1 to 256 bytes without control characters. Matching takes at most length × length steps.
#[derive(Clone, PartialEq, Eq)]
pub struct HardwareIdPattern(Box<str>);

// === impl ClaimToken ===

impl ClaimToken {
    /// Whether it lets this device begin to register; whether a use is left is another question, as a device
    /// that comes again takes none.
    ///
    /// # Errors
    /// [`ClaimFault`] says why not.
    pub fn admits(&self, claimant: &Claimant<'_>, now: UnixMillis) -> Result<(), ClaimFault> {
        self.holds(now)?;
        if self.product != claimant.product {
            return Err(ClaimFault::Product);
        }
        let is_near = |peer: IpAddr| self.networks.iter().any(|network| network.contains(peer));
        if !self.networks.is_empty() && !claimant.peer.is_some_and(is_near) {
            return Err(ClaimFault::Address);
        }
        let fits =
            self.hardware_ids.as_ref().is_none_or(|pattern| pattern.matches(claimant.hardware_id.as_str()));
        if fits { Ok(()) } else { Err(ClaimFault::HardwareId) }
    }

    /// Whether it is good for anybody now.
    ///
    /// # Errors
    /// [`ClaimFault::Revoked`] or [`ClaimFault::Expired`].
    pub fn holds(&self, now: UnixMillis) -> Result<(), ClaimFault> {
        if self.revoked_at.is_some() {
            return Err(ClaimFault::Revoked);
        }
        if self.expires_at.is_some_and(|end| end <= now) { Err(ClaimFault::Expired) } else { Ok(()) }
    }

    /// Whether one more device may use it.
    ///
    /// # Errors
    /// [`ClaimFault::UsedUp`].
    pub fn has_use_left(&self) -> Result<(), ClaimFault> {
        if self.uses_max.is_some_and(|max| self.uses >= max) { Err(ClaimFault::UsedUp) } else { Ok(()) }
    }
}

// === impl HardwareIdPattern ===

impl HardwareIdPattern {
    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a hardware id looks so.
    pub fn matches(&self, text: &str) -> bool {
        let (pattern, text): (Vec<char>, Vec<char>) = (self.0.chars().collect(), text.chars().collect());
        // Where the last `*` stands, and how much of the text it has taken: on a mismatch it takes one more.
        let (mut at, mut read, mut star) = (0, 0, None);
        while read < text.len() {
            match pattern.get(at) {
                Some('*') => {
                    star = Some((at, read));
                    at += 1;
                }
                Some(&wanted) if wanted == '?' || text.get(read) == Some(&wanted) => {
                    at += 1;
                    read += 1;
                }
                Some(_) | None => {
                    let Some((place, taken)) = star else { return false };
                    star = Some((place, taken + 1));
                    at = place + 1;
                    read = taken + 1;
                }
            }
        }
        pattern.get(at..).is_some_and(|rest| rest.iter().all(|left| *left == '*'))
    }
}

impl FromStr for HardwareIdPattern {
    type Err = super::TextFault;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // As long as what it is compared with, and as printable.
        text.parse::<HardwareId>().map(|_| Self(text.into()))
    }
}

impl fmt::Debug for HardwareIdPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
