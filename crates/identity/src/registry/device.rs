use async_trait::async_trait;

use super::credential::issue;
use super::desk::is_current;
use super::register::abandon;
use super::{Added, Command, Desk, Refusal, What};
use crate::UnixMillis;
use crate::model::{
    Attributes, CredentialKind, Device, DeviceId, DeviceOrigin, DeviceState, HardwareId, Product, ProductId,
    Transition,
};
use crate::store::NewEntry;

/// What a new device is to be.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// Its id; `None` makes one.
    pub id: Option<DeviceId>,
    /// Its product.
    pub product: ProductId,
    /// What is written on it.
    pub hardware_id: Option<HardwareId>,
    /// What it is found by.
    pub tags: Attributes,
    /// What stands in its product's rules.
    pub attributes: Attributes,
    /// It may not connect from this time on.
    pub expires_at: Option<UnixMillis>,
    /// Where it comes from.
    pub origin: DeviceOrigin,
}

/// What is to be changed of a device; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct DevicePatch {
    /// What is written on it.
    pub hardware_id: Option<Option<HardwareId>>,
    /// What it is found by.
    pub tags: Option<Attributes>,
    /// What stands in its product's rules.
    pub attributes: Option<Attributes>,
    /// It may not connect from this time on.
    pub expires_at: Option<Option<UnixMillis>>,
}

/// Enters a device.
#[derive(Clone, Debug)]
pub struct CreateDevice {
    /// What it is to be.
    pub new: NewDevice,
    /// It gets a generated secret at once; otherwise it registers, or is given a credential later.
    pub with_secret: bool,
}

/// Changes a device.
#[derive(Clone, Debug)]
pub struct ChangeDevice {
    /// Which.
    pub id: DeviceId,
    /// The version that the change is based on.
    pub expected: Option<u64>,
    /// What to change.
    pub patch: DevicePatch,
}

/// Suspends, resumes, resets or retires a device. Where it may not connect any more, its connections go.
#[derive(Clone, Debug)]
pub struct MoveDevice {
    /// Which.
    pub id: DeviceId,
    /// What happens to it.
    pub transition: Transition,
    /// The version that the wish is based on.
    pub expected: Option<u64>,
    /// Why, for the audit log.
    pub reason: Box<str>,
}

/// Names and values of one device.
const PAIRS_MAX: usize = 32;
const PAIR_LEN_MAX: usize = 256;

impl NewDevice {
    /// One that registers with a claim token.
    pub const fn claimed(product: ProductId, hardware_id: HardwareId) -> Self {
        Self {
            id: None,
            product,
            hardware_id: Some(hardware_id),
            tags: Vec::new(),
            attributes: Vec::new(),
            expires_at: None,
            origin: DeviceOrigin::Claim,
        }
    }

    /// One that comes with a certificate, from which its id follows.
    pub fn vouched(product: ProductId, id: DeviceId, hardware_id: HardwareId) -> Self {
        let claimed = Self::claimed(product, hardware_id);
        Self { id: Some(id), origin: DeviceOrigin::Certificate, ..claimed }
    }
}

#[async_trait]
impl Command for CreateDevice {
    type Outcome = (Device, Option<Added>);

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(Device, Option<Added>), Refusal> {
        let product = desk.product(self.new.product).await?;
        let device = enter(desk, &product, &self.new).await?;
        let added = if self.with_secret {
            super::credential::allows(&product, CredentialKind::Secret)?;
            let (credential, secret) = issue(desk, &device.id).await?;
            desk.rows().put_credential(&credential).await?;
            Some(Added { credential, secret: Some(secret) })
        } else {
            None
        };
        let credential = added.as_ref().map(|added| added.credential.id);
        desk.log(NewEntry::device(device.id.clone(), credential)).await?;
        desk.audit("device.create", "", None, Some(&device)).await?;
        Ok((device, added))
    }
}

/// Writes the row of a new device.
pub(super) async fn enter(
    desk: &mut Desk<'_>,
    product: &Product,
    new: &NewDevice,
) -> Result<Device, Refusal> {
    if let Some(hardware_id) = &new.hardware_id
        && desk.rows().device_by_hardware_id(product.id, hardware_id).await?.is_some()
    {
        return Err(Refusal::Exists { what: What::Device, field: "hw_id" });
    }
    enter_unknown(desk, product, new).await
}

