//! What is logged, and where to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `GET /v1/log`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogStatus {
    /// What is at least so important is logged: `off`, `error`, `warn`, `info`, `debug`, `trace`.
    pub level: String,
    /// Other levels, by target: `vouchmq_broker`, or a module of it.
    pub targets: BTreeMap<String, String>,
    /// What the configuration says, which counts again when what was asked for is over.
    pub configured_level: String,
    /// Seconds until then; null: there is no end before the next reload or start, or nothing else was asked for.
    pub seconds_left: Option<u64>,
    /// Where to: `console`, `file`.
    pub to: Vec<String>,
    /// The file; null without one.
    pub file: Option<String>,
    /// `text` or `json`.
    pub format: String,
}

/// `PUT /v1/log`: what is logged until the configuration is read again or the process ends. It is kept nowhere. What
/// is left out is as the configuration says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogChange {
    /// A level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// Levels of targets, at most 32.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, String>,
    /// For how long, as `10m`: then it is as the configuration says; at most 7 days.
    #[serde(default, rename = "for", skip_serializing_if = "Option::is_none")]
    pub lifetime: Option<String>,
}
