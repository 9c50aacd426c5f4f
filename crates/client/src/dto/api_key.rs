//! API keys: they open parts of the management API.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One API key; never its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ApiKey {
    /// Its id.
    pub id: String,
    /// What people call it; stands in the audit log.
    pub name: String,
    /// The characters behind `vmqk1_` by which its text is recognised; not secret.
    pub key_id: String,
    /// What it opens, as `devices:read`.
    pub scopes: Vec<String>,
    /// Where it may be used from; anywhere if empty.
    pub cidrs: Vec<String>,
    /// It opens nothing from this time on.
    pub expires_at: Option<String>,
    /// When it was withdrawn.
    pub revoked_at: Option<String>,
    /// When it was made.
    pub created_at: String,
}

/// `POST /v1/api-keys`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewApiKey {
    /// What people call it: 1 to 256 bytes.
    pub name: String,
    /// What it opens: `administrator`, `operator`, `viewer`, `auditor` or `broker`; the scopes that this stands for
    /// when the key is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// What it opens besides, as `devices:read`; at least one where there is no role.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// Where it may be used from, at most 64 networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 64)]
    pub cidrs: Option<Vec<String>>,
    /// It opens nothing from this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// The answer to `POST /v1/api-keys`. `Debug` does not show the secret.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedApiKey {
    /// The key.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// What is sent as `Authorization: Bearer`: shown now, and never again.
    pub secret: String,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("api_key", &self.api_key).finish_non_exhaustive()
    }
}
