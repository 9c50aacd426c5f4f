//! Lists.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Part of a list: every list is answered in this shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Give it as `cursor` to get what follows; null at the end. Its text means nothing.
    pub next_cursor: Option<String>,
}
