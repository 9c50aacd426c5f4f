//! Claim tokens: they let new devices register.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::present;

/// One claim token; never its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClaimToken {
    /// Its id.
    pub id: String,
    /// Whose devices may use it.
    pub product_id: String,
    /// Devices it lets in; null for any number.
    pub max_uses: Option<u32>,
    /// Devices it has let in, or is letting in.
    pub uses: u32,
    /// It lets nobody in from this time on.
    pub expires_at: Option<String>,
    /// Where devices have to come from; anywhere if empty.
    pub cidrs: Vec<String>,
    /// What their hardware ids look like: `*` stands for any characters, `?` for one.
    pub hw_id_pattern: Option<String>,
    /// When it was withdrawn.
    pub revoked_at: Option<String>,
    /// The characters behind `vmqc1_` by which its text is recognised; not secret.
    pub key_id: String,
    /// Who made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: String,
}

/// `POST /v1/claim-tokens`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewClaimToken {
    /// Whose devices may use it.
    pub product_id: String,
    /// Devices it lets in: 1 if it is missing, null for any number.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub max_uses: Option<Option<u32>>,
    /// It lets nobody in from this time on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Where devices have to come from, at most 64 networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_items = 64)]
    pub cidrs: Option<Vec<String>>,
    /// What their hardware ids look like: `*` stands for any characters, `?` for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hw_id_pattern: Option<String>,
}

/// The answer to `POST /v1/claim-tokens`. `Debug` does not show the text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CreatedClaimToken {
    /// Its text, which devices send: shown now, and never again.
    pub token: String,
    /// The rest.
    #[serde(flatten)]
    pub claim_token: ClaimToken,
}

impl fmt::Debug for CreatedClaimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedClaimToken").field("claim_token", &self.claim_token).finish_non_exhaustive()
    }
}
