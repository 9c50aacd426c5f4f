//! Bounds, as they are in force.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One bound.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Limit {
    /// Its name, which stays, as `client_id_bytes`.
    pub name: String,
    /// What it bounds.
    pub what: String,
    /// The value in force; null: none.
    pub value: Option<u64>,
    /// `bytes`, `seconds`, `per_second`, `per_minute` or `count`.
    pub unit: String,
    /// How much of it is in use now, where the broker as a whole has such a figure.
    pub now: Option<u64>,
    /// What counts those who came up against it.
    pub counter: Option<LimitCounter>,
    /// What happens to them.
    pub at_the_bound: String,
}

/// How often a bound was met since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LimitCounter {
    /// Its name.
    pub name: String,
    /// How often.
    pub count: u64,
}
