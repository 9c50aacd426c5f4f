//! What a broker is told to be: values in effect, and how they are changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A value in effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EffectiveValue {
    /// The key, as `mqtt.max_packet_size`; `[]` stands for a member of a list, and several may have the same key.
    pub key: String,
    /// The value as it is written; `(hidden)` for a secret.
    pub value: String,
    /// Where it comes from: a file with line and column, `VOUCHMQ_…`, a flag, `default`.
    pub origin: String,
    /// Whether it does something here.
    pub acts: bool,
    /// `now`, or `restart`: a change counts when the process is started the next time.
    pub takes: String,
}

/// `PATCH /v1/config`: keys with what they are to be: a text, a number, true, false, a list, an object. `null`
/// takes back what was changed before.
#[derive(Clone, Deserialize, Serialize, ToSchema)]
#[serde(transparent)]
pub struct ConfigPatch(pub BTreeMap<String, Value>);

/// `POST /v1/config:rollback`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigRollback {
    /// `overrides` (keys that were changed; also if it is missing) or `file`.
    pub what: Option<String>,
}

/// Values may be secrets.
impl std::fmt::Debug for ConfigPatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
