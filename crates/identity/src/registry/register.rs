use async_trait::async_trait;
use secrecy::{ExposeSecret, SecretString};

use super::claim::find;
use super::credential::{allows, issue};
use super::device::enter_unknown;
use super::{Command, Desk, NewDevice, Refusal, What};
use crate::Secret;
use crate::model::{
    ClaimFault, ClaimToken, Claimant, Credential, CredentialId, CredentialKind, CredentialState, Device,
    DeviceOrigin, HardwareId, Product, ProductId, ProductState, Registration, RegistrationId,
    RegistrationState, Slug, Strategy, Voucher, WAITING_PER_PRODUCT_MAX, WAITING_PER_TOKEN_MAX,
};
use crate::store::NewEntry;

/// A device asks to be let in, with a claim token. It may ask again until it has connected: each answer has a
/// new secret, and only the newest is good. A device that has connected gets nothing; nor does one that was
/// rejected, until an operator resets the device or deletes the registration.
#[derive(Debug)]
pub struct Register {
    /// The key of its product.
    pub product: Slug,
    /// What is written on it.
    pub hardware_id: HardwareId,
    /// The claim token.
    pub claim: SecretString,
}

/// What a device that asked is told.
#[derive(Debug)]
pub enum Registered {
    /// It is in.
    Issued(Box<Issued>),
    /// Somebody has to approve it: it is to ask again.
    Quarantined(Registration),
}

/// What a device gets.
#[derive(Debug)]
pub struct Issued {
    /// The device.
    pub device: Device,
    /// Its credential, which it has to use within an hour.
    pub credential: Credential,
    /// Its secret, to be shown now and never again.
    pub secret: Secret,
    /// Somebody else asked with the same hardware id before.
    pub has_rivals: bool,
}

#[async_trait]
impl Command for Register {
    type Outcome = Registered;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Registered, Refusal> {
        let product = desk.rows().product_by_key(&self.product).await?;
        // The work of the token is done in any case: time tells nobody which products there are.
        let token = self.token(desk).await;
        let product = product.ok_or(Refusal::NotListed("no such product"))?;
        if product.state != ProductState::Active || product.strategy == Strategy::Off {
            return Err(Refusal::NotListed("the product takes in nobody"));
        }
        let token = token?;
        let claimant =
            Claimant { product: product.id, hardware_id: &self.hardware_id, peer: desk.actor().address() };
        token.admits(&claimant, desk.now())?;
        allows(&product, CredentialKind::Secret)?;
        let device = desk.rows().device_by_hardware_id(product.id, &self.hardware_id).await?;
        if let Some(device) = &device
            && !device.state.may_register()
        {
            return Err(Refusal::AlreadyRegistered(device.state));
        }
        if desk.rows().rejected_registration(product.id, &self.hardware_id).await?.is_some() {
            return Err(Refusal::Rejected);
        }
        let registration = desk.rows().open_registration(product.id, &self.hardware_id).await?;
        let mut registration = match registration {
            Some(known) => known,
            None => self.begin(desk, &product, &token).await?,
        };
        match self.step_of(&product, &device, &registration, &token)? {
            Next::Wait => self.wait(desk, registration, &token).await,
            Next::Issue => {
                let token = self.take_use(desk, &mut registration, token).await?;
                self.hand_out(desk, &product, device, registration, &token).await
            }
        }
    }
}

/// What a registration comes to next.
enum Next {
    Issue,
    Wait,
}

impl Register {
    async fn token(&self, desk: &mut Desk<'_>) -> Result<ClaimToken, Refusal> {
        let (text, keyring) = (self.claim.expose_secret().as_bytes(), desk.keyring());
        let known = find(desk.rows(), keyring, text).await?;
        known.ok_or(Refusal::Claim(ClaimFault::Unknown))
    }

