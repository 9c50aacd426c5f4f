//! Figures, and how the broker is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// Devices that are not retired.
    pub devices: u64,
    /// Products; null while the database does not answer.
    pub products: Option<u64>,
    /// Blocks.
    pub blocks: u64,
    /// The last change of the registry by which clients are judged here.
    pub applied_seq: u64,
    /// The last change of the registry; null while the database does not answer.
    pub log_head: Option<u64>,
    /// What happened at the door since the start.
    pub events: Vec<EventCount>,
    /// Seconds since the start.
    pub uptime_seconds: u64,
}

/// How often something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EventCount {
    /// What kind of thing, as `login_denied`.
    pub kind: String,
    /// The exact reason.
    pub reason: String,
    /// How often.
    pub count: u64,
}

/// `GET /healthz`: the process answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// `GET /readyz`: clients are judged by the newest state of the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Readiness {
    /// `ready`.
    pub status: String,
}

/// `GET /v1/about`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct About {
    /// `vouchmq`.
    pub name: String,
    /// The version of the broker.
    pub version: String,
    /// Versions of this API.
    pub api: Vec<String>,
    /// The time here: whoever sets dates can see whether the clocks agree.
    pub time: String,
}
