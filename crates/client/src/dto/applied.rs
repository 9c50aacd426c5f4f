//! Actions, and how far they have come.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The body of an action, which may be missing: `:suspend`, `:resume`, `:reset`, `:retire`, `:kick`, `:revoke`,
/// `:approve`, `:reject`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Why {
    /// Why, for the audit log: at most 256 bytes without control characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The answer to an action on a device or a credential.
///
/// Without `?wait=applied` nothing is waited for, and it says how far the change had come by then.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Applied {
    /// The number of the change.
    pub seq: u64,
    /// Nodes that judge clients, and how many of them have applied it.
    pub nodes: Nodes,
    /// Connections that were closed for it.
    pub sessions_closed: u64,
    /// Milliseconds from the request to this answer.
    pub elapsed_ms: f64,
}

/// Nodes that judge clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Nodes {
    /// How many have applied the change.
    pub acked: u64,
    /// How many there are.
    pub total: u64,
}
