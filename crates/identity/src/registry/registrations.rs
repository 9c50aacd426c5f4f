use async_trait::async_trait;

use super::claim::name_of;
use super::desk::is_current;
use super::device::enter_unknown;
use super::{Command, Desk, NewDevice, Refusal, What};
use crate::model::{Registration, RegistrationId, RegistrationState, Voucher};
use crate::store::NewEntry;

/// Approves or rejects a device that waits. An approved one gets its secret when it asks again, or is let in when it
/// comes again with its certificate.
#[derive(Clone, Debug)]
pub struct DecideRegistration {
    /// Which.
    pub id: RegistrationId,
    /// Whether it may come in.
    pub is_approved: bool,
    /// The version that the decision is based on.
    pub expected: Option<u64>,
    /// Why, for the audit log.
    pub reason: Box<str>,
}

/// Forgets a registration that is over. A device that was rejected may ask again then.
#[derive(Clone, Copy, Debug)]
pub struct DeleteRegistration {
    /// Which.
    pub id: RegistrationId,
    /// The version that the wish is based on.
    pub expected: Option<u64>,
}

#[async_trait]
impl Command for DeleteRegistration {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let before = desk.rows().registration(self.id).await?.ok_or(Refusal::NotFound(What::Registration))?;
        is_current(What::Registration, self.expected, before.version)?;
        if before.state.is_open() {
            return Err(Refusal::Undecided(before.state));
        }
        desk.rows().delete_registration(self.id).await?;
        desk.audit("registration.delete", "", Some(&before), None).await
    }
}

#[async_trait]
impl Command for DecideRegistration {
    type Outcome = Registration;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Registration, Refusal> {
        let before = desk.rows().registration(self.id).await?.ok_or(Refusal::NotFound(What::Registration))?;
        is_current(What::Registration, self.expected, before.version)?;
        if before.state != RegistrationState::Quarantined {
            return Err(Refusal::Decided(before.state));
        }
        let mut registration = before.clone();
        if self.is_approved {
            let product = desk.product(registration.product).await?;
            let name = registration.hardware_id.clone();
            let new = match registration.voucher {
                Voucher::Claim(_) => NewDevice::claimed(product.id, name),
                Voucher::Certificate(..) => {
                    let unnamed = |fault| Refusal::field("/hw_id", fault);
                    NewDevice::vouched(product.id, name.as_str().parse().map_err(unnamed)?, name)
                }
            };
            let known = desk.rows().device_by_hardware_id(product.id, &registration.hardware_id).await?;
            let device = match known {
                // Its first secret was never used, and it asked anew.
                Some(device) if device.state.may_register() => device,
                Some(device) => return Err(Refusal::AlreadyRegistered(device.state)),
                None => enter_unknown(desk, &product, &new).await?,
            };
            desk.log(NewEntry::device(device.id.clone(), None)).await?;
            registration.device = Some(device.id);
            registration.state = RegistrationState::Approved;
        } else {
            registration.state = RegistrationState::Rejected;
        }
        registration.decided_by = Some(name_of(desk)?);
        registration.version += 1;
        registration.updated_at = desk.now();
        desk.rows().put_registration(&registration).await?;
        let action = if self.is_approved { "registration.approve" } else { "registration.reject" };
        desk.audit(action, &self.reason, Some(&before), Some(&registration)).await?;
        Ok(registration)
    }
}