    /// A registration that is not written yet.
    async fn begin(
        &self,
        desk: &mut Desk<'_>,
        product: &Product,
        token: &ClaimToken,
    ) -> Result<Registration, Refusal> {
        let now = desk.now();
        let id = RegistrationId::generate(now, desk)?;
        let (voucher, peer) = (Voucher::Claim(token.id), desk.actor().address());
        Ok(Registration::quarantined(id, product.id, self.hardware_id.clone(), voucher, peer, now))
    }

    fn step_of(
        &self,
        product: &Product,
        device: &Option<Device>,
        registration: &Registration,
        token: &ClaimToken,
    ) -> Result<Next, Refusal> {
        let is_known = device.is_some();
        let is_entered = device.as_ref().is_some_and(|device| device.origin != DeviceOrigin::Claim);
        match product.strategy {
            Strategy::Off => Err(Refusal::NotListed("the product takes in nobody")),
            Strategy::AllowList if !is_known => Err(Refusal::NotListed("its hardware id was not entered")),
            Strategy::AllowList | Strategy::Auto => Ok(Next::Issue),
            // Who was entered by hand needs no second approval.
            Strategy::Quarantine if is_entered => Ok(Next::Issue),
            Strategy::Quarantine => match registration.state {
                // Who was approved is who asked then: by the same token.
                RegistrationState::Approved | RegistrationState::Issued
                    if registration.voucher == Voucher::Claim(token.id) =>
                {
                    Ok(Next::Issue)
                }
                RegistrationState::Approved
                | RegistrationState::Issued
                | RegistrationState::Quarantined
                | RegistrationState::Confirmed
                | RegistrationState::Rejected
                | RegistrationState::Expired => Ok(Next::Wait),
            },
        }
    }

    async fn wait(
        &self,
        desk: &mut Desk<'_>,
        mut registration: Registration,
        token: &ClaimToken,
    ) -> Result<Registered, Refusal> {
        token.has_use_left()?;
        if registration.version == 0 {
            let source = Voucher::Claim(token.id);
            has_room(desk, token.product, What::ClaimToken, source, token.uses_max).await?;
        }
        // Somebody else with the same hardware id is told of, once, and takes nothing of the first one's place.
        let is_first_rival =
            registration.voucher != Voucher::Claim(token.id) && registration.rival_count == 0;
        if registration.version == 0 || is_first_rival {
            note_rival(&mut registration, Voucher::Claim(token.id));
            registration.version += 1;
            desk.rows().put_registration(&registration).await?;
        }
        Ok(Registered::Quarantined(registration))
    }

    /// Reserves a use of the token for this registration, unless it has one.
    async fn take_use(
        &self,
        desk: &mut Desk<'_>,
        registration: &mut Registration,
        mut token: ClaimToken,
    ) -> Result<ClaimToken, Refusal> {
        let has_one = registration.state == RegistrationState::Issued
            && registration.voucher == Voucher::Claim(token.id);
        if has_one {
            return Ok(token);
        }
        token.has_use_left()?;
        if registration.state == RegistrationState::Issued {
            give_back(desk, registration).await?;
        }
        note_rival(registration, Voucher::Claim(token.id));
        token.uses += 1;
        desk.rows().put_claim_token(&token).await?;
        Ok(token)
    }