/// The same for a device whose hardware id was looked for, and is not there.
pub(super) async fn enter_unknown(
    desk: &mut Desk<'_>,
    product: &Product,
    new: &NewDevice,
) -> Result<Device, Refusal> {
    are_usable("/tags", &new.tags)?;
    are_usable("/attributes", &new.attributes)?;
    if let Some(max) = product.devices_max
        && desk.rows().device_count(product.id).await? >= u64::from(max)
    {
        return Err(Refusal::DeviceQuota { max });
    }
    let now = desk.now();
    let id = match &new.id {
        Some(id) if desk.rows().device(id).await?.is_some() => {
            return Err(Refusal::Exists { what: What::Device, field: "id" });
        }
        Some(id) => id.clone(),
        None => DeviceId::generate(now, desk)?,
    };
    let device = Device {
        id,
        product: product.id,
        hardware_id: new.hardware_id.clone(),
        state: DeviceState::Registered,
        tags: new.tags.clone(),
        attributes: new.attributes.clone(),
        expires_at: new.expires_at,
        origin: new.origin,
        version: 1,
        created_at: now,
        updated_at: now,
    };
    desk.rows().put_device(&device).await?;
    Ok(device)
}

/// Names are what `${attr.NAME}` can name; values may be anything that can be printed.
fn are_usable(pointer: &'static str, pairs: &Attributes) -> Result<(), Refusal> {
    if pairs.len() > PAIRS_MAX {
        return Err(Refusal::field(pointer, format_args!("at most {PAIRS_MAX} are possible")));
    }
    for (name, value) in pairs {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_name) {
            return Err(Refusal::field(pointer, "a name is 1 to 64 of the characters A-Z a-z 0-9 . _ -"));
        }
        if value.len() > PAIR_LEN_MAX || value.contains(char::is_control) {
            return Err(Refusal::field(pointer, "a value is at most 256 bytes without control characters"));
        }
    }
    Ok(())
}

#[async_trait]
impl Command for ChangeDevice {
    type Outcome = Device;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Device, Refusal> {
        let before = desk.device(&self.id).await?;
        is_current(What::Device, self.expected, before.version)?;
        if before.state == DeviceState::Retired {
            return Err(Refusal::DeviceState(before.state));
        }
        let mut device = before.clone();
        let DevicePatch { hardware_id, tags, attributes, expires_at } = self.patch.clone();
        if let Some(hardware_id) = hardware_id {
            if let Some(wanted) = &hardware_id {
                let other = desk.rows().device_by_hardware_id(device.product, wanted).await?;
                if other.is_some_and(|other| other.id != device.id) {
                    return Err(Refusal::Exists { what: What::Device, field: "hw_id" });
                }
            }
            device.hardware_id = hardware_id;
        }
        device.tags = tags.unwrap_or(device.tags);
        device.attributes = attributes.unwrap_or(device.attributes);
        are_usable("/tags", &device.tags)?;
        are_usable("/attributes", &device.attributes)?;
        device.expires_at = expires_at.unwrap_or(device.expires_at);
        desk.change_device(&mut device).await?;
        desk.log(NewEntry::device(device.id.clone(), None)).await?;
        desk.audit("device.change", "", Some(&before), Some(&device)).await?;
        Ok(device)
    }
}

impl MoveDevice {
    /// Whatever its version is, and without a reason.
    pub fn new(id: DeviceId, transition: Transition) -> Self {
        Self { id, transition, expected: None, reason: "".into() }
    }
}

#[async_trait]
impl Command for MoveDevice {
    type Outcome = Device;

    async fn run(&self, desk: &mut Desk<'_>) -> Result<Device, Refusal> {
        let before = desk.device(&self.id).await?;
        is_current(What::Device, self.expected, before.version)?;
        let mut device = before.clone();
        device.state = before.state.after(self.transition)?;
        match self.transition {
            Transition::Suspend => {}
            // A device that never connected may still register. One that is older than what is remembered of
            // credentials may have connected with one that is forgotten: an operator has to reset it.
            Transition::Resume => {
                let is_remembered = device.created_at > super::housekeeping::revoked_horizon(desk);
                let known = desk.rows().credentials_of(&device.id).await?;
                if is_remembered && known.iter().all(|credential| credential.first_used_at.is_none()) {
                    device.state = DeviceState::Registered;
                }
            }
            Transition::Reset | Transition::Retire => {
                desk.revoke_all(&device.id, |_| false).await?;
                abandon(desk, &device).await?;
            }
        }
        let is_changed = device.state != before.state || self.transition == Transition::Reset;
        if is_changed {
            desk.change_device(&mut device).await?;
            desk.log(NewEntry::device(device.id.clone(), None)).await?;
            let action = format!("device.{}", self.transition);
            desk.audit(&action, &self.reason, Some(&before), Some(&device)).await?;
        }
        Ok(device)
    }
}
