//! Certificate authorities: they vouch for the devices of a product.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One certificate authority.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CertificateAuthority {
    /// Its id.
    pub id: String,
    /// Whose devices it vouches for.
    pub product_id: String,
    /// The SHA-256 of its certificate: `sha256:` and 64 hexadecimal digits.
    pub fingerprint: String,
    /// Its subject (RFC 4514).
    pub subject: String,
    /// How the id of a device follows from its certificate, as `pump-${cn}`.
    pub id_template: String,
    /// `active`, or `disabled`: then it vouches for nobody.
    pub state: String,
    /// Its certificate holds from this time on.
    pub not_before: Option<String>,
    /// Its certificate holds until this time.
    pub not_after: Option<String>,
    /// Its certificate, in PEM.
    pub certificate: String,
    /// Grows with every change; the `ETag`.
    pub version: u64,
    /// When it was attached.
    pub created_at: String,
    /// When it was last changed.
    pub updated_at: String,
}

/// `POST /v1/certificate-authorities`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCertificateAuthority {
    /// Whose devices it is to vouch for.
    pub product_id: String,
    /// Its certificate, in PEM.
    pub certificate: String,
    /// How the id of a device follows from its certificate: text and `${cn}`, `${san.dns}`, `${san.uri}`,
    /// `${san.email}`, `${serial}`, `${fingerprint}` or `${subject.o}`; `${cn}` if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_template: Option<String>,
}

/// `PATCH /v1/certificate-authorities/{id}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateAuthorityPatch {
    /// `active` or `disabled`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// How ids follow from certificates that nobody has seen yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id_template: Option<String>,
}
