use super::{BlockId, Name};
use crate::UnixMillis;
use crate::blocks::Block;

/// A block as the registry keeps it.
#[derive(Clone, Debug)]
pub struct BlockEntry {
    /// Its id.
    pub id: BlockId,
    /// Whom it keeps out, why, until when.
    pub block: Block,
    /// Who made it.
    pub created_by: Name,
    /// Grows with every change.
    pub version: u64,
    /// When it was made.
    pub created_at: UnixMillis,
}
