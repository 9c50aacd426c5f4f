//! The heap of the process: one that gives back what is free, and tells how much is not.

use tikv_jemalloc_ctl::{epoch, stats};
use tikv_jemallocator::Jemalloc;

#[global_allocator]
static HEAP: Jemalloc = Jemalloc;

/// Bytes that are in use; what was freed and not given back to the system yet is not among them.
pub(crate) fn bytes_in_use() -> Option<u64> {
    epoch::advance().ok()?;
    stats::allocated::read().ok()?.try_into().ok()
}
