//! Devices.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::present;

/// One device.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Device {
    /// Its id: its User Name, and with the binding `exact` its Client Identifier.
    pub id: String,
    /// Its product.
    pub product_id: String,
    /// What is written on it; unique in its product.
    pub hw_id: Option<String>,
    /// `registered`, `active`, `suspended` or `retired`.
    pub state: String,
    /// What it is found by.
    pub tags: BTreeMap<String, String>,
    /// What stands in its product's rules.
    pub attributes: BTreeMap<String, String>,
    /// It may not connect from this time on.
    pub expires_at: Option<String>,
    /// Where it came from: `manual`, `import` or `claim`.
    pub source: String,
    /// Whether it is connected now.
    pub online: bool,
    /// When one of its credentials was last used, to within some seconds.
    pub last_seen_at: Option<String>,
    /// Why it was last refused, since the broker started.
    pub last_failure: Option<LastFailure>,
    /// Grows with every change; the `ETag`.
    pub version: u64,
    /// When it was entered.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// Why a device was last refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LastFailure {
    /// The exact reason, a word that stays the same.
    pub reason: String,
    /// When.
    pub at: String,
}

/// `POST /v1/devices`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewDevice {
    /// The id of its product.
    pub product_id: String,
    /// Its id: 1 to 128 of `A-Z a-z 0-9 . _ : -`, the first a letter or digit; made if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What is written on it: 1 to 256 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hw_id: Option<String>,
    /// What it is found by: at most 32, names of 1 to 64 of `A-Z a-z 0-9 . _ -`, values of at most 256 bytes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What stands in its product's rules; bounded as `tags` are.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// It may not connect from this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// It gets a generated secret at once.
    #[serde(default)]
    pub issue_secret: bool,
}

/// The answer to `POST /v1/devices`. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedDevice {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// Its credential, if it got one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// Its secret, if it got one: shown now, and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// `PATCH /v1/devices/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DevicePatch {
    /// What is written on it; null for nothing.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub hw_id: Option<Option<String>>,
    /// What it is found by; all of them are replaced.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// What stands in its product's rules; all of them are replaced.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub attributes: Option<BTreeMap<String, String>>,
    /// It may not connect from this time on; null for never.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub expires_at: Option<Option<String>>,
}

impl fmt::Debug for CreatedDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedDevice")
            .field("device", &self.device)
            .field("credential_id", &self.credential_id)
            .finish_non_exhaustive()
    }
}
