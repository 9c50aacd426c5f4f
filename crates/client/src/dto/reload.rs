//! Reading the configuration again.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// `POST /v1/config:reload`: what is different now. Nothing is, if `changes` is empty.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reloaded {
    /// What has changed, in no particular order.
    pub changes: Vec<ConfigChange>,
    /// What should be looked at, for people: each with the place where it stands.
    pub warnings: Vec<String>,
    /// Connections that were ended, as what they rested on is gone: a user, a certificate.
    pub sessions_closed: u64,
    /// How long it took.
    pub elapsed_ms: f64,
}

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ConfigChange {
    /// What has changed: a key, as `mqtt.max_packet_size`, a listener, or a file behind one of them.
    pub key: String,
    /// What it was, for people; null if there was none. What is secret is not shown.
    pub from: Option<String>,
    /// What it is now; null if there is none.
    pub to: Option<String>,
    /// `now`, or `restart`: it counts when the process is started the next time.
    pub takes: String,
}
