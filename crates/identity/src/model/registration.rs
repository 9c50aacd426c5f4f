use std::net::IpAddr;

use super::word::words;
use super::{
    CertificateAuthorityId, ClaimTokenId, CredentialId, DeviceId, HardwareId, Name, ProductId, RegistrationId,
};
use crate::{CertificateFingerprint, UnixMillis};

/// How long a device may wait for approval, in milliseconds: seven days.
pub const QUARANTINE_MILLIS: u64 = 7 * 86_400_000;

/// Registrations of one claim token, or of one certificate authority, that wait, quarantined or approved. A token
/// that lets so many devices in has as many places to wait instead.
pub const WAITING_PER_TOKEN_MAX: u32 = 1_000;

/// Registrations for one product that wait, whatever their claim tokens.
pub const WAITING_PER_PRODUCT_MAX: u32 = 10_000;

words! {
    /// Where a registration stands.
    RegistrationState {
        /// Somebody has to approve it.
        Quarantined = "quarantined",
        /// Approved; the device has not come for its secret yet.
        Approved = "approved",
        /// A secret was handed out and not used yet.
        Issued = "issued",
        /// The device has connected with it.
        Confirmed = "confirmed",
        /// Somebody said no: the hardware id stays refused until an operator resets the device or deletes this.
        Rejected = "rejected",
        /// Nobody approved in time, or the secret was never used.
        Expired = "expired",
    }
}

/// What speaks for a device that asks to be let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Voucher {
    /// A claim token.
    Claim(ClaimTokenId),
    /// A certificate of an authority.
    Certificate(CertificateAuthorityId, CertificateFingerprint),
}

/// One device that asked to be let in, and what became of it.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Its id.
    pub id: RegistrationId,
    /// The product it asked for.
    pub product: ProductId,
    /// The hardware id it gave; of one that came with a certificate, the device id that follows from that.
    pub hardware_id: HardwareId,
    /// What it came with.
    pub voucher: Voucher,
    /// The device that it became.
    pub device: Option<DeviceId>,
    /// The secret that was handed out last.
    pub credential: Option<CredentialId>,
    /// Where it stands.
    pub state: RegistrationState,
    /// Where it came from last.
    pub peer: Option<IpAddr>,
    /// Others asked with the same hardware id and another claim token or certificate: one of them is not who it
    /// says.
    pub rival_count: u32,
    /// Who approved or rejected it.
    pub decided_by: Option<Name>,
    /// Grows with every change.
    pub version: u64,
    /// When it first asked.
    pub created_at: UnixMillis,
    /// When it was last changed.
    pub updated_at: UnixMillis,
}

impl Registration {
    /// One that is looked at by somebody, or by a rule, and not written yet: its version is 0.
    pub const fn quarantined(
        id: RegistrationId,
        product: ProductId,
        hardware_id: HardwareId,
        voucher: Voucher,
        peer: Option<IpAddr>,
        now: UnixMillis,
    ) -> Self {
        Self {
            id,
            product,
            hardware_id,
            voucher,
            device: None,
            credential: None,
            state: RegistrationState::Quarantined,
            peer,
            rival_count: 0,
            decided_by: None,
            version: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

impl Voucher {
    /// Whether both are the same token, or certificates of the same authority.
    pub fn is_of_same_source(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Claim(one), Self::Claim(other)) => one == other,
            (Self::Certificate(one, _), Self::Certificate(other, _)) => one == other,
            (Self::Claim(_), Self::Certificate(..)) | (Self::Certificate(..), Self::Claim(_)) => false,
        }
    }
}

impl RegistrationState {
    /// Whether it is still on its way: at most one of a hardware id is.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Quarantined | Self::Approved | Self::Issued)
    }
}
