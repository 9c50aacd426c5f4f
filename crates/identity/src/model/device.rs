use super::word::words;
use super::{DeviceId, HardwareId, ProductId, ProductState};
use crate::{Denial, UnixMillis};

words! {
    /// Where a device stands.
    DeviceState {
        /// Known, without a credential that was ever used: it may register.
        Registered = "registered",
        /// It has connected.
        Active = "active",
        /// It may not connect until it is resumed.
        Suspended = "suspended",
        /// Gone for good; its id and hardware id stay taken.
        Retired = "retired",
    }
}

words! {
    /// Where a device came from.
    DeviceOrigin {
        /// An operator entered it.
        Manual = "manual",
        /// It was imported.
        Import = "import",
        /// It registered with a claim token.
        Claim = "claim",
        /// It came with a certificate of an authority of its product.
        Certificate = "certificate",
    }
}

words! {
    /// What an operator does to a device.
    Transition {
        /// It may not connect any more; its credentials are kept.
        Suspend = "suspend",
        /// It may connect again.
        Resume = "resume",
        /// All its credentials are revoked, and it may register again.
        Reset = "reset",
        /// It is gone for good.
        Retire = "retire",
    }
}

/// Names and values that an operator gives to a device, for its product's rules.
pub type Attributes = Vec<(Box<str>, Box<str>)>;

/// One device.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its id: its user name.
    pub id: DeviceId,
    /// Its product.
    pub product: ProductId,
    /// What is written on it; unique in its product.
    pub hardware_id: Option<HardwareId>,
    /// Where it stands.
    pub state: DeviceState,
    /// What it is found by.
    pub tags: Attributes,
    /// What stands in its product's rules.
    pub attributes: Attributes,
    /// It may not connect from this time on.
    pub expires_at: Option<UnixMillis>,
    /// Where it came from.
    pub origin: DeviceOrigin,
    /// Grows with every change.
    pub version: u64,
    /// When it was entered.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

/// Why a transition is not possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a device that is {from} cannot {}", .transition)]
pub struct Refused {
    /// Where the device stands.
    pub from: DeviceState,
    /// What was asked.
    pub transition: Transition,
}

impl DeviceState {
    /// Where a device stands after a transition; the same state if there is nothing to do.
    ///
    /// # Errors
    /// [`Refused`]: nothing follows a retirement, and only what is suspended can be resumed.
    pub fn after(self, transition: Transition) -> Result<Self, Refused> {
        match (self, transition) {
            (Self::Retired, Transition::Retire) => Ok(Self::Retired),
            (Self::Retired, _) => Err(Refused { from: self, transition }),
            (_, Transition::Suspend) => Ok(Self::Suspended),
            (Self::Suspended | Self::Active, Transition::Resume) => Ok(Self::Active),
            (Self::Registered, Transition::Resume) => Err(Refused { from: self, transition }),
            (_, Transition::Reset) => Ok(Self::Registered),
            (_, Transition::Retire) => Ok(Self::Retired),
        }
    }

    /// Whether a device in this state may connect, if it has a credential.
    pub const fn may_connect(self) -> bool {
        matches!(self, Self::Registered | Self::Active)
    }

    /// Whether a device in this state may get its first credential by registering.
    pub const fn may_register(self) -> bool {
        matches!(self, Self::Registered)
    }
}

/// Whether a device that stands so may connect now, whatever it proves.
///
/// # Errors
/// [`Denial`] says why not.
pub(crate) fn may_connect(
    state: DeviceState,
    expires_at: Option<UnixMillis>,
    product: ProductState,
    now: UnixMillis,
) -> Result<(), Denial> {
    match (state, product) {
        (DeviceState::Suspended, _) => Err(Denial::Suspended),
        (DeviceState::Retired, _) => Err(Denial::Retired),
        (DeviceState::Registered | DeviceState::Active, _) if expires_at.is_some_and(|end| end <= now) => {
            Err(Denial::DeviceExpired)
        }
        (DeviceState::Registered | DeviceState::Active, ProductState::Disabled | ProductState::Deleting) => {
            Err(Denial::ProductDisabled)
        }
        (DeviceState::Registered | DeviceState::Active, ProductState::Active) => Ok(()),
    }
}
