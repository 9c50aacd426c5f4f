use std::str::FromStr;

use secrecy::SecretString;
use vouchmq_identity::PasswordHash;
use vouchmq_identity::model::{
    Attributes, CredentialState, DeviceId, DeviceOrigin, DeviceState, ProductId, Proof, Validity,
};
use vouchmq_identity::registry::{ImportCredential, ImportDevice, ImportItem};

use super::fault::Fault;
use crate::management::text::read;

/// A row that can be entered.
pub(super) enum Row {
    /// As it is.
    Item(ImportItem),
    /// As soon as its password is hashed.
    Plain(Box<ImportDevice>, Plain),
}

/// A password in plain text.
pub(super) enum Plain {
    /// To be kept as a hash.
    Password(SecretString),
    /// To be kept as a SCRAM verifier.
    Scram(SecretString),
}

impl Row {
    /// What the row is about.
    pub(super) fn id(&self) -> Option<String> {
        match self {
            Self::Item(ImportItem::Device(device)) | Self::Plain(device, _) => {
                device.id.as_ref().map(ToString::to_string)
            }
            Self::Item(ImportItem::Product(product)) => Some(product.id.to_string()),
            Self::Item(ImportItem::ClaimToken(token)) => Some(token.id.to_string()),
            Self::Item(ImportItem::Block(block)) => Some(block.id.to_string()),
        }
    }

    /// Whether somebody may log in by it.
    pub(super) fn has_credentials(&self) -> bool {
        match self {
            Self::Plain(..) | Self::Item(ImportItem::ClaimToken(_)) => true,
            Self::Item(ImportItem::Device(device)) => !device.credentials.is_empty(),
            Self::Item(ImportItem::Product(_) | ImportItem::Block(_)) => false,
        }
    }
}

impl From<ImportDevice> for Row {
    fn from(device: ImportDevice) -> Self {
        Self::Item(ImportItem::Device(Box::new(device)))
    }
}

/// Reads one of some words. What it is instead is not repeated: it may be a password in the wrong column.
pub(super) fn word<T: FromStr>(name: &str, text: &str) -> Result<T, Fault> {
    text.parse().map_err(|_| Fault::new("invalid", format!("{name} is not a word that is known here")))
}

/// A user of another system: a device of that name.
pub(super) fn device_of(product: ProductId, name: &str) -> Result<ImportDevice, Fault> {
    let id: DeviceId = read("the name", name)?;
    Ok(new_device(product, Some(id)))
}

pub(super) const fn new_device(product: ProductId, id: Option<DeviceId>) -> ImportDevice {
    ImportDevice {
        id,
        product,
        hardware_id: None,
        state: DeviceState::Registered,
        tags: Attributes::new(),
        attributes: Attributes::new(),
        expires_at: None,
        origin: DeviceOrigin::Import,
        created_at: None,
        credentials: Vec::new(),
    }
}

/// The same device, with the password of this hash.
pub(super) fn with_hash(mut device: ImportDevice, hash: PasswordHash) -> ImportDevice {
    device.credentials.push(credential(Proof::Password(hash)));
    device
}

pub(super) const fn credential(proof: Proof) -> ImportCredential {
    ImportCredential {
        id: None,
        proof,
        state: CredentialState::Active,
        validity: Validity { not_before: None, not_after: None },
        created_at: None,
        first_used_at: None,
        last_used_at: None,
        revoked_at: None,
    }
}
