//! The change stream: what verifies devices, as it changes.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `event: change`. What is cached of what it names is not good any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Change {
    /// Its number.
    pub seq: u64,
    /// The number of the change before: who has not seen that one has missed something.
    pub prev_seq: u64,
    /// When it was made.
    pub ts: String,
    /// `product`, `device` or `blocks`: all of them, if no id says which.
    pub kind: String,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// The credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential_id: Option<String>,
    /// What happens to connections that may stay: `none`, `soft` or `hard`.
    pub kick: String,
}

/// `event: heartbeat`, first of all and then every second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Heartbeat {
    /// The last change there is.
    pub head_seq: u64,
    /// What time it is.
    pub server_time: String,
    /// Which log it is: send it as `log` with `after`.
    pub log: String,
}

/// `event: reset`: what went before is not known here, so that nothing cached is good any more. What follows
/// are the changes behind `head_seq`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Reset {
    /// The last change there is.
    pub head_seq: u64,
    /// Which log it is.
    pub log: String,
}
