use std::sync::Arc;

use async_trait::async_trait;

use super::credential::{allows, forget_ended, room_for_certificate};
use super::device::enter;
use super::register::{has_room, note_rival};
use super::{Command, Desk, NewDevice, Refusal, What};
use crate::model::{
    AuthorityState, CertificateAuthority, CertificateProof, Credential, CredentialId, CredentialKind,
    CredentialState, Device, DeviceId, DeviceOrigin, DeviceState, HardwareId, Product, ProductState, Proof,
    Registration, RegistrationId, RegistrationState, Strategy, Unusable, Voucher,
};
use crate::store::NewEntry;
use crate::{ClientCertificate, Denial};

/// A device comes with a certificate that nobody has seen, and whose authority vouches for the devices of a
/// product. Where that lets it in, the certificate is its credential from then on: who revokes it keeps this
/// certificate out for good.
#[derive(Clone, Debug)]
pub struct Arrive {
    /// The certificate, which was verified, with its authority.
    pub certificate: Arc<ClientCertificate>,
    /// It is only tried: nothing is written.
    pub is_trial: bool,
}

/// What becomes of a device that comes with a certificate.
#[derive(Clone, Debug)]
pub enum Arrived {
    /// It is in, with this credential, which was there already if somebody else was faster.
    In {
        /// The device.
        device: DeviceId,
        /// Its credential.
        credential: CredentialId,
        /// Whether the device is new.
        is_new: bool,
        /// Whoever has applied the change log up to here knows the credential.
        as_of: u64,
    },
    /// Somebody has to approve it: it is to come again.
    Waiting(Box<Registration>),
}

/// What is known of who comes.
struct Case {
    authority: CertificateAuthority,
    product: Product,
    id: DeviceId,
    /// What it is called in registrations: its id.
    name: HardwareId,
}

#[async_trait]
impl Command for Arrive {
    type Outcome = Arrived;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Arrived, Refusal> {
        let arrived = self.arrive(desk).await?;
        if self.is_trial {
            desk.undo();
        }
        Ok(arrived)
    }
}

impl Arrive {
    /// Why a device that comes with a certificate is not let in; `None` if that cannot be said now.
    pub const fn denial_of(refusal: &Refusal) -> Option<Denial> {
        Some(match refusal {
            Refusal::NotFound(What::Credential) => Denial::Credential(Unusable::Revoked),
            Refusal::NotFound(What::Product) => Denial::ProductDisabled,
            Refusal::DeviceState(DeviceState::Suspended) => Denial::Suspended,
            Refusal::DeviceState(DeviceState::Retired) => Denial::Retired,
            Refusal::KindNotAllowed(_) => Denial::CredentialKind,
            Refusal::Rejected => Denial::RegistrationRejected,
            Refusal::CredentialLimit | Refusal::DeviceQuota { .. } | Refusal::QuarantineFull { .. } => {
                Denial::RegistrationFull
            }
            Refusal::NotFound(_)
            | Refusal::DeviceState(_)
            | Refusal::Stale { .. }
            | Refusal::Exists { .. }
            | Refusal::Transition(_)
            | Refusal::NothingToRotate
            | Refusal::HasDevices { .. }
            | Refusal::BlocksFull
            | Refusal::AuthorityLimit
            | Refusal::NotListed(_)
            | Refusal::Claim(_)
            | Refusal::AlreadyRegistered(_)
            | Refusal::Decided(_)
            | Refusal::Undecided(_)
            | Refusal::Field { .. } => Denial::NotRegistered,
            Refusal::AuditUnavailable(_) | Refusal::Store(_) | Refusal::NoEntropy(_) => return None,
        })
    }

    async fn arrive(&self, desk: &mut Desk<'_>) -> Result<Arrived, Refusal> {
        let known = desk.rows().credentials_of_certificate(self.certificate.fingerprint()).await?;
        if let Some(known) = known.iter().find(|known| known.state != CredentialState::Revoked) {
            let (_, as_of) = desk.rows().log_head().await?;
            let (device, credential) = (known.device.clone(), known.id);
            return Ok(Arrived::In { device, credential, is_new: false, as_of });
        }
        if !known.is_empty() {
            return Err(Refusal::NotFound(What::Credential));
        }
        let case = self.case(desk).await?;
        if desk.rows().rejected_registration(case.product.id, &case.name).await?.is_some() {
            return Err(Refusal::Rejected);
        }
        let registration = desk.rows().open_registration(case.product.id, &case.name).await?;
        match desk.rows().device(&case.id).await? {
            Some(device) => {
                let known = desk.rows().credentials_of(&device.id).await?;
                let needs_approval = self.needs_approval(&case, &device, &known, &registration)?;
                if needs_approval {
                    return self.wait(desk, &case, registration).await;
                }
                self.let_in(desk, &case, (device, known), registration, false).await
            }
            None => match case.product.strategy {
                Strategy::Off | Strategy::AllowList => Err(Refusal::NotListed("it was not entered")),
                Strategy::Quarantine => {
                    let other = desk.rows().device_by_hardware_id(case.product.id, &case.name).await?;
                    if other.is_some() {
                        return Err(Refusal::Exists { what: What::Device, field: "hw_id" });
                    }
                    self.wait(desk, &case, registration).await
                }
                Strategy::Auto => {
                    let new = NewDevice::vouched(case.product.id, case.id.clone(), case.name.clone());
                    let device = enter(desk, &case.product, &new).await?;
                    self.let_in(desk, &case, (device, Vec::new()), registration, true).await
                }
            },
        }
    }

