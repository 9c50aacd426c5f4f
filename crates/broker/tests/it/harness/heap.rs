use tikv_jemalloc_ctl::{epoch, stats};

/// The heap of the product: what tests find out about memory holds for it.
#[global_allocator]
static HEAP: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

pub(crate) fn bytes_in_use() -> Option<u64> {
    epoch::advance().ok()?;
    stats::allocated::read().ok()?.try_into().ok()
}
