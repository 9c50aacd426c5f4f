//! The audit log.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One administrative change: who did what to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditEntry {
    /// Its number; the first is 1.
    pub seq: u64,
    /// When.
    pub at: String,
    /// Who: an API key's name, or `admin`.
    pub actor: String,
    /// Where from.
    pub address: Option<String>,
    /// The request that it was part of.
    pub request_id: Option<String>,
    /// What was done, as `device.suspend`.
    pub action: String,
    /// What it was done to, as `device/0199…`.
    pub target: String,
    /// Why, in the words of who did it.
    pub reason: String,
    /// A digest of the row before; null if there was none.
    pub before: Option<String>,
    /// A digest of the row after; null if it is gone.
    pub after: Option<String>,
    /// The hash of the entry before.
    pub previous: String,
    /// The hash of this entry, which covers all of the above.
    pub hash: String,
}

/// `POST /v1/audit:verify`: whether the log is what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditVerification {
    /// Entries that are what was written, from the first on.
    pub entries: u64,
    /// Whether that is all of them.
    pub ok: bool,
    /// What is wrong with the one behind them.
    pub fault: Option<String>,
}
