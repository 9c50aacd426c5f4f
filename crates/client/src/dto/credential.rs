//! Credentials of devices.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One way of one device to prove who it is; never what it is proven by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Credential {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub device_id: String,
    /// `secret`, `password`, `scram` or `x509`.
    pub kind: String,
    /// `pending`, `active`, `grace` or `revoked`.
    pub state: String,
    /// It is not good before this time.
    pub not_before: Option<String>,
    /// It is not good from this time on.
    pub not_after: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it was first used.
    pub first_used_at: Option<String>,
    /// When it was last used, to within some seconds.
    pub last_used_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
    /// The characters behind `vmq1_` by which a generated secret is recognised; not secret.
    pub key_id: Option<String>,
    /// The SHA-256 of a client certificate: `sha256:` and 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The subject of a client certificate (RFC 4514), once it was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The fingerprint of the certificate authority by which a client certificate became known: it is good as long as
    /// that vouches for the device's product. Not there for one that an operator entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// `POST /v1/devices/{id}/credentials`. `Debug` shows neither password nor hash.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCredential {
    /// `secret`: one is generated. `password`: with `password` or `password_hash`. `scram`: with `password`. `x509`:
    /// with `certificate`.
    pub kind: String,
    /// The password: 1 to 1,024 bytes; only a hash of it is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// A password that was hashed elsewhere, as `$argon2id$…`, `$2b$…`, `$pbkdf2-sha256$…` or `$sha256$…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_hash: Option<String>,
    /// The client certificate, in PEM, or its fingerprint: `sha256:` and 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// It is not good before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
    /// It is not good from this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
}

/// `POST /v1/devices/{id}/credentials:rotate`. Durations are a number and `s`, `m`, `h` or `d`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateRequest {
    /// How long the old secret stays good unless the new one is used before; `24h` if it is missing, `90d` at
    /// most, `0s` ends it at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<String>,
    /// `none`: connections stay. `soft`: they are closed. `hard`: they are closed and the old secret is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kick: Option<String>,
    /// The new secret is not good before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<String>,
}

/// `POST /v1/rotate`, by a device, whose body may be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateOwnRequest {
    /// How long the old secret stays good unless the new one is used before; `24h` if it is missing, `7d` at
    /// most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<String>,
}

/// A credential that was made. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct IssuedCredential {
    /// The credential.
    pub credential: Credential,
    /// Its secret, if one was generated: shown now, and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

impl fmt::Debug for NewCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewCredential").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl fmt::Debug for IssuedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedCredential").field("credential", &self.credential).finish_non_exhaustive()
    }
}
