use super::{Entered, ImportCredential, ImportDevice, ImportRows, REASON};
use crate::UnixMillis;
use crate::model::{
    CREDENTIALS_MAX, Credential, CredentialId, CredentialState, Device, DeviceId, DeviceState, Product, Proof,
};
use crate::registry::credential::{allows, is_free};
use crate::registry::device::enter;
use crate::registry::housekeeping::revoked_horizon;
use crate::registry::{Desk, NewDevice, Refusal, What};
use crate::store::NewEntry;

/// Credentials of one device in a file, those that are over included.
const HISTORY_MAX: usize = 1_000;

impl ImportRows {
    pub(super) async fn enter_device(
        &self,
        desk: &mut Desk<'_>,
        wanted: &ImportDevice,
    ) -> Result<Entered, Refusal> {
        let product = self.product(desk, wanted.product).await?;
        if wanted.credentials.len() > HISTORY_MAX {
            return Err(Refusal::field("/credentials", "a device has at most 1000 credentials"));
        }
        match known(desk, wanted).await? {
            // Nothing of the row holds: whoever imports must not believe that it does.
            Some(device) if device.product != product.id => {
                Err(Refusal::field("/id", "a device of another product is here by this id"))
            }
            Some(device) if self.updates => update(desk, &product, device, wanted).await,
            Some(_) => Ok(Entered::Skipped),
            None => create(desk, &product, wanted).await,
        }
    }
}

/// The device that a row means.
async fn known(desk: &mut Desk<'_>, wanted: &ImportDevice) -> Result<Option<Device>, Refusal> {
    match (&wanted.id, &wanted.hardware_id) {
        (Some(id), _) => Ok(desk.rows().device(id).await?),
        (None, Some(hardware_id)) => {
            Ok(desk.rows().device_by_hardware_id(wanted.product, hardware_id).await?)
        }
        (None, None) => Ok(None),
    }
}

/// Everything that can be wrong with a row is found before its first write.
async fn create(desk: &mut Desk<'_>, product: &Product, wanted: &ImportDevice) -> Result<Entered, Refusal> {
    let now = desk.now();
    let id = match &wanted.id {
        Some(id) => id.clone(),
        None => DeviceId::generate(now, desk)?,
    };
    let mut credentials = credentials_of(desk, product, &id, wanted).await?;
    if wanted.state == DeviceState::Retired {
        for credential in &mut credentials {
            credential.revoke(now);
        }
    }
    if live(&credentials, now) > CREDENTIALS_MAX {
        return Err(Refusal::CredentialLimit);
    }
    let new = NewDevice {
        id: Some(id),
        product: product.id,
        hardware_id: wanted.hardware_id.clone(),
        tags: wanted.tags.clone(),
        attributes: wanted.attributes.clone(),
        expires_at: wanted.expires_at,
        origin: wanted.origin,
    };
    let mut device = enter(desk, product, &new).await?;
    let created_at = wanted.created_at.unwrap_or(now);
    if device.state != wanted.state || device.created_at != created_at {
        device.state = wanted.state;
        device.created_at = created_at;
        desk.rows().put_device(&device).await?;
    }
    for credential in &credentials {
        desk.rows().put_credential(credential).await?;
    }
    desk.log(NewEntry::device(device.id.clone(), None)).await?;
    desk.audit("device.create", REASON, None, Some(&device)).await?;
    Ok(Entered::Created)
}

/// Adds what the device does not have; what it has, revoked or not, stays as it is.
async fn update(
    desk: &mut Desk<'_>,
    product: &Product,
    device: Device,
    wanted: &ImportDevice,
) -> Result<Entered, Refusal> {
    let known = desk.rows().credentials_of(&device.id).await?;
    let is_new = |wanted: &&ImportCredential| !known.iter().any(|known| is_same(known, wanted));
    let missing: Vec<_> = wanted.credentials.iter().filter(is_new).cloned().collect();
    if missing.is_empty() {
        return Ok(Entered::Skipped);
    }
    if device.state == DeviceState::Retired {
        return Err(Refusal::DeviceState(device.state));
    }
    let horizon = revoked_horizon(desk);
    let is_forgettable = |wanted: &ImportCredential| {
        let is_good = wanted.state != CredentialState::Revoked && wanted.revoked_at.is_none();
        is_good && wanted.created_at.is_some_and(|at| at < horizon)
    };
    if missing.iter().any(is_forgettable) {
        return Err(Refusal::field(
            "/credentials",
            "it is older than 90 days and the device is there without it: it may have been revoked; rotate instead",
        ));
    }
    let missing = ImportDevice { credentials: missing, ..wanted.clone() };
    let credentials = credentials_of(desk, product, &device.id, &missing).await?;
    let now = desk.now();
    if live(&known, now) + live(&credentials, now) > CREDENTIALS_MAX {
        return Err(Refusal::CredentialLimit);
    }
    for credential in &credentials {
        desk.rows().put_credential(credential).await?;
        desk.audit("credential.add", REASON, None, Some(credential)).await?;
    }
    desk.log(NewEntry::device(device.id, None)).await?;
    Ok(Entered::Updated)
}

fn live(credentials: &[Credential], now: UnixMillis) -> usize {
    credentials.iter().filter(|credential| credential.is_live(now)).count()
}

/// Whether a device has this credential: by its id, or, where it has none, by the hash itself.
fn is_same(known: &Credential, wanted: &ImportCredential) -> bool {
    match (wanted.id, &known.proof, &wanted.proof) {
        (Some(id), ..) => id == known.id,
        (None, Proof::Password(known), Proof::Password(wanted)) => known.to_string() == wanted.to_string(),
        (None, ..) => false,
    }
}

async fn credentials_of(
    desk: &mut Desk<'_>,
    product: &Product,
    device: &DeviceId,
    wanted: &ImportDevice,
) -> Result<Vec<Credential>, Refusal> {
    let now = desk.now();
    let mut credentials: Vec<Credential> = Vec::with_capacity(wanted.credentials.len());
    for wanted in &wanted.credentials {
        let id = match wanted.id {
            Some(id) => id,
            None => CredentialId::generate(now, desk)?,
        };
        let is_taken = credentials.iter().any(|other| other.id == id);
        if is_taken || desk.rows().credential(id).await?.is_some() {
            return Err(Refusal::Exists { what: What::Credential, field: "id" });
        }
        let mut credential = Credential {
            id,
            device: device.clone(),
            proof: wanted.proof.clone(),
            state: wanted.state,
            validity: wanted.validity,
            created_at: wanted.created_at.unwrap_or(now),
            first_used_at: wanted.first_used_at,
            last_used_at: wanted.last_used_at,
            revoked_at: wanted.revoked_at,
        };
        let is_over = credential.state == CredentialState::Revoked || credential.revoked_at.is_some();
        if !is_over && let Some(proof) = credential.proof.certificate() {
            is_free(desk, proof).await?;
            let has_it = |other: &Credential| {
                other.proof.certificate().is_some_and(|known| known.fingerprint == proof.fingerprint)
            };
            if credentials.iter().any(|other| other.state != CredentialState::Revoked && has_it(other)) {
                return Err(Refusal::Exists { what: What::Credential, field: "certificate" });
            }
        }
        if is_over {
            // Whichever of the two says it; when, may not be known any more.
            credential.state = CredentialState::Revoked;
            credential.revoked_at = Some(credential.revoked_at.unwrap_or(now));
        } else {
            allows(product, credential.proof.kind())?;
        }
        credentials.push(credential);
    }
    Ok(credentials)
}
