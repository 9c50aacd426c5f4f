//! Registrations: as operators see them, and as devices ask for them.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One device that asked to be let in, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Registration {
    /// Its id.
    pub id: String,
    /// The product that was asked for.
    pub product_id: String,
    /// The hardware id that was given; of a device that came with a certificate, the device id that follows from it.
    pub hw_id: String,
    /// The claim token that was used; null for a device that came with a certificate.
    pub claim_token_id: Option<String>,
    /// The certificate authority that vouches for a device that came with a certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_authority_id: Option<String>,
    /// The fingerprint of the certificate that a device came with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_fingerprint: Option<String>,
    /// The device that it became.
    pub device_id: Option<String>,
    /// The credential that was handed out last.
    pub credential_id: Option<String>,
    /// `quarantined`, `approved`, `issued`, `confirmed`, `rejected` or `expired`.
    pub state: String,
    /// The address that it came from last.
    pub peer: Option<String>,
    /// How often others asked with the same hardware id and another claim token or certificate.
    pub rivals: u32,
    /// Who approved or rejected it.
    pub decided_by: Option<String>,
    /// Grows with every change; the `ETag`.
    pub version: u64,
    /// When it first asked.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// `POST /v1/register`, by a device. `Debug` does not show the claim token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// The key of its product.
    pub product: String,
    /// What is written on it.
    pub hw_id: String,
    /// A claim token: `vmqc1_…`.
    pub claim: String,
}

/// 201: the device is in. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RegisteredDevice {
    /// Its id.
    pub device_id: String,
    /// Its User Name.
    pub username: String,
    /// Its Client Identifier.
    pub client_id: String,
    /// Its Password: shown now, and never again. It has to be used within an hour.
    pub secret: String,
    /// The credential that it belongs to.
    pub credential_id: String,
    /// When the device has to be gone; null for never.
    pub expires_at: Option<String>,
}

/// 202: somebody has to approve the device first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PendingRegistration {
    /// What it waits as.
    pub registration_id: String,
    /// `quarantined`.
    pub state: String,
    /// Where to ask how it stands, with the claim token as `Authorization: Bearer`.
    pub poll: String,
    /// Seconds to wait before that.
    pub retry_after: u32,
}

/// 200: the device is approved, and gets its secret when it registers again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApprovedRegistration {
    /// What it waited as.
    pub registration_id: String,
    /// `approved`.
    pub state: String,
    /// Where to POST again, with the same body as before.
    pub register: String,
}

impl fmt::Debug for RegisterRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterRequest")
            .field("product", &self.product)
            .field("hw_id", &self.hw_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RegisteredDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisteredDevice").field("device_id", &self.device_id).finish_non_exhaustive()
    }
}
