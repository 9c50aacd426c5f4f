//! Blocks: they keep clients out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One block.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Block {
    /// Its id.
    pub id: String,
    /// What is blocked: `clientid`, `username`, `ip`, `cidr`, `device`, `product` or `credential`.
    pub kind: String,
    /// Which.
    pub value: String,
    /// Why.
    pub reason: String,
    /// When it ends; null for never.
    pub until: Option<String>,
    /// Who made it.
    pub created_by: String,
    /// Grows with every change; the `ETag`.
    pub version: u64,
    /// When it was made.
    pub created_at: String,
}

/// `POST /v1/blocks`: a block of the same kind and value is replaced.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlock {
    /// What is blocked: `clientid`, `username`, `ip`, `cidr`, `device`, `product` or `credential`.
    pub kind: String,
    /// Which.
    pub value: String,
    /// Why: at most 256 bytes without control characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// When it ends; never if it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
}
