use std::net::IpAddr;

use vouchmq_identity::events::{EventKind, NewEvent};
use vouchmq_identity::model::{ClaimFault, DeviceId};
use vouchmq_identity::registry::{Refusal, What};

use super::Registration;
use crate::http::network_of;

impl Registration {
    /// Tells operators what happened to whoever calls itself `subject`; who is refused again and again from one
    /// place is not told each time, since the events have a bound, and what others did would be pushed out.
    pub(super) fn tell(
        &self,
        kind: EventKind,
        subject: &str,
        peer: IpAddr,
        reason: &'static str,
        device: Option<DeviceId>,
    ) {
        let is_refusal = matches!(kind, EventKind::RegistrationRefused | EventKind::CallerRefused);
        if is_refusal && self.refusals.take(&network_of(peer)).is_err() {
            return;
        }
        let event = NewEvent::new(kind, subject, Some(peer), reason).about(device);
        self.events.record(self.registry.now(), event);
    }
}

/// Why a device is refused, as a word that stays the same; `None` if that is no fault of the device.
pub(super) fn reason_of(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::Claim(fault) => Some(code_of(*fault)),
        Refusal::NotListed("no such product") => Some("unknown_product"),
        Refusal::NotListed("the product takes in nobody") => Some("registration_off"),
        Refusal::NotListed(_) => Some("not_listed"),
        Refusal::AlreadyRegistered(_) => Some("already_registered"),
        Refusal::Rejected => Some("rejected"),
        Refusal::QuarantineFull { what: What::ClaimToken, .. } => Some("claim_token_quarantine_full"),
        Refusal::QuarantineFull { .. } => Some("product_quarantine_full"),
        Refusal::KindNotAllowed(_) => Some("kind_not_allowed"),
        Refusal::DeviceQuota { .. } => Some("device_quota"),
        Refusal::Exists { .. } => Some("device_exists"),
        Refusal::NotFound(_)
        | Refusal::Stale { .. }
        | Refusal::Transition(_)
        | Refusal::DeviceState(_)
        | Refusal::CredentialLimit
        | Refusal::NothingToRotate
        | Refusal::HasDevices { .. }
        | Refusal::BlocksFull
        | Refusal::AuthorityLimit
        | Refusal::Decided(_)
        | Refusal::Undecided(_)
        | Refusal::Field { .. }
        | Refusal::AuditUnavailable(_)
        | Refusal::Store(_)
        | Refusal::NoEntropy(_) => None,
    }
}

pub(super) const fn code_of(fault: ClaimFault) -> &'static str {
    match fault {
        ClaimFault::Unknown => "claim_unknown",
        ClaimFault::Revoked => "claim_revoked",
        ClaimFault::Expired => "claim_expired",
        ClaimFault::UsedUp => "claim_used_up",
        ClaimFault::Product => "claim_of_another_product",
        ClaimFault::Address => "claim_not_for_this_address",
        ClaimFault::HardwareId => "claim_not_for_this_hardware_id",
    }
}