    async fn case(&self, desk: &mut Desk<'_>) -> Result<Case, Refusal> {
        let now = desk.now();
        let authority = match self.certificate.authority() {
            Some(anchor) => desk.rows().authority_of(anchor).await?,
            None => None,
        };
        let vouches = |known: &CertificateAuthority| {
            known.state == AuthorityState::Active && known.certificate.validity().holds(now).is_ok()
        };
        let authority = authority.filter(vouches).ok_or(Refusal::NotListed("no authority vouches for it"))?;
        let product = desk.product(authority.product).await?;
        if product.state != ProductState::Active || product.strategy == Strategy::Off {
            return Err(Refusal::NotListed("the product takes in nobody"));
        }
        allows(&product, CredentialKind::X509)?;
        if self.certificate.validity().holds(now).is_err() {
            return Err(Refusal::NotListed("its certificate is not valid now"));
        }
        let unnamed = Refusal::NotListed("its certificate names no device");
        let id = authority.template.device_of(&self.certificate).map_err(|_| unnamed.clone())?;
        let name = id.as_str().parse().map_err(|_| unnamed)?;
        Ok(Case { authority, product, id, name })
    }

    fn voucher(&self, case: &Case) -> Voucher {
        Voucher::Certificate(case.authority.id, self.certificate.fingerprint())
    }

    /// Whether somebody has to approve a device that there is.
    fn needs_approval(
        &self,
        case: &Case,
        device: &Device,
        known: &[Credential],
        registration: &Option<Registration>,
    ) -> Result<bool, Refusal> {
        if device.product != case.product.id {
            return Err(Refusal::NotListed("it is a device of another product"));
        }
        if !device.state.may_connect() {
            return Err(Refusal::DeviceState(device.state));
        }
        if case.product.strategy != Strategy::Quarantine
            || matches!(device.origin, DeviceOrigin::Manual | DeviceOrigin::Import)
        {
            return Ok(false);
        }
        let is_approved = registration.as_ref().is_some_and(|known| {
            known.state == RegistrationState::Approved && known.voucher == self.voucher(case)
        });
        // Who was approved once renews its certificate by itself, as long as it is in service.
        let anchor = case.authority.certificate.fingerprint();
        let is_of_it = |known: &Credential| {
            known.proof.certificate().is_some_and(|proof| proof.authority == Some(anchor))
        };
        match device.state {
            _ if is_approved => Ok(false),
            DeviceState::Active if known.iter().any(is_of_it) => Ok(false),
            DeviceState::Active => Err(Refusal::AlreadyRegistered(device.state)),
            DeviceState::Registered | DeviceState::Suspended | DeviceState::Retired => Ok(true),
        }
    }

    async fn wait(
        &self,
        desk: &mut Desk<'_>,
        case: &Case,
        known: Option<Registration>,
    ) -> Result<Arrived, Refusal> {
        let (voucher, now) = (self.voucher(case), desk.now());
        let mut registration = match known {
            // The first one's place is not taken by another, who is told of once.
            Some(known) if known.voucher == voucher || known.rival_count > 0 => {
                return Ok(Arrived::Waiting(Box::new(known)));
            }
            Some(mut known) => {
                note_rival(&mut known, voucher);
                known
            }
            None => {
                has_room(desk, case.product.id, What::CertificateAuthority, voucher, None).await?;
                let id = RegistrationId::generate(now, desk)?;
                let (product, peer) = (case.product.id, desk.actor().address());
                Registration::quarantined(id, product, case.name.clone(), voucher, peer, now)
            }
        };
        registration.version += 1;
        desk.rows().put_registration(&registration).await?;
        Ok(Arrived::Waiting(Box::new(registration)))
    }

    async fn let_in(
        &self,
        desk: &mut Desk<'_>,
        case: &Case,
        (mut device, known): (Device, Vec<Credential>),
        registration: Option<Registration>,
        is_new: bool,
    ) -> Result<Arrived, Refusal> {
        let now = desk.now();
        let known = forget_ended(desk, known).await?;
        room_for_certificate(&known, now)?;
        let authority = &case.authority.certificate;
        let proof = CertificateProof::of(&self.certificate, Some(authority.fingerprint()));
        let id = CredentialId::generate(now, desk)?;
        let mut credential =
            Credential::pending(id, device.id.clone(), Proof::Certificate(Arc::new(proof)), now);
        credential.state = CredentialState::Active;
        credential.validity = self.certificate.validity().and(authority.validity());
        (credential.first_used_at, credential.last_used_at) = (Some(now), Some(now));
        desk.rows().put_credential(&credential).await?;
        if device.state == DeviceState::Registered {
            device.state = DeviceState::Active;
            desk.change_device(&mut device).await?;
        }
        if let Some(mut registration) = registration.filter(|known| known.voucher == self.voucher(case)) {
            registration.device = Some(device.id.clone());
            registration.credential = Some(id);
            registration.state = RegistrationState::Confirmed;
            registration.version += 1;
            registration.updated_at = now;
            desk.rows().put_registration(&registration).await?;
        }
        desk.log(NewEntry::device(device.id.clone(), Some(id))).await?;
        let as_of = desk.sequence().unwrap_or_default();
        Ok(Arrived::In { device: device.id, credential: id, is_new, as_of })
    }
}
