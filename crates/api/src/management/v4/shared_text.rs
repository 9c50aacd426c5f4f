use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A text that the broker has already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SharedText(pub(super) Arc<str>);

impl Serialize for SharedText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}
