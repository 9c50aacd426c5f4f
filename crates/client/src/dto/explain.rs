//! Why a client is let in or not, for operators.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::verify::{AclEntry, Decision};

/// The answer to `POST /v1/auth:explain`, whose request is a
/// [`VerifyRequest`](super::verify::VerifyRequest): what would be decided, and by which check.
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
    /// The credential that the password is of, or would have been of.
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