    async fn hand_out(
        &self,
        desk: &mut Desk<'_>,
        product: &Product,
        device: Option<Device>,
        mut registration: Registration,
        token: &ClaimToken,
    ) -> Result<Registered, Refusal> {
        let (device, known) = match device {
            Some(device) => {
                let known = desk.rows().credentials_of(&device.id).await?;
                (device, known)
            }
            None => {
                let new = NewDevice::claimed(product.id, self.hardware_id.clone());
                (enter_unknown(desk, product, &new).await?, Vec::new())
            }
        };
        // What an operator gave the device is not for registration to replace.
        let now = desk.now();
        let is_given = |known: &Credential| known.is_live(now) && known.state != CredentialState::Pending;
        if known.iter().any(is_given) {
            return Err(Refusal::AlreadyRegistered(device.state));
        }
        // The newest wins: what was handed out before, and not used, is over. It is not even kept: who asks again
        // and again must not leave ever more rows, which everybody would wait for who reads those of the device.
        for unused in known.iter().filter(|known| known.state == CredentialState::Pending) {
            desk.rows().delete_credential(unused.id).await?;
        }
        if !known.is_empty() {
            desk.revoke_all(&device.id, |_| false).await?;
        }
        let (mut credential, secret) = issue(desk, &device.id).await?;
        credential.state = CredentialState::Pending;
        desk.rows().put_credential(&credential).await?;
        registration.voucher = Voucher::Claim(token.id);
        registration.device = Some(device.id.clone());
        registration.credential = Some(credential.id);
        registration.state = RegistrationState::Issued;
        registration.peer = desk.actor().address();
        registration.version += 1;
        registration.updated_at = desk.now();
        desk.rows().put_registration(&registration).await?;
        desk.log(NewEntry::device(device.id.clone(), Some(credential.id))).await?;
        let has_rivals = registration.rival_count > 0;
        Ok(Registered::Issued(Box::new(Issued { device, credential, secret, has_rivals })))
    }
}

/// Whether one more device may wait: who has a claim token, or many, or an authority's key, cannot fill the list of
/// those who wait.
pub(super) async fn has_room(
    desk: &mut Desk<'_>,
    product: ProductId,
    what: What,
    source: Voucher,
    max: Option<u32>,
) -> Result<(), Refusal> {
    let bounds = [
        (what, Some(source), max.unwrap_or(WAITING_PER_TOKEN_MAX)),
        (What::Product, None, WAITING_PER_PRODUCT_MAX),
    ];
    for (what, source, max) in bounds {
        if desk.rows().waiting_count(product, source).await? >= u64::from(max) {
            return Err(Refusal::QuarantineFull { what, max });
        }
    }
    Ok(())
}

/// One of two who ask with the same hardware id and different tokens or certificates is not who it says.
pub(super) fn note_rival(registration: &mut Registration, voucher: Voucher) {
    if registration.version > 0 && registration.voucher != voucher {
        registration.rival_count = registration.rival_count.saturating_add(1);
    }
}

/// Gives back the use that a registration has reserved.
async fn give_back(desk: &mut Desk<'_>, registration: &Registration) -> Result<(), Refusal> {
    let Voucher::Claim(claim) = registration.voucher else { return Ok(()) };
    if let Some(mut token) = desk.rows().claim_token(claim).await? {
        token.uses = token.uses.saturating_sub(1);
        desk.rows().put_claim_token(&token).await?;
    }
    Ok(())
}

/// Ends a registration whose secret was never used.
pub(super) async fn expire(desk: &mut Desk<'_>, mut registration: Registration) -> Result<(), Refusal> {
    if registration.state == RegistrationState::Issued {
        give_back(desk, &registration).await?;
    }
    registration.state = RegistrationState::Expired;
    registration.version += 1;
    registration.updated_at = desk.now();
    Ok(desk.rows().put_registration(&registration).await?)
}

/// Ends a registration whose secret was revoked: its use of the token is spent.
pub(super) async fn reject(desk: &mut Desk<'_>, credential: CredentialId) -> Result<(), Refusal> {
    let known = desk.rows().registration_of(credential).await?;
    let Some(mut registration) = known.filter(|known| known.state == RegistrationState::Issued) else {
        return Ok(());
    };
    registration.state = RegistrationState::Rejected;
    registration.version += 1;
    registration.updated_at = desk.now();
    Ok(desk.rows().put_registration(&registration).await?)
}

/// Ends the registration of a device that an operator resets or retires, and what keeps it from asking again.
pub(super) async fn abandon(desk: &mut Desk<'_>, device: &Device) -> Result<(), Refusal> {
    let Some(hardware_id) = &device.hardware_id else { return Ok(()) };
    if let Some(registration) = desk.rows().open_registration(device.product, hardware_id).await? {
        expire(desk, registration).await?;
    }
    while let Some(rejected) = desk.rows().rejected_registration(device.product, hardware_id).await? {
        expire(desk, rejected).await?;
    }
    Ok(())
}
