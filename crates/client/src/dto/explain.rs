//! Why a client is let in or not, for operators.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verify::{AclEntry, Decision};

/// `POST /v1/auth:explain`: a client that wants to connect. `Debug` does not show the password.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// Its Client Identifier.
    #[serde(default)]
    pub clientid: String,
    /// Its User Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Its Password, if that is UTF-8; not together with `password_b64`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// Its Password, any bytes, in base64 with padding.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_b64: Option<String>,
    /// Its IP address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peerhost: Option<String>,
    /// Its client certificate, in PEM, or the fingerprint of that: `sha256:` and 64 hexadecimal digits. It is taken
    /// for one that the listener has verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
}

/// The answer to `POST /v1/auth:explain`: what would be decided, and by which check.
///
/// Nothing is written down: neither a first use nor a failure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExplainResponse {
    /// What would be done with the client.
    pub decision: Decision,
    /// The check that failed, a word that stays the same; null when the client would be let in.
    pub reason: Option<String>,
    /// What that means, for people.
    pub detail: String,
    /// The device that the client names, proven or not; null if there is none.
    pub device_id: Option<String>,
    /// The credential that the password or the certificate is of, or would have been of.
    pub credential_id: Option<String>,
    /// How that credential stands.
    pub credential_state: Option<String>,
    /// When it was revoked.
    pub credential_revoked_at: Option<String>,
    /// It was never used: what it replaces would end.
    pub is_first_use: bool,
    /// What the client might do.
    pub acl: Option<Vec<AclEntry>>,
    /// When the verdict would end; null if never.
    pub expires_at: Option<String>,
    /// The change of the registry that this is at least as new as.
    pub as_of: u64,
}

impl fmt::Debug for ExplainRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExplainRequest")
            .field("clientid", &self.clientid)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}
