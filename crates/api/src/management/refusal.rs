use std::time::Duration;

use axum::http::header;
use vouchmq_identity::registry::{Refusal, What};
use vouchmq_identity::store::StoreFault;

use crate::http::{Code, Problem, etag};

/// The one table of what a refused command is answered with.
impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        let (code, detail) = match refusal {
            Refusal::Store(fault) => return fault.into(),
            Refusal::Field { pointer, why } => return invalid(pointer, &*why),
            Refusal::Stale { current, .. } => {
                return Self::new(Code::VersionMismatch, text).with_header(header::ETAG, etag(current));
            }
            Refusal::AuditUnavailable(fault) => {
                tracing::error!(%fault, "the audit log cannot be written: nothing is administered");
                (Code::AuditUnavailable, "nothing was changed: what cannot be audited is not done".to_owned())
            }
            Refusal::NoEntropy(fault) => {
                tracing::error!(%fault, "nothing can be generated");
                (Code::Unavailable, "nothing was changed: there is no randomness".to_owned())
            }
            Refusal::NotListed(_) | Refusal::Claim(_) => (Code::RegistrationRefused, REFUSED.to_owned()),
            Refusal::NotFound(
                What::Product | What::Device | What::Credential | What::CertificateAuthority,
            )
            | Refusal::NotFound(What::ClaimToken | What::Registration | What::Block | What::ApiKey) => {
                (Code::NotFound, text)
            }
            Refusal::Exists { .. } => (Code::AlreadyExists, text),
            Refusal::Transition(_) | Refusal::DeviceState(_) => (Code::InvalidTransition, text),
            Refusal::CredentialLimit => (Code::CredentialLimit, text),
            Refusal::KindNotAllowed(_) => {
                return Self::new(Code::KindNotAllowed, text.clone()).with_error(
                    "/kind",
                    "kind_not_allowed",
                    text,
                );
            }
            Refusal::NothingToRotate => (Code::NothingToRotate, text),
            Refusal::DeviceQuota { .. } => (Code::DeviceQuota, text),
            Refusal::HasDevices { .. } => (Code::ProductHasDevices, text),
            Refusal::BlocksFull => (Code::BlocksFull, text),
            Refusal::AuthorityLimit => (Code::AuthorityLimit, text),
            Refusal::AlreadyRegistered(_) => (Code::AlreadyRegistered, text),
            Refusal::Decided(_) => (Code::AlreadyDecided, text),
            Refusal::Undecided(_) => (Code::Conflict, text),
            Refusal::Rejected => (Code::RegistrationRejected, REJECTED.to_owned()),
            Refusal::QuarantineFull { .. } => {
                let detail = "too many devices wait for approval: register again later";
                return Self::new(Code::QuarantineFull, detail).with_retry_after(QUARANTINE_RETRY);
            }
        };
        Self::new(code, detail)
    }
}

impl From<StoreFault> for Problem {
    fn from(fault: StoreFault) -> Self {
        match fault {
            StoreFault::Busy => Self::new(Code::Unavailable, "too many changes wait: try again"),
            fault @ (StoreFault::Unavailable(_) | StoreFault::Corrupt { .. }) => {
                tracing::error!(%fault, "the database failed a request");
                Self::new(Code::Unavailable, "the database does not answer")
            }
        }
    }
}

/// What a device learns that somebody said no to: its claim token is good.
pub(crate) const REJECTED: &str = "an operator rejected the registration";

/// When a device that finds no place to wait is to ask again.
const QUARANTINE_RETRY: Duration = Duration::from_secs(60);

/// What a device learns that may not register, whatever the reason.
pub(crate) const REFUSED: &str = "this device may not register here";

/// A field of the body is not what it must be, by its JSON pointer; or a parameter of the query, by its name
/// behind `?`.
pub(crate) fn invalid(pointer: impl Into<String>, why: impl Into<String>) -> Problem {
    let (pointer, why) = (pointer.into(), why.into());
    let place = if pointer.is_empty() { "the body" } else { &pointer };
    let problem = Problem::new(Code::Invalid, format!("{place}: {why}"));
    if pointer.starts_with('?') { problem } else { problem.with_error(pointer, "invalid", why) }
}

#[cfg(test)]
mod tests {
    use vouchmq_identity::model::{ClaimFault, DeviceState, RegistrationState};

    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let (what, why) = (What::Device, "x".into());
        for (refusal, code) in [
            (Refusal::NotFound(what), Code::NotFound),
            (Refusal::Stale { what, expected: 1, current: 2 }, Code::VersionMismatch),
            (Refusal::Exists { what, field: "id" }, Code::AlreadyExists),
            (Refusal::DeviceState(DeviceState::Retired), Code::InvalidTransition),
            (Refusal::CredentialLimit, Code::CredentialLimit),
            (Refusal::Field { pointer: "/x", why }, Code::Invalid),
            (Refusal::HasDevices { count: 1 }, Code::ProductHasDevices),
            (Refusal::Claim(ClaimFault::Unknown), Code::RegistrationRefused),
            (Refusal::NotListed("no such product"), Code::RegistrationRefused),
            (Refusal::AlreadyRegistered(DeviceState::Active), Code::AlreadyRegistered),
            (Refusal::Decided(RegistrationState::Rejected), Code::AlreadyDecided),
            (Refusal::Undecided(RegistrationState::Issued), Code::Conflict),
            (Refusal::Rejected, Code::RegistrationRejected),
            (Refusal::QuarantineFull { what: What::Product, max: 1 }, Code::QuarantineFull),
            (Refusal::AuditUnavailable(StoreFault::Busy), Code::AuditUnavailable),
            (Refusal::Store(StoreFault::Busy), Code::Unavailable),
        ] {
            assert_eq!(Problem::from(refusal.clone()).code(), code, "{refusal:?}");
        }
    }

    #[test]
    fn what_a_device_learns_does_not_say_why() {
        let detail = |refusal| Problem::from(refusal).detail().to_owned();
        assert_eq!(detail(Refusal::Claim(ClaimFault::UsedUp)), detail(Refusal::NotListed("no such product")));
    }
}
