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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Nodes {
    /// How many have applied the change.
    pub acked: u64,
    /// How many there are: this one, and those that were heard of lately.
    pub total: u64,
    /// How many were heard of before and are silent now; missing if there are none. They were killed, or are cut
    /// off from the database, still run, and may not know of the change: they count nowhere else.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stale: u64,
}

/// Another answer, and how far the change has come that it is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct WithApplied<T> {
    /// The answer.
    #[serde(flatten)]
    pub answer: T,
    /// With `?wait=applied`: how far the change has come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<Applied>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}
