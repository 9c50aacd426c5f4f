use async_trait::async_trait;

use super::claim::name_of;
use super::desk::is_current;
use super::{Command, Desk, Refusal, What};
use crate::blocks::Block;
use crate::model::{BlockEntry, BlockId};
use crate::store::NewEntry;

/// Keeps somebody out, whose connections go. A block of the same kind and value is replaced.
#[derive(Clone, Debug)]
pub struct PutBlock(pub Block);

/// Lets somebody in again.
#[derive(Clone, Copy, Debug)]
pub struct RemoveBlock {
    /// Which.
    pub id: BlockId,
    /// The version that the wish is based on.
    pub expected: Option<u64>,
}

/// Bytes of a reason.
const REASON_LEN_MAX: usize = 256;

#[async_trait]
impl Command for PutBlock {
    /// The block, and whether it is new.
    type Outcome = (BlockEntry, bool);

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(BlockEntry, bool), Refusal> {
        let block = &self.0;
        if block.reason.len() > REASON_LEN_MAX || block.reason.contains(char::is_control) {
            return Err(Refusal::field(
                "/reason",
                "a reason is at most 256 bytes without control characters",
            ));
        }
        let now = desk.now();
        let (kind, value) = (block.target.kind().name(), block.target.to_string());
        let before = desk.rows().block_of(kind, &value).await?;
        let entry = match &before {
            Some(known) => BlockEntry { block: block.clone(), version: known.version + 1, ..known.clone() },
            None => BlockEntry {
                id: BlockId::generate(now, desk)?,
                block: block.clone(),
                created_by: name_of(desk)?,
                version: 1,
                created_at: now,
            },
        };
        desk.rows().put_block(&entry).await?;
        desk.log(NewEntry::block(entry.block.target.clone())).await?;
        desk.audit("block.put", &block.reason, before.as_ref(), Some(&entry)).await?;
        Ok((entry, before.is_none()))
    }
}

#[async_trait]
impl Command for RemoveBlock {
    type Outcome = ();

    async fn run(&self, desk: &mut Desk<'_>) -> Result<(), Refusal> {
        let entry = desk.rows().block(self.id).await?.ok_or(Refusal::NotFound(What::Block))?;
        is_current(What::Block, self.expected, entry.version)?;
        desk.rows().delete_block(self.id).await?;
        desk.log(NewEntry::block(entry.block.target.clone())).await?;
        desk.audit("block.remove", "", Some(&entry), None).await
    }
}
