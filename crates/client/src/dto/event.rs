//! Security events.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something that happened at the door.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number; the first since the start is 1.
    pub seq: u64,
    /// When it happened.
    pub at: String,
    /// What kind of thing, as `login_denied`.
    pub kind: String,
    /// The device that it is about, if there is one of that name.
    pub device_id: Option<String>,
    /// What it called itself: at most 128 bytes of it.
    pub subject: String,
    /// Where it came from.
    pub peer: Option<String>,
    /// The exact reason, a word that stays the same.
    pub reason: String,
}
